"""Convolutional networks with channels last: im2col by runs, a few images at a time, pooling by strided maxima."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from benchmarks.data import Batch
from benchmarks.layers import Conv, Dense, Flatten, MaxPool, Placed, Pointwise
from benchmarks.peers.hand.flat import Flat
from benchmarks.peers.hand.rows import DenseRows, cross_entropy
from benchmarks.peers.hand.side_by_side import halves
from benchmarks.workloads import Workload

COLUMNS = 1 << 18  # entries of an im2col block


def windows(x: Any, size: int, stride: int) -> Any:
    """All windows of (N, H, W, C) as (N, H', W', size, size*C), a view."""
    n, height, width, c = x.shape
    h, w = (height - size) // stride + 1, (width - size) // stride + 1
    sn, sh, sw, sc = x.strides
    return as_strided(x, (n, h, w, size, size * c), (sn, stride * sh, stride * sw, sh, sc))


class ConvNHWC:
    """A convolution; its kernel is kept as (size*size*C, filters)."""

    def __init__(self, one: Placed, n: int, dtype: str, first: bool) -> None:
        assert isinstance(one.layer, Conv)
        layer, (c, height, width), (f, h, w) = one.layer, one.input, one.output
        self.path, self.c, self.f, self.size = one.path, c, f, layer.size
        self.stride, self.padding, self.first = layer.stride, layer.padding, first
        p = layer.padding
        self.padded = np.zeros((n, height + 2 * p, width + 2 * p, c), dtype)
        self.inner = self.padded[:, p : p + height, p : p + width]
        self.windows = windows(self.padded, layer.size, layer.stride)
        run = h * w * layer.size**2 * c
        self.images = max(1, min(n, COLUMNS // run))
        self.columns = np.empty(self.images * run, dtype)
        self.y = np.empty((n, h, w, f), dtype)
        self.ones = np.ones(n * h * w, dtype)
        self.slope = np.empty((layer.size**2 * c, f), dtype)
        self.by_gather = not first and layer.stride == 1 and layer.size <= 3 and layer.padding < layer.size
        if self.by_gather:
            q = layer.size - 1 - p
            self.d_padded = np.zeros((n, h + 2 * q, w + 2 * q, f), dtype)
            self.d_inner = self.d_padded[:, q : q + h, q : q + w]
            self.d_windows = windows(self.d_padded, layer.size, 1)
            self.d_images = max(1, min(n, COLUMNS // (height * width * layer.size**2 * f)))
            self.d_columns = np.empty(self.d_images * height * width * layer.size**2 * f, dtype)
            self.dx = np.empty((n, height, width, c), dtype)
        elif not first:
            self.dx_padded = np.empty_like(self.padded)
            self.dx = self.dx_padded[:, p : p + height, p : p + width]
            self.tap = np.empty((n * h * w, c), dtype)

    def forward(self, x: Any, K: Any, b: Any) -> Any:
        self.inner[...] = x
        for part in self._parts(len(x), self.images):
            rows = self._unrolled(self.windows[part], self.columns)
            np.dot(rows, K, out=self.y[part].reshape(len(rows), self.f))
        return np.add(self.y, b, out=self.y)

    def backward(self, d: Any, K: Any, dK: Any, db: Any) -> Any:
        np.dot(self.ones, d.reshape(-1, self.f), out=db)
        dK.fill(0)
        for part in self._parts(len(d), self.images):
            rows = self._unrolled(self.windows[part], self.columns)
            np.dot(rows.T, d[part].reshape(len(rows), self.f), out=self.slope)
            np.add(dK, self.slope, out=dK)
        if self.first:
            return None
        return self._gather(d, K) if self.by_gather else self._scatter(d, K)

    def _parts(self, n: int, images: int) -> list[slice]:
        return [slice(i, min(i + images, n)) for i in range(0, n, images)]

    def _unrolled(self, seen: Any, columns: Any) -> Any:
        block = columns[: prod(seen.shape)].reshape(seen.shape)
        np.copyto(block, seen)
        return block.reshape(prod(seen.shape[:3]), -1)

    def _gather(self, d: Any, K: Any) -> Any:
        """The gradient by the input as a convolution with the kernels turned round."""
        size = self.size
        turned = K.reshape(size, size, self.c, self.f)[::-1, ::-1].transpose(0, 1, 3, 2)
        matrix = np.ascontiguousarray(turned).reshape(-1, self.c)
        self.d_inner[...] = d
        for part in self._parts(len(d), self.d_images):
            rows = self._unrolled(self.d_windows[part], self.d_columns)
            np.dot(rows, matrix, out=self.dx[part].reshape(len(rows), self.c))
        return self.dx

    def _scatter(self, d: Any, K: Any) -> Any:
        """The gradient by the input, one product for each place in the kernel, added where it was taken."""
        _, h, w, _ = d.shape
        taps, s = K.reshape(self.size, self.size, self.c, self.f), self.stride
        self.dx_padded.fill(0)
        rows = d.reshape(-1, self.f)
        for i in range(self.size):
            for j in range(self.size):
                np.dot(rows, taps[i, j].T, out=self.tap)
                target = self.dx_padded[:, i : i + s * h : s, j : j + s * w : s]
                np.add(target, self.tap.reshape(target.shape), out=target)
        return self.dx


class PoolNHWC:
    """Max pooling after relu or not: the first largest entry of a window gets the gradient."""

    def __init__(self, one: Placed, n: int, dtype: str) -> None:
        assert isinstance(one.layer, MaxPool)
        (c, height, width), (_, h, w), s = one.input, one.output, one.layer.size
        self.y = np.empty((n, h, w, c), dtype)
        self.dx = np.zeros((n, height, width, c), dtype)
        self.taken, self.mask = np.empty(self.y.shape, bool), np.empty(self.y.shape, bool)
        self.places = [
            (slice(None), slice(i, i + s * (h - 1) + 1, s), slice(j, j + s * (w - 1) + 1, s))
            for i in range(s)
            for j in range(s)
        ]

    def forward(self, x: Any) -> Any:
        self.x = x
        first, second, *rest = (x[place] for place in self.places)
        np.maximum(first, second, out=self.y)
        for other in rest:
            np.maximum(self.y, other, out=self.y)
        return self.y

    def backward(self, d: Any) -> Any:
        d = d.reshape(self.y.shape)
        for k, place in enumerate(self.places):
            np.equal(self.x[place], self.y, out=self.mask)
            if k:
                np.greater(self.mask, self.taken, out=self.mask)
                np.logical_or(self.taken, self.mask, out=self.taken)
            else:
                np.copyto(self.taken, self.mask)
            np.multiply(d, self.mask, out=self.dx[place])
        return self.dx


class ImagesPart:
    """The layers' buffers for some images of the batch, and the way through them and back."""

    def __init__(self, workload: Workload, images: slice, flat: Flat, part: int) -> None:
        self.placed, self.images, self.batch = workload.placed, images, workload.batch
        self.p, self.s = flat.params, flat.slopes_of[part]
        n, dtype = images.stop - images.start, workload.dtype
        self.made = [self._made(one, n, dtype, i == 0) for i, one in enumerate(self.placed)]
        self.rows, self.ones = np.arange(n), np.ones(workload.output[-1], dtype)

    def run(self, h: Any, t: Any) -> float:
        """These images' part of the loss; their part of the gradients is left in the views."""
        h, t = h[self.images], t[self.images]
        outputs = []
        for one, made in zip(self.placed, self.made, strict=True):
            h = self._forward(one, made, h, self.p)
            outputs.append(h)
        loss = cross_entropy(h, t, self.rows, self.ones, self.batch)
        d = h
        for one, made, y in zip(reversed(self.placed), reversed(self.made), reversed(outputs), strict=True):
            d = self._backward(one, made, d, y, self.p, self.s)
        return loss

    def _made(self, one: Placed, n: int, dtype: str, first: bool) -> Any:
        match one.layer:
            case Conv():
                return ConvNHWC(one, n, dtype, first)
            case MaxPool():
                return PoolNHWC(one, n, dtype)
            case Dense(units):
                return DenseRows(n, one.input[-1], units, dtype)
            case Pointwise("relu"):
                c, *rest = one.output
                return np.empty((n, *rest, c), bool)
        return None

    def _forward(self, one: Placed, made: Any, h: Any, p: Mapping[str, Any]) -> Any:
        match one.layer:
            case Conv():
                return made.forward(h, p[f"{one.path}/K"], p[f"{one.path}/b"])
            case Dense():
                return made.forward(h, p[f"{one.path}/W"], p[f"{one.path}/b"])
            case MaxPool():
                return made.forward(h)
            case Flatten():
                return h.reshape(len(h), -1)
        return np.maximum(h, 0, out=h)

    def _backward(
        self, one: Placed, made: Any, d: Any, y: Any, p: Mapping[str, Any], s: Mapping[str, Any]
    ) -> Any:
        match one.layer:
            case Conv():
                names = f"{one.path}/K", f"{one.path}/b"
                return made.backward(d, p[names[0]], s[names[0]], s[names[1]])
            case Dense():
                names = f"{one.path}/W", f"{one.path}/b"
                return made.backward(d, p[names[0]], s[names[0]], s[names[1]])
            case MaxPool():
                return made.backward(d)
            case Flatten():
                c, h, w = one.input
                return d.reshape(len(d), h, w, c)
        np.greater(y, 0, out=made)
        return np.multiply(d, made, out=d)


