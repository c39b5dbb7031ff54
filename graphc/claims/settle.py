"""Whether two values differ, settled at rising precision: what shrinks with the precision is zero, what stays is not.

No tolerance is absolute: a gradient of scale 1e-300 is told from zero as one of scale 1 is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from graphc.claims.evaluate import Opened
from graphc.ir.node import Node
from graphc.ops.naive import Precise

DIGITS = (30, 60, 1000)
SAME = 1e-24  # relative: two values that agree so far, at 30 digits and more, are the same
STRICT = 500  # digits that have to agree at the last precision
SHRINKS = {60: 18, 1000: 500}  # by how many digits, at least, a difference that is zero falls
VISIBLE = 330  # floating point ends above 1e-330; a difference below it that stays is left open
STAYS = 1e-6  # relative: a difference that changes by less from one precision to the next has settled


@dataclass(frozen=True, slots=True)
class Settled:
    """Entries that differ, entries that were not decided, and the two sides where they were worked out last."""

    differ: Any
    open: Any
    left: Any = None
    right: Any = None


class Precisely:
    """Expressions at one point in mpmath numbers, each precision worked out once and kept."""

    def __init__(
        self,
        opened: Opened,
        leaves: Mapping[Node, Any],
        sizes: Mapping[str, int],
        deadline: float | None = None,
    ) -> None:
        self.opened = opened
        self.leaves = leaves
        self.sizes = sizes
        self.deadline = deadline
        self._arrays: dict[int, dict[Node, Any]] = {}

    def of(self, nodes: Sequence[Node], digits: int) -> list[Any] | None:
        """The arrays of `nodes`; None where they cannot be worked out in this precision, or in time."""
        xp = _numbers(digits)
        arrays = self._arrays.setdefault(digits, {})
        try:
            if not arrays:
                arrays.update({leaf: xp.array(value, leaf.dtype) for leaf, value in self.leaves.items()})
            order = self.opened.below(nodes) if any(n not in arrays for n in nodes) else []
            with np.errstate(all="ignore"):
                if not self.opened.fill(order, arrays, self.sizes, xp, self._late):
                    return None
        except (ArithmeticError, ValueError, TypeError, AttributeError):
            return None
        return [arrays[n] for n in nodes]

    def know(self, leaf: Node, twin: Node) -> None:
        """Give a leaf the values of another."""
        self.leaves = {**self.leaves, leaf: self.leaves[twin]}
        for arrays in self._arrays.values():
            if twin in arrays:
                arrays[leaf] = arrays[twin]

    def _late(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    def settle(self, left: Node, right: Node, asked: Any, *, deep: bool = False) -> Settled:
        """Which of the entries `asked` differ; the two sides broadcast to the shape of `asked`.

        Whatever differs does so at the last precision, far beyond what terms of floating point can absorb; with
        `deep`, what is the same has to be so there too.
        """
        differ, still = np.zeros(asked.shape, np.bool_), asked.copy()
        before: Any = None
        last: tuple[Any, Any] = (None, None)
        for digits in DIGITS:
            found = self._sides(left, right, digits, still) if still.any() else None
            if found is None:
                before = None
                continue
            last, ten = found, _numbers(digits).mp.mpf(10)
            gap, size = (np.zeros(asked.shape, object) for _ in range(2))
            gap[still] = np.abs(last[0][still] - last[1][still])
            size[still] = np.maximum(np.abs(last[0][still]), np.abs(last[1][still]))
            same = _same(gap, size, before, digits, ten)
            before = gap
            if digits == DIGITS[-1]:
                differ = still & ~same & _true(gap >= ten**-VISIBLE)
            if digits == DIGITS[-1] or not deep:
                still &= ~(same | differ)
        return Settled(differ, still, *last)

    def _sides(self, left: Node, right: Node, digits: int, asked: Any) -> tuple[Any, Any] | None:
        """Both sides in this precision, if they are real numbers where it is asked."""
        found = None if self._late() else self.of([left, right], digits)
        if found is None:
            return None
        a, b = (np.broadcast_to(x.astype(object) * 1, asked.shape) for x in found)
        return (a, b) if _real(a[asked]) and _real(b[asked]) else None


@cache
def _numbers(digits: int) -> Precise:
    return Precise(digits)


def _same(gap: Any, size: Any, before: Any, digits: int, ten: Any) -> Any:
    """Which differences are none: small beside the values, or falling with the precision, or nothing but its noise."""
    last = digits == DIGITS[-1]
    same = _true(gap <= size * (ten**-STRICT if last else SAME))
    if before is not None:
        same |= _true(gap <= before * ten ** -SHRINKS[digits])
        if last:
            same |= _true(gap < ten**-VISIBLE) & _true(np.abs(gap - before) > gap * STAYS)
    return same


def _true(truths: Any) -> Any:
    return np.asarray(truths, np.bool_)


def _real(values: Any) -> bool:
    """Whether all are finite real numbers: mpmath answers a root of a negative number with a complex one."""
    for value in values.flat:
        if type(value).__name__ == "mpc" or (hasattr(value, "_mpf_") and not value.context.isfinite(value)):
            return False
    return True
