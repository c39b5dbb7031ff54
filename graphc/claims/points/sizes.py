"""Numbers for the named sizes: small, all different, and such that every shape is legal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.ir.types import Dim, DimLike, Shape, evaluate_dim

TRIES = 300
MOST = 64  # what a size is drawn from ends about here


@dataclass(frozen=True, slots=True)
class Sizes:
    """The named sizes of expressions, the numbers that stand in shapes, and what must not fall below zero."""

    names: tuple[str, ...]
    fixed: frozenset[int]
    bounds: tuple[Dim, ...]
    shapes: tuple[Shape, ...] = ()

    def entries(self, sizes: Mapping[str, int]) -> int:
        """How many entries the largest array has."""
        counts = (math.prod(evaluate_dim(d, sizes) for d in shape) for shape in self.shapes)
        return max(counts, default=0)

    def legal(self, sizes: Mapping[str, int]) -> bool:
        """Whether every axis has an entry, and every slice lies within its axis."""
        return all(evaluate_dim(d, sizes) >= 0 for d in self.bounds)

    def draw(
        self, rng: np.random.Generator, most: int, *, least: int = 2, apart: bool = True
    ) -> dict[str, int] | None:
        """Legal sizes from `least` on, at most `most` where this can be; None where none are found.

        With `apart` all are different, and different from the fixed ones, as far as this can be.
        """
        for different in (True, False) if apart else (False,):
            for attempt in range(TRIES):
                found = self._attempt(rng, most + _growth(attempt), least, different)
                if self.legal(found):
                    return found
        return None

    def _attempt(self, rng: np.random.Generator, most: int, least: int, apart: bool) -> dict[str, int]:
        count = len(self.names)
        if not apart:
            return dict(zip(self.names, map(int, rng.integers(1, most + 1, count)), strict=True))
        pool = [n for n in range(least, MOST + count) if n not in self.fixed or least < 2]
        pool = pool[: max(count, sum(n <= most for n in pool))]
        return dict(zip(self.names, map(int, rng.choice(pool, count, replace=False)), strict=True))


def _growth(attempt: int) -> int:
    """How much further an attempt reaches: the first stay small."""
    return attempt // 8 if attempt < 160 else attempt // 5


def sizes_of(nodes: Sequence[Node]) -> Sizes:
    """The sizes that stand anywhere in `nodes`, and the conditions on them."""
    dims: dict[Dim, None] = {}
    fixed: set[int] = set()
    bounds: dict[Dim, None] = {}
    for node in nodes:
        dims.update(dict.fromkeys(_dims_in(node.attrs)))
        for d in node.shape:
            if isinstance(d, Dim):
                dims[d] = None
            else:
                fixed.add(d)
        bounds.update(dict.fromkeys(d for d in _at_least_zero(node) if isinstance(d, Dim)))
    names = dict.fromkeys(name for d in dims for name in d.symbols)
    shapes = dict.fromkeys(node.shape for node in nodes)
    return Sizes(tuple(names), frozenset(fixed), tuple(bounds), tuple(shapes))


def _dims_in(value: Any) -> Iterator[Dim]:
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, Dim):
            yield current
        elif isinstance(current, tuple):
            stack.extend(reversed(current))


def _at_least_zero(node: Node) -> Iterable[DimLike]:
    """What must not be negative for the node to be worked out."""
    yield from (d - 1 for d in node.shape)
    if node.op.name not in ("slice", "pad"):
        return
    slices = node.attrs[0] if node.op.name == "slice" else node.attrs[1]
    extents = node.args[0].shape if node.op.name == "slice" else node.shape
    for (start, step, length), extent in zip(slices, extents, strict=True):
        last = start + step * (length - 1)
        yield from (start, last, extent - 1 - start, extent - 1 - last)
