"""All parameters in one array, gradients and moments likewise, and the update in blocks that stay in the cache."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod, sqrt
from typing import Any

import numpy as np

from benchmarks.peers.hand.side_by_side import SideBySide

BLOCK = 32768


class Flat:
    """Named views of a flat array of parameters and of one of gradients for each part of the batch, and the
    optimiser on them; with several parts it runs on as many threads.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        optimiser: str,
        rate: float,
        dtype: str,
        parts: int = 1,
    ) -> None:
        size = sum(prod(shape) for shape in shapes.values())
        self.optimiser, self.rate, self.k = optimiser, rate, 0
        self.type = np.dtype(dtype).type
        self.slots = {"sgd": 2, "momentum": 3, "adam": 4}[optimiser]
        self.arrays = [np.zeros(size, dtype) for _ in range(self.slots)]
        others = [np.zeros(size, dtype) for _ in range(parts - 1)]
        self.params = self._views(shapes, self.arrays[0])
        self.slopes_of = [self._views(shapes, array) for array in (self.arrays[1], *others)]
        self.slopes = self.slopes_of[0]
        self.blocks = [
            (tuple(a[i : i + BLOCK] for a in self.arrays), [a[i : i + BLOCK] for a in others])
            for i in range(0, size, BLOCK)
        ]
        self.beta1, self.beta2 = (np.asarray(b, dtype) for b in (0.9, 0.999))
        self.rate_array = np.asarray(rate, dtype)
        self.side_by_side = SideBySide(parts)
        self.shares = [partial(self._update, self.blocks[i::parts]) for i in range(parts)]

    def _views(self, shapes: Mapping[str, tuple[int, ...]], array: Any) -> dict[str, Any]:
        views, at = {}, 0
        for name, shape in shapes.items():
            views[name] = array[at : at + prod(shape)].reshape(shape)
            at += prod(shape)
        return views

    def clear(self) -> None:
        """Moments as at the start."""
        self.k = 0
        for array in self.arrays[1:]:
            array[...] = 0

    def update(self) -> None:
        """One step of the optimiser; the gradients are used up."""
        self.k += 1
        if (
            self.optimiser == "adam"
        ):  # with M = m/(1 - beta1) and V = v/(1 - beta2) the constants fold into two
            root = sqrt((1 - 0.999**self.k) / (1 - 0.999))
            self.scale = np.asarray(self.rate * root * (1 - 0.9) / (1 - 0.9**self.k), self.type)
            self.eps = np.asarray(1e-8 * root, self.type)
        self.side_by_side.run(self.shares)

    def _update(self, blocks: Any) -> None:
        for (p, d, *moments), others in blocks:
            for other in others:
                np.add(d, other, out=d)
            match self.optimiser:
                case "adam":
                    self._adam(p, d, *moments)
                case "momentum":
                    (v,) = moments
                    np.multiply(v, self.beta1, out=v)
                    np.add(v, d, out=v)
                    np.multiply(v, self.rate_array, out=d)
                    np.subtract(p, d, out=p)
                case _:
                    np.multiply(d, self.rate_array, out=d)
                    np.subtract(p, d, out=p)

    def _adam(self, p: Any, d: Any, m: Any, v: Any) -> None:
        np.multiply(m, self.beta1, out=m)
        np.add(m, d, out=m)
        np.multiply(d, d, out=d)
        np.multiply(v, self.beta2, out=v)
        np.add(v, d, out=v)
        np.sqrt(v, out=d)
        np.add(d, self.eps, out=d)
        np.divide(m, d, out=d)
        np.multiply(d, self.scale, out=d)
        np.subtract(p, d, out=p)
