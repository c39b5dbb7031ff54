"""All parameters in one array, gradients and moments likewise, and the update in blocks that stay in the cache."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod, sqrt
from typing import Any

import numpy as np

BLOCK = 32768


class Flat:
    """Named views of a flat array of parameters and one of gradients, and the optimiser on them."""

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], optimiser: str, rate: float, dtype: str
    ) -> None:
        size = sum(prod(shape) for shape in shapes.values())
        self.optimiser, self.rate, self.k = optimiser, rate, 0
        self.type = np.dtype(dtype).type
        self.slots = {"sgd": 2, "momentum": 3, "adam": 4}[optimiser]
        self.arrays = [np.zeros(size, dtype) for _ in range(self.slots)]
        self.params, self.slopes = (self._views(shapes, array) for array in self.arrays[:2])
        self.blocks = [tuple(a[i : i + BLOCK] for a in self.arrays) for i in range(0, size, BLOCK)]
        self.beta1, self.beta2 = (np.asarray(b, dtype) for b in (0.9, 0.999))
        self.rate_array = np.asarray(rate, dtype)

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
        match self.optimiser:
            case "adam":
                self._adam()
            case "momentum":
                for p, d, v in self.blocks:
                    np.multiply(v, self.beta1, out=v)
                    np.add(v, d, out=v)
                    np.multiply(v, self.rate_array, out=d)
                    np.subtract(p, d, out=p)
            case _:
                for p, d in self.blocks:
                    np.multiply(d, self.rate_array, out=d)
                    np.subtract(p, d, out=p)

    def _adam(self) -> None:
        """With M = m/(1 - beta1) and V = v/(1 - beta2), the constants fold into two."""
        self.k += 1
        root = sqrt((1 - 0.999**self.k) / (1 - 0.999))
        scale = np.asarray(self.rate * root * (1 - 0.9) / (1 - 0.9**self.k), self.type)
        eps = np.asarray(1e-8 * root, self.type)
        for p, d, m, v in self.blocks:
            np.multiply(m, self.beta1, out=m)
            np.add(m, d, out=m)
            np.multiply(d, d, out=d)
            np.multiply(v, self.beta2, out=v)
            np.add(v, d, out=v)
            np.sqrt(v, out=d)
            np.add(d, eps, out=d)
            np.divide(m, d, out=d)
            np.multiply(d, scale, out=d)
            np.subtract(p, d, out=p)
