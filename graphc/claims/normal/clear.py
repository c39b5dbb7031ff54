"""Whether an expression is zero: what is left over is multiplied by its denominators until none is left."""

from __future__ import annotations

from math import floor

from graphc.claims.normal.algebra import Algebra, Atom, Expr, exact, monomial
from graphc.claims.normal.terms import add_into, multiply, normalised

MOST_ROUNDS = 6


def is_zero(s: Algebra, expr: Expr) -> bool:
    """Whether an expression is zero once denominators are cleared: `a/b - c` is where `a - b*c` is.

    Broken powers stay: terms with them and terms without cancel only among themselves.
    """
    for _ in range(MOST_ROUNDS):
        below = _denominators(expr)
        if not below:
            break
        for atom, p in below.items():
            expr = _cleared(s, expr, atom, p)
    return not expr


def _denominators(expr: Expr) -> dict[Atom, int]:
    """The sums that terms are divided by, each with its largest whole power."""
    most: dict[Atom, int] = {}
    for m in expr:
        for atom, p in m:
            if atom.head.kind == "base" and p <= -1:
                most[atom] = max(most.get(atom, 0), floor(-p))
    return most


def _cleared(s: Algebra, expr: Expr, atom: Atom, p: int) -> Expr:
    """An expression times a whole power of a denominator, multiplied out."""
    result: Expr = {}
    for m, c in expr.items():
        s.tick(len(result))
        powers = dict(m)
        up = exact(p + powers.pop(atom, 0))
        whole = floor(up)
        kept: Expr = {monomial({**powers, atom: exact(up - whole - 1)} if up != whole else powers): 1}
        if up != whole:
            whole += 1
        if whole:
            kept = multiply(s, kept, normalised(s, {atom: whole}))
        add_into(result, kept, c)
    return result
