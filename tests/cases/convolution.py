"""Cases: windows, convolution, pooling. Their meaning is written out as loops over places and taps."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from tests.cases.case import F, case, whole


def windows(
    x: Any,
    sizes: tuple[int, ...],
    axes: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
) -> Any:
    counts = list(x.shape)
    for axis, size, stride, dilation in zip(axes, sizes, strides, dilations, strict=True):
        counts[axis] = len(range(0, x.shape[axis] - dilation * (size - 1), stride))
    result = np.empty((*counts, *sizes), x.dtype)
    for place in np.ndindex(*counts):
        for tap in np.ndindex(*sizes):
            source = list(place)
            for axis, stride, dilation, k in zip(axes, strides, dilations, tap, strict=True):
                source[axis] = stride * place[axis] + dilation * k
            result[(*place, *tap)] = x[tuple(source)]
    return result


def added(w: Any, shape: tuple[int, ...], axis: int, stride: int, dilation: int) -> Any:
    result = np.zeros(shape, w.dtype)
    for place in np.ndindex(*w.shape[:-1]):
        for k in range(w.shape[-1]):
            target = list(place)
            target[axis] = stride * place[axis] + dilation * k
            result[tuple(target)] += w[(*place, k)]
    return result


def convolved(
    x: Any, K: Any, b: Any = 0, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Channels second; stride, padding and dilation per axis, padding as pairs."""
    n = x.ndim - 2
    stride, dilation = (np.broadcast_to(v, n) for v in (stride, dilation))
    pairs = np.broadcast_to(padding, (n, 2)) if np.ndim(padding) != 2 else np.asarray(padding)
    x = np.pad(x, [(0, 0), (0, 0), *map(tuple, pairs)])
    sizes, filters, own = K.shape[2:], K.shape[0], K.shape[1]
    places = [
        (h - d * (k - 1) - 1) // s + 1
        for h, k, s, d in zip(x.shape[2:], sizes, stride, dilation, strict=True)
    ]
    y = np.zeros((x.shape[0], filters, *places))
    for f in range(filters):
        first = f // (filters // groups) * own
        for place in np.ndindex(*places):
            cut = tuple(
                slice(s * p, s * p + d * (k - 1) + 1, d)
                for p, k, s, d in zip(place, sizes, stride, dilation, strict=True)
            )
            taken = x[(slice(None), slice(first, first + own), *cut)]
            y[(slice(None), f, *place)] = (taken * K[f]).sum(axis=tuple(range(1, x.ndim)))
    return y + np.reshape(b, (-1, *(1 for _ in sizes)))


def channels_last(x: Any, K: Any, b: Any = 0, **options: Any) -> Any:
    """The same with channels last: the arrays turned, convolved, and turned back."""
    n = x.ndim - 2
    kernel = K.transpose(n + 1, n, *range(n))
    return np.moveaxis(convolved(np.moveaxis(x, -1, 1), kernel, b, **options), 1, -1)


