"""`x[key]`, read: views for numbers and slices, picked entries for whole-number arrays, selections for masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import EllipsisType

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import Dim, DimLike, Shape, broadcast_shapes, show_shape
from graphc.lang.numpy_code.arithmetic import as_array, counted
from graphc.lang.numpy_code.arrays import Array, Cut, Selection, Shaped, fresh
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.numbers import is_whole, number_node
from graphc.lang.numpy_code.objects import Places, Range, Value
from graphc.ops.leaf import constant_value
from graphc.ops.move import SLICE, reshape, slice_axis


@dataclass(frozen=True, slots=True)
class Slice:
    """`start:stop:step` of an index."""

    start: Value
    stop: Value
    step: Value


WHOLE = Slice(None, None, None)
Key = list[Value]  # one entry per index: None, a Slice, a whole number, or an Array of whole numbers


def keys_of(key: Value) -> Key:
    """The indices one by one, ranges and lists made arrays, single numbers read out of arrays."""
    given = list(key) if isinstance(key, tuple) else [key]
    found: Key = []
    for k in given:
        if isinstance(k, Range):
            k = counted(k)
        elif isinstance(k, list):
            k = as_array(k)
        if isinstance(k, Array) and not k.shape and k.kind == "int":
            exact = constant_value(k.node)
            k = int(exact) if exact is not None else k
        found.append(k)
    return found


def mask_of(keys: Key, shape: Shape) -> Node | None:
    """The mask, broadcast over the axes after its own, if the index is one."""
    if len(keys) != 1:
        if any(isinstance(k, Places) or (isinstance(k, Array) and k.kind == "bool") for k in keys):
            return _mask_first(keys, shape)
        return None
    key = keys[0].mask if isinstance(keys[0], Places) else keys[0]
    if isinstance(key, bool):
        refuse("a single True or False as an index is not read")
    if not isinstance(key, Array) or key.kind != "bool":
        return None
    node = key.node
    if node.shape != shape[: node.ndim]:
        broken(
            f"a mask of shape {show_shape(node.shape)} does not index an array of shape {show_shape(shape)}"
        )
    return reshape(node, (*node.shape, *(1 for _ in range(len(shape) - node.ndim))))


def _mask_first(keys: Key, shape: Shape) -> Node:
    """`x[mask, :]` is `x[mask]`."""
    if any(k != WHOLE and k is not Ellipsis for k in keys[1:]):
        refuse("a mask beside other indices is not read; use np.where, or one mask for the whole array")
    found = mask_of(keys[:1], shape)
    if found is None:
        refuse("a mask beside other indices is not read; use np.where, or one mask for the whole array")
    return found


def read(x: Array, key: Value) -> Array | Selection:
    """`x[key]`."""
    keys = keys_of(key)
    mask = mask_of(keys, x.shape)
    if mask is not None:
        return Selection(x.node, mask, x.kind)
    if any(isinstance(k, Array) for k in keys):
        return _picked(x, keys)
    part = view(x, keys)
    single = all(is_whole(k) for k in keys) and not part.node.ndim
    return fresh(part.node, x.kind) if single else part  # one entry is a number, not a view


def view(x: Array, keys: Key) -> Array:
    """Numbers, slices, new axes and `...`: the same memory, cut."""
    keys = complete(keys, x.shape)
    base = x.node
    cut, axis = base, 0
    slices: list[tuple[DimLike, int, DimLike]] = []
    shape: list[DimLike] = []
    for k in keys:
        if k is None:
            shape.append(1)
            continue
        piece = slice_axis(cut, axis, _python_slice(k, base.shape[axis], axis, base.shape))
        taken = piece is not cut and piece.op is SLICE
        slices.append(piece.attr("slices")[axis] if taken else (0, 1, base.shape[axis]))
        if isinstance(k, Slice):
            shape.append(slices[-1][2])
        axis += 1
    step = Cut(tuple(slices))
    part = x if step.get(base) is base else x.seen(step)
    return part if part.shape == tuple(shape) else part.seen(Shaped(tuple(shape)))


def complete(keys: Key, shape: Shape) -> Key:
    """The keys with `...` spelt out and missing axes added."""
    named = sum(k is not None and not isinstance(k, EllipsisType) for k in keys)
    if named > len(shape):
        broken(f"{named} indices for the {len(shape)} axes of shape {show_shape(shape)}")
    dots = [i for i, k in enumerate(keys) if isinstance(k, EllipsisType)]
    if len(dots) > 1:
        broken("an index can have one '...' only")
    at = dots[0] if dots else len(keys)
    rest = [WHOLE] * (len(shape) - named)
    full = [*keys[:at], *rest, *keys[at + len(dots) :]]
    for k in full:
        if not (k is None or isinstance(k, Slice | Array) or is_whole(k)):
            refuse("an index is a whole number, a slice, None, a mask, or an array of whole numbers")
    return full


def _python_slice(k: Value, extent: DimLike, axis: int, shape: Shape) -> slice:
    if isinstance(k, Slice):
        bounds = [_bound(b) for b in (k.start, k.stop)]
        step = _bound(k.step)
        if not (step is None or isinstance(step, int)):
            refuse("the step of a slice is a number")
        return slice(bounds[0], bounds[1], step)
    if isinstance(k, int) and isinstance(extent, int) and not -extent <= k < extent:
        broken(f"index {k} is outside axis {axis} of shape {show_shape(shape)}")
    first = extent + k if isinstance(k, int) and k < 0 else k
    return slice(first, first + 1)


def _bound(value: Value) -> int | Dim | None:
    if value is None or is_whole(value):
        return value
    if isinstance(value, Array) and not value.shape:
        exact = constant_value(value.node)
        if exact is not None and exact.denominator == 1 and value.kind == "int":
            return int(exact)
    return refuse("a slice runs between whole numbers or sizes")


def _picked(x: Array, keys: Key) -> Array:
    """`x[rows, labels]`: entries picked by whole numbers, a copy."""
    keys = complete(keys, x.shape)
    for k in keys:
        if isinstance(k, Array) and k.kind != "int":
            refuse("an index is of whole numbers or a mask; declare labels with `input(N, dtype=int)`")
    axes = [k for k in keys if k is not None]
    if len(axes) < len(keys):
        refuse("a new axis beside whole-number arrays in one index is not read; add it after")
    broadcast_shapes([k.node.shape for k in keys if isinstance(k, Array)], "index")
    hot = _one_hot_row(x, keys)
    if hot is not None:
        return fresh(hot, x.kind)
    given = [_index_entry(k, x.shape, axis) for axis, k in enumerate(keys)]
    try:
        node = FUNCTIONS["getitem"](x.node, tuple(given))
    except ShapeError as error:
        refuse(f"this index is not read: {error}")
    return fresh(node, x.kind, contiguous=not any(isinstance(k, Slice) for k in keys[:1]))


def _index_entry(k: Value, shape: Shape, axis: int) -> slice | int | Dim | Node:
    if isinstance(k, Array):
        return k.node
    if isinstance(k, Slice):
        return _python_slice(k, shape[axis], axis, shape)
    return number_node(k) if isinstance(k, Dim) else k


def _one_hot_row(x: Array, keys: Sequence[Value]) -> Node | None:
    """`np.eye(K)[y]`, the usual way to write one-hot labels, as what it is."""
    if x.node.ndim != 2 or x.shape[0] != x.shape[1] or not isinstance(keys[0], Array) or keys[1] != WHOLE:
        return None
    if x.node is not FUNCTIONS["eye"](x.shape[0]):
        return None
    return FUNCTIONS["one_hot"](keys[0].node, x.shape[0])
