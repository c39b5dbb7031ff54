"""Heads made of expressions: functions of them, sums of them over variables, and what is known of these."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from graphc.claims.normal.algebra import Algebra, Atom, Expr, Head, Monomial, Power, Traits
from graphc.claims.normal.canon import Written, body, shape_of, written
from graphc.ir.node import Node, topological
from graphc.ir.types import DimLike
from graphc.ops.facts import Fact, Integer, OneHot, Range, SumsTo, Symmetric

SMOOTH = {"exp", "log", "tanh", "sin", "cos", "erf", "base", "sum", "raised", "det", "inv"}
POSITIVE = {"exp"}


def function(
    s: Algebra, kind: str, expr: Expr, bound: Mapping[int, DimLike] | None = None, extra: Hashable = None
) -> Atom:
    """The atom of a function of an expression, over `bound` variables if it is a reduction."""
    shape, labels = shape_of(expr, bound or {})
    known = written(s, shape)
    free = tuple(labels[v] for v in known.order if shape.extents[v] is None)
    return s.atom(_head(s, kind, known, lambda: body(s, shape, known.order), len(free), extra), free)


def _head(
    s: Algebra, kind: str, known: Written, made: Callable[[], Expr], arity: int, extra: Hashable
) -> Head:
    data = (known.key, extra)
    found = s.heads.get((kind, data))
    if found is not None:
        return found
    expr = made()
    extents = known.key[1] if isinstance(known.key, tuple) else ()
    return s.head(kind, data, arity, lambda: traits_of(s, kind, data, expr, known.swaps), expr, extents)


def traits_of(
    s: Algebra, kind: str, data: Hashable, expr: Expr, swaps: tuple[tuple[int, ...], ...]
) -> Traits:
    atoms = {a for m in expr for a, _ in m}
    truth = kind in ("indicator", "zero")
    sign = 2 if kind in POSITIVE or (kind, data) in s.positive else 1 if truth else 0
    if kind in ("sum", "base", "prod"):
        sign = max(sign, sign_of(expr))
    return Traits(
        sign=sign,
        idempotent=truth,
        whole=truth or kind == "argmax" or (kind == "sum" and whole(expr)),
        smooth=kind in SMOOTH and all(a.head.traits.smooth for a in atoms),
        varying=any(a.head.traits.varying for a in atoms),
        swaps=swaps,
        leaves=frozenset().union(*(a.head.traits.leaves for a in atoms)),
    )


def sign_of_monomial(m: Monomial) -> int:
    """2 where a product is positive almost everywhere, 1 where it is never negative, 0 where that is not known."""
    least = 2
    for atom, p in m:
        sign = atom.head.traits.sign
        if isinstance(p, int) and p % 2 == 0 and not atom.head.traits.idempotent:
            sign = max(sign, 2 if atom.head.traits.smooth and atom.head.traits.varying else 1)
        least = min(least, sign)
    return least


def sign_of(expr: Expr) -> int:
    """The same of a sum of products."""
    if not expr or any(c < 0 for c in expr.values()):
        return 0
    signs = [sign_of_monomial(m) for m in expr]
    return 0 if 0 in signs else max(signs)


def whole(expr: Expr) -> bool:
    """Whether every value is surely a whole number."""
    return all(
        isinstance(c, int) and all(a.head.traits.whole and isinstance(p, int) and p > 0 for a, p in m)
        for m, c in expr.items()
    )


def leaf_traits(node: Node, facts: Iterable[Fact], places: Mapping[int, int], positive: bool) -> Traits:
    """What the facts of a leaf say; `places` leads from its axes to slots.

    A node that is taken as a leaf may be 0 on more than single points.
    """
    known = Traits(
        sign=2 if positive else 0,
        idempotent=node.dtype == "bool",
        whole=node.dtype != "real",
        smooth=node.is_leaf and node.dtype == "real",
        varying=node.dtype == "real",
        leaves=frozenset(n for n in topological([node]) if n.is_leaf),
    )
    for fact in facts:
        known = _with_fact(known, fact, places)
    return known


def _with_fact(known: Traits, fact: Fact, places: Mapping[int, int]) -> Traits:
    match fact:
        case SumsTo(axis, value) if axis in places:
            return replace(known, sums=(*known.sums, (places[axis], Fraction(value))))
        case OneHot(axis) if axis in places:
            sums = (*known.sums, (places[axis], Fraction(1)))
            return replace(
                known, sums=sums, one_hot=places[axis], idempotent=True, whole=True, smooth=False, sign=1
            )
        case Integer():
            return replace(known, whole=True, smooth=False)
        case Symmetric() if len(places) == 2:
            return replace(known, swaps=((1, 0),))
        case Range(low, _, low_open, _) if low is not None and low >= 0:
            return replace(known, sign=max(known.sign, 2 if low > 0 or low_open else 1))
    return known


def split_sign(
    powers: Iterable[tuple[Atom, Power]],
) -> tuple[list[tuple[Atom, Power]], list[tuple[Atom, Power]]]:
    """The factors that are known not to be negative, and the others."""
    known: list[tuple[Atom, Power]] = []
    others: list[tuple[Atom, Power]] = []
    for atom, p in powers:
        (known if atom.head.traits.sign else others).append((atom, p))
    return known, others
