"""Indexing: gather and its adjoint scatter-add, argmax, iota, one-hot, and Python's `x[...]`."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

from graphc.ir.errors import DTypeError, ShapeError
from graphc.ir.node import Node, make
from graphc.ir.op import FUNCTIONS, Attrs, Op, function, register
from graphc.ir.types import Dim, DimLike, DType, Shape, broadcast_shapes, dim, promote, shape_of, show_shape
from graphc.ops.composite import composite, normal_axis
from graphc.ops.leaf import as_node, const
from graphc.ops.move import broadcast, expand_dims, reshape, slice_axis
from graphc.ops.pointwise import cast, equal

# gather and scatter-add -------------------------------------------------------------------------------------------
# `gather` picks x[..., i1, .., ik, ...]: the integer arrays broadcast together and replace the axes
# axis..axis+k-1. `scatter_add` adds updates into zeros at the same places, repeated places summed.


def _gathered(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    x, *indices = args
    axis: int = attrs[0]
    places = _places(indices, "gather")
    return (*x.shape[:axis], *places, *x.shape[axis + len(indices) :]), x.dtype


def _places(indices: list[Node], what: str) -> Shape:
    for i in indices:
        if i.dtype != "int":
            raise DTypeError(f"{what}: an index has to be of whole numbers (dtype 'int'), {i!r} is {i.dtype}")
    return broadcast_shapes([i.shape for i in indices], f"{what} (indices)")


def _scattered(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    shape, axis = attrs
    updates, *indices = args
    expected = (*shape[:axis], *_places(indices, "scatter_add"), *shape[axis + len(indices) :])
    if updates.shape != expected:
        raise ShapeError(
            f"scatter_add: updates of shape {show_shape(updates.shape)}, expected {show_shape(expected)}"
        )
    return shape, promote(["int", updates.dtype])


def _gather_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    x, *indices = node.args
    return make(SCATTER_ADD, (g, *indices), (x.shape, node.attrs[0])), *(None for _ in indices)


def _scatter_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    _, *indices = node.args
    return make(GATHER, (g, *indices), (node.attrs[1],)), *(None for _ in indices)


GATHER = register(
    Op(
        "gather",
        "index",
        _gathered,
        ("axis",),
        evaluate=lambda node, arrays, sizes, xp: xp.gather(arrays[0], arrays[1:], node.attrs[0]),
        vjp=_gather_vjp,
        linear=(0,),
    )
)
SCATTER_ADD = register(
    Op(
        "scatter_add",
        "index",
        _scattered,
        ("shape", "axis"),
        evaluate=lambda node, arrays, sizes, xp: xp.scatter_add(
            xp.shape(node.shape, sizes), arrays[0], arrays[1:], node.attrs[1]
        ),
        vjp=_scatter_vjp,
        linear=(0,),
    )
)


@function
def gather(x: Any, indices: Any, *, axis: int = 0) -> Node:
    """The entries of `x` along `axis` at integer `indices`, as NumPy's `take`."""
    x, indices = as_node(x), as_node(indices)
    return make(GATHER, (x, indices), (normal_axis("gather", axis, x),))


@function
def scatter_add(updates: Any, indices: Any, shape: Any, *, axis: int = 0) -> Node:
    """Zeros of `shape` with `updates` added at `indices` along `axis`; repeated indices add up."""
    updates, indices, target = as_node(updates), as_node(indices), shape_of(shape)
    if not -len(target) <= axis < len(target):
        raise ShapeError(f"scatter_add: shape {show_shape(target)} has no axis {axis}")
    return make(SCATTER_ADD, (updates, indices), (target, axis % len(target)))


@composite()
def embedding(table: Node, indices: Node) -> Node:
    """The rows of `table` (V, D) at integer `indices`, of any shape (...): the result is (..., D).

    The gradient adds up the upstream gradients of equal indices. Generated code refuses an index that is not from 0
    to V-1 where `indices` is an input. Raises ShapeError if `table` is not a matrix, DTypeError for real indices.
    """
    if table.ndim != 2:
        raise ShapeError(
            f"embedding: the table is a matrix with one row per index, not {show_shape(table.shape)}"
        )
    return gather(table, indices)


# argmax, iota, one-hot --------------------------------------------------------------------------------------------


def _arg(name: str) -> Op:
    return register(
        Op(
            name,
            "index",
            lambda args, attrs: (args[0].shape[: attrs[0]] + args[0].shape[attrs[0] + 1 :], "int"),
            ("axis",),
            evaluate=lambda node, arrays, sizes, xp: xp.arg(name, arrays[0], node.attrs[0]),
            vjp=lambda node, g: (None,),
        )
    )


ARGMAX, ARGMIN = _arg("argmax"), _arg("argmin")
IOTA = register(
    Op(
        "iota",
        "index",
        lambda args, attrs: ((attrs[0],), "int"),
        ("size",),
        evaluate=lambda node, arrays, sizes, xp: xp.iota(xp.extent(node.attrs[0], sizes)),
    )
)


@function
def argmax(x: Any, *, axis: int = -1) -> Node:
    """The index of the largest entry along `axis`, the first at a tie. It has no gradient."""
    x = as_node(x)
    return make(ARGMAX, (x,), (normal_axis("argmax", axis, x),))


@function
def argmin(x: Any, *, axis: int = -1) -> Node:
    """The index of the smallest entry along `axis`, the first at a tie. It has no gradient."""
    x = as_node(x)
    return make(ARGMIN, (x,), (normal_axis("argmin", axis, x),))


