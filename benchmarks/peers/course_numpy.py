"""NumPy as a course writes it: each layer with forward and backward, new arrays everywhere, im2col by a loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.data import Batch
from benchmarks.layers import (
    Attention,
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    LayerNorm,
    MaxPool,
    Placed,
    Pointwise,
    Residual,
)
from benchmarks.network import EPS
from benchmarks.peers.array_kit import GELU
from benchmarks.peers.update import Update
from benchmarks.workloads import Workload

Back = Callable[[Any], Any]  # the gradient by the output in, the gradient by the input out


def dense(x: Any, W: Any, b: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any, Any]]]:
    def back(d: Any) -> tuple[Any, Any, Any]:
        rows, x_rows = d.reshape(-1, d.shape[-1]), x.reshape(-1, x.shape[-1])
        return d @ W.T, x_rows.T @ rows, rows.sum(axis=0)

    return x @ W + b, back


def function(name: str, number: float, x: Any) -> tuple[Any, Back]:
    match name:
        case "scale":
            return x * number, lambda d: d * number
        case "shift":
            return x + number, lambda d: d
        case "relu":
            return np.maximum(x, 0), lambda d: d * (x > 0)
        case "tanh":
            y = np.tanh(x)
            return y, lambda d: d * (1 - y**2)
        case "sigmoid":
            y = 1 / (1 + np.exp(-x))
            return y, lambda d: d * y * (1 - y)
        case "square":
            return x**2, lambda d: d * 2 * x
        case "sqrt":
            y = np.sqrt(x)
            return y, lambda d: d / (2 * y)
        case "exp":
            y = np.exp(x)
            return y, lambda d: d * y
        case "log":
            return np.log(x), lambda d: d / x
        case "gelu_tanh":
            t = np.tanh(GELU * (x + 0.044715 * x**3))
            slope = GELU * (1 + 3 * 0.044715 * x**2)
            return 0.5 * x * (1 + t), lambda d: d * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * slope)
    raise ValueError(f"no function {name}")


def normalise(x: Any, gamma: Any, beta: Any, axis: int) -> tuple[Any, Callable[[Any], tuple[Any, Any, Any]]]:
    """Over the batch (axis 0) or the last axis, with the staged backward pass."""
    n = x.shape[axis]
    centred = x - x.mean(axis=axis, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=axis, keepdims=True) + EPS)
    xhat = centred / std

    def back(d: Any) -> tuple[Any, Any, Any]:
        others = tuple(range(x.ndim - 1))
        dxhat = d * gamma
        dvar = (dxhat * centred).sum(axis=axis, keepdims=True) * -0.5 / std**3
        dcentred = dxhat / std + dvar * 2 * centred / n
        dx = dcentred - dcentred.sum(axis=axis, keepdims=True) / n
        return dx, (d * xhat).sum(axis=others), d.sum(axis=others)

    return gamma * xhat + beta, back


def conv(
    x: Any, K: Any, b: Any, padding: int, stride: int
) -> tuple[Any, Callable[[Any], tuple[Any, Any, Any]]]:
    n, c, height, width = x.shape
    f, _, size, _ = K.shape
    h, w = (height + 2 * padding - size) // stride + 1, (width + 2 * padding - size) // stride + 1
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    columns = np.empty((n, c, size, size, h, w), x.dtype)
    for i in range(size):
        for j in range(size):
            columns[:, :, i, j] = padded[:, :, i : i + stride * h : stride, j : j + stride * w : stride]
    flat = columns.transpose(0, 4, 5, 1, 2, 3).reshape(n * h * w, -1)
    y = flat @ K.reshape(f, -1).T + b

    def back(d: Any) -> tuple[Any, Any, Any]:
        rows = d.transpose(0, 2, 3, 1).reshape(-1, f)
        dcolumns = (rows @ K.reshape(f, -1)).reshape(n, h, w, c, size, size).transpose(0, 3, 4, 5, 1, 2)
        dx = np.zeros_like(padded)
        for i in range(size):
            for j in range(size):
                dx[:, :, i : i + stride * h : stride, j : j + stride * w : stride] += dcolumns[:, :, i, j]
        inner = dx[:, :, padding : padding + height, padding : padding + width]
        return inner, (rows.T @ flat).reshape(K.shape), rows.sum(axis=0)

    return y.reshape(n, h, w, f).transpose(0, 3, 1, 2), back


def max_pool(x: Any, size: int) -> tuple[Any, Back]:
    n, c, height, width = x.shape
    h, w = height // size, width // size
    windows = x[:, :, : h * size, : w * size].reshape(n, c, h, size, w, size)
    windows = windows.transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h, w, -1)
    chosen = windows.argmax(axis=-1)[..., None]

    def back(d: Any) -> Any:
        spread = np.zeros_like(windows)
        np.put_along_axis(spread, chosen, d[..., None], axis=-1)
        dx = np.zeros_like(x)
        dx[:, :, : h * size, : w * size] = (
            spread.reshape(n, c, h, w, size, size)
            .transpose(0, 1, 2, 4, 3, 5)
            .reshape(n, c, h * size, w * size)
        )
        return dx

    return np.take_along_axis(windows, chosen, axis=-1)[..., 0], back


def attention(
    x: Any, weights: Sequence[Any], biases: Sequence[Any], heads: int
) -> tuple[Any, Callable[[Any], tuple[Any, list[Any], list[Any]]]]:
    n, places, width = x.shape
    d = width // heads

    def split(a: Any) -> Any:
        return a.reshape(n, places, heads, d).transpose(0, 2, 1, 3)

    def merge(a: Any) -> Any:
        return a.transpose(0, 2, 1, 3).reshape(n, places, width)

    projected = [dense(x, W, b) for W, b in zip(weights[:3], biases[:3], strict=True)]
    q, k, v = (split(y) for y, _ in projected)
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(d).astype(x.dtype)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    y, back_out = dense(merge(p @ v), weights[3], biases[3])

    def back(dy: Any) -> tuple[Any, list[Any], list[Any]]:
        dmerged, dWo, dbo = back_out(dy)
        dmixed = split(dmerged)
        dp = dmixed @ v.swapaxes(-1, -2)
        dscores = p * (dp - (dp * p).sum(axis=-1, keepdims=True)) / np.sqrt(d).astype(x.dtype)
        parts = (dscores @ k, dscores.swapaxes(-1, -2) @ q, p.swapaxes(-1, -2) @ dmixed)
        found = [own(merge(part)) for (_, own), part in zip(projected, parts, strict=True)]
        return sum(f[0] for f in found), [*(f[1] for f in found), dWo], [*(f[2] for f in found), dbo]

    return y, back


class Network:
    """Forward through the layers, keeping what the way back needs, and back again, filling `slopes`."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.slopes: dict[str, Any] = {}

    def forward(self, placed: Sequence[Placed], x: Any) -> tuple[Any, Back]:
        given = x
        backs: list[Back] = []
        extra: list[Any] = []
        for one in placed:
            if one.layer == Pointwise("times_input"):
                extra.append(None)
                x, back = self._times(x, given, extra)
            else:
                x, back = self._layer(one, x)
            backs.append(back)

        def through(d: Any) -> Any:
            for back in reversed(backs):
                d = back(d)
            return sum(extra, d)

        return x, through

    def _times(self, x: Any, given: Any, extra: list[Any]) -> tuple[Any, Back]:
        place = len(extra) - 1

        def back(d: Any) -> Any:
            extra[place] = d * x
            return d * given

        return x * given, back

    def _layer(self, one: Placed, x: Any) -> tuple[Any, Back]:
        p, path = self.params, one.path
        match one.layer:
            case Dense():
                return self._with("W", "b", path, *dense(x, p[f"{path}/W"], p[f"{path}/b"]))
            case Pointwise(name, number):
                return function(name, number, x)
            case BatchNorm() | LayerNorm():
                axis = 0 if one.layer == BatchNorm() else -1
                found = normalise(x, p[f"{path}/gamma"], p[f"{path}/beta"], axis)
                return self._with("gamma", "beta", path, *found)
            case Conv(_, _, padding, stride):
                found = conv(x, p[f"{path}/K"], p[f"{path}/b"], padding, stride)
                return self._with("K", "b", path, *found)
            case MaxPool(size):
                return max_pool(x, size)
            case Flatten():
                return x.reshape(len(x), -1), lambda d: d.reshape(x.shape)
            case Residual():
                y, inner = self.forward(one.inner, x)
                return x + y, lambda d: d + inner(d)
            case Attention(heads):
                return self._attention(path, x, heads)

    def _with(self, first: str, second: str, path: str, y: Any, own: Any) -> tuple[Any, Back]:
        def back(d: Any) -> Any:
            dx, self.slopes[f"{path}/{first}"], self.slopes[f"{path}/{second}"] = own(d)
            return dx

        return y, back

    def _attention(self, path: str, x: Any, heads: int) -> tuple[Any, Back]:
        weights, biases = ([self.params[f"{path}/{kind}{part}"] for part in "qkvo"] for kind in "Wb")
        y, own = attention(x, weights, biases, heads)

        def back(d: Any) -> Any:
            dx, dW, db = own(d)
            for part, slope_W, slope_b in zip("qkvo", dW, db, strict=True):
                self.slopes[f"{path}/W{part}"], self.slopes[f"{path}/b{part}"] = slope_W, slope_b
            return dx

        return y, back


