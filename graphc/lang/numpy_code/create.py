"""Arrays from nothing: `np.zeros`, `np.ones_like`, `np.eye`, `np.arange`, `np.tril`; and sizes of arrays."""

from __future__ import annotations

from fractions import Fraction

from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import Dim, product
from graphc.lang.numpy_code.arguments import Arguments, number_kind, shape_from, size_from, whole
from graphc.lang.numpy_code.arithmetic import as_array, counted
from graphc.lang.numpy_code.arrays import Array, fresh
from graphc.lang.numpy_code.errors import refuse
from graphc.lang.numpy_code.numbers import Kind, is_whole, number_node
from graphc.lang.numpy_code.objects import Range, Value
from graphc.lang.numpy_code.table import reads
from graphc.ops.move import broadcast, expand_dims
from graphc.ops.pointwise import cast, where

_FILL = {"zeros": 0, "ones": 1}


def _kind(dtype: Value, default: Kind) -> Kind:
    return default if dtype is None else number_kind(dtype)


def _filled(value: Node, shape: tuple[int | Dim, ...], kind: Kind) -> Array:
    return fresh(broadcast(cast(value, "real") if kind == "float" else value, shape), kind)


@reads("zeros", "ones")
def _constant(a: Arguments) -> Value:
    shape = shape_from(a.take("shape"), a.name)
    kind = _kind(a.take("dtype", None), "float")
    a.finish()
    return _filled(number_node(_FILL[a.name.rpartition(".")[2]]), shape, kind)


@reads("zeros_like", "ones_like")
def _alike(a: Arguments) -> Value:
    x = a.array("a")
    kind = _kind(a.take("dtype", None), x.kind)
    a.finish()
    result = _filled(number_node(_FILL[a.name.rpartition(".")[2].removesuffix("_like")]), x.shape, kind)
    result.cell.contiguous = x.contiguous
    return result


@reads("full", "full_like")
def _full(a: Arguments) -> Value:
    like = a.name.endswith("_like")
    x = a.array("a") if like else None
    shape = x.shape if x is not None else shape_from(a.take("shape"), a.name)
    value = a.array("fill_value")
    kind = _kind(a.take("dtype", None), x.kind if x is not None else value.kind)
    a.finish()
    if kind != "float" and value.kind == "float":
        refuse(f"{a.name}: an array of whole numbers does not hold this value")
    return _filled(value.node, shape, kind)


@reads("empty", "empty_like")
def _empty(a: Arguments) -> Value:
    refuse(f"{a.name} holds anything at all until it is written; use np.zeros")


@reads("eye", "identity")
def _eye(a: Arguments) -> Value:
    rows = size_from(a.take("N"), a.name)
    columns = a.take("M", None)
    a.finish()
    return fresh(FUNCTIONS["eye"](rows, None if columns is None else size_from(columns, a.name)), "float")


@reads("arange")
def _arange(a: Arguments) -> Value:
    bounds = [size_from(v, "arange") for v in a.rest()]
    a.finish()
    if len(bounds) == 1:
        return counted(Range(0, bounds[0]))
    if len(bounds) == 3:
        return counted(Range(bounds[0], bounds[1], whole(bounds[2], "the step")))
    if len(bounds) != 2:
        refuse("np.arange is read as np.arange(N), np.arange(a, b) or np.arange(a, b, step)")
    return counted(Range(bounds[0], bounds[1]))


@reads("tril", "triu", "tri")
def _triangle(a: Arguments) -> Value:
    name = a.name.rpartition(".")[2]
    if name == "tri":
        refuse("np.tri is not read; use np.tril(np.ones((n, n)))")
    x = a.array("m")
    k = whole(a.take("k", 0), "k")
    a.finish()
    if x.node.ndim < 2:
        refuse(f"{a.name} is read of matrices")
    rows = expand_dims(FUNCTIONS["arange"](x.shape[-2]), 1)
    columns = expand_dims(FUNCTIONS["arange"](x.shape[-1]), 0)
    inside = columns <= rows + k if name == "tril" else columns >= rows + k
    return fresh(where(inside, x.node, 0), x.kind)


@reads("shape")
def _shape(a: Arguments) -> Value:
    x = a.array("a")
    a.finish()
    return tuple(x.shape)


@reads("ndim")
def _ndim(a: Arguments) -> Value:
    x = a.array("a")
    a.finish()
    return x.node.ndim


@reads("size")
def _size(a: Arguments) -> Value:
    x = a.array("a")
    axis = a.take("axis", None)
    a.finish()
    return product(x.shape) if axis is None else x.shape[whole(axis, "the axis")]


@reads("int32", "int64", "int_", "intp", "int8")
def _as_whole(a: Arguments) -> Value:
    x = a.take("x")
    a.finish()
    if is_whole(x):
        return x
    if isinstance(x, bool | Fraction):
        return int(x)
    return as_kind(as_array(x), "int")


def as_kind(x: Array, kind: Kind) -> Array:
    """`x.astype(kind)`: a copy; cutting reals off to whole numbers is not read."""
    if kind == x.kind or kind == "float":
        return fresh(x.node, kind, contiguous=x.contiguous)
    if kind == "bool":
        return fresh(FUNCTIONS["not_equal"](x.node, 0), "bool", contiguous=x.contiguous)
    if x.kind == "bool":
        return fresh(cast(x.node, "int"), "int", contiguous=x.contiguous)
    return refuse("cutting reals off to whole numbers is not read")


@reads("math.floor", "math.ceil")
def _rounded(a: Arguments) -> Value:
    x = a.take("x")
    a.finish()
    if is_whole(x):
        return x
    if not isinstance(x, Fraction):
        refuse(f"{a.name} is read of plain numbers")
    return x.numerator // x.denominator if a.name.endswith("floor") else -(-x.numerator // x.denominator)
