"""Contractions and reductions as expressions: products summed over named indices."""

from __future__ import annotations

from collections.abc import Iterable

from graphc.claims.normal import entries
from graphc.claims.normal.algebra import Algebra, Expr, constant, of_atom
from graphc.claims.normal.heads import function
from graphc.claims.normal.index import Slot
from graphc.claims.normal.products import product_over
from graphc.claims.normal.sums import total
from graphc.claims.normal.terms import delta, multiply, plus, substitute, times
from graphc.ir.node import Node
from graphc.ir.types import DimLike


def moved(s: Algebra, expr: Expr, source: Iterable[int | None], target: Iterable[Slot | None]) -> Expr:
    """An expression with the variables of axes replaced; an axis without a variable has none in the expression."""
    pairs = zip(source, target, strict=True)
    return substitute(s, expr, {v: t for v, t in pairs if v is not None and t is not None})


def axes(s: Algebra, node: Node) -> tuple[int | None, ...]:
    return entries.axes(s, node.shape)


def contract_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    inputs, output = str(node.attrs[0]).split("->")
    extents: dict[str, DimLike] = dict(node.attrs[1])
    operands = inputs.split(",")
    for indices, arg in zip(operands, node.args, strict=True):
        extents.update(zip(indices, arg.shape, strict=True))
    names = {i: None if d == 1 else s.variable(d) for i, d in extents.items()}
    result = constant(1)
    for n, (indices, arg, expr) in enumerate(zip(operands, node.args, args, strict=True)):
        result = multiply(s, result, moved(s, expr, axes(s, arg), [names[i] for i in indices]))
        later = set(output).union(*operands[n + 1 :])
        done = [v for i in sorted(set("".join(operands[: n + 1])) - later) if (v := names[i]) is not None]
        if done:
            result = total(s, result, done)
            names.update({i: None for i, v in names.items() if v in done})
    return _laid_on(s, result, [names[i] for i in output], axes(s, node))


def _laid_on(s: Algebra, expr: Expr, names: list[int | None], target: tuple[int | None, ...]) -> Expr:
    """The result over its axes; where a variable stands on two of them, on their diagonal."""
    first: dict[int, Slot] = {}
    diagonal = constant(1)
    for name, axis in zip(names, target, strict=True):
        if name is None or axis is None:
            continue
        if name in first:
            diagonal = multiply(s, diagonal, delta(s, first[name], axis))
        else:
            first[name] = axis
    return multiply(s, substitute(s, expr, first), diagonal)


def sum_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    reduced, keepdims = node.attrs
    source = axes(s, node.args[0])
    names = {v: s.variable(s.extents[v]) for i in reduced if (v := source[i]) is not None}
    expr = total(s, substitute(s, args[0], names), names.values())
    kept = [v for i, v in enumerate(source) if keepdims or i not in reduced]
    return moved(s, expr, kept, axes(s, node))


def extreme_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    """max, min, prod, argmax, argmin: an atom of what is reduced. min(u) is -max(-u)."""
    name = node.op.name
    reduced, keepdims = node.attrs if node.op.kind == "reduce" else ((node.attrs[0],), False)
    source = axes(s, node.args[0])
    names = {v: s.variable(s.extents[v]) for i in reduced if (v := source[i]) is not None}
    expr = substitute(s, args[0], names)
    if name in ("min", "argmin"):
        expr = times(expr, -1)
    kind = {"min": "max", "argmin": "argmax"}.get(name, name)
    if name.startswith("arg") and not names:
        return {}
    if name == "prod":
        found = product_over(s, expr, {v: s.extents[v] for v in names.values()})
    else:
        found = _of_extreme(s, kind, expr, frozenset(names.values()))
    result = times(found, -1) if name == "min" else found
    kept = [v for i, v in enumerate(source) if keepdims or i not in reduced]
    return moved(s, result, kept, axes(s, node))


def _of_extreme(s: Algebra, kind: str, expr: Expr, names: frozenset[int]) -> Expr:
    """The largest of an expression, or its place: terms without the variables stand outside."""
    inside = {m: c for m, c in expr.items() if any(not a.variables.isdisjoint(names) for a, _ in m)}
    outside = {m: c for m, c in expr.items() if m not in inside}
    if kind == "argmax":
        outside = {}
    if not inside:
        return outside
    atom = function(s, kind, inside, {v: s.extents[v] for v in sorted(names)})
    return plus(outside, of_atom(atom))