@function
def arange(n: str | DimLike) -> Node:
    """The whole numbers `0, 1, …, n-1`."""
    return make(IOTA, (), (dim(_extent(n)),))


def _extent(n: str | DimLike | Node) -> str | DimLike:
    """A size from a dim, a name, or the node that a size became in an expression."""
    if not isinstance(n, Node):
        return n
    if n.op.name == "size" or (n.op.name == "const" and n.attrs[0] == "int"):
        extent: DimLike = n.attrs[-1]
        return extent
    raise ShapeError(f"a size is a whole number or a name such as N, not {n!r}")


@composite(name="one_hot")
def _one_hot(labels: Node, *, depth: DimLike) -> Node:
    places = arange(depth)
    if depth in labels.shape:  # which axis is meant has to be written out
        places = reshape(places, (*(1 for _ in labels.shape), depth))
    return cast(equal(expand_dims(labels, -1), places), "real")


@function
def one_hot(labels: Any, depth: str | DimLike | Node) -> Node:
    """`one_hot(t, K)[..., k]` is 1 where `t == k`, else 0: a new last axis of size `depth`."""
    labels = as_node(labels)
    if labels.dtype != "int":
        raise DTypeError(f"one_hot: labels are whole numbers (dtype 'int'), {labels!r} is {labels.dtype}")
    return _one_hot(labels, depth=dim(_extent(depth)))


@function
def eye(n: str | DimLike | Node, m: str | DimLike | Node | None = None) -> Node:
    """The identity matrix, `n` by `n`, or `n` by `m`."""
    rows, columns = dim(_extent(n)), dim(_extent(n if m is None else m))
    return cast(equal(expand_dims(arange(rows), 1), expand_dims(arange(columns), 0)), "real")


@function
def full(shape: Any, value: Any) -> Node:
    """An array of `shape` with every entry `value`."""
    dims = shape if isinstance(shape, list | tuple) else (shape,)
    return broadcast(as_node(value), shape_of([_extent(d) for d in dims]))


@function
def zeros(shape: Any) -> Node:
    """An array of zeros."""
    return full(shape, const(0))


@function
def ones(shape: Any) -> Node:
    """An array of ones."""
    return full(shape, const(1))


# x[...] -----------------------------------------------------------------------------------------------------------


@function
def getitem(x: Node, key: Any) -> Node:
    """Python's indexing: whole numbers, slices, `None`, `...`, and integer arrays on adjacent axes.

    Integer arrays broadcast together, `z[arange(N), y]` picks `z[n, y[n]]`. Bounds must lie within the axis.
    """
    keys = _complete(x, key if isinstance(key, tuple) else (key,))
    advanced = [k for k in keys if _is_index(k)]
    if any(isinstance(k, Node) or not isinstance(k, int) for k in advanced):
        return _advanced(x, keys)
    axis = 0
    for k in keys:
        if k is None:
            x = expand_dims(x, axis)
        elif isinstance(k, slice):
            x = slice_axis(x, axis, k)
        else:
            x = _pick(x, axis, k)
            continue
        axis += 1
    return x


def _is_index(key: Any) -> bool:
    return key is not None and not isinstance(key, slice)


def _complete(x: Node, keys: tuple[Any, ...]) -> list[Any]:
    """The keys with numbers read out of constants, `...` spelled out and missing axes added."""
    plain = [
        k.attrs[1] if isinstance(k, Node) and k.op.name == "const" and k.attrs[0] == "int" else k
        for k in keys
    ]
    named = sum(k is not None and not isinstance(k, EllipsisType) for k in plain)
    if named > x.ndim:
        raise ShapeError(f"{named} indices for the {x.ndim} axes of shape {show_shape(x.shape)}")
    rest = [slice(None)] * (x.ndim - named)
    dots = [i for i, k in enumerate(plain) if isinstance(k, EllipsisType)]
    if len(dots) > 1:
        raise ShapeError("an index can have one '...' only")
    at = dots[0] if dots else len(plain)
    return [*plain[:at], *rest, *plain[at + len(dots) :]]


def _pick(x: Node, axis: int, index: DimLike) -> Node:
    extent = x.shape[axis]
    if isinstance(index, int) and isinstance(extent, int) and not -extent <= index < extent:
        raise ShapeError(f"index {index} is outside axis {axis} of shape {show_shape(x.shape)}")
    if isinstance(index, int) and index < 0:
        index = extent + index
    one = slice_axis(x, axis, slice(index, index + 1))
    return reshape(one, x.shape[:axis] + x.shape[axis + 1 :])


def _advanced(x: Node, keys: list[Any]) -> Node:
    """Slices first, then one gather over the adjacent axes that have integer arrays."""
    if any(k is None for k in keys):
        raise ShapeError(
            "a new axis cannot stand beside integer arrays in one index; add it with expand_dims"
        )
    places = [i for i, k in enumerate(keys) if _is_index(k)]
    if places != list(range(places[0], places[-1] + 1)):
        raise ShapeError("integer arrays in an index must stand on adjacent axes")
    for axis, k in enumerate(keys):
        if isinstance(k, slice):
            x = slice_axis(x, axis, k)
    indices = [as_node(k) if not isinstance(k, Dim) else FUNCTIONS["size"](k) for k in keys if _is_index(k)]
    return make(GATHER, (x, *indices), (places[0],))
