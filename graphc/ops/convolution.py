"""Convolution and pooling: windows, contracted with a kernel or reduced. Their gradients follow from the adjoint of
the window.

Along one axis of size H, with padding P_lo and P_hi, a kernel of size K, stride S and dilation d, there are
`(H + P_lo + P_hi - d*(K - 1) - 1)/S + 1` places; that has to be a whole number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node, make
from graphc.ir.op import OPS, function
from graphc.ir.types import DimLike, divide, product, show_shape
from graphc.ops.composite import composite, normal_axis
from graphc.ops.contract import contract
from graphc.ops.leaf import as_node, const
from graphc.ops.move import pad, reshape, slice_axis
from graphc.ops.padding import (
    Axis,
    Geometry,
    check_places,
    normal_padding,
    padding_pairs,
    short_numbers,
)
from graphc.ops.reduce import max_, mean
from graphc.ops.window import Whole, per_axis, sliding_window, whole_number
from graphc.ops.words import check_words

Layout1D = Literal["NCL", "NLC"]
Layout2D = Literal["NCHW", "NHWC"]
Padding = int | Sequence[int] | Sequence[Sequence[int]] | Literal["valid", "same"]


def _spatial_axes(op: str, x: Node, layout: str) -> tuple[int, ...]:
    """The axes a window slides along, in an array of this layout."""
    if x.ndim != len(layout):
        hint = "; a single sample is a batch of one, expand_dims(x, 0)" if x.ndim == len(layout) - 1 else ""
        raise ShapeError(
            f"{op}: layout {layout} has {len(layout)} axes, not the {x.ndim} of {show_shape(x.shape)}{hint}"
        )
    return tuple(i for i, letter in enumerate(layout) if letter not in "NC")


def _windows(
    label: str, x: Node, axes: tuple[int, ...], geometry: Geometry, padding: Any, fill: Any = 0
) -> Node:
    """The windows of `x`, padded with `fill`, along `axes`."""
    pairs = padding_pairs(label, geometry, padding)
    check_places(label, geometry, pairs)
    widths: list[tuple[DimLike, DimLike]] = [(0, 0)] * x.ndim
    for axis, (lo, hi) in zip(axes, pairs, strict=True):
        if isinstance(hi, int) and hi < 0:
            x, hi = slice_axis(x, axis, slice(None, hi)), 0
        widths[axis] = (lo, hi)
    if any(lo or hi for lo, hi in widths):
        x = pad(x, widths, fill=fill)
    return sliding_window(
        x,
        [a.size for a in geometry],
        axes=axes,
        strides=[a.stride for a in geometry],
        dilations=[a.dilation for a in geometry],
    )


def _geometry(x: Node, axes: tuple[int, ...], sizes: Any, stride: Any, dilation: Any = 1) -> Geometry:
    count = len(axes)
    each = per_axis(stride, count, "stride", 1), per_axis(dilation, count, "dilation", 1)
    return tuple(Axis(x.shape[a], k, s, d) for a, k, s, d in zip(axes, sizes, *each, strict=True))


# convolution ------------------------------------------------------------------------------------------------------


def _convolution(
    label: str,
    x: Node,
    K: Node,
    b: Node | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    layout: str,
) -> Node:
    axes, first = _spatial_axes(label, x, layout), layout[1] == "C"
    geometry = _geometry(x, axes, K.shape[2:] if first else K.shape[:-2], stride, dilation)
    if groups > 1:
        x = _split(x, layout.index("C"), groups)
        K = _split(K, 0 if first else K.ndim - 1, groups)
        axes = tuple(a + first for a in axes)
    windows = _windows(label, x, axes, geometry, padding)
    result = contract(_index_string(layout, groups > 1), windows, K)
    if groups > 1:
        at = layout.index("C")
        filters = product(result.shape[at : at + 2])
        result = reshape(result, (*result.shape[:at], filters, *result.shape[at + 2 :]))
    if b is None:
        return result
    return result + (reshape(b, (*b.shape, *(1 for _ in axes))) if first else b)


def _split(x: Node, axis: int, groups: int) -> Node:
    """The axis as two, (groups, rest)."""
    return reshape(x, (*x.shape[:axis], groups, -1, *x.shape[axis + 1 :]))


def _index_string(layout: str, grouped: bool) -> str:
    """Such as `nchwij,fcij->nfhw`; `g` counts the groups."""
    places, taps = ("l", "i") if len(layout) == 3 else ("hw", "ij")
    g = "g" if grouped else ""
    if layout[1] == "C":
        return f"n{g}c{places}{taps},{g}fc{taps}->n{g}f{places}"
    return f"n{places}{g}c{taps},{taps}c{g}f->n{places}{g}f"


def _declare_convolution(name: str, usual: str) -> None:
    @composite(name=name)
    def _body(
        x: Node,
        K: Node,
        b: Node | None = None,
        *,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        layout: str = usual,
    ) -> Node:
        return _convolution(_label(name, K), x, K, b, stride, padding, dilation, groups, layout)


_declare_convolution("conv1d", "NCL")
_declare_convolution("conv2d", "NCHW")


def _label(op: str, kernel: Node) -> str:
    """How an error begins: the operation, and the name of its kernel."""
    return f"{op} with kernel {kernel.name.strip()}" if kernel.name else op


@function
def conv1d(
    x: Any,
    K: Any,
    b: Any = None,
    *,
    stride: Whole = 1,
    padding: Padding = 0,
    dilation: Whole = 1,
    groups: int = 1,
    layout: Layout1D = "NCL",
) -> Node:
    """Cross-correlation along one axis: `y[n,f,l] = sum(x[n,c,S*l + d*i]*K[f,c,i] for c, i) + b[f]`.

    `x` is (N, C, L) and `K` (F, C/groups, FL), the result (N, F, places); with layout "NLC" they are (N, L, C),
    (FL, C/groups, F) and (N, places, F). Options and errors are those of `conv2d`; padding may be a pair.
    """
    check_words("conv1d", conv1d, padding=padding, layout=layout)
    return _build("conv1d", x, K, b, stride, padding, dilation, groups, layout)


@function
def conv2d(
    x: Any,
    K: Any,
    b: Any = None,
    *,
    stride: Whole = 1,
    padding: Padding = 0,
    dilation: Whole = 1,
    groups: int = 1,
    layout: Layout2D = "NCHW",
) -> Node:
    """Cross-correlation along two axes: `y[n,f,h,w] = sum(x[n,c,S*h + d*i,S*w + d*j]*K[f,c,i,j] for c, i, j) + b[f]`.

    `x` is (N, C, H, W), `K` (F, C/groups, FH, FW), `b` (F,), the result (N, F, places, places); with layout "NHWC" they
    are (N, H, W, C), (FH, FW, C/groups, F), (F,) and (N, places, places, F). There are
    `(H + P_before + P_after - d*(FH - 1) - 1)/S + 1` places. Stride and dilation are a number, or one per axis. Padding
    adds zeros: a number, per axis a number or a pair (before, after), "valid" for none, or "same" for so much that
    there are `ceil(H/S)` places. With `groups`, the channels and the filters fall into so many blocks, each for itself
    (Krizhevsky et al. 2012); as many groups as channels make it depthwise.

    Raises `ShapeError` where the number of places is not whole, or the shapes do not fit.

    >>> from graphc.ops import input_
    >>> conv2d(input_("x", ("N", 3, 32, 32)), input_("K", (8, 3, 5, 5)), stride=1, padding=2).shape
    (N, 8, 32, 32)
    """
    check_words("conv2d", conv2d, padding=padding, layout=layout)
    return _build("conv2d", x, K, b, stride, padding, dilation, groups, layout)


def _build(
    op: str, x: Any, K: Any, b: Any, stride: Any, padding: Any, dilation: Any, groups: Any, layout: str
) -> Node:
    nodes = [as_node(x), as_node(K), *([] if b is None else [as_node(b)])]
    label = _label(op, nodes[1])
    count, groups = len(layout) - 2, whole_number(groups, f"{label}: groups", 1)
    _check_channels(label, nodes, groups, layout)
    attrs = (
        short_numbers(per_axis(stride, count, f"{label}: stride", 1)),
        normal_padding(label, padding, count),
        short_numbers(per_axis(dilation, count, f"{label}: dilation", 1)),
        groups,
        layout,
    )
    return make(OPS[op], nodes, attrs)


def _check_channels(label: str, nodes: list[Node], groups: int, layout: str) -> None:
    x, K, *rest = nodes
    _spatial_axes(label, x, layout)
    first = layout[1] == "C"
    if K.ndim != x.ndim:
        wanted = "(F, C/groups, sizes)" if first else "(sizes, C/groups, F)"
        raise ShapeError(
            f"{label}: the kernel has {x.ndim} axes, {wanted} in layout {layout}, not shape {show_shape(K.shape)}"
        )
    channels = x.shape[layout.index("C")]
    filters, own = (K.shape[0], K.shape[1]) if first else (K.shape[-1], K.shape[-2])
    for what, count in (("channels", channels), ("filters", filters)):
        if divide(count, groups) is None:
            raise ShapeError(f"{label}: {count} {what} do not fall into {groups} groups of one size")
    if divide(channels, groups) != own:
        part = f" in {groups} groups, so {divide(channels, groups)} per filter" if groups > 1 else ""
        raise ShapeError(
            f"{label}: the input has {channels} channels{part}, and the kernel {show_shape(K.shape)} is for {own}"
        )
    if rest and rest[0].shape != (filters,):
        raise ShapeError(
            f"{label}: the bias has one entry per filter, shape {show_shape((filters,))}, not "
            f"{show_shape(rest[0].shape)}"
        )


# pooling ----------------------------------------------------------------------------------------------------------


def _pool_windows(op: str, x: Node, size: Any, stride: Any, padding: Any, layout: str, fill: Any) -> Node:
    """The windows of a pool, its own axes last."""
    axes = _spatial_axes(op, x, layout)
    sizes = per_axis(size, len(axes), f"{op}: size", 1)
    geometry = _geometry(x, axes, sizes, sizes if stride is None else stride)
    return _windows(op, x, axes, geometry, padding, fill)


def _last(count: int) -> tuple[int, ...]:
    return tuple(range(-count, 0))


def _declare_pool(name: str, reduction: Callable[..., Node], fill: Any, usual: str) -> None:
    @composite(name=name)
    def _body(x: Node, *, size: Any = 2, stride: Any = None, padding: Any = 0, layout: str = usual) -> Node:
        windows = _pool_windows(name, x, size, stride, padding, layout, fill)
        return reduction(windows, axis=_last(len(layout) - 2))


for _rank, _usual in (("1d", "NCL"), ("2d", "NCHW")):
    _declare_pool(f"max_pool{_rank}", max_, const("-inf").attrs[1], _usual)
    _declare_pool(f"avg_pool{_rank}", mean, 0, _usual)


@function
def max_pool1d(
    x: Any, *, size: Whole = 2, stride: Whole | None = None, padding: Padding = 0, layout: Layout1D = "NCL"
) -> Node:
    """The largest entry of each window along one axis; see `max_pool2d`."""
    return _pool("max_pool1d", max_pool1d, x, size, stride, padding, layout)


@function
def max_pool2d(
    x: Any, *, size: Whole = 2, stride: Whole | None = None, padding: Padding = 0, layout: Layout2D = "NCHW"
) -> Node:
    """The largest entry of each window of `size`; without `stride`, windows do not overlap.

    Padding never wins: it is -inf, and at most half a window wide. The gradient of a window goes to its winner, at a
    tie to the first in index order. Places and errors are those of `conv2d`.
    """
    return _pool("max_pool2d", max_pool2d, x, size, stride, padding, layout)


@function
def avg_pool1d(
    x: Any, *, size: Whole = 2, stride: Whole | None = None, padding: Padding = 0, layout: Layout1D = "NCL"
) -> Node:
    """The mean of each window along one axis; see `avg_pool2d`."""
    return _pool("avg_pool1d", avg_pool1d, x, size, stride, padding, layout)


@function
def avg_pool2d(
    x: Any, *, size: Whole = 2, stride: Whole | None = None, padding: Padding = 0, layout: Layout2D = "NCHW"
) -> Node:
    """The mean of each window of `size`, the zeros of the padding counted; without `stride`, windows do not overlap.

    Padding is at most half a window wide. Places and errors are those of `conv2d`.
    """
    return _pool("avg_pool2d", avg_pool2d, x, size, stride, padding, layout)


def _pool(op: str, builder: Any, x: Any, size: Any, stride: Any, padding: Any, layout: str) -> Node:
    check_words(op, builder, padding=padding, layout=layout)
    x, count = as_node(x), len(layout) - 2
    axes = _spatial_axes(op, x, layout)
    sizes = per_axis(size, count, f"{op}: size", 1)
    strides = sizes if stride is None else per_axis(stride, count, f"{op}: stride", 1)
    padding = normal_padding(op, padding, count)
    for k, pair in zip(sizes, padding_pairs(op, _geometry(x, axes, sizes, strides), padding), strict=True):
        most = max(p for p in pair if isinstance(p, int))
        if 2 * most > k:
            raise ShapeError(
                f"{op}: padding {most} is more than half the window of {k}, so that a window could hold nothing else; "
                f"use at most {k // 2}"
            )
    apart = None if strides == sizes else short_numbers(strides)
    return make(OPS[op], (x,), (short_numbers(sizes), apart, padding, layout))


@composite(name="global_avg_pool")
def _global_avg_pool(x: Node, *, layout: str = "NCHW") -> Node:
    return mean(x, axis=_spatial_axes("global_avg_pool", x, layout))


@composite(name="global_max_pool")
def _global_max_pool(x: Node, *, layout: str = "NCHW") -> Node:
    return max_(x, axis=_spatial_axes("global_max_pool", x, layout))


@function
def global_avg_pool(x: Any, *, layout: Layout1D | Layout2D = "NCHW") -> Node:
    """The mean of each channel over all places, of shape (N, C)."""
    check_words("global_avg_pool", global_avg_pool, layout=layout)
    return make(OPS["global_avg_pool"], (as_node(x),), (layout,))


@function
def global_max_pool(x: Any, *, layout: Layout1D | Layout2D = "NCHW") -> Node:
    """The largest entry of each channel over all places, of shape (N, C)."""
    check_words("global_max_pool", global_max_pool, layout=layout)
    return make(OPS["global_max_pool"], (as_node(x),), (layout,))


@function
def flatten(x: Any, *, start: int = 1) -> Node:
    """All axes from `start` on as one, in row-major order: (N, C, H, W) becomes (N, C*H*W)."""
    x = as_node(x)
    start = normal_axis("flatten", whole_number(start, "flatten: start", -x.ndim), x)
    return reshape(x, (*x.shape[:start], product(x.shape[start:])))
