"""Transformer blocks with a place of a sequence per row: one product for queries, keys and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import prod, sqrt
from typing import Any

import numpy as np

from benchmarks.data import Batch
from benchmarks.layers import Attention, Dense, LayerNorm, Placed, Pointwise, Residual, flat
from benchmarks.network import EPS
from benchmarks.peers.hand.flat import Flat
from benchmarks.peers.hand.pointwise import FUNCTIONS
from benchmarks.peers.hand.rows import DenseRows, squared
from benchmarks.peers.hand.side_by_side import halves
from benchmarks.workloads import Workload


class NormRows:
    """Layer norm of rows, sums over a row as products with ones, and the compact gradient."""

    def __init__(self, rows: int, width: int, dtype: str) -> None:
        self.xhat, self.y, self.scratch = (np.empty((rows, width), dtype) for _ in range(3))
        self.mean_of, self.ones = np.full(width, 1 / width, dtype), np.ones(rows, dtype)
        self.eps = np.asarray(EPS, dtype)

    def forward(self, x: Any, gamma: Any, beta: Any) -> Any:
        xhat = self.xhat
        np.subtract(x, np.dot(x, self.mean_of)[:, None], out=xhat)
        np.multiply(xhat, xhat, out=self.y)
        self.r = (1 / np.sqrt(np.dot(self.y, self.mean_of) + self.eps))[:, None]
        np.multiply(xhat, self.r, out=xhat)
        np.multiply(xhat, gamma, out=self.y)
        return np.add(self.y, beta, out=self.y)

    def backward(self, d: Any, gamma: Any, dgamma: Any, dbeta: Any) -> Any:
        """The gradient by the input, in a buffer of its own."""
        w = self.scratch
        np.dot(self.ones, d, out=dbeta)
        np.multiply(d, self.xhat, out=w)
        np.dot(self.ones, w, out=dgamma)
        inner = np.dot(w, gamma * self.mean_of)[:, None]
        mean = np.dot(d, gamma * self.mean_of)[:, None]
        np.multiply(self.xhat, inner, out=w)
        np.multiply(d, gamma, out=self.y)
        np.subtract(self.y, w, out=w)
        np.subtract(w, mean, out=w)
        return np.multiply(w, self.r, out=w)


class AttentionRows:
    """Self-attention; Wq, Wk and Wv stand side by side in one matrix (E, 3E)."""

    def __init__(self, n: int, places: int, width: int, heads: int, dtype: str) -> None:
        rows, d = n * places, width // heads
        self.qkv = DenseRows(rows, width, 3 * width, dtype)
        self.out = DenseRows(rows, width, width, dtype)
        self.d_qkv = np.empty((rows, 3 * width), dtype)
        self.mixed = np.empty((rows, width), dtype)
        self.p, self.dp = (np.empty((n, heads, places, places), dtype) for _ in range(2))
        self.scale = np.asarray(1 / sqrt(d), dtype)
        self.ones = np.ones(places, dtype)
        self.heads = (n, places, heads, d)

    def _parts(self, rows: Any) -> Any:
        n, places, heads, d = self.heads
        return rows.reshape(n, places, -1, heads, d).transpose(2, 0, 3, 1, 4)

    def forward(self, x: Any, p: Mapping[str, Any], path: str) -> Any:
        q, k, v = self._parts(self.qkv.forward(x, p[f"{path}/W"], p[f"{path}/b"]))
        scores = self.p
        np.multiply(q, self.scale, out=q)
        np.matmul(q, k.swapaxes(-1, -2), out=scores)
        np.subtract(scores, scores.max(axis=-1, keepdims=True), out=scores)
        np.exp(scores, out=scores)
        np.multiply(scores, (1 / np.dot(scores, self.ones))[..., None], out=scores)
        np.matmul(scores, v, out=self._parts(self.mixed)[0])
        return self.out.forward(self.mixed, p[f"{path}/Wo"], p[f"{path}/bo"])

    def backward(self, d: Any, p: Mapping[str, Any], s: Mapping[str, Any], path: str) -> Any:
        d_mixed = self.out.backward(d, p[f"{path}/Wo"], s[f"{path}/Wo"], s[f"{path}/bo"])
        dm = self._parts(d_mixed)[0]
        q, k, v = self._parts(self.qkv.y)  # q holds the scale already
        dq, dk, dv = self._parts(self.d_qkv)
        np.matmul(self.p.swapaxes(-1, -2), dm, out=dv)
        np.matmul(dm, v.swapaxes(-1, -2), out=self.dp)
        np.subtract(self.dp, np.vecdot(self.dp, self.p)[..., None], out=self.dp)
        np.multiply(self.dp, self.p, out=self.dp)
        np.matmul(self.dp, k, out=dq)
        np.multiply(dq, self.scale, out=dq)
        np.matmul(self.dp.swapaxes(-1, -2), q, out=dk)
        return self.qkv.backward(self.d_qkv, p[f"{path}/W"], s[f"{path}/W"], s[f"{path}/b"])


class SequencesPart:
    """The layers' buffers for some sequences of the batch, and the way through them and back."""

    def __init__(self, workload: Workload, sequences: slice, flat_: Flat, part: int) -> None:
        self.places, self.n, self.dtype = workload.shape[0], sequences.stop - sequences.start, workload.dtype
        self.rows = self.n * self.places
        self.given = slice(sequences.start * self.places, sequences.stop * self.places)
        self.placed, self.size = workload.placed, workload.batch * prod(workload.output)
        self.p, self.s = flat_.params, flat_.slopes_of[part]
        self.made = {one.path: self._made(one) for one in flat(self.placed)}

    def run(self, x: Any, t: Any) -> float:
        """These sequences' part of the loss; their part of the gradients is left in the views."""
        y = self._forward(self.placed, x[self.given])
        loss = squared(y, t[self.given], self.size)
        self._backward(self.placed, y)
        return loss

    def _made(self, one: Placed) -> Any:
        n, dtype = self.n, self.dtype
        match one.layer:
            case LayerNorm():
                return NormRows(self.rows, one.input[-1], dtype)
            case Attention(heads):
                return AttentionRows(n, one.input[0], one.input[1], heads, dtype)
            case Dense(units):
                return DenseRows(self.rows, one.input[-1], units, dtype)
            case Pointwise(name):
                shape = (self.rows, one.input[-1])
                return FUNCTIONS[name](shape, dtype), np.empty(shape, dtype)
            case Residual():
                return np.empty((self.rows, one.input[-1]), dtype)
        raise ValueError(f"sequences have no {one.layer}")

    def _forward(self, placed: Sequence[Placed], x: Any) -> Any:
        p = self.p
        for one in placed:
            made, path = self.made[one.path], one.path
            match one.layer:
                case LayerNorm():
                    x = made.forward(x, p[f"{path}/gamma"], p[f"{path}/beta"])
                case Attention():
                    x = made.forward(x, p, path)
                case Dense():
                    x = made.forward(x, p[f"{path}/W"], p[f"{path}/b"])
                case Pointwise():
                    function, out = made
                    function.forward(x, out)
                    self.made[f"{path}/input"], x = x, out
                case Residual():
                    x = np.add(x, self._forward(one.inner, x), out=made)
        return x

    def _backward(self, placed: Sequence[Placed], d: Any) -> Any:
        p, s = self.p, self.s
        for one in reversed(placed):
            made, path = self.made[one.path], one.path
            match one.layer:
                case LayerNorm():
                    names = f"{path}/gamma", f"{path}/beta"
                    d = made.backward(d, p[names[0]], s[names[0]], s[names[1]])
                case Attention():
                    d = made.backward(d, p, s, path)
                case Dense():
                    names = f"{path}/W", f"{path}/b"
                    d = made.backward(d, p[names[0]], s[names[0]], s[names[1]])
                case Pointwise():
                    made[0].backward(d, self.made[f"{path}/input"], made[1])
                case Residual():
                    inner = self._backward(one.inner, d)
                    np.add(d, inner, out=d)
        return d


