"""Sliding windows: the overlapping views convolution and pooling are made of, and their adjoint, which adds them up."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, SupportsIndex

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node, make
from graphc.ir.op import Attrs, Op, function, register
from graphc.ir.types import Dim, DimLike, DType, Shape, dim, divide, promote, shape_of, show_shape
from graphc.ops.leaf import as_node, constant_value

Whole = int | Sequence[int]  # one number for every axis, or one per axis


def whole_number(value: Any, what: str, least: int = 0) -> int:
    """A whole number from what a user passes; else one sentence that begins with `what`."""
    exact = constant_value(value) if isinstance(value, Node) else value
    if isinstance(exact, Fraction) and exact.denominator == 1:
        exact = int(exact)
    if isinstance(exact, bool) or not isinstance(exact, SupportsIndex):
        raise ShapeError(f"{what} is a whole number, not {value!r}")
    number = exact.__index__()
    if number < least:
        raise ShapeError(f"{what} is at least {least}, not {number}")
    return number


def per_axis(value: Any, count: int, what: str, least: int = 0) -> tuple[int, ...]:
    """One whole number per axis, from one for all of them or from a sequence of `count`."""
    if not isinstance(value, list | tuple):
        return (whole_number(value, what, least),) * count
    if len(value) != count:
        raise ShapeError(f"{what} is one number, or one for each of {count} axes, not {len(value)} numbers")
    return tuple(whole_number(v, what, least) for v in value)


def reach(size: DimLike, dilation: int) -> DimLike:
    """How far a window of `size` taps extends, `d*(K - 1) + 1`."""
    return dilation * (size - 1) + 1


def count_places(extent: DimLike, size: DimLike, stride: int, dilation: int) -> DimLike | None:
    """`(H - d*(K - 1) - 1)/S + 1`, or None where that is no whole number."""
    steps = divide(extent - reach(size, dilation), stride)
    return None if steps is None else steps + 1


def _counts(shape: Sequence[DimLike], attrs: Attrs, what: str) -> tuple[DimLike, ...]:
    counts = []
    for axis, size, stride, dilation in zip(*attrs, strict=True):
        extent, span = shape[axis], reach(size, dilation)
        room = extent - span
        if isinstance(room, int) and room < 0:
            raise ShapeError(f"{what}: a window of {span} does not fit into axis {axis} of size {extent}")
        count = count_places(extent, size, stride, dilation)
        if count is None:
            value = f" = {show_number(Fraction(room, stride) + 1)}" if isinstance(room, int) else ""
            raise ShapeError(
                f"{what}: ({extent} - {bracketed(span)})/{stride} + 1{value} is not a whole number"
                f"{'' if value else f' for every {extent}'}; use stride 1 or cut axis {axis} to fit"
            )
        counts.append(count)
    return tuple(counts)


def bracketed(d: DimLike) -> str:
    """A size as an operand, in parentheses where it is a sum."""
    return f"({d})" if isinstance(d, Dim) and len(d.terms) > 1 else str(d)


def show_number(value: Fraction) -> str:
    """A fraction as a short decimal, `12.5`, or as it is, `28/3`."""
    short = f"{float(value):g}"
    return short if Fraction(short) == value else str(value)


def _windowed(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    axes, sizes, _, _ = attrs
    shape = list(args[0].shape)
    for axis, count in zip(axes, _counts(shape, attrs, "sliding_window"), strict=True):
        shape[axis] = count
    return (*shape, *sizes), args[0].dtype


def _overlapped(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    shape, *rest = attrs
    axes, sizes, _, _ = rest
    places = list(shape)
    for axis, count in zip(axes, _counts(shape, tuple(rest), "overlap_add"), strict=True):
        places[axis] = count
    if args[0].shape != (*places, *sizes):
        given, wanted = show_shape(args[0].shape), show_shape((*places, *sizes))
        raise ShapeError(f"overlap_add: windows of shape {given}, expected {wanted}")
    return shape, promote(["int", args[0].dtype])


_WINDOW = ("axes", "sizes", "strides", "dilations")


def _window_attrs(attrs: Attrs, sizes: Any, xp: Any) -> Attrs:
    axes, extents, strides, dilations = attrs
    return axes, xp.shape(extents, sizes), strides, dilations


def _window_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    return (make(OVERLAP_ADD, (g,), (node.args[0].shape, *node.attrs)),)


def _overlap_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    return (make(SLIDING_WINDOW, (g,), node.attrs[1:]),)


SLIDING_WINDOW = register(
    Op(
        "sliding_window",
        "move",
        _windowed,
        _WINDOW,
        evaluate=lambda node, arrays, sizes, xp: xp.sliding_window(
            arrays[0], *_window_attrs(node.attrs, sizes, xp)
        ),
        vjp=_window_vjp,
        linear="all",
    )
)
OVERLAP_ADD = register(
    Op(
        "overlap_add",
        "move",
        _overlapped,
        ("shape", *_WINDOW),
        evaluate=lambda node, arrays, sizes, xp: xp.overlap_add(
            arrays[0], xp.shape(node.shape, sizes), *_window_attrs(node.attrs[1:], sizes, xp)
        ),
        vjp=_overlap_vjp,
        linear="all",
    )
)


def _attrs(op: str, shape: Shape, sizes: Any, axes: Any, strides: Any, dilations: Any) -> Attrs:
    given = tuple(axes) if isinstance(axes, list | tuple) else (axes,)
    places = tuple(_place(op, a, shape) for a in given)
    if len(set(places)) < len(places):
        raise ShapeError(f"{op}: an axis is named twice in {given}")
    count = len(places)
    return (
        places,
        _sizes(op, sizes, count),
        per_axis(strides, count, f"{op}: a stride", 1),
        per_axis(dilations, count, f"{op}: a dilation", 1),
    )


def _place(op: str, axis: Any, shape: Shape) -> int:
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise ShapeError(f"{op}: an axis is a whole number, not {axis!r}")
    if not -len(shape) <= axis < len(shape):
        raise ShapeError(f"{op}: shape {show_shape(shape)} has no axis {axis}")
    return axis % len(shape)


def _sizes(op: str, sizes: Any, count: int) -> tuple[DimLike, ...]:
    given = tuple(sizes) if isinstance(sizes, list | tuple) else (sizes,) * count
    if len(given) != count:
        raise ShapeError(f"{op}: {len(given)} window sizes for {count} axes")
    return tuple(
        dim(s) if isinstance(s, Dim | str) else whole_number(s, f"{op}: the size of a window", 1)
        for s in given
    )


@function
def sliding_window(x: Any, sizes: Any, *, axes: Whole, strides: Whole = 1, dilations: Whole = 1) -> Node:
    """Every window of `sizes` along `axes`: each axis becomes the number of places, `(H - d*(K - 1) - 1)/S + 1`, and
    the entries within a window are new axes at the end.

    `sliding_window(x, K, axes=0, strides=S, dilations=d)[i, k] = x[S*i + d*k]`.

    Raises `ShapeError` where the number of places is not whole, or a window does not fit.

    >>> from graphc.ops import input_
    >>> sliding_window(input_("x", (2, 7)), 3, axes=1, strides=2).shape
    (2, 3, 3)
    """
    x = as_node(x)
    return make(SLIDING_WINDOW, (x,), _attrs("sliding_window", x.shape, sizes, axes, strides, dilations))


@function
def overlap_add(windows: Any, shape: Any, *, axes: Whole, strides: Whole = 1, dilations: Whole = 1) -> Node:
    """The adjoint of `sliding_window`: an array of `shape` where each entry is the sum of all it is in the windows.

    `overlap_add(w, H, axes=0, strides=S, dilations=d)[h]` is the sum of `w[i, k]` over `S*i + d*k == h`.

    Raises `ShapeError` where `windows` are not those of an array of `shape`.
    """
    windows, target = as_node(windows), shape_of(shape)
    count = windows.ndim - len(target)
    if count < 0:
        raise ShapeError(
            f"overlap_add: {show_shape(windows.shape)} has fewer axes than the shape {show_shape(target)}"
        )
    attrs = _attrs("overlap_add", target, windows.shape[len(target) :], axes, strides, dilations)
    return make(OVERLAP_ADD, (windows,), (target, *attrs))
