"""`x[key] = v` and `x[key] += v`: written through views, under masks, and at labels."""

from __future__ import annotations

from graphc.ir.node import Node
from graphc.ir.types import Shape, show_shape
from graphc.lang.numpy_code.arithmetic import as_array, binary
from graphc.lang.numpy_code.arrays import Array, Selection, fresh, is_zero
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.labels import Labelled, at_labels, repeats_nothing
from graphc.lang.numpy_code.memory import check_writable, increase, replace, scale
from graphc.lang.numpy_code.numbers import Kind
from graphc.lang.numpy_code.objects import Value
from graphc.lang.numpy_code.subscript import WHOLE, Key, keys_of, mask_of, view
from graphc.ops.leaf import constant_value
from graphc.ops.pointwise import mul, where


def assign(x: Array, key: Value, value: Value) -> None:
    """`x[key] = value`."""
    keys = keys_of(key)
    mask = mask_of(keys, x.shape)
    if mask is not None:
        check_writable(x, _kind(value), in_place=False)
        replace(x, where(mask, _under(mask, value, x.shape), x.node))
        return
    given = as_array(value)
    check_writable(x, given.kind, in_place=False)
    found = _labelled(x, keys, given.node)
    if found is None:
        replace(view(x, _without_counts(keys)), given.node)
        return
    old, put = found.part.node, _times(found)
    replace(found.part, put if is_zero(old) else old * (1 - found.hot) + put)


def update(x: Array, key: Value, op: str, value: Value) -> None:
    """`x[key] op= value`, for op add, sub, mul, div, pow and the like."""
    keys = keys_of(key)
    mask = mask_of(keys, x.shape)
    if mask is not None:
        result = binary(op, Selection(x.node, mask, x.kind), value)
        check_writable(x, result.kind, in_place=True)
        replace(x, where(mask, result.full, x.node))
        return
    if not any(isinstance(k, Array) for k in keys):
        in_place(view(x, keys), op, value)
        return
    given = as_array(value)
    found = _labelled(x, keys, given.node)
    if found is None:
        in_place(view(x, _without_counts(keys)), op, value)
        return
    _update_labels(found, op, given)


def add_at(x: Array, key: Value, value: Value, *, sign: int) -> bool:
    """`np.add.at(x, key, value)` where no place can repeat; False where places may."""
    keys = keys_of(key)
    if any(isinstance(k, Array) and k.kind == "bool" for k in keys):
        update(x, key, "add" if sign > 0 else "sub", value)
        return True
    if any(isinstance(k, Array) and k.shape for k in keys) and not repeats_nothing(x, keys):
        return False
    update(x, key, "add" if sign > 0 else "sub", value)
    return True


def in_place(x: Array, op: str, value: Value) -> None:
    """`x op= value` of a whole array or view: its memory changes."""
    given = as_array(value)
    result = binary(op, x, given)
    check_writable(x, result.kind, in_place=True)
    if result.shape != x.shape:
        broken(
            f"a result of shape {show_shape(result.shape)} does not fit in place into {show_shape(x.shape)}"
        )
    if op in ("add", "sub") and x.kind != "bool":
        increase(x, given.node, sign=1 if op == "add" else -1)
    elif op in ("mul", "div") and x.kind != "bool":
        scale(x, given.node, divide=op == "div")
    else:
        replace(x, result.node)


def _kind(value: Value) -> Kind:
    return value.kind if isinstance(value, Selection) else as_array(value).kind


def _under(mask: Node, value: Value, shape: Shape) -> Node:
    """What is written under a mask: one number, or what the same mask picks elsewhere."""
    if isinstance(value, Selection):
        if value.mask is not mask or value.full.shape != shape:
            refuse("x[a] = y[b] is read where both have the same mask and shape; use np.where")
        return value.full
    node = as_array(value).node
    if node.ndim:
        refuse("x[mask] = v is read for a single number v, or for y[mask]; use np.where(mask, v, x)")
    return node


def _labelled(x: Array, keys: Key, value: Node) -> Labelled | None:
    return at_labels(x, keys, value) if any(isinstance(k, Array) for k in keys) else None


def _without_counts(keys: Key) -> Key:
    """The index with `np.arange(N)`, alone and over a whole axis, written `:`."""
    return [WHOLE if isinstance(k, Array) else k for k in keys]


def _times(found: Labelled) -> Node:
    return found.hot if constant_value(found.value) == 1 else mul(found.hot, found.value)


def _update_labels(found: Labelled, op: str, given: Array) -> None:
    old = found.part
    changed = binary(op, old, fresh(found.value, given.kind))
    check_writable(old, changed.kind, in_place=True)
    if op in ("add", "sub"):
        increase(old, _times(found), sign=1 if op == "add" else -1)
    else:
        replace(old, old.node * (1 - found.hot) + changed.node * found.hot)