def loss_and_slope(kind: str, y: Any, t: Any) -> tuple[float, Any]:
    """The loss, and its gradient by the output of the network."""
    if kind == "mean":
        return float(y.mean()), np.full_like(y, 1 / y.size)
    if kind == "squared":
        return float(((y - t) ** 2).mean()), 2 * (y - t) / y.size
    e = np.exp(y - y.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    loss = -np.log(p[rows, t]).mean()
    p[rows, t] -= 1
    return float(loss), p / len(y)


class CourseRun:
    """Parameters in a dict, and the prepared batches."""

    def __init__(self, workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> None:
        self.workload, self.initial, self.given = workload, dict(params), list(batches)
        self.placed = workload.placed
        self.dx: Any = None
        self.reset()

    def step(self, i: int) -> float:
        batch = self.given[i]
        y, back = self.network.forward(self.placed, batch.x)
        loss, d = loss_and_slope(self.workload.loss, y, batch.t)
        self.dx = back(d)
        if self.workload.optimiser != "none":
            self.update(self.network.params, self.network.slopes)
        return loss

    def values(self) -> dict[str, Any]:
        return {"dx": self.dx} if self.workload.optimiser == "none" else dict(self.network.params)

    def reset(self) -> None:
        self.network = Network({name: value.copy() for name, value in self.initial.items()})
        self.update = Update(self.workload.optimiser, self.workload.rate)


def start(workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> CourseRun:
    return CourseRun(workload, params, batches)
