"""The curve of a real function of one variable, found by SymPy: its pieces, its limits, the least interval that holds
its values, and where the extremes are.

A formula by cases is cut where a condition turns. On each piece the extremes are among the limits at its ends and
the points where its derivative is 0; such a point is exact where SymPy solves for it, else found to 30 digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.ops.naive import Arithmetic, Precise, evaluate

DIGITS = 30
MOST_TURNS = 16  # a curve with more is taken for one that oscillates for ever
LONGEST = 40  # an exact number with more letters than this says less than its first digits
_CLOSE = 1e-12
_NOTHING = 1e-40  # what is smaller is taken for 0 when 60 digits are worked with


@dataclass(frozen=True, slots=True)
class Piece:
    """A formula without cases, and the open interval in which it holds; all SymPy's."""

    formula: Any
    low: Any
    high: Any


@dataclass(frozen=True, slots=True)
class End:
    """One end of the interval of values: a number, whether it is a value itself, and where.

    `exact` is the number as SymPy writes it, "" where it was found to 30 digits only. `places` are closed or, at
    infinity and at the ends of pieces, open intervals of `x`; a single point is `(x, x)`.
    """

    value: float
    exact: str
    attained: bool
    places: tuple[tuple[float, float], ...]

    def __str__(self) -> str:
        short = self.exact and len(self.exact) <= 6 and np.isfinite(self.value)
        return self.exact if short else number_text(self.value)

    @property
    def where(self) -> str:
        """The first places in words: `at x = 0`, `for x > 0`, `as x → ∞`; a stretch has its ends."""
        edges = {e for low, high in self.places if low != high for e in (low, high)}
        apart = [(low, high) for low, high in self.places if low != high or low not in edges]
        shown = [_place(low, high, self.attained) for low, high in apart[:2]]
        return " and ".join(shown) + (" and elsewhere" if len(apart) > 2 else "")


@dataclass(frozen=True, slots=True)
class Interval:
    """The least interval that holds all values; an end that is no value itself is open.

    >>> str(Interval(End(0, "0", True, ()), End(1, "1", False, ())))
    '[0, 1)'
    """

    low: End
    high: End

    def __str__(self) -> str:
        if self.low.value == self.high.value:
            return f"{{{self.low}}}"
        return f"{'(['[self.low.attained]}{self.low}, {self.high}{')]'[self.high.attained]}"

    def __contains__(self, value: float) -> bool:
        above = value > self.low.value or (self.low.attained and value == self.low.value)
        return above and (value < self.high.value or (self.high.attained and value == self.high.value))


def number_text(value: float) -> str:
    """A number to five digits."""
    if np.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.5g}" if value != round(value) else str(round(value))


def _place(low: float, high: float, attained: bool) -> str:
    if low == high:
        return f"{'at x =' if attained else 'as x →'} {number_text(low)}"
    if np.isinf(low) and np.isinf(high):
        return "everywhere"
    if np.isinf(low) or np.isinf(high):
        return f"for x < {number_text(high)}" if np.isinf(low) else f"for x > {number_text(low)}"
    return f"for {number_text(low)} < x < {number_text(high)}"


# --- pieces -----------------------------------------------------------------------------------------------


def pieces(formula: Any, x: Any) -> list[Piece]:
    """The pieces of a formula from left to right, where it is real."""
    import sympy

    found: list[Piece] = []
    stack = [Piece(formula, -sympy.oo, sympy.oo)]
    while stack:
        piece = stack.pop()
        switches = _innermost(piece.formula)
        cuts = _roots(_conditions(switches, x) if switches else _singular(piece.formula, x), x, piece)
        parts = [piece.low, *cuts, piece.high]
        inside = [Piece(piece.formula, a, b) for a, b in pairwise(parts)]
        if switches:
            stack.extend(reversed([_settled(p, switches, x) for p in inside]))
        else:
            found.extend(p for p in inside if _is_real(p, x))
    return _joined(found)


def _innermost(formula: Any) -> list[Any]:
    """The parts of a formula that switch, and hold none that does."""
    import sympy

    kinds = (sympy.Piecewise, sympy.Abs, sympy.sign, sympy.Max, sympy.Min)
    return [s for s in formula.atoms(*kinds) if not any(a.has(*kinds) for a in s.args)]


