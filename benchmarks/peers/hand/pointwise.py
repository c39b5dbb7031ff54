"""Elementwise functions and their slopes in place, a block at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers.array_kit import GELU

BLOCK = 32768


class Relu:
    """`max(x, 0)`; the slope from the output."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.mask = np.empty(shape, bool)

    def forward(self, z: Any, out: Any) -> None:
        np.maximum(z, 0, out=out)

    def backward(self, d: Any, z: Any, y: Any) -> None:
        """`d` becomes the gradient by the input."""
        np.greater(y, 0, out=self.mask)
        np.multiply(d, self.mask, out=d)


class Tanh:
    """`tanh(x)`, slope `1 - y**2`."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.slope, self.one = np.empty(shape, dtype), np.asarray(1, dtype)

    def forward(self, z: Any, out: Any) -> None:
        np.tanh(z, out=out)

    def backward(self, d: Any, z: Any, y: Any) -> None:
        np.multiply(y, y, out=self.slope)
        np.subtract(self.one, self.slope, out=self.slope)
        np.multiply(d, self.slope, out=d)


class GeluTanh:
    """The tanh form of gelu; the tanh is kept for the way back, rows are taken a block at a time."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        rows = max(1, BLOCK // shape[1])
        self.t = np.empty(shape, dtype)
        self.scratch = np.empty((2, rows, shape[1]), dtype)
        self.blocks = [slice(i, min(i + rows, shape[0])) for i in range(0, shape[0], rows)]
        self.cubic, self.linear, self.half, self.one, self.steep = (
            np.asarray(c, dtype) for c in (GELU * 0.044715, GELU, 0.5, 1, 3 * GELU * 0.044715)
        )

    def forward(self, z: Any, out: Any) -> None:
        for rows in self.blocks:
            x, t, y = z[rows], self.t[rows], out[rows]
            np.multiply(x, x, out=t)
            np.multiply(t, self.cubic, out=t)
            np.add(t, self.linear, out=t)
            np.multiply(t, x, out=t)
            np.tanh(t, out=t)
            np.add(t, self.one, out=y)
            np.multiply(y, x, out=y)
            np.multiply(y, self.half, out=y)

    def backward(self, d: Any, z: Any, y: Any) -> None:
        """Slope `(1 + t + x*(1 - t*t)*(c + 3*c3*x*x))/2`."""
        for rows in self.blocks:
            x, t, dx = z[rows], self.t[rows], d[rows]
            a, b = self.scratch[0, : len(x)], self.scratch[1, : len(x)]
            np.multiply(x, x, out=a)
            np.multiply(a, self.steep, out=a)
            np.add(a, self.linear, out=a)
            np.multiply(a, x, out=a)
            np.multiply(t, t, out=b)
            np.subtract(self.one, b, out=b)
            np.multiply(a, b, out=a)
            np.add(a, t, out=a)
            np.add(a, self.one, out=a)
            np.multiply(a, self.half, out=a)
            np.multiply(dx, a, out=dx)


FUNCTIONS: dict[str, Any] = {"relu": Relu, "tanh": Tanh, "gelu_tanh": GeluTanh}
