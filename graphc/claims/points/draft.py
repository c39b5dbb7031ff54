"""A point in the making: sizes, the way each leaf is drawn, and the values drawn so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from graphc.claims.points.draws import Leaf, draw


class Way(NamedTuple):
    """How a leaf is drawn: with what character, stretched by what, and about which number."""

    character: str = "normal"
    stretch: float = 1.0
    about: float = 0.0


@dataclass(slots=True)
class Draft:
    """Values for leaves at given sizes, to be tried, and drawn again where they are no good."""

    sizes: Mapping[str, int]
    rng: np.random.Generator
    whole: bool
    ways: dict[str, Way] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def draw(self, leaf: Leaf, way: Way | None = None) -> bool:
        """Draw a leaf, `way` or as before; False where its facts leave no value, and nothing has changed then."""
        chosen = way or self.ways[leaf.name]
        value = draw(leaf, chosen, self.sizes, self.rng, self.whole)
        if value is None:
            return False
        self.ways[leaf.name] = chosen
        self.values = {**self.values, leaf.name: value}
        return True

    def draw_again(self, leaves: Sequence[Leaf], bad: Any, *, give_up: bool) -> bool:
        """Draw only those entries again that stand where `bad` says, of leaves that line up with it.

        With `give_up`, not if all entries of a single leaf are bad: its way of being drawn hardly ever works then.
        """
        helped = False
        for leaf in leaves:
            mask = _laid(bad, np.shape(self.values[leaf.name]))
            if mask is None or not leaf.free or not leaf.movable:
                continue
            if give_up and len(leaves) == 1 and mask.size > 1 and mask.all():
                return False
            old = self.values[leaf.name]
            if self.draw(leaf):
                self.values[leaf.name] = np.where(mask, self.values[leaf.name], old)
                helped = True
        return helped


def _laid(mask: Any, shape: tuple[int, ...]) -> Any | None:
    """A mask over a node's entries laid onto a leaf that broadcasts to them; None where it does not."""
    if mask.ndim < len(shape):
        return None
    lead = mask.ndim - len(shape)
    mask = mask.any(axis=tuple(range(lead)))
    if any(n not in (m, 1) for n, m in zip(shape, mask.shape, strict=True)):
        return None
    return mask.any(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)