def _conditions(switches: Iterable[Any], x: Any) -> list[Any]:
    """What changes its sign where one of the switches turns."""
    import sympy

    found: list[Any] = []
    for s in switches:
        if s.is_Piecewise:
            relations = [r for _, c in s.args for r in c.atoms(sympy.Rel)]
            found += [r.lhs - r.rhs for r in relations]
        elif len(s.args) == 1:
            found += s.args
        else:
            found += [a - b for i, a in enumerate(s.args) for b in s.args[:i]]
    return found


def _singular(formula: Any, x: Any) -> list[Any]:
    """What a formula takes the logarithm, a root or the reciprocal of, where that may fail to be positive."""
    import sympy

    found = [f.args[0] for f in formula.atoms(sympy.log)]
    found += [p.base for p in formula.atoms(sympy.Pow) if not (p.exp.is_integer and p.exp.is_nonnegative)]
    return [u for u in found if u.has(x) and not u.is_positive]


def _roots(expressions: Iterable[Any], x: Any, within: Piece) -> list[Any]:
    """The real zeros of the expressions inside an interval, in order."""
    found = {root for u in expressions if u.has(x) for root in solutions(u, x)}
    return sorted((r for r in found if within.low < r < within.high), key=float)


def solutions(equation: Any, x: Any) -> list[Any]:
    """The real zeros of an expression that SymPy finds; none where it cannot tell, or would look for long."""
    import sympy

    inner = [a for f in equation.atoms(sympy.Function) for a in f.args if a.has(x)]
    if not all(a.is_polynomial(x) and sympy.degree(a, x) <= 2 for a in inner):
        return []
    try:
        found = sympy.solve(equation, x)
    except NotImplementedError:
        return []
    return [r for r in found if r.is_real and r.is_finite and not r.free_symbols]


def sample(piece: Piece) -> Any:
    """A point inside a piece."""
    import sympy

    if piece.low.is_finite and piece.high.is_finite:
        return (piece.low + piece.high) / 2
    if piece.low.is_finite:
        return piece.low + 1
    return piece.high - 1 if piece.high.is_finite else sympy.Rational(1, 7)


def _settled(piece: Piece, switches: Iterable[Any], x: Any) -> Piece:
    """The piece with each switch as it stands there."""
    import sympy

    point = sample(piece)

    def branch(s: Any) -> Any:
        if s.is_Piecewise:
            return next((value for value, c in s.args if c.subs(x, point) == sympy.true), sympy.nan)
        if isinstance(s, sympy.Abs | sympy.sign):
            positive = s.args[0].subs(x, point) > 0
            factor = sympy.S.One if positive else sympy.S.NegativeOne
            return factor * s.args[0] if isinstance(s, sympy.Abs) else factor
        chosen = max if isinstance(s, sympy.Max) else min
        return chosen(s.args, key=lambda a: float(a.subs(x, point)))

    return Piece(piece.formula.xreplace({s: branch(s) for s in switches}), piece.low, piece.high)


def _is_real(piece: Piece, x: Any) -> bool:
    import sympy

    return bool(sympy.N(piece.formula.subs(x, sample(piece))).is_real)


def _joined(found: list[Piece]) -> list[Piece]:
    """Neighbours with one formula, which is defined where they meet, are one piece."""
    result: list[Piece] = []
    for piece in found:
        last = result[-1] if result else None
        if last and last.formula == piece.formula and last.high == piece.low and not piece.formula.is_Pow:
            result[-1] = Piece(last.formula, last.low, piece.high)
        else:
            result.append(piece)
    return result


# --- the interval of values -------------------------------------------------------------------------------

Candidate = tuple[Any, bool, tuple[float, float]]  # a value, whether it is attained, where


def values(
    parts: Sequence[Piece], x: Any, slope: Node | None, between: Callable[[Any], Any | None]
) -> Interval:
    """The least interval with all values of a function; `slope` is its derivative, a graph of the input `x`.

    `between(b)` is the function's own value at the end `b` of a piece, or None where it has none.
    """
    candidates: list[Candidate] = []
    for piece in parts:
        candidates += _of_piece(piece, x, slope)
    for b in dict.fromkeys(e for p in parts for e in (p.low, p.high) if e.is_finite):
        own = between(b)
        if own is not None:
            candidates.append((own, True, (float(b), float(b))))
    return Interval(_end(candidates, min), _end(candidates, max))


