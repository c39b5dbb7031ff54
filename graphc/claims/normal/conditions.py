"""Conditions: `[u > 0]` and `[u == 0]` as idempotents, and what is made of them: sign, |u|, maximum, where.

`[-u > 0] = 1 - [u > 0]` holds up to ties, and is used where `u` cannot be 0 but at single points.
"""

from __future__ import annotations

from fractions import Fraction

from graphc.claims.normal.algebra import (
    Algebra,
    Atom,
    Coefficient,
    Expr,
    Head,
    Power,
    constant,
    number_of,
    of_atom,
)
from graphc.claims.normal.functions import MAGNITUDE, by_cases, content, directed, raised
from graphc.claims.normal.heads import function, sign_of, whole
from graphc.claims.normal.index import Slot, linear, number_slot, sign_of_slot, slot_key, within
from graphc.claims.normal.terms import AGAIN, delta, minus, multiply, plus, substitute, times
from graphc.ir.types import Dim, DimLike


def indicator(s: Algebra, expr: Expr) -> Expr:
    """1 where an expression is positive, else 0."""
    found = by_cases(s, expr, lambda e: _indicator(s, e))
    return of_atom(function(s, "indicator", expr)) if found is None else found


def _indicator(s: Algebra, expr: Expr) -> Expr:
    value = number_of(expr)
    if value is not None:
        return constant(int(value > 0))
    if sign_of(expr) == 2:
        return constant(1)
    if sign_of(times(expr, -1)):
        return {}
    _, _, left = content(expr, 2)
    if len(left) == 1:
        return _of_product(s, left)
    if tie_free(s, left):
        sign, argument = directed(left)
        found = of_atom(function(s, "indicator", argument))
        return found if sign > 0 else minus(constant(1), found)
    return _of_places(s, left) if whole(left) else of_atom(function(s, "indicator", left))


def _of_places(s: Algebra, expr: Expr) -> Expr:
    """`[u > 0]` of whole numbers: known of places in known ranges, else with a constant that is not above 0."""
    slot = as_slot(expr)
    known = None if slot is None else sign_of_slot(slot, s.extent)
    if known is not None:
        return constant(int(known > 0))
    if slot is not None and within(slot, None, s.extent):
        return minus(constant(1), delta(s, slot, number_slot(0)))
    if expr.get((), 0) > 0:
        return minus(constant(1), of_atom(function(s, "indicator", minus(constant(1), expr))))
    places = [(m[0][0].slots[0], c) for m, c in expr.items() if m and m[0][0].head.kind == "iota"]
    if slot is not None and len(places) == len(expr) == 2:  # before, at, or behind: one of the three holds
        (a, c), (b, _) = sorted(places, key=lambda item: slot_key(item[0]))
        if c == 1 and sum(d for _, d in places) == 0:
            behind = of_atom(function(s, "indicator", times(expr, -1)))
            return minus(constant(1), plus(behind, delta(s, a, b)))
    return of_atom(function(s, "indicator", expr))


def as_slot(expr: Expr) -> Slot | None:
    """An expression in places and sizes as a slot."""
    terms: list[tuple[Slot, DimLike]] = []
    rest: Expr = {}
    for m, c in expr.items():
        if len(m) == 1 and m[0][0].head.kind == "iota" and m[0][1] == 1 and isinstance(c, int):
            terms.append((m[0][0].slots[0], c))
        else:
            rest[m] = c
    number = as_dim(rest)
    return None if number is None else linear(terms, number)


def as_dim(expr: Expr) -> DimLike | None:
    """An expression in sizes alone as a dimension."""
    total: DimLike = 0
    for m, c in expr.items():
        if not isinstance(c, int) or any(
            a.head.kind != "size" or not isinstance(p, int) or p < 0 for a, p in m
        ):
            return None
        term: DimLike = c
        for a, p in m:
            for _ in range(int(p)):
                term = term * Dim((((((str(a.head.data)), 1),), 1),))
        total = total + term
    return total