class SequencesRun:
    """The network in halves of the batch, its flat parameters, and the prepared batches."""

    def __init__(self, workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> None:
        self.workload, self.initial = workload, dict(params)
        self.given = [
            (b.x.reshape(-1, workload.shape[-1]), b.t.reshape(-1, workload.output[-1])) for b in batches
        ]
        self.attended = [one.path for one in flat(workload.placed) if isinstance(one.layer, Attention)]
        shapes = {name: shape for name, shape in workload.params.items() if self._target(name) == name}
        width = workload.shape[-1]
        for path in self.attended:
            shapes |= {f"{path}/W": (width, 3 * width), f"{path}/b": (3 * width,)}
        parts = halves(workload.batch)
        self.flat = Flat(shapes, workload.optimiser, workload.rate, workload.dtype, len(parts))
        self.parts = [SequencesPart(workload, some, self.flat, i) for i, some in enumerate(parts)]
        self.reset()

    def step(self, i: int) -> float:
        losses = self.flat.side_by_side([partial(part.run, *self.given[i]) for part in self.parts])
        self.flat.update()
        return float(sum(losses))

    def _target(self, name: str) -> str:
        """The flat parameter that holds `name`."""
        path, _, last = name.rpartition("/")
        return f"{path}/{last[0]}" if path in self.attended and last[1:] in "qkv" else name

    def _view(self, name: str) -> Any:
        target = self.flat.params[self._target(name)]
        if self._target(name) == name:
            return target
        width, part = self.workload.shape[-1], "qkv".index(name[-1])
        return target[..., part * width : (part + 1) * width]

    def values(self) -> dict[str, Any]:
        return {name: self._view(name) for name in self.initial}

    def reset(self) -> None:
        self.flat.clear()
        for name, value in self.initial.items():
            self._view(name)[...] = value