def _of_piece(piece: Piece, x: Any, slope: Node | None) -> list[Candidate]:
    low, high = float(piece.low), float(piece.high)
    if not piece.formula.has(x):
        return [(piece.formula, True, (low, high))]
    found: list[Candidate] = []
    for place, side in ((piece.low, "+"), (piece.high, "-")):
        found += [(v, False, (float(place), float(place))) for v in ends(piece.formula, x, place, side)]
    for point in stationary(piece, x, slope) if slope is not None else []:
        found.append((piece.formula.subs(x, point), True, (float(point), float(point))))
    return found


def ends(formula: Any, x: Any, place: Any, side: str) -> list[Any]:
    """The limit at a place from one side; of what oscillates there, its bounds."""
    import sympy

    if place.is_infinite:
        side = "+"
    limit = _limit(formula, x, place, side)
    return [limit.min, limit.max] if isinstance(limit, sympy.AccumBounds) else [limit]


@cache
def _limit(formula: Any, x: Any, place: Any, side: str) -> Any:
    import sympy

    return sympy.limit(formula.rewrite(sympy.tanh, sympy.exp), x, place, side)


def stationary(piece: Piece, x: Any, slope: Node) -> list[Any]:
    """Where the slope is 0 in a piece and changes its sign: exact where SymPy solves for it.

    Of what oscillates for ever only the points near 0 are taken.
    """
    import sympy

    brackets = _sign_changes(piece, slope)
    if len(brackets) > MOST_TURNS:
        brackets = sorted(brackets, key=lambda bracket: abs(bracket[0]))[:4]
    if not brackets:
        return []
    exact = solutions(sympy.diff(piece.formula, x), x)
    found = []
    for a, b in brackets:
        inside = [r for r in exact if a - _CLOSE <= float(r) <= b + _CLOSE]
        found.append(inside[0] if inside else _located(slope, a, b))
    return found


def _sign_changes(piece: Piece, slope: Node) -> list[tuple[float, float]]:
    """Neighbouring points between which the slope changes its sign, in 60 digits too."""
    grid = np.unique(np.sinh(np.linspace(-7, 7, 2801)) / 10)
    near = [
        float(e) + s * 10.0**-k
        for e in (piece.low, piece.high)
        if e.is_finite
        for s in (-1, 1)
        for k in range(1, 7)
    ]
    grid = np.unique([*grid, *near])
    grid = grid[(grid > float(piece.low)) & (grid < float(piece.high))]
    signs = np.sign(evaluate([slope], {"x": grid}, Arithmetic())[0])
    told = np.flatnonzero(np.isfinite(signs) & (signs != 0))
    changes = [(grid[i], grid[j]) for i, j in pairwise(told) if signs[i] != signs[j]]
    return [(a, b) for a, b in changes if _precise(slope, a) * _precise(slope, b) < 0]


def _precise(slope: Node, at: Any) -> Any:
    """The slope to 60 digits, 0 where that is not enough to tell its sign."""
    (found,) = evaluate([slope], {"x": [at]}, Precise(60))
    return found[0] if abs(found[0]) > _NOTHING else 0


def _located(slope: Node, a: Any, b: Any) -> Any:
    """The zero between two points of opposite sign, to 30 digits: secants kept between the two."""
    import sympy

    xp = Precise(60)
    zero = xp.mp.findroot(lambda at: _precise(slope, at), (a, b), solver="anderson", tol=1e-55)
    return sympy.Float(str(zero), DIGITS)


def _near(a: float, b: float) -> bool:
    return bool(np.isfinite(a) and np.isfinite(b) and abs(a - b) <= _CLOSE * max(1, abs(b)))


def _end(candidates: list[Candidate], extreme: Any) -> End:
    """The extreme among the values, and all the places it belongs to."""
    import sympy

    numbers = [float(v) for v, _, _ in candidates]
    best = extreme(numbers)
    tied = [c for c, n in zip(candidates, numbers, strict=True) if n == best or _near(n, best)]
    attained = [c for c in tied if c[1]]
    chosen = attained or tied
    exact = next((v for v, _, _ in tied if not v.has(sympy.Float)), None)
    places = sorted({place for _, _, place in chosen}, key=lambda p: (p[0] == p[1], min(map(abs, p)), p))
    text = "" if exact is None else str(exact)
    return End(best, text if len(text) <= LONGEST else "", bool(attained), tuple(places))