def _of_product(s: Algebra, expr: Expr) -> Expr:
    """`[x*y > 0]` by the signs of the factors, where none of them is 0 but at single points."""
    ((m, c),) = expr.items()
    kept: list[tuple[Atom, Power]] = []
    for atom, p in m:
        t = atom.head.traits
        even = isinstance(p, int) and p % 2 == 0
        if t.sign == 2 or (t.smooth and t.varying and (even or not isinstance(p, int))):
            continue
        kept.append((atom, p))
    if all(tie_free(s, of_atom(a)) for a, _ in kept):
        product = constant(1 if c > 0 else -1)
        for atom, _ in kept:
            above = of_atom(function(s, "indicator", of_atom(atom)))
            product = multiply(s, product, plus(times(above, 2), constant(-1)))
        return times(plus(constant(1), product), Fraction(1, 2))
    if len(kept) == 1 and isinstance(kept[0][1], int) and kept[0][1] % 2:
        kept = [(kept[0][0], 1)]
    unit: Coefficient = 1 if c > 0 else -1
    return of_atom(function(s, "indicator", {tuple(kept): unit}))


def tie_free(s: Algebra, expr: Expr) -> bool:
    """Whether an expression is 0 at single points only: it is analytic, or has an entry of a leaf of its own in it."""
    atoms = {a for m in expr for a, _ in m}
    if all(a.head.traits.smooth for a in atoms) and any(a.head.traits.varying for a in atoms):
        return _stays(s, expr, atoms)
    for m in expr:
        if len(m) == 1 and m[0][1] == 1 and m[0][0].head.kind == "leaf" and m[0][0].head.traits.smooth:
            others = {a for n in expr if n != m for a, _ in n}
            if all(m[0][0].head.traits.leaves.isdisjoint(a.head.traits.leaves) for a in others):
                return True
    return False


def _stays(s: Algebra, expr: Expr, atoms: set[Atom]) -> bool:
    """Whether an expression does not vanish where two indices are equal, as `x[i] - x[j]` does."""
    if any(isinstance(t, tuple) for a in atoms for t in a.slots):
        return False
    names = sorted({v for a in atoms for v in a.variables})
    pairs = [(x, y) for i, x in enumerate(names) for y in names[:i] if s.extent(x) == s.extent(y)]
    return all(substitute(s, expr, {x: y}) for x, y in pairs)


def zero(s: Algebra, expr: Expr) -> Expr:
    """1 where an expression is 0, else 0."""
    found = by_cases(s, expr, lambda e: _zero(s, e))
    return of_atom(function(s, "zero", expr)) if found is None else found


def _zero(s: Algebra, expr: Expr) -> Expr:
    value = number_of(expr)
    if value is not None:
        return constant(int(value == 0))
    if sign_of(expr) == 2 or sign_of(times(expr, -1)) == 2 or tie_free(s, expr):
        return {}
    _, _, left = content(expr, 2)
    return of_atom(function(s, "zero", directed(left)[1]))


def sign(s: Algebra, expr: Expr) -> Expr:
    """1, 0 or -1."""
    return minus(indicator(s, expr), indicator(s, times(expr, -1)))


def absolute(s: Algebra, expr: Expr) -> Expr:
    """`|u|` as `u * sign(u)`."""
    return multiply(s, expr, sign(s, expr))


def magnitude(s: Algebra, expr: Expr, q: Power) -> Expr:
    """`|u|**q`."""
    return raised(s, absolute(s, expr), q)


def maximum(s: Algebra, a: Expr, b: Expr) -> Expr:
    """The larger of two."""
    apart = minus(a, b)
    return plus(b, multiply(s, apart, indicator(s, apart)))


def chosen(s: Algebra, condition: Expr, yes: Expr, no: Expr) -> Expr:
    """`yes` where a condition, which is 0 or 1, holds, else `no`."""
    return plus(no, multiply(s, condition, minus(yes, no)))


def _again(s: Algebra, head: Head, slots: tuple[Slot, ...]) -> Expr:
    expr = substitute(s, head.body, dict(enumerate(slots)))
    return indicator(s, expr) if head.kind == "indicator" else zero(s, expr)


AGAIN.update(indicator=_again, zero=_again)
MAGNITUDE.append(magnitude)
