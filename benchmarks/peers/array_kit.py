"""The forward pass in NumPy's names, for the libraries that take these over (jax.numpy, autograd.numpy)."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt
from typing import Any

from benchmarks.network import EPS

GELU = sqrt(2 / pi)


class ArrayKit:
    """A `Kit` over `np`, a module with NumPy's functions."""

    def __init__(self, np: Any) -> None:
        self.np = np

    def dense(self, x: Any, W: Any, b: Any) -> Any:
        return self.np.dot(x, W) + b

    def function(self, name: str, x: Any) -> Any:
        match name:
            case "relu":
                return self.np.maximum(x, 0)
            case "sigmoid":
                return 1 / (1 + self.np.exp(-x))
            case "gelu_tanh":
                return 0.5 * x * (1 + self.np.tanh(GELU * (x + 0.044715 * x * x * x)))
        return getattr(self.np, name)(x)

    def _normal(self, x: Any, axis: int) -> Any:
        centred = x - self.np.mean(x, axis=axis, keepdims=True)
        return centred / self.np.sqrt(self.np.mean(centred * centred, axis=axis, keepdims=True) + EPS)

    def batch_norm(self, x: Any, gamma: Any, beta: Any) -> Any:
        return gamma * self._normal(x, 0) + beta

    def layer_norm(self, x: Any, gamma: Any, beta: Any) -> Any:
        return gamma * self._normal(x, -1) + beta

    def conv(self, x: Any, K: Any, b: Any, padding: int, stride: int) -> Any:
        """One product for each place in the kernel, summed."""
        p = padding
        x = self.np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), "constant") if p else x
        rows, columns = ((n - K.shape[2]) // stride + 1 for n in x.shape[2:])
        total = b[:, None, None]
        for i in range(K.shape[2]):
            for j in range(K.shape[3]):
                seen = x[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
                total = total + self.np.einsum("nchw,fc->nfhw", seen, K[:, :, i, j])
        return total

    def max_pool(self, x: Any, size: int) -> Any:
        n, c, rows, columns = x.shape
        h, w = rows // size, columns // size
        return self.np.max(x[:, :, : h * size, : w * size].reshape((n, c, h, size, w, size)), axis=(3, 5))

    def flatten(self, x: Any) -> Any:
        return self.np.reshape(x, (x.shape[0], -1))

    def attention(self, x: Any, weights: Sequence[Any], biases: Sequence[Any], heads: int) -> Any:
        n, places, width = x.shape
        d = width // heads
        parts = [self.np.dot(x, W) + b for W, b in zip(weights[:3], biases[:3], strict=True)]
        q, k, v = (self.np.transpose(self.np.reshape(p, (n, places, heads, d)), (0, 2, 1, 3)) for p in parts)
        scores = self.np.matmul(q, self.np.transpose(k, (0, 1, 3, 2))) / sqrt(d)
        e = self.np.exp(scores - self.np.max(scores, axis=-1, keepdims=True))
        mixed = self.np.matmul(e / self.np.sum(e, axis=-1, keepdims=True), v)
        merged = self.np.reshape(self.np.transpose(mixed, (0, 2, 1, 3)), (n, places, width))
        return self.np.dot(merged, weights[3]) + biases[3]

    def cross_entropy(self, z: Any, t: Any) -> Any:
        z = z - self.np.max(z, axis=1, keepdims=True)
        log_total = self.np.log(self.np.sum(self.np.exp(z), axis=1))
        return self.np.mean(log_total - z[self.np.arange(z.shape[0]), t])

    def squared(self, y: Any, t: Any) -> Any:
        return self.np.mean((y - t) ** 2)

    def mean(self, y: Any) -> Any:
        return self.np.mean(y)
