"""Dense layers and losses with a sample per row, parameters in views of a flat array."""

from __future__ import annotations

from typing import Any

import numpy as np


class DenseRows:
    """`x @ W + b` into a buffer, gradients into their views."""

    def __init__(self, rows: int, inputs: int, units: int, dtype: str) -> None:
        self.y = np.empty((rows, units), dtype)
        self.dx = np.empty((rows, inputs), dtype)
        self.ones = np.ones(rows, dtype)

    def forward(self, x: Any, W: Any, b: Any) -> Any:
        self.x = x
        np.dot(x, W, out=self.y)
        return np.add(self.y, b, out=self.y)

    def backward(self, d: Any, W: Any, dW: Any, db: Any) -> Any:
        np.dot(self.x.T, d, out=dW)
        np.dot(self.ones, d, out=db)
        return np.dot(d, W.T, out=self.dx)


def cross_entropy(z: Any, t: Any, rows: Any, ones: Any, n: int) -> float:
    """These rows' part of the mean loss over `n`; `z` becomes its gradient.

    `rows` counts the rows, `ones` is as long as a row.
    """
    np.subtract(z, np.maximum.reduce(z.T.copy(), axis=0)[:, None], out=z)
    chosen = z[rows, t]
    np.exp(z, out=z)
    total = np.dot(z, ones)
    np.multiply(z, (1 / (total * n))[:, None], out=z)
    z[rows, t] -= z.dtype.type(1 / n)
    return float((np.log(total) - chosen).sum() / n)


def squared(y: Any, t: Any, n: int) -> float:
    """These entries' part of the mean squared error over `n`; `y` becomes its gradient."""
    np.subtract(y, t, out=y)
    row = y.reshape(-1)
    loss = float(np.dot(row, row) / n)
    np.multiply(y, y.dtype.type(2 / n), out=y)
    return loss