def pooled(reduce: Any, x: Any, size: Any, stride: Any, padding: Any = 0, fill: float = 0.0) -> Any:
    n = x.ndim - 2
    size, stride = np.broadcast_to(size, n), np.broadcast_to(stride, n)
    pairs = np.broadcast_to(padding, (n, 2)) if np.ndim(padding) != 2 else np.asarray(padding)
    x = np.pad(x, [(0, 0), (0, 0), *map(tuple, pairs)], constant_values=fill)
    places = [(h - k) // s + 1 for h, k, s in zip(x.shape[2:], size, stride, strict=True)]
    y = np.empty((*x.shape[:2], *places))
    for place in product(*map(range, places)):
        cut = tuple(slice(s * p, s * p + k) for p, k, s in zip(place, size, stride, strict=True))
        y[(..., *place)] = reduce(x[(..., *cut)], axis=tuple(range(2, x.ndim)))
    return y


case(
    "sliding_window",
    lambda x: F["sliding_window"](x, 3, axes=1, strides=2),
    numpy=lambda x: windows(x, (3,), (1,), (2,), (1,)),
    x=("N", 7),
)
case(
    "sliding_window",
    lambda x: F["sliding_window"](x, (2, 3), axes=(2, 0), dilations=(2, 1)),
    numpy=lambda x: windows(x, (2, 3), (2, 0), (1, 1), (2, 1)),
    x=(4, 2, 5),
    note="two axes, dilated",
)
case(
    "sliding_window",
    lambda x: F["sliding_window"](x, 2, axes=-1, strides=3),
    numpy=lambda x: windows(x, (2,), (0,), (3,), (1,)),
    x=(8,),
    note="stride beyond the window",
)
case(
    "sliding_window",
    lambda i: F["sliding_window"](i, 2, axes=0),
    numpy=lambda i: windows(i, (2,), (0,), (1,), (1,)),
    i=whole("N"),
    smooth=False,
    note="whole numbers",
)
case(
    "overlap_add",
    lambda w: F["overlap_add"](w, ("N", 7), axes=1, strides=2),
    numpy=lambda w: added(w, (w.shape[0], 7), 1, 2, 1),
    w=("N", 3, 3),
)
case(
    "overlap_add",
    lambda w: F["overlap_add"](w, (6, 2), axes=0, dilations=2),
    numpy=lambda w: added(w, (6, 2), 0, 1, 2),
    w=(2, 2, 3),
    note="dilated",
)
case(
    "overlap_add",
    lambda w: F["overlap_add"](w > 0, (5,), axes=0, strides=3),
    numpy=lambda w: added((w > 0).astype(int), (5,), 0, 3, 1),
    w=(2, 2),
    smooth=False,
    note="truth values, gaps",
)

case("conv1d", lambda x, K: F["conv1d"](x, K), numpy=convolved, x=("N", 2, 5), K=(3, 2, 3))
case(
    "conv1d",
    lambda x, K, b: F["conv1d"](x, K, b, stride=2, padding=(0, 1), dilation=2),
    numpy=lambda x, K, b: convolved(x, K, b, stride=2, padding=[(0, 1)], dilation=2),
    x=(2, 1, 6),
    K=(2, 1, 2),
    b=(2,),
    note="strided, padded at the end, dilated, bias",
)
case(
    "conv1d",
    lambda x, K: F["conv1d"](x, K, padding="same", layout="NLC"),
    numpy=lambda x, K: channels_last(x, K, padding=[(0, 1)]),
    x=("N", 4, 2),
    K=(2, 2, 1),
    note="same, channels last",
)
case("conv2d", lambda x, K: F["conv2d"](x, K), numpy=convolved, x=("N", 2, 4, 3), K=(2, 2, 3, 2))
case(
    "conv2d",
    lambda x, K, b: F["conv2d"](x, K, b, stride=(2, 1), padding=((1, 0), (0, 1))),
    numpy=lambda x, K, b: convolved(x, K, b, stride=(2, 1), padding=[(1, 0), (0, 1)]),
    x=(1, 1, 4, 3),
    K=(2, 1, 3, 2),
    b=(2,),
    note="strided, padded by sides, bias",
)
case(
    "conv2d",
    lambda x, K, b: F["conv2d"](x, K, b, padding=1, groups=2),
    numpy=lambda x, K, b: convolved(x, K, b, padding=1, groups=2),
    x=(1, 4, 2, 3),
    K=(2, 2, 3, 3),
    b=(2,),
    note="groups",
)
case(
    "conv2d",
    lambda x, K: F["conv2d"](x, K, groups=2, dilation=2),
    numpy=lambda x, K: convolved(x, K, groups=2, dilation=2),
    x=("N", 2, 3, 4),
    K=(4, 1, 2, 2),
    note="depthwise, dilated",
)
case(
    "conv2d",
    lambda x, K, b: F["conv2d"](x, K, b, padding="same", stride=2, layout="NHWC", groups=2),
    numpy=lambda x, K, b: channels_last(x, K, b, padding=[(0, 1), (1, 1)], stride=2, groups=2),
    x=(1, 4, 3, 2),
    K=(3, 3, 1, 2),
    b=(2,),
    note="same with a stride, channels last, groups",
)
case(
    "conv2d",
    lambda x, K: F["conv2d"](x, K, padding="same", stride=3, layout="NHWC"),
    numpy=lambda x, K: channels_last(x[:, :4, :1], K, stride=3),
    x=(1, 5, 2, 2),
    K=(1, 1, 2, 1),
    note="same with a stride beyond the kernel",
)
case(
    "max_pool1d",
    lambda x: F["max_pool1d"](x, size=3, stride=2, padding=1),
    numpy=lambda x: pooled(np.max, x, 3, 2, 1, -np.inf),
    x=("N", 2, 5),
)
case("max_pool2d", lambda x: F["max_pool2d"](x), numpy=lambda x: pooled(np.max, x, 2, 2), x=("N", 1, 4, 2))
case(
    "max_pool2d",
    lambda x: F["max_pool2d"](x, size=(3, 2), stride=1, padding=((1, 0), (0, 1))),
    numpy=lambda x: pooled(np.max, x, (3, 2), 1, [(1, 0), (0, 1)], -np.inf),
    x=(1, 2, 3, 3),
    note="overlapping, padded by sides",
)
case(
    "max_pool2d",
    lambda x: F["max_pool2d"](x, size=2, stride=2, padding="same", layout="NHWC"),
    numpy=lambda x: np.moveaxis(
        pooled(np.max, np.moveaxis(x, -1, 1), 2, 2, [(0, 1), (0, 0)], -np.inf), 1, -1
    ),
    x=(2, 3, 2, 2),
    note="same, channels last",
)
case(
    "avg_pool1d",
    lambda x: F["avg_pool1d"](x, size=2, stride=1, padding=1, layout="NLC"),
    numpy=lambda x: np.moveaxis(pooled(np.mean, np.moveaxis(x, -1, 1), 2, 1, 1), 1, -1),
    x=(2, 3, 2),
)
case("avg_pool2d", lambda x: F["avg_pool2d"](x), numpy=lambda x: pooled(np.mean, x, 2, 2), x=("N", 1, 2, 4))
case(
    "avg_pool2d",
    lambda x: F["avg_pool2d"](x, size=(1, 3), stride=(2, 1), padding=(0, 1)),
    numpy=lambda x: pooled(np.mean, x, (1, 3), (2, 1), [(0, 0), (1, 1)]),
    x=(1, 1, 3, 3),
    note="padded, gaps",
)
case("global_avg_pool", lambda x: F["global_avg_pool"](x), numpy=lambda x: x.mean((2, 3)), x=("N", 2, 2, 3))
case(
    "global_avg_pool",
    lambda x: F["global_avg_pool"](x, layout="NLC"),
    numpy=lambda x: x.mean(1),
    x=("N", 3, 2),
    note="channels last",
)
case("global_max_pool", lambda x: F["global_max_pool"](x), numpy=lambda x: x.max((2, 3)), x=("N", 2, 2, 3))
case(
    "global_max_pool",
    lambda x: F["global_max_pool"](x, layout="NHWC"),
    numpy=lambda x: x.max((1, 2)),
    x=(1, 2, 3, 2),
    note="channels last",
)
case("flatten", lambda x: F["flatten"](x), numpy=lambda x: x.reshape(3, -1), x=("N", 2, 3, 2))
case("flatten", lambda x: F["flatten"](x, start=0), numpy=np.ravel, x=("N", 2), note="all")
