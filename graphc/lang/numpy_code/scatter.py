"""`np.add.at`, `np.fill_diagonal` and `np.take_along_axis`: NumPy's ways to write and pick entries by number."""

from __future__ import annotations

from graphc.ir.node import Node, make
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import broadcast_shapes
from graphc.lang.numpy_code.arguments import Arguments, axes_of, whole
from graphc.lang.numpy_code.arithmetic import as_array
from graphc.lang.numpy_code.arrays import Array, fresh
from graphc.lang.numpy_code.errors import refuse
from graphc.lang.numpy_code.memory import check_writable, fit, increase
from graphc.lang.numpy_code.objects import Value
from graphc.lang.numpy_code.store import add_at, assign
from graphc.lang.numpy_code.subscript import WHOLE, complete, keys_of
from graphc.lang.numpy_code.table import reads
from graphc.ops.index import GATHER, SCATTER_ADD
from graphc.ops.move import expand_dims


@reads("add.at", "subtract.at")
def _add_at(a: Arguments) -> Value:
    x, key = a.take("a"), a.take("indices")
    value = a.array("b")
    a.finish()
    sign = -1 if "subtract" in a.name else 1
    if not isinstance(x, Array):
        refuse(f"{a.name} is read of an array")
    check_writable(x, value.kind, in_place=True)
    if not add_at(x, key, value, sign=sign):
        increase(x, _scattered(x, key, value.node), sign=sign)


def _scattered(x: Array, key: Value, value: Node) -> Node:
    """Zeros of the shape of `x` with `value` added at places that may repeat."""
    keys = complete(keys_of(key), x.shape)
    axes = [axis for axis, k in enumerate(keys) if isinstance(k, Array)]
    if any(not isinstance(k, Array) and k != WHOLE for k in keys) or axes != [*range(axes[0], axes[-1] + 1)]:
        refuse("np.add.at is read with whole-number arrays side by side, and `:` besides")
    indices = [k.node for k in keys if isinstance(k, Array)]
    places = broadcast_shapes([i.shape for i in indices], "np.add.at")
    shape = (*x.shape[: axes[0]], *places, *x.shape[axes[-1] + 1 :])
    return make(SCATTER_ADD, (fit(value, shape), *indices), (x.shape, axes[0]))


@reads("fill_diagonal")
def _fill_diagonal(a: Arguments) -> Value:
    x, value = a.take("a"), a.take("val")
    a.finish()
    if not isinstance(x, Array) or x.node.ndim != 2 or x.shape[0] != x.shape[1]:
        refuse("np.fill_diagonal is read of a square matrix")
    places = fresh(FUNCTIONS["arange"](x.shape[0]), "int")
    assign(x, (places, places), value)


@reads("take")
def _take(a: Arguments) -> Value:
    x, indices = a.array("a"), a.array("indices")
    axis = a.take("axis", None)
    a.finish()
    if axis is None or indices.kind != "int":
        refuse("np.take is read with whole numbers and an axis")
    (counted,) = axes_of(whole(axis, "the axis"), x, a.name) or ()
    return fresh(make(GATHER, (x.node, indices.node), (counted,)), x.kind)


@reads("take_along_axis")
def _take_along(a: Arguments) -> Value:
    x, indices = a.array("arr"), a.array("indices")
    axis = whole(a.take("axis"), "the axis")
    a.finish()
    (counted,) = axes_of(axis, x, a.name) or ()
    last = x.node.ndim - 1
    if (
        counted != last
        or indices.shape[-1] != 1
        or indices.shape[:-1] != x.shape[:-1]
        or indices.kind != "int"
    ):
        refuse("np.take_along_axis is read for one label per row, along the last axis")
    label = FUNCTIONS["reshape"](indices.node, indices.shape[:-1])
    hot = FUNCTIONS["one_hot"](label, x.shape[-1])
    picked = FUNCTIONS["sum"](x.node * hot, axis=last)
    return fresh(expand_dims(picked, last), as_array(x).kind)
