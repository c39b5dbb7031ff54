"""Products over indices, of all entries or of those before or behind a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graphc.claims.normal import entries, functions
from graphc.claims.normal.algebra import Algebra, Atom, Expr, Power, constant, of_atom
from graphc.claims.normal.heads import function
from graphc.claims.normal.sums import size, total
from graphc.claims.normal.terms import (
    RELATIONS_OF_PRODUCTS,
    body_of,
    multiply,
    normalised,
    substitute,
    times,
)
from graphc.ir.node import Node
from graphc.ir.types import DimLike, product


def product_over(s: Algebra, expr: Expr, bound: Mapping[int, DimLike]) -> Expr:
    """The product of an expression over variables: of a product the product of the products."""
    if not bound:
        return expr
    if len(expr) != 1:
        return of_atom(function(s, "prod", expr, bound)) if expr else {}
    ((m, c),) = expr.items()
    inside = {a: p for a, p in m if not a.variables.isdisjoint(bound)}
    outside = times(normalised(s, {a: p for a, p in m if a not in inside}), c)
    result = _repeated(s, outside, product(bound.values()))
    for atom, p in inside.items():
        used = {v: e for v, e in bound.items() if v in atom.variables}
        unused = product(e for v, e in bound.items() if v not in used)
        result = multiply(s, result, _repeated(s, _of_power(s, atom, p, used), unused))
    return result


def _of_power(s: Algebra, atom: Atom, p: Power, bound: Mapping[int, DimLike]) -> Expr:
    """The product of powers of one atom."""
    if atom.head.kind == "exp":
        return functions.exponential(s, times(total(s, body_of(s, atom), bound), p))
    if isinstance(p, int):
        return functions.raised(s, of_atom(function(s, "prod", of_atom(atom), bound)), p)
    return of_atom(function(s, "prod", of_atom(atom, p), bound))


def _repeated(s: Algebra, expr: Expr, count: DimLike) -> Expr:
    if isinstance(count, int):
        return functions.raised(s, expr, count)
    return functions.symbolic_power(s, expr, size(s, count))


def running_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    """`cumprod`: the product of what stands before a place, or behind it; with the place itself if not `exclusive`."""
    along, reverse, exclusive = node.attrs
    place = entries.axes(s, node.shape)[along]
    if place is None:
        return constant(1) if exclusive else args[0]
    others = of_atom(_others(s, "behind" if reverse else "before", args[0], place))
    return others if exclusive else multiply(s, others, args[0])


def _others(s: Algebra, kind: str, expr: Expr, place: int) -> Atom:
    """The product over all places before one, or all behind it; the place is the last slot."""
    name = s.variable(s.extents[place])
    inner = function(s, "prod", substitute(s, expr, {place: name}), {name: s.extents[place]})
    slots = (*inner.slots, place)
    traits = replace(inner.head.traits, swaps=())
    head = s.head(kind, inner.head.number, len(slots), lambda: traits, inner.head)
    return s.atom(head, slots)


def _all_but_one(s: Algebra, powers: dict[Atom, Power]) -> Expr | None:
    """All before a place and all behind it: all, over what stands at the place."""
    for atom, p in powers.items():
        if atom.head.kind != "before" or p != 1:
            continue
        other = s.heads.get(("behind", atom.head.data))
        twin = None if other is None else s.atom(other, atom.slots)
        if twin is None or powers.get(twin) != 1:
            continue
        whole = atom.head.body
        own = substitute(s, whole.body, dict(enumerate(atom.slots)))
        rest = normalised(s, {a: q for a, q in powers.items() if a not in (atom, twin)})
        both = multiply(s, of_atom(s.atom(whole, atom.slots[:-1])), functions.inverse(s, own))
        return multiply(s, rest, both)
    return None


RELATIONS_OF_PRODUCTS.append(_all_but_one)
