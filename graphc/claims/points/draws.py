"""Values for leaves: of several characters, and exactly as their facts say."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from graphc.claims.points.sums import with_sums
from graphc.ir.node import Node
from graphc.ir.types import DimLike, evaluate_dim
from graphc.ops.facts import Fact, Integer, OneHot, Range, SumsTo, Symmetric

Draw = Callable[[np.random.Generator, tuple[int, ...]], Any]


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.choice((-1.0, 1.0), shape)


CHARACTERS: Mapping[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "positive": lambda rng, shape: np.exp(rng.normal(size=shape) * 0.7),
    "unit": lambda rng, shape: rng.uniform(0.02, 0.98, shape),
    "mixed": lambda rng, shape: _signs(rng, shape) * 10 ** rng.uniform(-2.0, 1.0, shape),
    "small": lambda rng, shape: rng.normal(size=shape) * 0.1,
    "between": lambda rng, shape: rng.uniform(-0.98, 0.98, shape),
    "large": lambda rng, shape: rng.normal(size=shape) * 4,
    "above one": lambda rng, shape: 1.05 + np.exp(rng.normal(size=shape) * 0.7),
    "negative": lambda rng, shape: -np.exp(rng.normal(size=shape) * 0.7),
    "large positive": lambda rng, shape: 5 + np.exp(rng.normal(size=shape) + 1),
    "large negative": lambda rng, shape: -5 - np.exp(rng.normal(size=shape) + 1),
    "below minus one": lambda rng, shape: -1.05 - np.exp(rng.normal(size=shape) * 0.7),
}
_BELOW_ONE = ("small", "unit", "between")  # of no use for whole numbers
_WHOLE: Mapping[str, Sequence[float]] = {
    "normal": (-3, -2, -1, 0, 1, 2, 3),
    "positive": (1, 2, 3),
    "unit": (0.5, 0.25, 0.75),
    "mixed": (-3, -2, -1, 1, 2, 3),
    "small": (-0.5, -0.25, 0, 0.25, 0.5),
    "between": (-0.5, 0, 0.5),
    "large": (-8, -5, -4, 4, 5, 8),
    "above one": (2, 3),
    "negative": (-3, -2, -1),
    "large positive": (5, 8, 10),
    "large negative": (-10, -8, -5),
    "below minus one": (-3, -2),
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """The leaves of one name: their shape, all their facts, and how far labels among them may go."""

    name: str
    nodes: tuple[Node, ...]
    facts: tuple[Fact, ...]
    labels: tuple[DimLike, ...] = ()

    @property
    def shape(self) -> tuple[DimLike, ...]:
        return self.nodes[0].shape

    @property
    def dtype(self) -> str:
        return self.nodes[0].dtype

    @property
    def discrete(self) -> bool:
        """Whether its values cannot move a little."""
        return self.dtype != "real" or any(isinstance(f, Integer | OneHot) for f in self.facts)

    @property
    def movable(self) -> bool:
        """Whether a derivative by it means something: reals, also those of which only whole ones are drawn."""
        return self.dtype == "real" and not any(isinstance(f, OneHot) for f in self.facts)

    @property
    def free(self) -> bool:
        """Whether one entry may change without the others."""
        return not any(isinstance(f, SumsTo | OneHot | Symmetric) for f in self.facts)


class Manner(Protocol):
    """What `draw` has to know of the way a leaf is drawn."""

    @property
    def character(self) -> str: ...
    @property
    def stretch(self) -> float: ...
    @property
    def about(self) -> float: ...


def draw(
    leaf: Leaf, way: Manner, sizes: Mapping[str, int], rng: np.random.Generator, whole: bool
) -> Any | None:
    """An array for a leaf; None where its facts leave no value."""
    shape = tuple(evaluate_dim(d, sizes) for d in leaf.shape)
    hot = next((f for f in leaf.facts if isinstance(f, OneHot)), None)
    if leaf.dtype == "bool":
        return rng.integers(0, 2, shape).astype(np.bool_)
    if hot is not None:
        return _one_hot(leaf, hot.axis, shape, rng)
    bounds, character = bounds_of(leaf.facts), way.character
    if leaf.dtype == "int":
        return _labels(leaf, bounds, shape, sizes, rng, character)
    if any(isinstance(f, Integer) for f in leaf.facts) and character in _BELOW_ONE:
        character = "normal"
    if whole and way.stretch == 1:
        drawn = rng.choice(np.asarray(_WHOLE[character], np.float64), shape)
    else:
        drawn = np.asarray(CHARACTERS[character](rng, shape), np.float64) * way.stretch
    return _with_facts(leaf, bounds, drawn + way.about, rng, whole)


def _one_hot(leaf: Leaf, axis: int, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    rest = shape[:axis] + shape[axis + 1 :]
    places = np.expand_dims(rng.integers(0, max(shape[axis], 1), rest), axis)
    grid = np.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(shape))])
    kind = np.int64 if leaf.dtype == "int" else np.float64
    return (places == grid).astype(kind)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range all facts together leave."""

    low: Fraction | None
    high: Fraction | None
    low_open: bool
    high_open: bool

    def inside(self, values: Any) -> Any:
        """Which entries lie within, as an array of truth values."""
        fine = np.ones(np.shape(values), np.bool_)
        if self.low is not None:
            fine &= values > self.low if self.low_open else values >= self.low
        if self.high is not None:
            fine &= values < self.high if self.high_open else values <= self.high
        return fine

    def whole(self, least: int, most: int, grid: int = 1) -> tuple[int, int]:
        """The multiples of 1/grid within, as multiples; ends that are not bounded lie `least` and `most` off."""
        low, high = self.low, self.high
        first = None if low is None else math.ceil(low * grid)
        last = None if high is None else math.floor(high * grid)
        if first is not None and low is not None and self.low_open and first == low * grid:
            first += 1
        if last is not None and high is not None and self.high_open and last == high * grid:
            last -= 1
        first = first if first is not None else min(least * grid, (last or 0) + least * grid)
        last = last if last is not None else max(most * grid, first + most * grid)
        return first, last


