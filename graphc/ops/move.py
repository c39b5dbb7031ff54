"""Moves: operations that only rearrange entries. The gradient of each is its adjoint move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, SupportsIndex

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node, make
from graphc.ir.op import Attrs, Op, function, register
from graphc.ir.types import (
    Dim,
    DimLike,
    DType,
    Shape,
    broadcast_shapes,
    divide,
    evaluate_dim,
    product,
    promote,
    shape_of,
    show_shape,
)
from graphc.ops.composite import normal_axis
from graphc.ops.leaf import as_node, const
from graphc.ops.pointwise import cast

Slices = tuple[tuple[DimLike, int, DimLike], ...]  # per axis: start, step, length


def _keep_dtype(shape: Any) -> Any:
    def infer(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
        return shape(args, attrs), args[0].dtype

    return infer


# reshape ----------------------------------------------------------------------------------------------------------


def _reshaped(args: tuple[Node, ...], attrs: Attrs) -> Shape:
    shape: Shape = attrs[0]
    if product(shape) != product(args[0].shape):
        given, wanted = product(args[0].shape), product(shape)
        raise ShapeError(
            f"reshape: {show_shape(args[0].shape)} has {given} entries and {show_shape(shape)} has {wanted}"
        )
    return shape


RESHAPE = register(
    Op(
        "reshape",
        "move",
        _keep_dtype(_reshaped),
        ("shape",),
        evaluate=lambda node, arrays, sizes, xp: arrays[0].reshape(xp.shape(node.shape, sizes)),
        vjp=lambda node, g: (reshape(g, node.args[0].shape),),
        linear="all",
    )
)


@function
def reshape(x: Any, shape: Sequence[str | DimLike] | str | DimLike) -> Node:
    """The same entries in row-major order under another shape; one size may be -1, to be worked out."""
    x = as_node(x)
    wanted = (shape,) if isinstance(shape, str | int) or not isinstance(shape, Sequence) else tuple(shape)
    if wanted.count(-1) == 1:
        rest = product(shape_of([d for d in wanted if d != -1]))
        free = divide(product(x.shape), rest)
        if free is None:
            raise ShapeError(f"reshape: {show_shape(x.shape)} does not divide into blocks of {rest}")
        wanted = tuple(free if d == -1 else d for d in wanted)
    target = shape_of(wanted)
    return x if target == x.shape else make(RESHAPE, (x,), (target,))


@function
def expand_dims(x: Any, axis: int) -> Node:
    """A new axis of size 1 at `axis`."""
    x = as_node(x)
    if not -x.ndim - 1 <= axis <= x.ndim:
        raise ShapeError(f"expand_dims: shape {show_shape(x.shape)} has no place for an axis {axis}")
    axis %= x.ndim + 1
    return reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))


@function
def squeeze(x: Any, axis: int) -> Node:
    """The axis `axis`, which has size 1, taken out."""
    x = as_node(x)
    axis = normal_axis("squeeze", axis, x)
    if x.shape[axis] != 1:
        raise ShapeError(
            f"squeeze: axis {axis} of shape {show_shape(x.shape)} has size {x.shape[axis]}, not 1"
        )
    return reshape(x, (*x.shape[:axis], *x.shape[axis + 1 :]))


# transpose --------------------------------------------------------------------------------------------------------

TRANSPOSE = register(
    Op(
        "transpose",
        "move",
        _keep_dtype(lambda args, attrs: tuple(args[0].shape[i] for i in attrs[0])),
        ("axes",),
        evaluate=lambda node, arrays, sizes, xp: arrays[0].transpose(node.attrs[0]),
        vjp=lambda node, g: (transpose(g, _inverse(node.attrs[0])),),
        linear="all",
        symbol="ᵀ",
    )
)


def _inverse(axes: Any) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


@function
def transpose(x: Any, axes: Sequence[int] | None = None) -> Node:
    """The axes in another order; without `axes`, of a matrix its transpose, of more axes all reversed."""
    x = as_node(x)
    if axes is None:
        if x.ndim == 1:
            raise ShapeError("transpose: a 1-D array has no rows or columns; use outer(a, b), or reshape it")
        axes = tuple(reversed(range(x.ndim)))
    order = tuple(normal_axis("transpose", a, x) for a in axes)
    if sorted(order) != list(range(x.ndim)):
        raise ShapeError(f"transpose: {tuple(axes)} does not name each axis of {show_shape(x.shape)} once")
    return x if order == tuple(range(x.ndim)) else make(TRANSPOSE, (x,), (order,))


def move_axis(x: Node, source: int, target: int) -> Node:
    """One axis moved to another place, the others kept in order."""
    order = [i for i in range(x.ndim) if i != source]
    order.insert(target, source)
    return transpose(x, order)


# broadcast --------------------------------------------------------------------------------------------------------


def _broadcasted(args: tuple[Node, ...], attrs: Attrs) -> Shape:
    shape: Shape = attrs[0]
    if broadcast_shapes([args[0].shape, shape], "broadcast") != shape:
        raise ShapeError(f"broadcast: {show_shape(args[0].shape)} does not become {show_shape(shape)}")
    return shape


BROADCAST = register(
    Op(
        "broadcast",
        "move",
        _keep_dtype(_broadcasted),
        ("shape",),
        evaluate=lambda node, arrays, sizes, xp: xp.broadcast(arrays[0], xp.shape(node.shape, sizes)),
        vjp=lambda node, g: (sum_to(g, node.args[0].shape),),
        linear="all",
    )
)


@function
def broadcast(x: Any, shape: Sequence[str | DimLike] | str | DimLike) -> Node:
    """`x` repeated to `shape` by NumPy's rule."""
    x, target = as_node(x), shape_of(shape)
    return x if x.shape == target else make(BROADCAST, (x,), (target,))


