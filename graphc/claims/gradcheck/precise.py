"""Slopes and gradients of a graph in mpmath, at rising precision, for entries that floating point cannot settle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphc.claims.gradcheck.report import Index
from graphc.claims.gradcheck.slope import Slope
from graphc.claims.gradcheck.tape import Tape
from graphc.ir.node import Node
from graphc.ops.naive import Precise

DIGITS = (40, 80, 160)
_SAME = 1e-10
_STAYS = 1e-3


@dataclass(frozen=True, slots=True)
class Settled:
    """The exact slope, the exact derived gradient, and whether they are the same number."""

    slope: Slope
    derived: float
    same: bool


@dataclass(frozen=True)
class PreciseTape:
    """A tape of a function and its derived gradients at one point, in numbers of many digits."""

    tape: Tape
    values: Mapping[str, Any]
    sizes: Mapping[str, int]
    _known: dict[int, Any] = field(default_factory=dict)

    def settle(self, target: Node, gradient: Node, index: Index) -> Settled | None:
        """Whether the slope by one entry of `target` is the entry of `gradient`; None if that stays open.

        A difference that shrinks with the precision is rounding, one that stays is a disagreement; two numbers that
        both shrink are zero. What is not defined in mpmath, 1/0 or the logarithm of -1, stays open.
        """
        try:
            return self._settle(target, gradient, index)
        except (ArithmeticError, ValueError, TypeError):
            return None

    def _settle(self, target: Node, gradient: Node, index: Index) -> Settled | None:
        before: tuple[Any, Any] | None = None
        kinked = False
        for digits in DIGITS:
            slope, derived = self._slope(digits, target, index), self._at(digits)[0][gradient][index]
            if slope.kind == "kink" and kinked:
                return _at_kink(slope, float(derived))
            kinked = slope.kind == "kink"
            if slope.kind != "smooth" or not self._at(digits)[2].mp.isfinite(derived):
                continue  # more digits may see through the rounding
            exact = slope.value
            apart, size = abs(exact - derived), max(abs(exact), abs(derived))
            if apart <= _SAME * size:
                return _settled(exact, derived, True)
            if before is not None and abs(apart - before[0]) <= _STAYS * apart:
                return _settled(exact, derived, False)
            if before is not None and size <= _SAME * before[1]:
                return _settled(0.0, 0.0, True)
            before = (apart, size)
        return None

    def _at(self, digits: int) -> Any:
        if digits not in self._known:
            arithmetic = Precise(digits)
            self._known[digits] = (*self.tape.run(self.values, arithmetic, self.sizes), arithmetic)
        return self._known[digits]

    def _slope(self, digits: int, target: Node, index: Index) -> Slope:
        """The central difference with the step where its two errors are alike, and a look at both sides."""
        arrays, sizes, arithmetic = self._at(digits)
        below = self.tape.below(target)
        start = arrays[target]
        value = arrays[self.tape.outputs[0]].item()
        scale = abs(start[index]) or max((abs(x) for x in start.flat), default=0) or 1

        def sides(step: Any) -> tuple[Any, Any]:
            found = []
            for signed in (-step, step):
                moved = start.copy()
                moved[index] = start[index] + signed
                after = self.tape.changed(below, {target: moved}, arrays, sizes, arithmetic).item()
                found.append((after - value) / signed)
            return found[0], found[1]

        step = scale * arithmetic.mp.mpf(10) ** (-digits // 3)
        left, right = sides(step)
        if not (arithmetic.mp.isfinite(left) and arithmetic.mp.isfinite(right)):
            return Slope(math.nan, math.inf, "none")
        gap = abs(right - left)
        if gap > 1e-6 * max(abs(left), abs(right)):
            nearer = sides(step / 1000)
            if abs(nearer[1] - nearer[0]) > gap / 100:
                steady = abs(abs(nearer[1] - nearer[0]) / gap - 1) < 1e-3
                sides_there = float(nearer[0]), float(nearer[1])
                return Slope(math.nan, math.inf, "kink" if steady else "none", *sides_there)
        return Slope((left + right) / 2, 0.0)


def _settled(slope: Any, derived: Any, same: bool) -> Settled:
    return Settled(Slope(float(slope), 1e-12 * abs(float(slope))), float(derived), same)


def _at_kink(slope: Slope, derived: float) -> Settled:
    low, high = sorted((slope.left, slope.right))
    pad = 1e-9 * max(abs(low), abs(high))
    return Settled(slope, derived, low - pad <= derived <= high + pad)
