"""NumPy's moves: reshapes and transposes, which are views of the same memory, and joins, which are copies."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import DimLike, Shape, divide, product, show_shape
from graphc.lang.numpy_code.arguments import Arguments, axes_of, number_kind, shape_from, size_from, whole
from graphc.lang.numpy_code.arithmetic import as_array, widest
from graphc.lang.numpy_code.arrays import Array, Cell, Shaped, Turned, fresh
from graphc.lang.numpy_code.create import as_kind
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.numbers import is_number, is_whole
from graphc.lang.numpy_code.objects import Value
from graphc.lang.numpy_code.subscript import Slice, view
from graphc.lang.numpy_code.table import reads
from graphc.ops.move import concat, reshape


def transposed(x: Array, axes: Sequence[int] | None = None) -> Array:
    """A view with the axes in another order, all reversed without `axes`; of one axis the array itself."""
    count = x.node.ndim
    order = tuple(reversed(range(count))) if axes is None else tuple(axes)
    if sorted(order) != list(range(count)):
        broken(f"transpose: {order} does not name each axis of {show_shape(x.shape)} once")
    return x if order == tuple(range(count)) else x.seen(Turned(order))


def reshaped(x: Array, shape: Shape) -> Array:
    """The entries in row-major order under another shape: a view where the memory allows it for sure."""
    if x.shape == shape:
        return x
    if x.contiguous or _without_ones(x.shape) == _without_ones(shape):
        return x.seen(Shaped(shape))
    result = Array(Cell(reshape(x.node, shape), x.kind))
    reason = "a reshape of an array whose layout is not known is a view or a copy"
    result.cell.doubt = x.cell.doubt = reason
    return result


def _without_ones(shape: Shape) -> Shape:
    return tuple(d for d in shape if d != 1)


def target_shape(x: Array, given: Sequence[Value]) -> Shape:
    """The shape a reshape asks for, its -1 worked out."""
    wanted = given[0] if len(given) == 1 and isinstance(given[0], tuple | list) else given
    sizes = [v if is_whole(v) else size_from(v, "reshape") for v in wanted]
    total = product(x.shape)
    if sizes.count(-1) == 1:
        rest = product(d for d in sizes if d != -1)
        free = divide(total, rest)
        if free is None:
            _does_not_fit(x, sizes)
        sizes = [free if d == -1 else d for d in sizes]
    if product(sizes) != total:
        _does_not_fit(x, sizes)
    return tuple(sizes)


def _does_not_fit(x: Array, sizes: Sequence[DimLike]) -> NoReturn:
    broken(f"reshape: an array of shape {show_shape(x.shape)} does not become {show_shape(tuple(sizes))}")


@reads("reshape")
def _reshape(a: Arguments) -> Value:
    x = a.array("a")
    shape = a.take("shape", None)
    shape = a.option("newshape", shape)
    a.finish()
    return reshaped(x, target_shape(x, (shape,)))


@reads("ravel")
def _ravel(a: Arguments) -> Value:
    x = a.array("a")
    a.finish()
    return reshaped(x, (product(x.shape),))


@reads("transpose", "permute_dims")
def _transpose(a: Arguments) -> Value:
    x = a.array("a")
    axes = axes_of(a.take("axes", None), x, a.name)
    a.finish()
    return transposed(x, axes)


@reads("swapaxes", "moveaxis", "rollaxis")
def _exchange(a: Arguments) -> Value:
    x = a.array("a")
    given = [a.take("source"), a.take("destination")]
    a.finish()
    (first,), (second,) = (axes_of(whole(v, "an axis"), x, a.name) or () for v in given)
    order = list(range(x.node.ndim))
    if a.name.endswith("swapaxes"):
        order[first], order[second] = second, first
    elif a.name.endswith("moveaxis"):
        order.remove(first)
        order.insert(second, first)
    else:
        refuse("np.rollaxis is not read; use np.moveaxis")
    return transposed(x, order)


@reads("expand_dims")
def _expand(a: Arguments) -> Value:
    x = a.array("a")
    axis = whole(a.take("axis"), "the axis of expand_dims")
    a.finish()
    if not -x.node.ndim - 1 <= axis <= x.node.ndim:
        broken(f"expand_dims: shape {show_shape(x.shape)} has no place for an axis {axis}")
    at = axis % (x.node.ndim + 1)
    return reshaped(x, (*x.shape[:at], 1, *x.shape[at:]))


@reads("squeeze")
def _squeeze(a: Arguments) -> Value:
    x = a.array("a")
    axes = axes_of(a.take("axis", None), x, a.name)
    a.finish()
    gone = axes if axes is not None else [i for i, d in enumerate(x.shape) if d == 1]
    if any(x.shape[i] != 1 for i in gone):
        broken(f"squeeze: an axis of shape {show_shape(x.shape)} that is dropped is not of size 1")
    return reshaped(x, tuple(d for i, d in enumerate(x.shape) if i not in gone))


@reads("atleast_1d", "atleast_2d")
def _atleast(a: Arguments) -> Value:
    x = a.array("a")
    a.finish()
    rank = 1 if a.name.endswith("1d") else 2
    return reshaped(x, (*(1 for _ in range(rank - x.node.ndim)), *x.shape))


@reads("broadcast_to")
def _broadcast(a: Arguments) -> Value:
    x = a.array("array")
    shape = shape_from(a.take("shape"), "broadcast_to")
    a.finish()
    result = fresh(FUNCTIONS["broadcast"](x.node, shape), x.kind, contiguous=False)
    result.cell.readonly = "what np.broadcast_to gives"
    result.cell.doubt = x.cell.doubt = "np.broadcast_to is a view"
    return result


@reads("copy", "array", "asarray", "ascontiguousarray")
def _copy(a: Arguments) -> Value:
    given = a.take("a")
    x = as_array(given, f"the argument of {a.name}")
    dtype = a.take("dtype", None)
    a.finish()
    kind = x.kind if dtype is None else number_kind(dtype)
    name = a.name.rpartition(".")[2]
    if kind != x.kind:
        return as_kind(x, kind)
    if name == "asarray" or (name != "copy" and name != "array" and x.contiguous):
        return x
    result = fresh(x.node, x.kind, contiguous=x.contiguous or name == "ascontiguousarray")
    if name == "ascontiguousarray":
        result.cell.doubt = x.cell.doubt = "np.ascontiguousarray is a view or a copy"
    return result


# joins and repeats ------------------------------------------------------------------------------------------------


def _parts(a: Arguments) -> list[Array]:
    given = a.take("arrays")
    if isinstance(given, Array):
        refuse(f"{a.name} is read of a list of arrays")
    return [as_array(v) for v in given]


def _joined(parts: list[Array], axis: int) -> Array:
    try:
        node = concat([p.node for p in parts], axis)
    except ShapeError as error:
        broken(str(error).replace("concat", "concatenate"))
    return fresh(node, widest(parts), contiguous=all(p.contiguous for p in parts))


@reads("concatenate", "concat")
def _concatenate(a: Arguments) -> Value:
    parts = _parts(a)
    axis = a.take("axis", 0)
    a.finish()
    if axis is None:
        return _joined([reshaped(p, (product(p.shape),)) for p in parts], 0)
    return _joined(parts, whole(axis, "the axis"))


@reads("stack")
def _stack(a: Arguments) -> Value:
    parts = _parts(a)
    axis = whole(a.take("axis", 0), "the axis")
    a.finish()
    return fresh(FUNCTIONS["stack"]([p.node for p in parts], axis=axis), widest(parts))


@reads("vstack", "hstack", "column_stack", "row_stack")
def _side_by_side(a: Arguments) -> Value:
    parts = _parts(a)
    a.finish()
    name = a.name.rpartition(".")[2]
    flat = all(p.node.ndim == 1 for p in parts)
    if name in ("vstack", "row_stack"):
        return _joined([reshaped(p, (1, *p.shape)) if p.node.ndim == 1 else p for p in parts], 0)
    if name == "column_stack":
        parts = [reshaped(p, (*p.shape, 1)) if p.node.ndim == 1 else p for p in parts]
        return _joined(parts, 1)
    return _joined(parts, 0 if flat else 1)


@reads("split", "hsplit", "vsplit", "array_split")
def _split(a: Arguments) -> Value:
    x = a.array("ary")
    sections = a.take("indices_or_sections")
    axis = whole(a.take("axis", {"hsplit": 1}.get(a.name.rpartition(".")[2], 0)), "the axis")
    a.finish()
    (axis,) = axes_of(axis, x, a.name) or (0,)
    if isinstance(sections, tuple | list):
        cuts = [0, *(size_from(v, "split") for v in sections), x.shape[axis]]
    else:
        count = whole(sections, "the number of parts")
        each = divide(x.shape[axis], count)
        if each is None:
            refuse(f"an axis of size {x.shape[axis]} is not split into {count} equal parts for every size")
        cuts = [each * i for i in range(count + 1)]
    before = [Slice(None, None, None)] * axis
    return [view(x, [*before, Slice(lo, hi, None)]) for lo, hi in pairwise(cuts)]


@reads("tile")
def _tile(a: Arguments) -> Value:
    x = a.array("A")
    given = a.take("reps")
    a.finish()
    reps = list(shape_from(given, "tile"))
    node = reshape(x.node, (*(1 for _ in range(len(reps) - x.node.ndim)), *x.shape))
    reps = [*(1 for _ in range(node.ndim - len(reps))), *reps]
    return fresh(_repeated(node, reps, inner=False), x.kind)


@reads("repeat")
def _repeat(a: Arguments) -> Value:
    x = a.array("a")
    count = size_from(a.take("repeats"), "repeat")
    axis = a.take("axis", None)
    a.finish()
    node = x.node
    if axis is None:
        node, axis = reshape(node, (product(node.shape),)), 0
    reps: list[DimLike] = [1] * node.ndim
    reps[whole(axis, "the axis") % max(node.ndim, 1)] = count
    return fresh(_repeated(node, reps, inner=True), x.kind)


def _repeated(node: Node, reps: Sequence[DimLike], *, inner: bool) -> Node:
    """Each axis `reps` times as long: entry by entry (`inner`), or the whole axis again and again."""
    split: list[DimLike] = []
    wide: list[DimLike] = []
    for d, r in zip(node.shape, reps, strict=True):
        split += [d, 1] if inner else [1, d]
        wide += [d, r] if inner else [r, d]
    shape = tuple(d * r for d, r in zip(node.shape, reps, strict=True))
    return reshape(FUNCTIONS["broadcast"](reshape(node, tuple(split)), tuple(wide)), shape)


@reads("flip", "flipud", "fliplr")
def _flip(a: Arguments) -> Value:
    x = a.array("m")
    given = a.take("axis", None)
    a.finish()
    name = a.name.rpartition(".")[2]
    axes = {"flipud": (0,), "fliplr": (1,)}.get(name) or axes_of(given, x, a.name)
    chosen = range(x.node.ndim) if axes is None else axes
    return view(
        x, [Slice(None, None, -1) if i in chosen else Slice(None, None, None) for i in range(x.node.ndim)]
    )


@reads("lib.stride_tricks.sliding_window_view")
def _windows(a: Arguments) -> Value:
    x = a.array("x")
    sizes = a.take("window_shape")
    given = a.take("axis", None)
    a.finish()
    wanted = shape_from(sizes, "sliding_window_view")
    axes = axes_of(given, x, a.name)
    along = tuple(range(x.node.ndim)) if axes is None else axes
    if len(along) != len(wanted):
        broken("sliding_window_view: there has to be one size for each axis")
    result = fresh(FUNCTIONS["sliding_window"](x.node, wanted, axes=along), x.kind, contiguous=False)
    result.cell.readonly = "what sliding_window_view gives"
    result.cell.doubt = x.cell.doubt = "sliding_window_view is a view"
    return result


@reads("rot90")
def _rot90(a: Arguments) -> Value:
    x = a.array("m")
    turns = whole(a.take("k", 1), "k") % 4
    axes = axes_of(a.take("axes", (0, 1)), x, a.name) or (0, 1)
    a.finish()
    order = list(range(x.node.ndim))
    if turns % 2:
        order[axes[0]], order[axes[1]] = axes[1], axes[0]
    flipped = {0: (), 1: (axes[1],), 2: axes, 3: (axes[0],)}[turns]
    cut = view(x, [Slice(None, None, -1 if i in flipped else None) for i in range(x.node.ndim)])
    return transposed(cut, order)


@reads("pad")
def _pad(a: Arguments) -> Value:
    x = a.array("array")
    widths = a.take("pad_width")
    mode = a.take("mode", "constant")
    fill = a.option("constant_values", 0)
    a.finish()
    if mode != "constant":
        refuse("np.pad is read in the mode 'constant' only")
    if not is_number(fill) or not isinstance(widths, int | tuple | list):
        refuse("np.pad is read with one number to fill, and widths as ((1, 1), (0, 0))")
    given = list(widths) if isinstance(widths, tuple | list) else [widths]
    if len(given) == 2 and not any(isinstance(v, tuple | list) for v in given):
        given = [tuple(given)]
    pairs = [tuple(v) if isinstance(v, tuple | list) else (v, v) for v in given]
    pairs = [p * 2 if len(p) == 1 else p for p in pairs]
    pairs = pairs * x.node.ndim if len(pairs) == 1 else pairs
    return fresh(FUNCTIONS["pad"](x.node, pairs, fill), x.kind, contiguous=x.contiguous)
