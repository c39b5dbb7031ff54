"""A chain of elementwise functions and its gradient in one pass over blocks that stay in the cache, on threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.data import Batch
from benchmarks.layers import Pointwise
from benchmarks.peers.hand.side_by_side import SideBySide, halves
from benchmarks.workloads import Workload

BYTES = 1 << 21  # of scratch: blocks this long make the cost of calls small
BY_OUTPUT = ("relu", "tanh", "sigmoid", "sqrt", "exp")  # their slopes are those of the output
BY_INPUT = ("square", "log", "times_input")


def rows(functions: Sequence[str]) -> list[int]:
    """The row of scratch for each value; one that the way back does not need is written over by the next."""
    found = []
    free = 0
    for i, function in enumerate(functions):
        kept = function in BY_OUTPUT or (i + 1 < len(functions) and functions[i + 1] in BY_INPUT)
        found.append(free)
        free += kept
    return found


class ChainPart:
    """Scratch for some of the entries."""

    def __init__(self, workload: Workload, x: Any, dx: Any, size: int) -> None:
        self.steps = [one for one in workload.layers if isinstance(one, Pointwise)]
        functions = [one.function for one in self.steps]
        self.numbers = [np.asarray(one.number, x.dtype) for one in self.steps]
        self.rows = rows(functions)
        count = self.rows[-1] + 3
        block = max(1024, BYTES // (count * x.itemsize) // 1024 * 1024)
        scratch = np.empty((count, block), x.dtype)
        self.blocks = []
        for start in range(0, x.size, block):
            seen = x[start : start + block]
            values = [seen, *(scratch[row, : len(seen)] for row in self.rows)]
            spare = [row[: len(seen)] for row in scratch[-2:]]
            self.blocks.append((seen, dx[start : start + block], values, *spare))
        self.ones, self.seed = np.ones(block, x.dtype), np.asarray(1 / size, x.dtype)
        self.one, self.half, self.two = (np.asarray(c, x.dtype) for c in (1, 0.5, 2))
        self.mask = np.empty(block, bool)

    def run(self) -> float:
        """The sum over the entries; their gradient is left in dx."""
        total = 0.0
        for x, dx, values, d, w in self.blocks:
            self._forward(values, x)
            total += float(np.dot(values[-1], self.ones[: len(x)]))
            self._backward(values, x, dx, d, w)
        return total

    def _forward(self, values: list[Any], x: Any) -> None:
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

    def _backward(self, values: list[Any], x: Any, dx: Any, d: Any, w: Any) -> None:
        """`d` goes back through the chain; what reaches x on the side gathers in dx."""
        d.fill(self.seed)
        gathered = False
        for i in range(len(self.steps) - 1, -1, -1):
            a, y, number = values[i], values[i + 1], self.numbers[i]
            match self.steps[i].function:
                case "scale":
                    np.multiply(d, number, out=d)
                case "times_input":
                    if gathered:
                        np.multiply(d, a, out=w)
                        np.add(dx, w, out=dx)
                    else:
                        np.multiply(d, a, out=dx)
                        gathered = True
                    np.multiply(d, x, out=d)
                case "relu":
                    mask = np.greater(y, 0, out=self.mask[: len(x)])
                    np.multiply(d, mask, out=d)
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
                    np.multiply(d, self.half, out=d)
                    np.divide(d, y, out=d)
                case "exp":
                    np.multiply(d, y, out=d)
                case "log":
                    np.divide(d, a, out=d)
        if gathered:
            np.add(dx, d, out=dx)
        else:
            np.copyto(dx, d)


class ChainRun:
    """The parts, the gradient, and what runs them."""

    def __init__(self, workload: Workload, batches: Sequence[Batch]) -> None:
        x = batches[0].x.reshape(-1)
        self.dx, self.size, self.shape = np.empty_like(x), x.size, batches[0].x.shape
        parts = halves(x.size)
        self.parts = [ChainPart(workload, x[part], self.dx[part], x.size) for part in parts]
        self.side_by_side = SideBySide(len(parts))

    def step(self, i: int) -> float:
        return sum(self.side_by_side([part.run for part in self.parts])) / self.size

    def values(self) -> dict[str, Any]:
        return {"dx": self.dx.reshape(self.shape)}

    def reset(self) -> None:
        """Nothing is kept."""
