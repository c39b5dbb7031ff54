"""PyTensor: one compiled function with updates of shared variables, in its default mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt

from benchmarks.data import Batch
from benchmarks.network import EPS, loss_of
from benchmarks.peers.array_kit import GELU
from benchmarks.workloads import Workload


class PyTensorKit:
    """PyTensor's functions; constants are Python numbers, which take the dtype of the arrays (floatX)."""

    def dense(self, x: Any, W: Any, b: Any) -> Any:
        return pt.dot(x, W) + b

    def function(self, name: str, x: Any) -> Any:
        match name:
            case "relu":
                return pt.maximum(x, 0)
            case "square":
                return pt.sqr(x)
            case "gelu_tanh":
                return 0.5 * x * (1 + pt.tanh(GELU * (x + 0.044715 * x * x * x)))
        return getattr(pt, name)(x)

    def _normal(self, x: Any, axis: int) -> Any:
        centred = x - x.mean(axis=axis, keepdims=True)
        return centred / pt.sqrt((centred * centred).mean(axis=axis, keepdims=True) + EPS)

    def batch_norm(self, x: Any, gamma: Any, beta: Any) -> Any:
        return gamma * self._normal(x, 0) + beta

    def layer_norm(self, x: Any, gamma: Any, beta: Any) -> Any:
        return gamma * self._normal(x, -1) + beta

    def conv(self, x: Any, K: Any, b: Any, padding: int, stride: int) -> Any:
        """One product for each place in the kernel, summed."""
        size, p = K.type.shape[2], padding
        x = pt.pad(x, ((0, 0), (0, 0), (p, p), (p, p))) if p else x
        rows, columns = ((x.shape[axis] - size) // stride + 1 for axis in (2, 3))
        total = 0.0
        for i in range(size):
            for j in range(size):
                seen = x[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
                total = total + pt.tensordot(seen, K[:, :, i, j], axes=[[1], [1]])
        return (total + b).transpose(0, 3, 1, 2)

    def max_pool(self, x: Any, size: int) -> Any:
        n, c, rows, columns = x.shape
        h, w = rows // size, columns // size
        return x[:, :, : h * size, : w * size].reshape((n, c, h, size, w, size)).max(axis=(3, 5))

    def flatten(self, x: Any) -> Any:
        return x.reshape((x.shape[0], -1))

    def attention(self, x: Any, weights: Sequence[Any], biases: Sequence[Any], heads: int) -> Any:
        n, places, width = x.type.shape
        d = width // heads
        parts = [pt.dot(x, W) + b for W, b in zip(weights[:3], biases[:3], strict=True)]
        q, k, v = (p.reshape((n, places, heads, d)).transpose(0, 2, 1, 3) for p in parts)
        scores = pt.matmul(q, k.transpose(0, 1, 3, 2)) / np.sqrt(d).astype(x.dtype)
        mixed = pt.matmul(pt.special.softmax(scores, axis=-1), v)
        return pt.dot(mixed.transpose(0, 2, 1, 3).reshape((n, places, width)), weights[3]) + biases[3]

    def cross_entropy(self, z: Any, t: Any) -> Any:
        return -pt.special.log_softmax(z, axis=1)[pt.arange(z.shape[0]), t].mean()

    def squared(self, y: Any, t: Any) -> Any:
        return pt.sqr(y - t).mean()

    def mean(self, y: Any) -> Any:
        return y.mean()


def _updates(workload: Workload, params: Sequence[Any], slopes: Sequence[Any]) -> list[tuple[Any, Any]]:
    def zeros(p: Any) -> Any:
        return pytensor.shared(np.zeros_like(p.get_value()), shape=p.type.shape)

    rate, updates = workload.rate, []
    if workload.optimiser == "adam":
        k = pytensor.shared(np.zeros((), workload.dtype))
        updates.append((k, k + 1))
        scale, root = rate / (1 - pt.pow(0.9, k + 1)), pt.sqrt(1 - pt.pow(0.999, k + 1))
    for p, d in zip(params, slopes, strict=True):
        if workload.optimiser == "adam":
            m, v = zeros(p), zeros(p)
            new_m, new_v = 0.9 * m + 0.1 * d, 0.999 * v + 0.001 * d * d
            updates += [(m, new_m), (v, new_v), (p, p - scale * new_m / (pt.sqrt(new_v) / root + 1e-8))]
        elif workload.optimiser == "momentum":
            v = zeros(p)
            new_v = 0.9 * v + d
            updates += [(v, new_v), (p, p - rate * new_v)]
        else:
            updates.append((p, p - rate * d))
    return updates


class PyTensorRun:
    """Shared variables, the compiled function, and the prepared batches."""

    def __init__(self, workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> None:
        self.initial = dict(params)
        self.given = [[b.x] if b.t is None else [b.x, b.t] for b in batches]
        self.by_input = workload.optimiser == "none"
        self.params = {
            name: pytensor.shared(value, name=name, shape=value.shape) for name, value in params.items()
        }
        given = [pt.as_tensor_variable(a).type() for a in self.given[0]]
        loss = loss_of(PyTensorKit(), workload, self.params, given[0], given[1] if len(given) > 1 else None)
        if self.by_input:
            self.call = pytensor.function(given, [loss, pytensor.grad(loss, given[0])])
            return
        leaves = list(self.params.values())
        updates = _updates(workload, leaves, pytensor.grad(loss, leaves))
        self.call = pytensor.function(given, loss, updates=updates)
        self.states = [shared for shared, _ in updates if shared not in leaves]

    def step(self, i: int) -> float:
        found = self.call(*self.given[i])
        if self.by_input:
            found, self.dx = found
        return float(found)

    def values(self) -> dict[str, Any]:
        if self.by_input:
            return {"dx": self.dx}
        return {name: shared.get_value() for name, shared in self.params.items()}

    def reset(self) -> None:
        if self.by_input:
            return
        for name, shared in self.params.items():
            shared.set_value(self.initial[name])
        for shared in self.states:
            shared.set_value(np.zeros_like(shared.get_value()))


def start(workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> PyTensorRun:
    pytensor.config.floatX = workload.dtype
    return PyTensorRun(workload, params, batches)
