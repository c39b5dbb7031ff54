"""The numeric gradient check: of a graph, or of a Python function and its hand-written gradient."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from graphc.claims.gradcheck.graph import Deadline, Place, check_target, merged, place_at
from graphc.claims.gradcheck.python import check_pair, chosen
from graphc.claims.gradcheck.report import Entry, GradientReport, ParameterCheck
from graphc.claims.gradcheck.tape import Tape
from graphc.claims.gradcheck.values import caller, real_array
from graphc.claims.sample import points
from graphc.derive.reverse import gradients
from graphc.ir.errors import BindError, GradientError
from graphc.ir.graph import Graph
from graphc.ir.node import Node, topological
from graphc.lang.suggest import meant

POINTS = 3
TOLERANCE = 1e-6
SECONDS = 60.0
Names = Sequence[str | Node] | str | Node | None


def gradcheck(
    f: Node | Callable[..., Any],
    grad: Callable[..., Any] | Mapping[str, Any] | None = None,
    x: Any = None,
    *,
    at: Mapping[str, Any] | None = None,
    wrt: Names = None,
    seed: int = 0,
    entries: int | None = None,
    tolerance: float = TOLERANCE,
    seconds: float = SECONDS,
) -> GradientReport:
    """Whether a gradient is the slope of its function, entry by entry.

    For a graph, `gradcheck(loss, at={…}, wrt=[…])` checks the derived gradients at a point, or without `at` at three
    random ones; `wrt` names what to differentiate by, else the parameters, else all real inputs. `grad` may be a
    gradient of your own: arrays or nodes by name, or a function of the inputs that returns them; it is compared with
    the derived gradient and with the slope. For Python, `gradcheck(f, grad, x)` takes an array, a tuple of
    arguments, or a dictionary of arrays: `f` returns a number, `grad` the same structure as `x`.

    The slope ∂f/∂xᵢ is Im f(x + i·h·eᵢ)/h where the graph allows complex numbers; else central differences
    (f(x + h·eᵢ) - f(x - h·eᵢ))/2h, extrapolated to h = 0, with the step chosen for each entry; a graph's entries that
    are still open are settled in mpmath. Differences are relative to each entry: `tolerance` is how large they may be
    beyond the rounding of `f` and of the gradient, which are measured. `entries` checks at most so many entries of
    each array, at random, `seconds` is about how long a graph's may take to be settled.

    Raises GradientError for what has no gradient, BindError for values or gradients that do not fit.

    >>> import numpy as np
    >>> report = gradcheck(lambda x: float(np.sum(x**3)), lambda x: 3 * x**2, np.array([1.0, -2.0]))
    >>> report.ok
    True
    """
    if entries is not None and (isinstance(entries, bool) or not isinstance(entries, int) or entries < 1):
        raise BindError(f"entries is how many of each array to check, 1 or more, not {entries!r}")
    if not isinstance(f, Node):
        if not callable(f) or not callable(grad) or x is None:
            raise BindError("gradcheck takes a node of a graph, or a function, its gradient, and a point")
        return check_pair(f, grad, x, seed=seed, entries=entries, tolerance=tolerance)
    if x is not None:
        raise BindError("the values for a graph are given by name, as in at={'x': 1}")
    asked = _Request(at, wrt, Deadline(time.monotonic() + seconds))
    return _of_graph(f, grad, asked, _Extent(entries, seed, tolerance))


@dataclass(frozen=True, slots=True)
class _Request:
    """Where a graph is checked, by what it is differentiated, and until when."""

    at: Mapping[str, Any] | None
    wrt: Names
    end: Deadline


@dataclass(frozen=True, slots=True)
class _Extent:
    """How much is checked, and how closely."""

    entries: int | None
    seed: int
    tolerance: float


def _of_graph(f: Node, grad: Any, asked: _Request, extent: _Extent) -> GradientReport:
    """The derived gradients of a graph, or the given ones, at the point asked for or at random ones."""
    named = grad if isinstance(grad, Mapping) else {}
    targets = _targets(f, asked.wrt, named)
    derived = gradients(f, targets)
    tape = Tape((f, *derived, *(g for g in named.values() if isinstance(g, Node))))
    places = _places(tape, asked.at, asked.end, extent.seed)
    given = _given(grad, places)
    checks = []
    for target, gradient in zip(targets, derived, strict=True):
        own = None if given is None else [_of(g, str(target.name)) for g in given]
        checks.append(_check(places, target, gradient, own, extent))
    values = tuple(place.precise.values for place in places) if asked.at is None else ()
    return GradientReport(tuple(checks), places[0].value, points=values)


def _check(
    places: Sequence[Place], target: Node, derived: Node, given: Sequence[Any] | None, extent: _Extent
) -> ParameterCheck:
    """The gradient by one node at every point: the derived one, or the one given at each."""
    entries: list[Entry] = []
    reason = ""
    for i, place in enumerate(places):
        rng = np.random.default_rng(extent.seed)
        indices = chosen(place.arrays[target].shape, extent.entries, rng)
        own = None if given is None else given[i]
        found, why = check_target(place, target, derived, own, indices, tolerance=extent.tolerance)
        entries += found
        reason = reason or why
    return merged(target, places, entries, reason, places[0].arrays[target].shape)


def _targets(loss: Node, wrt: Names, given: Mapping[str, Any]) -> list[Node]:
    """What to differentiate by: what `wrt` names, else what gradients were given for, else parameters, else inputs."""
    named = {node.name: node for node in topological([loss]) if node.name is not None}
    wanted = [wrt] if isinstance(wrt, str | Node) else list(wrt or ())
    if not wanted:
        wanted = [_bare(name, named) for name in given]
    for one in wanted:
        if isinstance(one, str) and one not in named:
            raise GradientError(
                f"{loss.name or 'the graph'} has no {one!r} to differentiate by{meant(one, named)}"
            )
    if wanted:
        return list(dict.fromkeys(named[one] if isinstance(one, str) else one for one in wanted))
    leaves = [leaf for leaf in Graph((loss,)).leaves if leaf.dtype == "real"]
    targets = [leaf for leaf in leaves if leaf.op.name == "param"] or leaves
    if not targets:
        raise GradientError("the graph has no real input to differentiate by")
    return targets


def _bare(name: str, known: Mapping[str, Node]) -> str:
    """NAME for a gradient that is called dNAME."""
    return name[1:] if name not in known and name[:1] == "d" and name[1:] in known else name


def _places(tape: Tape, at: Mapping[str, Any] | None, end: Deadline, seed: int) -> list[Place]:
    """The point that was given, or random ones at which the graph is defined."""
    if at is None:
        drawn = islice(points(tape.outputs, seed=seed), POINTS)
        places = [place_at(tape, point.values, point.sizes, end, i) for i, point in enumerate(drawn)]
        if not places:
            raise BindError("no point was found at which the graph is defined; give one with at")
        return places
    known = [str(leaf.name) for leaf in Graph(tape.outputs).leaves]
    for name in at:
        if name not in known:
            raise BindError(f"there is no input {name!r}{meant(str(name), known)}")
    place = place_at(tape, at, {}, end)
    if not np.isfinite(place.value):
        raise BindError(
            f"the graph is {place.value} at this point, and has no slope there; take another point"
        )
    return [place]


def _given(grad: Any, places: Sequence[Place]) -> list[Mapping[str, Any]] | None:
    """The gradients to be judged, as arrays by name, at each point; None for the derived ones themselves."""
    if grad is None:
        return None
    found: list[Mapping[str, Any]] = []
    for place in places:
        values = {name: np.asarray(value) for name, value in place.precise.values.items()}
        given = caller(grad, values)(dict(values)) if callable(grad) else grad
        if not isinstance(given, Mapping):
            raise BindError("gradients for a graph are given by name, as in {'W': dW, 'b': db}")
        nodes = {name: place.arrays[g] if isinstance(g, Node) else g for name, g in given.items()}
        found.append({str(name): real_array(g, f"the gradient by {name}") for name, g in nodes.items()})
    return found


def _of(given: Mapping[str, Any], name: str) -> Any:
    own = next((key for key in (name, f"d{name}") if key in given), None)
    if own is None:
        raise BindError(
            f"there is no gradient by {name}; given are: {', '.join(given) or 'none'}; wrt names which to check"
        )
    return given[own]