def sum_to(g: Node, shape: Shape) -> Node:
    """The adjoint of broadcasting: `g` summed over every axis along which `shape` was repeated."""
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    axes = [i for i in range(g.ndim) if i < extra or shape[i - extra] != g.shape[i]]
    from_sum: Node = g.sum(axis=tuple(axes)) if axes else g
    return reshape(from_sum, shape)


# slice and pad: adjoint to each other -----------------------------------------------------------------------------


def _index_of(slices: Any, sizes: Any, xp: Any) -> tuple[slice, ...]:
    keys = []
    for start, step, length in slices:
        first, count = xp.extent(start, sizes), xp.extent(length, sizes)
        last = first + step * count
        keys.append(slice(first, None if last < 0 else last, step))
    return tuple(keys)


def _evaluate_pad(node: Node, arrays: list[Any], sizes: Any, xp: Any) -> Any:
    _, slices, fill = node.attrs
    result = xp.full(xp.shape(node.shape, sizes), fill, arrays[0].dtype)
    result[_index_of(slices, sizes, xp)] = arrays[0]
    return result


SLICE = register(
    Op(
        "slice",
        "move",
        _keep_dtype(lambda args, attrs: tuple(length for _, _, length in attrs[0])),
        ("slices",),
        evaluate=lambda node, arrays, sizes, xp: arrays[0][_index_of(node.attrs[0], sizes, xp)],
        vjp=lambda node, g: (_pad(g, node.args[0].shape, node.attrs[0]),),
        linear="all",
    )
)
PAD = register(
    Op(
        "pad",
        "move",
        _keep_dtype(lambda args, attrs: attrs[0]),
        ("shape", "slices", "fill"),
        evaluate=_evaluate_pad,
        vjp=lambda node, g: (_slice(g, node.attrs[1]),),
        jvp=lambda node, tangents: _pad(as_node(tangents[0]), *node.attrs[:2]),
    )
)


def _slice(x: Node, slices: Slices) -> Node:
    whole = tuple((0, 1, d) for d in x.shape)
    return x if slices == whole else make(SLICE, (x,), (slices,))


def _pad(x: Node, shape: Shape, slices: Slices, fill: str | Fraction = Fraction(0)) -> Node:
    return make(PAD, (x,), (shape, slices, fill))


@function
def pad(x: Any, widths: Sequence[tuple[DimLike, DimLike]], fill: Any = 0) -> Node:
    """`x` with `widths[i] = (before, after)` entries of `fill` added along axis `i`."""
    x = as_node(x)
    if not isinstance(widths, Sequence) or not all(isinstance(w, Sequence) and len(w) == 2 for w in widths):
        raise ShapeError("pad: each axis is given its widths, as in pad(x, [(1, 1), (0, 0)])")
    if len(widths) != x.ndim:
        raise ShapeError(f"pad: {len(widths)} pairs of widths for the {x.ndim} axes of {show_shape(x.shape)}")
    pairs = [shape_of(pair) for pair in widths]
    shape = tuple(lo + d + hi for (lo, hi), d in zip(pairs, x.shape, strict=True))
    slices = tuple((lo, 1, d) for (lo, _), d in zip(pairs, x.shape, strict=True))
    kind, value = const(fill).attrs
    exact = value if kind == "symbol" else Fraction(value)
    whole = isinstance(exact, Fraction) and exact.denominator == 1
    return _pad(x if whole else cast(x, "real"), shape, slices, exact)


def slice_axis(x: Node, axis: int, key: slice) -> Node:
    """One axis cut as Python's `x[start:stop:step]` cuts it; bounds must lie within the axis."""
    slices: list[tuple[DimLike, int, DimLike]] = [(0, 1, d) for d in x.shape]
    slices[axis] = _bounds(x.shape[axis], key)
    return _slice(x, tuple(slices))


