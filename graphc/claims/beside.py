"""Two expressions beside each other at one point: which entries are the same, in floats or settled beyond them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphc.claims.expressions import Expressions
from graphc.claims.rounding import WITHIN, scatter, work
from graphc.claims.sample import Point
from graphc.claims.settle import Precisely
from graphc.ir.node import Node

CLOSE = 1e-10  # relative: what differs by more in floats is settled with more digits
APART = 1e-9  # relative: entries that differ by more are clearly different,
CLEAR = 1e-3  # if they are no remainder of a cancellation beside the largest entry
TINY = 1e-290  # below this float64 is at its end
VANISHING = 1e-9  # what is left, at more digits, of a float that should be zero
AFFORDABLE = 20_000  # operations on numbers of many digits that are spent without need
PER_SECOND = 300_000  # and how many a second is good for, at three precisions
UNHURRIED = 10.0  # seconds, without a deadline
BEYOND = 1e6  # of the scatter of rounding: a difference it does not explain


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen at a point: the entries that differ, whether any is undecided, and both sides.

    `error` is the largest relative difference of entries that are the same, left by rounding. `zero`: both sides are
    zero at every entry, as floats or as far as more digits show.
    """

    differ: Any
    undecided: bool
    left: Any
    right: Any
    error: float
    zero: bool = False

    @property
    def differs(self) -> bool:
        return bool(self.differ.any())


@dataclass(slots=True)
class Beside:
    """`left` and `right`, to be seen at points; the second of equal shape, or a number for all entries."""

    left: Node
    right: Node
    expressions: Expressions
    deadline: float | None = None

    def at(self, point: Point, *, thorough: bool = False) -> Seen:
        """Compare per entry: in float64, with more digits where they differ there, or everywhere if `thorough`."""
        left, right, gap, size = self._floats(point)
        with np.errstate(all="ignore"):
            asked = gap > CLOSE * size
            if point.underflow:
                asked |= size < TINY
            needed = work(self.expressions.order, point.arrays)
            deep = thorough and needed <= AFFORDABLE
            if deep:
                asked = np.ones_like(asked)
            error = _error(gap, size)
        if not asked.any():
            return Seen(asked, False, left, right, error, not size.any())
        if needed > self._budget():
            return self._by_rounding(point, asked, error)
        settled = self._precisely(point).settle(self.left, self.right, asked, deep=deep)
        zero = settled.left is not None and all(
            _vanishes(f, s, asked) for f, s in ((left, settled.left), (right, settled.right))
        )
        if settled.differ.any():
            left, right = (
                _merged(f, s, settled.differ) for f, s in ((left, settled.left), (right, settled.right))
            )
        return Seen(settled.differ, bool(settled.open.any()), left, right, error, zero)

    def _budget(self) -> float:
        """How many operations on numbers of many digits there is time for."""
        left = UNHURRIED if self.deadline is None else self.deadline - time.monotonic()
        return max(left * PER_SECOND, AFFORDABLE)

    def _by_rounding(self, point: Point, asked: Any, error: float) -> Seen:
        """Entries settled by what the rounding of every single operation does to them, where digits cost too much."""
        left, right, gap, size = self._floats(point)
        spread = np.broadcast_to(
            scatter(self.expressions.opened, point.arrays, point.sizes, (self.left, self.right)), gap.shape
        )
        differ = asked & (gap > CLOSE * size) & (gap > BEYOND * spread)
        same = gap <= WITHIN * spread
        return Seen(differ, bool((asked & ~differ & ~same).any()), left, right, error)

    def clearly(self, point: Point) -> Seen | None:
        """What is seen in float64 alone, if it is a difference that can hardly be a matter of rounding."""
        left, right, gap, size = self._floats(point)
        largest = size.max(initial=0.0)
        clear = (gap > APART * size) & (size > CLEAR * largest)
        return Seen(clear, False, left, right, 0.0) if largest > CLEAR and clear.any() else None

    def _floats(self, point: Point) -> tuple[Any, Any, Any, Any]:
        """Both sides in float64, how far they are apart, and how large the larger is."""
        given = (np.asarray(point.arrays[n], np.float64) for n in (self.left, self.right))
        left, right = np.broadcast_arrays(*given)
        with np.errstate(all="ignore"):
            return left, right, np.abs(left - right), np.maximum(np.abs(left), np.abs(right))

    def _precisely(self, point: Point) -> Precisely:
        leaves = {node: point.values[leaf.name] for leaf in self.expressions.leaves for node in leaf.nodes}
        return Precisely(self.expressions.opened, leaves, point.sizes, self.deadline)


def _error(gap: Any, size: Any) -> float:
    """The largest difference relative to its entry, of the entries that floats decide."""
    close = (gap <= CLOSE * size) & (size > 0)
    return float((gap[close] / size[close]).max(initial=0.0))


def _vanishes(floats: Any, settled: Any, asked: Any) -> bool:
    """Whether all floats are zero, or remainders of rounding that shrink with the precision."""
    places = zip(*np.nonzero(floats), strict=True) if floats.ndim else iter([()] if floats else [])
    return all(asked[p] and abs(settled[p]) <= abs(float(floats[p])) * VANISHING for p in places)


def _merged(floats: Any, settled: Any, where: Any) -> Any:
    """The floats, with what more digits say at the entries asked."""
    result = floats.copy()
    for place in zip(*np.nonzero(where), strict=True) if where.ndim else [()]:
        result[place] = float(settled[place])
    return result
