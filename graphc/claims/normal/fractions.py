"""Partial fractions: `1/(x*(1 + x))` is `1/x - 1/(1 + x)`, also under a sum over indices."""

from __future__ import annotations

from fractions import Fraction

from graphc.claims.normal.algebra import Algebra, Atom, Coefficient, Expr, Monomial, Power, exact
from graphc.claims.normal.terms import (
    add_into,
    body_of,
    normalised,
    times,
)


def apart(s: Algebra, powers: dict[Atom, Power]) -> Expr | None:
    """A factor below beside a base of which all terms but one hold it."""
    bases = [a for a, p in powers.items() if a.head.kind == "base" and p <= -1 and len(a.head.body) > 1]
    for base in bases:
        body = body_of(s, base)
        if any(a.head.traits.idempotent for m in body for a, _ in m):
            continue  # it may be 0 in one of its cases
        for atom, p in powers.items():
            if p > -1 or atom is base or atom.head.kind == "base":
                continue
            without = [m for m in body if dict(m).get(atom, 0) <= 0]
            if len(without) != 1 or atom in dict(without[0]) or not _smaller(without[0], atom):
                continue
            rest = {m: c for m, c in body.items() if m != without[0]}
            return _split(s, powers, base, rest, without[0], body[without[0]])
    return None


def _smaller(m: Monomial, atom: Atom) -> bool:
    """Whether a term is simpler than an atom, so that it may stand below in its place."""
    rank = (len(atom.variables), atom.head.number)
    return all((len(a.variables), a.head.number) < rank and not a.head.traits.idempotent for a, _ in m)


def _split(
    s: Algebra, powers: dict[Atom, Power], base: Atom, rest: Expr, term: Monomial, c: Coefficient
) -> Expr:
    """`m/base` as `(m - m*rest/base)/term`, for a base that is the term and the rest."""
    left = dict(powers)
    for a, p in term:
        left[a] = exact(left.get(a, 0) - p)
    once = _product(s, {**left, base: exact(powers[base] + 1)})
    total = dict(once)
    for m, d in rest.items():
        both = dict(left)
        for a, p in m:
            both[a] = exact(both.get(a, 0) + p)
        add_into(total, _product(s, both), -d)
    return times(total, exact(1 / Fraction(c)))


def _product(s: Algebra, powers: dict[Atom, Power]) -> Expr:
    s.tick()
    return normalised(s, {a: p for a, p in powers.items() if p})
