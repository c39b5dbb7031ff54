"""The smallest counterexample that is found: small sizes, small whole numbers, and as few of them as will do."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from graphc.claims.attempt import attempt
from graphc.claims.beside import Beside, Seen
from graphc.claims.draws import Leaf, bounds_of
from graphc.claims.sample import Point, Stream
from graphc.claims.verdict import Counterexample

TRIED = 10  # points of whole numbers that are looked at
ENTRIES = 80  # a leaf with more entries is not made smaller entry by entry


def smallest(beside: Beside, found: tuple[Point, Seen], *, seed: int, deadline: float) -> Counterexample:
    """A counterexample one can check by hand where there is one, else the point `found`."""
    stream = Stream(beside.expressions, seed=seed, whole=True, deadline=deadline)
    best: tuple[Point, Seen] | None = None
    for _, point in zip(range(TRIED), stream, strict=False):
        seen = beside.at(point)
        if seen.differs and (best is None or _weight(point) < _weight(best[0])):
            best = point, seen
    best = _reduced(beside, *(best or _rounded(beside, *found)), deadline)
    return _told(beside, *best)


def _rounded(beside: Beside, point: Point, seen: Seen) -> tuple[Point, Seen]:
    """The same with values of as few digits as will do."""
    for digits in (0, 1, 2, 3):
        values = {
            leaf.name: np.round(point.values[leaf.name], digits)
            if _movable(leaf)
            else point.values[leaf.name]
            for leaf in beside.expressions.leaves
        }
        after = _at(beside, point, values)
        if after is not None:
            return after
    return point, seen


def _movable(leaf: Leaf) -> bool:
    return leaf.free and not leaf.discrete


def _weight(point: Point) -> tuple[float, float]:
    """How much there is to check: entries, then how large they are."""
    arrays = [np.asarray(v, np.float64) for v in point.values.values()]
    return sum(a.size for a in arrays), sum(float(np.abs(a).sum()) for a in arrays)


def _reduced(beside: Beside, point: Point, seen: Seen, deadline: float) -> tuple[Point, Seen]:
    """The same with entries set to 0, else to 1, as long as the two sides still differ."""
    for leaf in beside.expressions.leaves:
        if not _movable(leaf):
            continue
        for value in _simpler(leaf, point.values[leaf.name]):
            for place in _places(point.values[leaf.name], value):
                if time.monotonic() > deadline:
                    return point, seen
                old = point.values[leaf.name]
                if np.all(old[place] == value) or (
                    value == 1 and np.ndim(old[place]) == 0 and old[place] == 0
                ):
                    continue
                after = _with(beside, point, leaf.name, place, value)
                if after is not None:
                    point, seen = after
                    if place == ...:
                        break
    return point, seen


def _simpler(leaf: Leaf, array: Any) -> list[int]:
    """0 and 1, as far as the facts of a leaf allow."""
    bounds = bounds_of(leaf.facts)
    return [value for value in (0, 1) if bounds.inside(np.asarray(float(value))).all()]


def _places(array: Any, value: int) -> Iterator[Any]:
    """The whole array first, then its entries."""
    yield ...
    if array.ndim and array.size <= ENTRIES:
        yield from np.ndindex(array.shape)


def _with(beside: Beside, point: Point, name: str, place: Any, value: float) -> tuple[Point, Seen] | None:
    """The point with a leaf changed at a place, if it is one and the two sides differ there still."""
    changed = np.array(point.values[name], copy=True)
    changed[place] = value
    return _at(beside, point, {**point.values, name: changed})


def _at(beside: Beside, point: Point, values: dict[str, Any]) -> tuple[Point, Seen] | None:
    """The point at other values, if they obey the facts, meet no kink, and the two sides differ there still."""
    for leaf in beside.expressions.leaves:
        if not bounds_of(leaf.facts).inside(np.asarray(values[leaf.name])).all():
            return None
    found = attempt(beside.expressions, values, point.sizes, whole=True)
    if not found.good:
        return None
    after = Point(values, point.sizes, found.arrays, point.domain, found.underflow)
    seen = beside.at(after)
    return (after, seen) if seen.differs else None


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
