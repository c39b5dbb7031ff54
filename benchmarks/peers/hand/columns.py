"""Fully connected networks, one column per sample: the bias is a column of the matrix, against a row of ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.data import Batch
from benchmarks.layers import BatchNorm, Dense, Placed, Pointwise
from benchmarks.network import EPS
from benchmarks.peers.hand.flat import Flat
from benchmarks.peers.hand.pointwise import FUNCTIONS
from benchmarks.workloads import Workload


class Norm:
    """Batch norm of rows, with the compact gradient."""

    def __init__(self, n: int, units: int, dtype: str) -> None:
        self.n, self.mean_of = n, np.full(n, 1 / n, dtype)
        self.xhat = np.empty((units, n), dtype)
        self.r = np.empty((units, 1), dtype)
        self.ones, self.scratch = np.ones(n, dtype), np.empty((units, n), dtype)

    def forward(self, z: Any, gamma: Any, beta: Any) -> None:
        """`z` becomes the normalised, scaled and shifted value."""
        xhat = self.xhat
        np.subtract(z, np.dot(z, self.mean_of)[:, None], out=xhat)
        variance = np.vecdot(xhat, xhat) / z.dtype.type(self.n)
        np.reciprocal(np.sqrt(variance + z.dtype.type(EPS)), out=self.r[:, 0])
        np.multiply(xhat, self.r, out=xhat)
        np.multiply(xhat, gamma[:, None], out=z)
        np.add(z, beta[:, None], out=z)

    def backward(self, d: Any, gamma: Any, dgamma: Any, dbeta: Any) -> None:
        np.dot(d, self.ones, out=dbeta)
        np.vecdot(d, self.xhat, out=dgamma)
        n = d.dtype.type(self.n)
        np.multiply(self.xhat, (dgamma / n)[:, None], out=self.scratch)
        np.subtract(d, self.scratch, out=d)
        np.subtract(d, (dbeta / n)[:, None], out=d)
        np.multiply(d, gamma[:, None] * self.r, out=d)


class Block:
    """A dense layer with what follows it: batch norm, a function, both or neither."""

    def __init__(self, dense: Placed, rest: Sequence[Placed], n: int, dtype: str, first: bool) -> None:
        self.path, self.inputs, self.units = dense.path, dense.input[-1], dense.output[-1]
        self.norm = next((one.path for one in rest if one.layer == BatchNorm()), "")
        self.first, self.wide = first, 0 if self.norm else 1
        self.z = np.empty((self.units, n), dtype)
        self.out = np.ones((self.units + 1, n), dtype)
        self.y = self.out[:-1]
        self.batch_norm = Norm(n, self.units, dtype) if self.norm else None
        name = next((one.layer.function for one in rest if isinstance(one.layer, Pointwise)), None)
        self.function = FUNCTIONS[name](self.z.shape, dtype) if name else None
        self.dx = np.empty((self.inputs, n), dtype)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {self.path: (self.units, self.inputs + self.wide)}
        if self.norm:
            found |= {f"{self.norm}/gamma": (self.units,), f"{self.norm}/beta": (self.units,)}
        return found

    def bind(self, x: Any, p: Mapping[str, Any], s: Mapping[str, Any], shared: Mapping[Any, Any]) -> None:
        """The arrays it works on, as they are needed: `x` has a row of ones at its end."""
        self.W, self.x = p[self.path], x if self.wide else x[: self.inputs]
        self.slope = shared[self.W.shape] if shared else s[self.path]
        self.xT, self.WT = self.x.T, self.W[:, : self.inputs].T
        if self.norm:
            self.gamma, self.beta = p[f"{self.norm}/gamma"], p[f"{self.norm}/beta"]
            self.dgamma, self.dbeta = s[f"{self.norm}/gamma"], s[f"{self.norm}/beta"]

    def forward(self) -> None:
        np.dot(self.W, self.x, out=self.z)
        if self.batch_norm:
            self.batch_norm.forward(self.z, self.gamma, self.beta)
        if self.function:
            self.function.forward(self.z, self.y)

    def backward(self, d: Any) -> Any:
        """The gradient by the input (None for the first layer)."""
        if self.function:
            self.function.backward(d, self.z, self.y)
        if self.batch_norm:
            self.batch_norm.backward(d, self.gamma, self.dgamma, self.dbeta)
        np.dot(d, self.xT, out=self.slope)
        return None if self.first else np.dot(self.WT, d, out=self.dx)


class ColumnsRun:
    """The network, its flat parameters, and the prepared batches."""

    def __init__(self, workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> None:
        self.workload, self.initial = workload, dict(params)
        n, dtype = workload.batch, workload.dtype
        self.blocks = blocks_of(workload)
        shapes: dict[str, tuple[int, ...]] = {}
        for block in self.blocks:
            shapes |= block.shapes()
        self.flat = Flat(shapes, workload.optimiser, workload.rate, dtype)
        self.at_once = workload.optimiser == "sgd"  # each matrix is updated when its gradient is there
        self.shared = {shape: np.empty(shape, dtype) for shape in shapes.values()} if self.at_once else {}
        self.x = np.ones((n, workload.shape[0] + 1), dtype)
        self.xT, self.seen = self.x.T, self.x[:, :-1]
        targets = [b.t if workload.loss == "cross_entropy" else b.t.T for b in batches]
        self.given = [(b.x, t) for b, t in zip(batches, targets, strict=True)]
        h = self.xT
        for block in self.blocks:
            block.bind(h, self.flat.params, self.flat.slopes, self.shared)
            h = block.out if block.function else block.z
        self.last, self.row = h, h.reshape(-1)
        self.back = self.blocks[::-1]
        self.columns, self.ones = np.arange(n), np.ones(workload.output[-1], dtype)
        rate = workload.rate if self.at_once else 1
        self.classes = workload.loss == "cross_entropy"
        count = n if self.classes else self.blocks[-1].z.size / 2
        self.seed, self.size = np.asarray(rate / count, dtype), n
        self.reset()

    def step(self, i: int) -> float:
        x, t = self.given[i]
        self.seen[...] = x
        for block in self.blocks:
            block.forward()
        z = self.last
        loss = self._cross_entropy(z, t) if self.classes else self._squared(z, t)
        d = z
        for block in self.back:
            d = block.backward(d)
            if self.at_once:
                np.subtract(block.W, block.slope, out=block.W)
        if not self.at_once:
            self.flat.update()
        return loss

    def _cross_entropy(self, z: Any, t: Any) -> float:
        """The mean loss; `z` becomes its gradient times the seed."""
        np.subtract(z, np.maximum.reduce(z, axis=0), out=z)
        chosen = z[t, self.columns]
        np.exp(z, out=z)
        total = np.dot(self.ones, z)
        np.multiply(z, self.seed / total, out=z)
        z[t, self.columns] -= self.seed
        return float((np.log(total) - chosen).sum()) / self.size

    def _squared(self, y: Any, t: Any) -> float:
        np.subtract(y, t, out=y)
        loss = float(np.dot(self.row, self.row)) / self.row.size
        np.multiply(y, self.seed, out=y)
        return loss

    def values(self) -> dict[str, Any]:
        found = dict(self.initial)
        for block in self.blocks:
            matrix = self.flat.params[block.path]
            found[f"{block.path}/W"] = matrix[:, : block.inputs].T
            if block.wide:
                found[f"{block.path}/b"] = matrix[:, -1]
        return {name: self.flat.params.get(name, value) for name, value in found.items()}

    def reset(self) -> None:
        self.flat.clear()
        for name, view in self.flat.params.items():
            if name in self.initial:
                view[...] = self.initial[name]
        for block in self.blocks:
            matrix = self.flat.params[block.path]
            matrix[:, : block.inputs] = self.initial[f"{block.path}/W"].T
            if block.wide:
                matrix[:, -1] = self.initial[f"{block.path}/b"]


def blocks_of(workload: Workload) -> list[Block]:
    """Each dense layer with the layers up to the next."""
    starts = [i for i, one in enumerate(workload.placed) if isinstance(one.layer, Dense)]
    ends = [*starts[1:], len(workload.placed)]
    n, dtype = workload.batch, workload.dtype
    return [
        Block(workload.placed[i], workload.placed[i + 1 : j], n, dtype, i == 0)
        for i, j in zip(starts, ends, strict=True)
    ]