def _bounds(extent: DimLike, key: slice) -> tuple[DimLike, int, DimLike]:
    step = 1 if key.step is None else key.step
    for bound in (key.start, key.stop):
        if not (bound is None or isinstance(bound, SupportsIndex | Dim)):
            raise ShapeError(f"a slice runs between whole numbers or sizes, not {bound!r}")
    if not isinstance(step, int) or step == 0:
        raise ShapeError(f"a slice step is a whole number other than 0, not {step!r}")
    if isinstance(extent, int) and all(v is None or isinstance(v, int) for v in (key.start, key.stop)):
        indices = range(extent)[key]
        return (indices.start if len(indices) else 0), step, len(indices)
    if step < 0:
        if key.start is not None or key.stop is not None or step != -1:
            raise ShapeError(f"an axis of symbolic size {extent} can be reversed only whole, as x[::-1]")
        return extent - 1, -1, extent
    start = _from_end(extent, key.start, 0)
    stop = _from_end(extent, key.stop, extent)
    length = _count(stop - start, step)
    if length is None:
        raise ShapeError(
            f"a step of {step} through a symbolic size {stop - start} does not give a known number of entries"
        )
    return start, step, length


def _count(span: DimLike, step: int) -> DimLike | None:
    """`ceil(span / step)` when it is again a dimension."""
    over = evaluate_dim(span, dict.fromkeys(span.symbols, 0)) % step if isinstance(span, Dim) else span % step
    return divide(span + (step - over if over else 0), step)


def _from_end(extent: DimLike, bound: Any, default: DimLike) -> DimLike:
    if bound is None:
        return default
    return extent + bound if isinstance(bound, int) and bound < 0 else bound


# concat -----------------------------------------------------------------------------------------------------------


def _concatenated(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    axis: int = attrs[0]
    first = args[0].shape
    for arg in args[1:]:
        if arg.shape[:axis] + arg.shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise ShapeError(
                f"concat: shapes {show_shape(first)} and {show_shape(arg.shape)} differ besides axis {axis}"
            )
    total: DimLike = 0
    for arg in args:
        total = total + arg.shape[axis]
    return (*first[:axis], total, *first[axis + 1 :]), promote(a.dtype for a in args)


def _concat_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    axis: int = node.attrs[0]
    parts: list[Node | None] = []
    start: DimLike = 0
    for arg in node.args:
        slices: list[tuple[DimLike, int, DimLike]] = [(0, 1, d) for d in g.shape]
        slices[axis] = (start, 1, arg.shape[axis])
        parts.append(_slice(g, tuple(slices)))
        start = start + arg.shape[axis]
    return tuple(parts)


def _concat_jvp(node: Node, tangents: tuple[Node | None, ...]) -> Node:
    parts = [
        broadcast(const(0), a.shape) if t is None else t for a, t in zip(node.args, tangents, strict=True)
    ]
    return make(CONCAT, _same_dtype(parts), node.attrs)


CONCAT = register(
    Op(
        "concat",
        "move",
        _concatenated,
        ("axis",),
        evaluate=lambda node, arrays, sizes, xp: xp.concat(arrays, node.attrs[0]),
        vjp=_concat_vjp,
        jvp=_concat_jvp,
    )
)


def _parts(op: str, parts: Iterable[Any]) -> list[Any]:
    if not isinstance(parts, Iterable):
        raise ShapeError(f"{op}: the arrays are given as a list, as in {op}([a, b])")
    return list(parts)


@function
def concat(parts: Sequence[Any], axis: int = 0) -> Node:
    """The arrays one after another along an existing axis."""
    nodes = _same_dtype([as_node(p) for p in _parts("concat", parts)])
    if not nodes or not nodes[0].ndim:
        raise ShapeError("concat: scalars have no axis to join; use stack")
    if any(n.ndim != nodes[0].ndim for n in nodes):
        raise ShapeError(
            f"concat: the arrays have {', '.join(str(n.ndim) for n in nodes)} axes; all must have as many"
        )
    return make(CONCAT, nodes, (normal_axis("concat", axis, nodes[0]),)) if len(nodes) > 1 else nodes[0]


@function
def stack(parts: Sequence[Any], axis: int = 0) -> Node:
    """Arrays of one shape, side by side along a new axis."""
    nodes = [as_node(p) for p in _parts("stack", parts)]
    if not nodes:
        raise ShapeError("stack: an empty list has no shape")
    for node in nodes[1:]:
        if node.shape != nodes[0].shape:
            raise ShapeError(
                f"stack: shapes {show_shape(nodes[0].shape)} and {show_shape(node.shape)} differ"
            )
    return concat([expand_dims(n, axis) for n in nodes], axis)


def _same_dtype(nodes: list[Node]) -> list[Node]:
    widest = promote(n.dtype for n in nodes)
    return [cast(n, widest) for n in nodes]
