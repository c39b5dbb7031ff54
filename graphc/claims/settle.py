"""Whether two values differ, settled at rising precision: what shrinks with the precision is zero, what stays is not.

No tolerance is absolute: a gradient of scale 1e-300 is told from zero as one of scale 1 is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphc.claims.evaluate import Opened
from graphc.ir.node import Node
from graphc.ops.naive import Precise

DIGITS = (30, 60, 120, 300, 1000)
SAME = 1e-24  # relative: two values that agree so far, at 30 digits and more, are the same
SHRINKS = 1e-8  # by how much, at least, a difference that is zero falls from one precision to the next
STAYS = 1e-6  # relative: how well the difference of two that differ is known at both precisions
ORDINARY = 1e-20  # a difference above this is believed at 60 digits, one below is looked at with all


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
        self._numbers: dict[int, Precise] = {}

    def of(self, nodes: Sequence[Node], digits: int) -> list[Any] | None:
        """The arrays of `nodes`; None where they cannot be worked out in this precision, or in time."""
        xp = self._numbers.setdefault(digits, Precise(digits))
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

    def settle(self, left: Node, right: Node, asked: Any) -> Settled:
        """Which of the entries `asked` differ; the two sides broadcast to the shape of `asked`."""
        differ, still = np.zeros(asked.shape, np.bool_), asked.copy()
        before: tuple[Any, Any, Any] | None = None
        last: tuple[Any, Any] = (None, None)
        for digits in DIGITS:
            if not still.any():
                break
            found = self.of([left, right], digits)
            if found is None:
                if self._late():
                    break
                before = None
                continue
            a, b = (np.broadcast_to(x, asked.shape) for x in found)
            if not _real(a[still]) or not _real(b[still]):
                before = None
                continue
            last = a, b
            gap, size = np.zeros(asked.shape, object), np.zeros(asked.shape, object)
            gap[still] = np.abs(a[still] - b[still])
            size[still] = np.maximum(np.abs(a[still]), np.abs(b[still]))
            same = np.asarray(gap <= size * SAME, np.bool_)
            apart = np.zeros(asked.shape, np.bool_)
            if before is not None:
                same |= np.asarray(gap <= before[0] * SHRINKS, np.bool_)
                apart = _stays(gap, before[0]) & np.asarray(gap > ORDINARY, np.bool_)
            if digits == DIGITS[-1]:
                apart |= ~same
            before = gap, a, b
            differ |= still & apart & ~same
            still &= ~(same | apart)
        return Settled(differ, still, *last)


def _real(values: Any) -> bool:
    """Whether all are finite real numbers: mpmath answers a root of a negative number with a complex one."""
    for value in values.flat:
        if type(value).__name__ == "mpc" or (hasattr(value, "_mpf_") and not value.context.isfinite(value)):
            return False
    return True


def _stays(gap: Any, before: Any) -> Any:
    """Which differences are the same at both precisions."""
    return np.asarray(np.abs(gap - before) <= gap * STAYS, np.bool_)
