"""The smallest counterexample that is found: small sizes, small whole numbers, and as few of them as will do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from graphc.claims.beside import Beside, Seen
from graphc.claims.points.attempt import attempt
from graphc.claims.points.draws import Leaf, bounds_of
from graphc.claims.sample import Point, Stream
from graphc.claims.verdict import Counterexample

Look = Callable[[Point], Seen | None]  # what is seen at a point where the two sides differ

TRIED = 8  # points of whole numbers that are looked at
ROUNDS = 2  # how often all leaves are gone through
ENTRIES = 80  # a leaf with more entries is not made smaller entry by entry


def smallest(beside: Beside, found: tuple[Point, Seen], *, seed: int, deadline: float) -> Counterexample:
    """A counterexample one can check by hand where there is one, else the point `found`.

    Floats alone lead to it where the difference is a clear one; what they lead to is confirmed with more digits.
    """
    if beside.clearly(found[0]) is not None:
        best = _search(beside, found, beside.clearly, seed, deadline)
        seen = beside.at(best[0])
        if seen.differs:
            return _told(beside, best[0], seen)
    return _told(beside, *_search(beside, found, _settled(beside), seed, deadline))


def _settled(beside: Beside) -> Look:
    def look(point: Point) -> Seen | None:
        seen = beside.at(point)
        return seen if seen.differs else None

    return look


def _search(
    beside: Beside, found: tuple[Point, Seen], look: Look, seed: int, deadline: float
) -> tuple[Point, Seen]:
    """The best of a few points of whole numbers, or `found` with fewer digits; then with zeros and ones."""
    best: tuple[Point, Seen] | None = None
    for tiny in (True, False):
        stream = Stream(beside.expressions, seed=seed, whole=True, tiny=tiny, deadline=deadline)
        for _, point in zip(range(TRIED if best is None else 0), stream, strict=False):
            seen = look(point)
            if seen is not None and (best is None or _weight(point) < _weight(best[0])):
                best = point, seen
    return _reduced(beside, *(best or _rounded(beside, *found, look)), look, deadline)


def _rounded(beside: Beside, point: Point, seen: Seen, look: Look) -> tuple[Point, Seen]:
    """The same with values of as few digits as will do."""
    for digits in (0, 1, 2, 3):
        values = {
            leaf.name: np.round(point.values[leaf.name], digits)
            if _movable(leaf)
            else point.values[leaf.name]
            for leaf in beside.expressions.leaves
        }
        after = _at(beside, point, values, look)
        if after is not None:
            return after
    return point, seen


def _movable(leaf: Leaf) -> bool:
    return leaf.free and not leaf.discrete


def _weight(point: Point) -> tuple[float, float]:
    """How much there is to check: entries, then how large they are."""
    arrays = [np.asarray(v, np.float64) for v in point.values.values()]
    return sum(a.size for a in arrays), sum(float(np.abs(a).sum()) for a in arrays)


def _reduced(beside: Beside, point: Point, seen: Seen, look: Look, deadline: float) -> tuple[Point, Seen]:
    """The same with entries set to 0, then what is left to 1 or -1, as long as the two sides still differ."""
    for leaf in [*beside.expressions.leaves] * ROUNDS:
        if not _movable(leaf):
            continue
        for value in (0, 1, -1):
            for place in _places(point.values[leaf.name], value):
                if time.monotonic() > deadline:
                    return point, seen
                changed = np.array(point.values[leaf.name], copy=True)
                changed[place] = value
                if np.array_equal(changed, point.values[leaf.name]):
                    continue
                after = _at(beside, point, {**point.values, leaf.name: changed}, look)
                if after is not None:
                    point, seen = after
    return point, seen


def _places(array: Any, value: int) -> Iterator[Any]:
    """All entries together, then one by one; what is 0 is not made 1, and what is 1 not -1."""
    there = np.asarray(array) != 0 if value >= 0 else np.abs(array) > 1
    yield there
    if array.ndim and array.size <= ENTRIES:
        yield from zip(*np.nonzero(there), strict=True)


def _at(beside: Beside, point: Point, values: dict[str, Any], look: Look) -> tuple[Point, Seen] | None:
    """The point at other values, if they obey the facts, meet no kink, and the two sides differ there still."""
    for leaf in beside.expressions.leaves:
        if not bounds_of(leaf.facts).inside(np.asarray(values[leaf.name])).all():
            return None
    found = attempt(beside.expressions, values, point.sizes, whole=True)
    if not found.good:
        return None
    after = Point(values, point.sizes, found.arrays, point.domain, found.underflow)
    seen = look(after)
    return (after, seen) if seen is not None else None


def _told(beside: Beside, point: Point, seen: Seen) -> Counterexample:
    """The values by name, and the entry with the largest difference."""
    gaps = np.where(seen.differ, np.abs(seen.left - seen.right), -1.0)
    entry = tuple(int(i) for i in np.unravel_index(int(np.argmax(gaps)), gaps.shape))
    values: Mapping[str, Any] = {
        leaf.name: _plain(point.values[leaf.name]) for leaf in beside.expressions.leaves
    }
    return Counterexample(values, entry, float(seen.left[entry]), float(seen.right[entry]))


def _plain(array: Any) -> Any:
    """Whole numbers as such, and a scalar as a number."""
    array = np.asarray(array)
    if array.dtype.kind == "f" and np.all(array == np.rint(array)) and np.all(np.abs(array) < 2**53):
        array = array.astype(np.int64)
    return array if array.ndim else array.item()
