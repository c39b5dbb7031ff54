"""Optimisers in plain NumPy, one parameter after the other, as a course writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class Update:
    """SGD, momentum or Adam on a dict of arrays, in place."""

    def __init__(self, optimiser: str, rate: float) -> None:
        self.optimiser, self.rate = optimiser, rate
        self.k = 0
        self.m: dict[str, Any] = {}
        self.v: dict[str, Any] = {}

    def __call__(self, params: Mapping[str, Any], slopes: Mapping[str, Any]) -> None:
        self.k += 1
        for name, p in params.items():
            p -= self._change(name, slopes[name])

    def _change(self, name: str, d: Any) -> Any:
        if self.optimiser == "sgd":
            return self.rate * d
        zero = np.zeros_like(d)
        if self.optimiser == "momentum":
            self.v[name] = 0.9 * self.v.get(name, zero) + d
            return self.rate * self.v[name]
        self.m[name] = 0.9 * self.m.get(name, zero) + 0.1 * d
        self.v[name] = 0.999 * self.v.get(name, zero) + 0.001 * d**2
        m, v = self.m[name] / (1 - 0.9**self.k), self.v[name] / (1 - 0.999**self.k)
        return self.rate * m / (np.sqrt(v) + 1e-8)
