"""One set of values tried: what the expressions come to there, or which node stands in the way."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from graphc.claims.evaluate import Quick
from graphc.claims.expressions import Expressions
from graphc.claims.points.draws import bounds_of
from graphc.claims.points.kinks import ties
from graphc.ir.node import Node
from graphc.ir.types import evaluate_dim
from graphc.ops.facts import OneHot, SumsTo, Symmetric
from graphc.ops.leaf import facts_of

STIR = 1e-3


class Kind(Enum):
    """Why values are no good: not defined, beyond floating point, at a kink, or against an assumption."""

    UNDEFINED = "undefined"
    OVERFLOW = "overflow"
    TIE = "tie"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A node that stands in the way, and at which entries, as far as that is known."""

    node: Node
    kind: Kind
    mask: Any = None


@dataclass(slots=True)
class Attempt:
    """What came of values: the arrays of all nodes, and what is wrong with them."""

    arrays: dict[Node, Any]
    troubles: list[Trouble] = field(default_factory=list)
    underflow: bool = False

    @property
    def good(self) -> bool:
        return not self.troubles


def attempt(
    expressions: Expressions,
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    *,
    whole: bool = False,
    lenient: Collection[Node] = (),
) -> Attempt:
    """Work out everything at `values`. Ties of the conditions in `lenient` are let pass.

    With `whole` any tie counts, unless it stays when the values are stirred a little: whole numbers tie by chance,
    and so do reals that are assumed to be whole.
    """
    xp = Quick()
    found = Attempt(leaf_arrays(expressions, values, xp))
    flags: set[str] = set()
    with np.errstate(all="call", call=lambda kind, code: flags.add(kind)):
        stopped = _run(expressions, found.arrays, sizes, xp)
    found.underflow = "underflow" in flags
    if stopped is not None:
        found.troubles = [Trouble(stopped, Kind.UNDEFINED)]
        return found
    with np.errstate(all="ignore"):
        roots = [found.arrays[root] for root in expressions.roots]
        if flags - {"underflow"} or not all(np.isfinite(root).all() for root in roots):
            found.troubles = list(_not_finite(expressions, found.arrays)) or _roots_not_finite(
                expressions, found
            )
        found.troubles = found.troubles or list(_against_assumptions(expressions, found.arrays))
        found.troubles = found.troubles or list(
            _ties(expressions, found.arrays, values, sizes, whole or expressions.coarse, lenient)
        )
    return found


def leaf_arrays(expressions: Expressions, values: Mapping[str, Any], xp: Any) -> dict[Node, Any]:
    """The leaves' arrays in an arithmetic."""
    return {
        node: xp.array(values[leaf.name], node.dtype) for leaf in expressions.leaves for node in leaf.nodes
    }


def _run(expressions: Expressions, arrays: dict[Node, Any], sizes: Mapping[str, int], xp: Any) -> Node | None:
    """Work everything out; the node at which that could not be done."""
    try:
        expressions.opened.fill(expressions.order, arrays, sizes, xp)
    except (ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
        return next(node for node in expressions.order if node not in arrays)
    for user, index, extent in expressions.indices:
        places, end = arrays[index], evaluate_dim(extent, sizes)
        if np.any(places < (-end if index.constant else 0)) or np.any(places >= end):
            return user
    return None


def _not_finite(expressions: Expressions, arrays: Mapping[Node, Any]) -> Iterator[Trouble]:
    """The nodes at which what is not finite comes up; an infinite constant is none of them."""
    for node in expressions.order:
        array = arrays[node]
        if node not in expressions.checked or array.dtype.kind != "f" or np.isfinite(array).all():
            continue
        given = [arrays[a] for a in expressions.opened.arguments(node)]
        undefined = np.isnan(array)
        if undefined.any():
            if not any(g.dtype.kind == "f" and np.isnan(g).any() for g in given):
                yield Trouble(node, Kind.UNDEFINED, undefined)
        elif node.args and node.op.name != "pad" and all(np.isfinite(g).all() for g in given):
            at_edge = node.op.name in ("div", "reciprocal", "log", "pow", "log1p")
            yield Trouble(
                node, Kind.UNDEFINED if at_edge and _edge(node, given) else Kind.OVERFLOW, ~np.isfinite(array)
            )


def _roots_not_finite(expressions: Expressions, found: Attempt) -> list[Trouble]:
    masks = {root: ~np.isfinite(found.arrays[root]) for root in expressions.roots}
    return [Trouble(root, Kind.UNDEFINED, mask) for root, mask in masks.items() if mask.any()]


def _edge(node: Node, given: list[Any]) -> bool:
    """Whether an infinite value comes from a division by zero or the like, not from overflow."""
    divisor = given[-1] if node.op.name == "div" else given[0]
    return bool(np.any(divisor == (-1 if node.op.name == "log1p" else 0)))


def _against_assumptions(expressions: Expressions, arrays: Mapping[Node, Any]) -> Iterator[Trouble]:
    """Named intermediates that are not what is assumed of them."""
    for node in expressions.assumed:
        array, facts = arrays[node], facts_of(node)
        outside = ~bounds_of(facts).inside(array)
        if outside.any():
            yield Trouble(node, Kind.ASSUMED, outside)
        for fact in facts:
            if isinstance(fact, SumsTo | OneHot):
                value = float(fact.value) if isinstance(fact, SumsTo) else 1.0
                sums = array.sum(axis=fact.axis)
                if not np.all(
                    np.abs(sums - value) <= 1e-9 * np.maximum(np.abs(array).sum(axis=fact.axis), 1e-300)
                ):
                    yield Trouble(node, Kind.ASSUMED)
            elif isinstance(fact, Symmetric) and not np.allclose(array, array.T, rtol=1e-9, atol=0):
                yield Trouble(node, Kind.ASSUMED)


def _ties(
    expressions: Expressions,
    arrays: Mapping[Node, Any],
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    chance: bool,
    lenient: Collection[Node],
) -> Iterator[Trouble]:
    """Conditions whose two sides are so near that the values may lie at a kink.

    Reals that are the very same tie for a reason, not by chance, and stay so nearby: the values are no kink then.
    """
    tied: dict[Node, Any] = {}
    for node in expressions.conditions:
        if node not in lenient:
            found = ties(node, arrays)
            if np.any(found if chance else found == 1):
                tied[node] = found
    if not tied:
        return
    stirred = _stirred(expressions, values, sizes) if chance else {}
    for node, found in tied.items():
        near = found == 1
        if chance:
            near = (found > 0) & (ties(node, stirred) != 2) if node in stirred else found > 0
        if near.any():
            yield Trouble(node, Kind.TIE, near)


def _stirred(
    expressions: Expressions, values: Mapping[str, Any], sizes: Mapping[str, int]
) -> dict[Node, Any]:
    """Everything at values nearby."""
    rng = np.random.default_rng(0)
    moved = dict(values)
    for leaf in expressions.leaves:
        if leaf.movable:
            base = np.asarray(values[leaf.name], np.float64)
            moved[leaf.name] = base + STIR * rng.normal(size=base.shape)
    xp = Quick()
    arrays = leaf_arrays(expressions, moved, xp)
    with np.errstate(all="ignore"):
        return arrays if _run(expressions, arrays, sizes, xp) is None else {}
