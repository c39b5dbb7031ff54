"""A few points at which many expressions over the same leaves are evaluated, what they share being worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.claims.evaluate import Quick
from graphc.claims.expressions import Expressions
from graphc.claims.points.kinks import Sides
from graphc.claims.rounding import WITHIN, scatter, work
from graphc.claims.sample import Point, Stream
from graphc.claims.settle import Precisely
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node

AFFORDABLE = 200_000  # operations on numbers of many digits that an entry may be settled with
MORE = 4  # points beyond those asked for that are looked at
CLEAR = 1e-6  # of the array's largest entry: what is above this is no remainder of a cancellation
APART = 1e-4  # relative: entries that differ by more are no rounding, if they are clear
ORDINARY = 1e-8  # an array with nothing above this may be all rounding
TINY = 1e-290  # below this float64 is at its end


class Trial:
    """Points of `roots`, and any expressions over their leaves evaluated there in float64.

    `points` may be fewer than `count`, or none, where the roots are hardly defined; nothing agrees then.
    """

    def __init__(self, roots: Sequence[Node], *, count: int = 2, seed: int = 0) -> None:
        expressions = Expressions(roots)
        self.points: tuple[Point, ...] = _telling(expressions, count, seed)
        self._opened = expressions.opened
        self._arithmetic = Quick()
        self._failed: set[Node] = set()
        self._underflow = any(point.underflow for point in self.points)
        self._leaves = [node for leaf in expressions.leaves for node in leaf.nodes]
        self._arrays = [dict(point.arrays) for point in self.points]
        self._exact = [
            Precisely(
                self._opened,
                {n: point.values[leaf.name] for leaf in expressions.leaves for n in leaf.nodes},
                point.sizes,
            )
            for point in self.points
        ]

    def covers(self, node: Node) -> bool:
        """Whether an expression can be worked out at the points: it has no leaves or sizes of its own."""
        self._add(node)
        return bool(self.points) and node not in self._failed

    def arrays(self, node: Node) -> tuple[Any, ...]:
        """The array of an expression at each point; raises GraphcError where it cannot be worked out there."""
        self._add(node)
        if node in self._failed:
            raise GraphcError(f"{node} cannot be worked out at the points of this trial")
        return tuple(arrays[node] for arrays in self._arrays)

    def shape_of(self, node: Node) -> tuple[int, ...]:
        """The shape of an expression at the first point."""
        return tuple(self.arrays(node)[0].shape) if self.points else ()

    def agree(self, a: Node, b: Node, tolerance: float = 1e-9) -> bool:
        """Whether two expressions have the same shape and the same value at every entry of every point.

        Entries that differ by more than `tolerance` of the larger one are the same only if the difference vanishes
        as the precision rises.
        """
        if a is b:
            return self.covers(a)
        if not self.covers(a) or not self.covers(b):
            return False
        doubtful = []
        for arrays in self._arrays:
            x, y = arrays[a], arrays[b]
            open_ = _doubtful(x, y, tolerance, self._underflow) if x.shape == y.shape else None
            if open_ is None:
                return False
            doubtful.append(open_)
        return all(self._same(i, a, b, open_) for i, open_ in enumerate(doubtful) if open_.any())

    def _same(self, place: int, a: Node, b: Node, asked: Any) -> bool:
        """Whether the entries asked are the same at a point, settled with more digits, or by rounding."""
        arrays, sizes = self._arrays[place], self.points[place].sizes
        if work(self._opened.below([a, b]), arrays) > AFFORDABLE:
            gap = np.abs(np.asarray(arrays[a], np.float64) - arrays[b])
            return not np.any(asked & (gap > WITHIN * scatter(self._opened, arrays, sizes, (a, b))))
        settled = self._exact[place].settle(a, b, asked)
        return not settled.differ.any() and not settled.open.any()

    def _add(self, node: Node) -> None:
        """Work an expression out at every point, and what it is made of, as far as this is new."""
        with np.errstate(all="ignore", under="call", call=self._note):
            for new in self._opened.add([node]):
                if new.is_leaf:
                    self._enter_leaf(new)
                    continue
                if any(a in self._failed for a in self._opened.arguments(new)):
                    self._failed.add(new)
                    continue
                try:
                    for point, arrays in zip(self.points, self._arrays, strict=True):
                        self._opened.fill([new], arrays, point.sizes, self._arithmetic)
                except (ArithmeticError, ValueError, IndexError, GraphcError):
                    self._failed.add(new)

    def _note(self, kind: str, flag: int) -> None:
        """A number fell below floating point: zeros may not be zero from here on."""
        self._underflow = True

    def _enter_leaf(self, leaf: Node) -> None:
        """A leaf that is not below the roots: one of the same name and shape has its values."""
        twin = next(
            (n for n in self._leaves if (n.name, n.shape, n.dtype) == (leaf.name, leaf.shape, leaf.dtype)),
            None,
        )
        if twin is None:
            self._failed.add(leaf)
            return
        for arrays, exact in zip(self._arrays, self._exact, strict=True):
            arrays[leaf] = arrays[twin]
            exact.know(leaf, twin)


def _telling(expressions: Expressions, count: int, seed: int) -> tuple[Point, ...]:
    """The first points of the stream, and as many more as meet the other side of a condition."""
    sides = Sides(expressions.conditions)
    chosen: list[Point] = []
    for _, point in zip(range(count + MORE), Stream(expressions, seed=seed), strict=False):
        missing = len(sides.missing())
        sides.meet(point.arrays)
        if len(chosen) < count or len(sides.missing()) < missing:
            chosen.append(point)
        if len(chosen) >= count and not sides.missing():
            break
    return tuple(chosen)


def _doubtful(x: Any, y: Any, tolerance: float, underflow: bool) -> Any | None:
    """The entries that higher precision has to settle; None where two entries clearly differ."""
    with np.errstate(all="ignore"):
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        gap, size = np.abs(x - y), np.maximum(np.abs(x), np.abs(y))
        if not np.isfinite(size).all():
            return None
        apart = gap > tolerance * size
        largest = size.max(initial=0.0)
        if largest > ORDINARY and np.any((gap > APART * size) & (size > CLEAR * largest)):
            return None
        return apart | ((size < TINY) if underflow else False)