class ImagesRun:
    """The network in halves of the batch, its flat parameters, and the prepared batches with channels last."""

    def __init__(self, workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> None:
        self.workload, self.initial = workload, dict(params)
        self.given = [(b.x.transpose(0, 2, 3, 1), b.t) for b in batches]
        shapes = {
            name: (prod(shape[1:]), shape[0]) if name.endswith("/K") else shape
            for name, shape in workload.params.items()
        }
        parts = halves(workload.batch)
        self.flat = Flat(shapes, workload.optimiser, workload.rate, workload.dtype, len(parts))
        self.parts = [ImagesPart(workload, images, self.flat, i) for i, images in enumerate(parts)]
        placed = workload.placed
        self.after = next(
            one.input for one in placed if isinstance(one.layer, Flatten)
        )  # (C, H, W), and the first matrix after it counts in this order
        self.permuted = next(f"{one.path}/W" for one in placed if isinstance(one.layer, Dense))
        self.reset()

    def step(self, i: int) -> float:
        losses = self.flat.side_by_side([partial(part.run, *self.given[i]) for part in self.parts])
        self.flat.update()
        return float(sum(losses))

    def values(self) -> dict[str, Any]:
        found = dict(self.flat.params)
        for name, shape in self.workload.params.items():
            if name.endswith("/K"):
                f, c, size, _ = shape
                found[name] = found[name].reshape(size, size, c, f).transpose(3, 2, 0, 1)
        c, h, w = self.after
        matrix = found[self.permuted].reshape(h, w, c, -1).transpose(2, 0, 1, 3)
        found[self.permuted] = matrix.reshape(c * h * w, -1)
        return found

    def reset(self) -> None:
        self.flat.clear()
        for name, value in self.initial.items():
            if name.endswith("/K"):
                value = value.transpose(2, 3, 1, 0)
            elif name == self.permuted:
                value = value.reshape(*self.after, -1).transpose(1, 2, 0, 3)
            view = self.flat.params[name]
            view[...] = value.reshape(view.shape)