def bounds_of(facts: Sequence[Fact]) -> Bounds:
    """What all ranges among the facts leave."""
    low = high = None
    low_open = high_open = False
    for fact in facts:
        if not isinstance(fact, Range):
            continue
        if fact.low is not None and (low is None or (fact.low, fact.low_open) > (low, low_open)):
            low, low_open = fact.low, fact.low_open
        if fact.high is not None and (high is None or (-fact.high, fact.high_open) > (-high, high_open)):
            high, high_open = fact.high, fact.high_open
    return Bounds(low, high, low_open, high_open)


_LABELS: Mapping[str, tuple[int, int]] = {
    "small": (0, 1),
    "positive": (1, 2),
    "unit": (0, 0),
    "between": (0, 2),
}


def _labels(
    leaf: Leaf,
    bounds: Bounds,
    shape: tuple[int, ...],
    sizes: Mapping[str, int],
    rng: np.random.Generator,
    character: str,
) -> Any | None:
    """Whole numbers: places where they are used as such, else from 0 to 5, or to less where that is too much."""
    extents = [evaluate_dim(d, sizes) for d in leaf.labels]
    first, last = (0, 5) if extents else _LABELS.get(character, (0, 5))
    if extents:
        last = min(extents) - 1
    if bounds.low is not None or bounds.high is not None:
        first, last = bounds.whole(-5, 5)
        if extents:
            first, last = max(first, 0), min(last, min(extents) - 1)
    if last < first:
        return None
    drawn = rng.integers(first, last + 1, shape)
    return with_sums(drawn.astype(np.float64), _sums(leaf), first, last, 1, _symmetric(leaf), rng, np.int64)


def _sums(leaf: Leaf) -> dict[int, Fraction] | None:
    """The sum along each axis that is fixed; None where two facts contradict each other."""
    found: dict[int, Fraction] = {}
    for fact in leaf.facts:
        if isinstance(fact, SumsTo) and found.setdefault(fact.axis, fact.value) != fact.value:
            return None
    return found


def _symmetric(leaf: Leaf) -> bool:
    return any(isinstance(f, Symmetric) for f in leaf.facts)


def _with_facts(leaf: Leaf, bounds: Bounds, drawn: Any, rng: np.random.Generator, whole: bool) -> Any | None:
    """Reals as the facts say, made from `drawn`."""
    sums = _sums(leaf)
    integer = any(isinstance(f, Integer) for f in leaf.facts)
    if integer:
        first, last = bounds.whole(-3, 3)
        if last < first:
            return None
        drawn = np.clip(np.rint(drawn if whole else 2 * drawn), first, last)
        return with_sums(drawn, sums, first, last, 1, _symmetric(leaf), rng, np.float64)
    drawn = _within(bounds, drawn, rng, whole)
    if not sums and sums is not None:
        return np.triu(drawn) + np.triu(drawn, 1).T if _symmetric(leaf) else drawn
    for grid in (1, 2, 4, 8, 16) if whole else (2**20,):
        low = None if bounds.low is None else bounds.whole(0, 0, grid)[0]
        high = None if bounds.high is None else bounds.whole(0, 0, grid)[1]
        found = with_sums(drawn, sums, low, high, grid, _symmetric(leaf), rng, np.float64)
        if found is not None:
            return found
    return None


def _within(bounds: Bounds, drawn: Any, rng: np.random.Generator, whole: bool) -> Any:
    """`drawn` with what lies outside the range brought into it: folded back, or squeezed between the ends."""
    low, high = bounds.low, bounds.high
    outside = ~bounds.inside(drawn)
    if not outside.any():
        return drawn
    if low is not None and high is not None:
        if low == high:
            return np.full_like(drawn, float(low))
        parts = rng.choice((0.25, 0.5, 0.75), drawn.shape) if whole else 1 / (1 + np.exp(-drawn))
        inner = float(low) + float(high - low) * np.clip(parts, 0.001, 0.999)
        return np.where(outside, inner, drawn)
    end = float(low if low is not None else high or 0)
    away = np.abs(drawn - end) + (drawn == end)
    return np.where(outside, end + away if low is not None else end - away, drawn)
