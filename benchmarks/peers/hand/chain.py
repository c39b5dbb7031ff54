"""A chain of elementwise functions and its gradient in one pass over blocks that stay in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.data import Batch
from benchmarks.layers import Pointwise
from benchmarks.workloads import Workload

BLOCK = 16384


class ChainRun:
    """Scratch for each value of the chain, one block long, and the gradient."""

    def __init__(self, workload: Workload, batches: Sequence[Batch]) -> None:
        dtype = workload.dtype
        self.steps = [one for one in workload.layers if isinstance(one, Pointwise)]
        self.numbers = [np.asarray(one.number, dtype) for one in self.steps]
        self.x = batches[0].x.reshape(-1)
        self.dx = np.empty_like(self.x)
        self.scratch = np.empty((len(self.steps) + 2, BLOCK), dtype)
        self.ones, self.shape = np.ones(BLOCK, dtype), batches[0].x.shape
        self.seed = np.asarray(1 / self.x.size, dtype)
        self.one, self.half, self.two = (np.asarray(c, dtype) for c in (1, 0.5, 2))

    def step(self, i: int) -> float:
        total = 0.0
        for start in range(0, self.x.size, BLOCK):
            x, dx = self.x[start : start + BLOCK], self.dx[start : start + BLOCK]
            values = [x, *(row[: len(x)] for row in self.scratch)]
            total += self._forward(values, x)
            self._backward(values, x, dx)
        return total / float(self.x.size)

    def _forward(self, values: list[Any], x: Any) -> float:
        for i, (one, number) in enumerate(zip(self.steps, self.numbers, strict=True)):
            a, y = values[i], values[i + 1]
            match one.function:
                case "scale":
                    np.multiply(a, number, out=y)
                case "shift":
                    np.add(a, number, out=y)
                case "times_input":
                    np.multiply(a, x, out=y)
                case "relu":
                    np.maximum(a, 0, out=y)
                case "sigmoid":
                    np.negative(a, out=y)
                    np.exp(y, out=y)
                    np.add(y, self.one, out=y)
                    np.reciprocal(y, out=y)
                case name:
                    getattr(np, name)(a, out=y)
        return float(np.dot(values[len(self.steps)], self.ones[: len(x)]))

    def _backward(self, values: list[Any], x: Any, dx: Any) -> None:
        """`d` goes back through the chain; what reaches x on the side gathers in dx."""
        d, w = values[-2], values[-1]
        d.fill(self.seed)
        dx.fill(0)
        for i in range(len(self.steps) - 1, -1, -1):
            a, y, number = values[i], values[i + 1], self.numbers[i]
            match self.steps[i].function:
                case "scale":
                    np.multiply(d, number, out=d)
                case "times_input":
                    np.multiply(d, a, out=w)
                    np.add(dx, w, out=dx)
                    np.multiply(d, x, out=d)
                case "relu":
                    np.multiply(d, np.greater(y, 0), out=d)
                case "tanh":
                    np.multiply(y, y, out=w)
                    np.subtract(self.one, w, out=w)
                    np.multiply(d, w, out=d)
                case "sigmoid":
                    np.subtract(self.one, y, out=w)
                    np.multiply(w, y, out=w)
                    np.multiply(d, w, out=d)
                case "square":
                    np.multiply(a, self.two, out=w)
                    np.multiply(d, w, out=d)
                case "sqrt":
                    np.divide(self.half, y, out=w)
                    np.multiply(d, w, out=d)
                case "exp":
                    np.multiply(d, y, out=d)
                case "log":
                    np.divide(d, a, out=d)
        np.add(dx, d, out=dx)

    def values(self) -> dict[str, Any]:
        return {"dx": self.dx.reshape(self.shape)}

    def reset(self) -> None:
        """Nothing is kept."""
