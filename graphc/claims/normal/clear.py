"""Whether an expression is zero: what is left over is multiplied by its denominators until none is left."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from graphc.claims.normal.algebra import Algebra, Atom, Expr, Power, constant, exact, monomial
from graphc.claims.normal.terms import add_into, multiply, normalised

MOST_ROUNDS = 6


def is_zero(s: Algebra, expr: Expr) -> bool:
    """Whether an expression is zero once denominators are cleared: `a/b - c` is where `a - b*c` is."""
    for _ in range(MOST_ROUNDS):
        if not expr:
            return True
        below = _denominators(expr)
        if not below:
            return False
        for atom, p in below.items():
            expr = _cleared(s, expr, atom, p)
    return not expr


def _denominators(expr: Expr) -> dict[Atom, Power]:
    """The sums that terms are divided by, each with its largest power."""
    most: dict[Atom, Power] = {}
    for m in expr:
        for atom, p in m:
            if atom.head.kind == "base" and p < 0:
                most[atom] = max(most.get(atom, 0), -p)
    return most


def _cleared(s: Algebra, expr: Expr, atom: Atom, p: Power) -> Expr:
    """An expression times a power of a denominator, whole powers multiplied out."""
    result: Expr = {}
    for m, c in expr.items():
        s.tick(len(result))
        powers = dict(m)
        rest = powers.pop(atom, 0)
        up = exact(Fraction(p) + Fraction(rest))
        kept = normalised(s, powers)
        if up:
            kept = multiply(s, kept, _raised(s, atom, up))
        add_into(result, kept, c)
    return result


def _raised(s: Algebra, atom: Atom, p: Power) -> Expr:
    """A denominator to a power from 0 on."""
    whole = floor(p)
    part = exact(Fraction(p) - whole)
    result = normalised(s, {atom: whole}) if whole else constant(1)
    if part:
        result = multiply(s, result, {monomial({atom: part}): 1})
    return result
