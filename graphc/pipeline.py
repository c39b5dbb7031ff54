"""The list of passes: from a source, or a node made in Python, to a picture, a derivation or a module.

load ─► Program ─► derive ─► Derivation ─► circuit_of ─► Picture
                      │           └──────► Report: text, Markdown, LaTeX, JSON
                      └─► simplify ─► lower ─► plan ─► NumPy source
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphc.claims.verdict import Judgement, Verdict
from graphc.claims.verdict import Report as Claims
from graphc.derive.derivation import Derivation
from graphc.derive.derivation import derive as derivation_of
from graphc.derive.expand import names_of
from graphc.derive.fold import check_scopes, fold_scopes
from graphc.derive.report import Report
from graphc.derive.reverse import gradients
from graphc.derive.values import Values
from graphc.draw.circuit import circuit_of, drawn_nodes
from graphc.draw.marks import Finding
from graphc.draw.picture import Picture
from graphc.ir.errors import BindError, GradientError, GraphcError
from graphc.ir.graph import Graph
from graphc.ir.node import Node, expect_node, topological
from graphc.ir.types import show_shape
from graphc.lang import Program, load
from graphc.lang.build import build
from graphc.lang.source import Source as Text
from graphc.lang.source import read
from graphc.lang.suggest import meant

if TYPE_CHECKING:
    from graphc.emit import Function
    from graphc.emit.profile import Profile

__all__ = ["Picture", "Program", "Report", "compile", "derive", "draw", "load", "profile"]

MOST_DIGITS = 15
Source = Program | Node
Names = Sequence[str | Node] | str | Node | None


def draw(
    source: Source,
    *,
    at: Mapping[str, Any] | None = None,
    expand: Sequence[str] | str = (),
    fold: Sequence[str] | str = (),
    roles: bool = False,
    wrt: Names = None,
    digits: int = 2,
    legend: bool = False,
    check: Sequence[Judgement] = (),
) -> Picture:
    """The backprop circuit of a node: values above the wires, gradients below, local derivatives on the edges.

    `at` gives every input a value by name; without it the picture is in symbols. `expand` names operations to
    be opened into their elementary gates, `fold` scopes, such as `net/dense1`, to be drawn as one gate each,
    `wrt` the inputs (all without it) whose gradients are shown, `digits` the decimals of numbers. `roles`
    captions gates that distribute, route or switch gradients. `check`, a report of `g.check`, marks gradients, and
    local derivatives on edges, that were claimed, as right ✓, wrong ✗ or undecided. A graph that does not end in a
    real scalar has no gradients and is drawn forward only.

    Raises BindError for values that are missing or do not fit, GraphcError for a graph too large to be drawn.
    """
    source = _claimed_about(source, check)
    root = _root(source)
    targets = _targets(source, wrt)
    if isinstance(digits, bool) or not isinstance(digits, int) or not 0 <= digits <= MOST_DIGITS:
        raise GraphcError(f"digits is a whole number from 0 to {MOST_DIGITS}, not {digits!r}")
    folded = names_of(fold, "what is folded")
    check_scopes(root, folded)
    drawn_nodes(fold_scopes([root, *(targets or ())], folded)[root])
    opened = names_of(expand, "what is opened")
    derivation = derivation_of(root, targets, expand=opened, fold=folded, gradients=_has_gradients(root))
    _check_opened(derivation, opened)
    found = [finding_of(judgement) for judgement in check]
    values = _values(derivation, at)
    circuit = circuit_of(derivation, values, digits=digits, roles=roles, findings=found)
    return Picture(circuit, legend=legend)


def _claimed_about(source: Source, check: Sequence[Judgement]) -> Source:
    """The source with what its claims are about as what is drawn, if they are all about something else."""
    counts = Counter(judgement.of for judgement in check if judgement.of)
    if not isinstance(source, Program) or not counts:
        return source
    if source.root is not None and source.root.name in counts:
        return source
    of = next((name for name, _ in counts.most_common() if name in source.names), None)
    return source if of is None else replace(source, root=source.names[of])


def load_judged(source: str) -> tuple[Program, Claims]:
    """The program of a source, and the report on its claims, of which a wrong one need not fit in its shapes.

    Raises GraphcError for what cannot be read.
    """
    from graphc.claims.check import check_sources  # takes as long to load as all the rest

    report = check_sources([source])
    for problem in report.problems:
        raise GraphcError(problem.sentence)
    found = read(source)
    assert isinstance(found, Text)
    return build(found, env={}, declared_only=found.name is not None, judging=True), report


def _written(judgement: Judgement) -> str:
    """What is claimed, in the words of the text: the right side of `dW = …` or of the only `==`."""
    left, _, right = judgement.claim.partition("=")
    if judgement.name and left.strip() == judgement.name and not right.startswith("="):
        return right.strip()
    sides = judgement.claim.split("==")
    return sides[1].strip() if len(sides) == 2 else judgement.claimed or judgement.claim


def finding_of(judgement: Judgement) -> Finding:
    """What a picture shows of a judgement."""
    right, open_ = judgement.verdict.holds, judgement.verdict is Verdict.UNDECIDED
    return Finding(
        judgement.of,
        judgement.subject,
        "right" if right else "open" if open_ else "wrong",
        _written(judgement),
        judgement.right,
        judgement.mistakes,
        judgement.given,
    )


def derive(
    source: Source, *, wrt: Names = None, at: Mapping[str, Any] | None = None, indices: bool = False
) -> Report:
    """The chain rule for a scalar, step by step; with values `at`, also a table of the numbers there.

    With `indices` the definitions, as the gradients, are in index notation as well.
    """
    derivation = derivation_of(_root(source), _targets(source, wrt))
    return Report(derivation, _values(derivation, at), indices)


def compile(
    source: Source,
    *,
    wrt: Names = None,
    dtype: str = "float64",
    sizes: Mapping[str, int] | None = None,
    memory: int | None = None,
    costs: str | None = None,
    target: str = "numpy",
) -> Function:
    """A node and its gradients as one NumPy function: by `wrt`, else by its parameters, else by its real inputs.

    `sizes` are hints for the planner, `memory` is a budget in bytes for intermediate values, `costs` the file of a
    table of costs, `target` what runs the code: NumPy alone, or with loops compiled by Numba.
    """
    from graphc.emit import compile_  # a picture needs no code generator

    root = _root(source)
    targets = _targets(source, wrt)
    if targets is None:
        leaves = [leaf for leaf in Graph((root,)).leaves if leaf.dtype == "real" and _has_gradients(root)]
        targets = [leaf for leaf in leaves if leaf.op.name == "param"] or leaves
    name = root.name or "value"
    found = gradients(root, targets, simplify=False) if targets else []
    named = {f"d{name}_d{target.name}": gradient for target, gradient in zip(targets, found, strict=True)}
    return compile_(
        {name: root, **named}, dtype=dtype, sizes=sizes, memory=memory, costs=costs, target=target
    )


def profile(
    source: Source,
    *,
    at: Mapping[str, Any] | None = None,
    sizes: Mapping[str, int] | None = None,
    wrt: Names = None,
    dtype: str = "float64",
    costs: str | None = None,
    repeat: int = 20,
) -> Profile:
    """The time of each step of a node and its gradients; inputs that `at` does not give are random, of these sizes."""
    function = compile(source, wrt=wrt, dtype=dtype, sizes=sizes, costs=costs)
    return function.profile_on(at or {}, repeat=repeat, sizes=sizes or {})


def _root(source: Source) -> Node:
    return (
        source.require_root()
        if isinstance(source, Program)
        else expect_node(source, "what is drawn or derived")
    )


def _has_gradients(root: Node) -> bool:
    return root.shape == () and root.dtype == "real"


def _targets(source: Source, wrt: Names) -> list[Node] | None:
    """The nodes `wrt` names; None for none, which stands for all that can be differentiated by."""
    given = [wrt] if isinstance(wrt, str | Node) else list(wrt or ())
    if not given:
        return None
    root = _root(source)
    known = {node.name: node for node in topological([root]) if node.name is not None}
    for one in given:
        if isinstance(one, str) and one not in known:
            what = root.name or "the expression"
            raise GradientError(f"{what} has no {one!r} to differentiate by{meant(one, known)}")
        if not isinstance(one, str):
            expect_node(one, "what to differentiate by")
    if not _has_gradients(root):
        shape = f"shape {show_shape(root.shape)}" if root.shape else f"{root.dtype} values"
        raise GradientError(
            f"{root.name or 'the expression'} has {shape}, and a gradient is of a real scalar"
        )
    return [one if isinstance(one, Node) else known[one] for one in given]


def _values(derivation: Derivation, at: Mapping[str, Any] | None) -> Values | None:
    """The derivation at a point; None without one."""
    if not at:
        return None
    if not isinstance(at, Mapping):
        raise BindError("values are given by name, as in at={'x': 1}")
    shapes = {leaf.name or "": leaf.shape for leaf in derivation.leaves}
    leaves = list(shapes)
    for name, value in at.items():
        if name not in leaves:
            there = f"; the inputs are: {', '.join(leaves)}" if leaves else ""
            near = meant(name, leaves) if isinstance(name, str) else ""
            raise BindError(f"there is no input {name!r}{near or there}")
        if shapes[name] == () and isinstance(value, list | tuple):
            mend = f"declare it as an array, {name} = input({len(value)})"
            raise BindError(f"{name} is a scalar and was given a list of {len(value)} values; {mend}")
    if missing := [name for name in leaves if name not in at]:
        raise BindError(f"no value for {', '.join(missing)}; give every input one, as in {missing[0]}=1")
    return derivation.at(at)


def _check_opened(derivation: Derivation, expand: Sequence[str]) -> None:
    there = {group.op for group in derivation.groups}
    for name in expand:
        if name not in there:
            raise GraphcError(f"there is no {name} in this graph to be opened")
