"""Attributes and methods of values: `x.T`, `x.sum(axis=0)`, `x.shape`, `list.append`, `dict.items`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphc.ir.types import product
from graphc.lang.numpy_code.arguments import Arguments, number_kind
from graphc.lang.numpy_code.arithmetic import as_array
from graphc.lang.numpy_code.arrays import Array, Selection, fresh
from graphc.lang.numpy_code.create import as_kind
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.moves import reshaped, target_shape, transposed
from graphc.lang.numpy_code.numbers import is_whole
from graphc.lang.numpy_code.objects import NumberType, Value
from graphc.lang.numpy_code.products import dotted
from graphc.lang.numpy_code.store import assign
from graphc.lang.numpy_code.table import TABLE

# Methods of an array that are the function of NumPy with the array first.
_AS_FUNCTION = frozenset(
    [
        "sum",
        "mean",
        "max",
        "min",
        "prod",
        "var",
        "std",
        "argmax",
        "argmin",
        "any",
        "all",
        "cumsum",
        "cumprod",
        "clip",
        "squeeze",
        "swapaxes",
        "ravel",
        "repeat",
        "trace",
        "diagonal",
        "take",
        "nonzero",
    ]
)


def attribute(value: Array, name: str) -> Value:
    """`x.T`, `x.shape` and the like; None for what is no attribute but perhaps a method."""
    if name == "T":
        return transposed(value)
    if name == "mT":
        order = list(range(value.node.ndim))
        order[-2:] = reversed(order[-2:])
        return transposed(value, order)
    if name == "shape":
        return tuple(value.shape)
    if name == "ndim":
        return value.node.ndim
    if name == "size":
        return product(value.shape)
    if name == "dtype":
        return NumberType(value.kind)
    if name == "real":
        return value
    return None


def call(value: Value, name: str, given: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    """`value.name(...)`."""
    if isinstance(value, dict):
        return _of_dict(value, name, given, keywords)
    if isinstance(value, list | tuple):
        return _of_list(value, name, given)
    if isinstance(value, str):
        return _of_text(value, name, given)
    if is_whole(value):
        refuse(f"`.{name}` of a number is not read")
    if isinstance(value, Selection):
        if name in ("sum", "mean"):
            return TABLE[name](Arguments(f".{name}", [value, *given], keywords))
        refuse(f"`.{name}` of x[mask] is not read; use np.where")
    return _of_array(as_array(value), name, given, keywords)


def _of_array(x: Array, name: str, given: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    if name in _AS_FUNCTION:
        return TABLE[name](Arguments(f".{name}", [x, *given], keywords))
    a = Arguments(f".{name}", given, keywords)
    if name == "dot":
        other = a.take("b")
        a.finish()
        return dotted(x, other)
    if name == "reshape":
        sizes = a.rest() or [a.option("shape")]
        a.finish()
        return reshaped(x, target_shape(x, sizes))
    if name == "transpose":
        axes = a.rest()
        a.finish()
        return TABLE["transpose"](Arguments(".transpose", [x, _axes(axes)], {}))
    if name == "astype":
        kind = number_kind(a.take("dtype"))
        a.finish()
        return as_kind(x, kind)
    if name in ("copy", "flatten"):
        a.finish()
        copied = fresh(x.node, x.kind)
        return copied if name == "copy" else reshaped(copied, (product(x.shape),))
    if name == "fill":
        value = a.take("value")
        a.finish()
        assign(x, Ellipsis, value)
        return None
    if name == "item" and not x.shape:
        a.finish()
        return x
    return refuse(f"the method `.{name}` of an array is not read")


def _axes(given: list[Value]) -> Value:
    if not given or given == [None]:
        return None
    return given[0] if len(given) == 1 and isinstance(given[0], tuple | list) else tuple(given)


def _of_dict(
    value: dict[Value, Value], name: str, given: Sequence[Value], keywords: Mapping[str, Value]
) -> Value:
    if name == "get" and 1 <= len(given) <= 2:
        return value.get(given[0], given[1] if len(given) == 2 else None)
    if name == "update":
        for other in given:
            if not isinstance(other, dict):
                refuse("a dictionary is updated with a dictionary")
            value.update(other)
        value.update(keywords)
        return None
    if name == "pop" and given and given[0] in value:
        return value.pop(given[0])
    if name == "setdefault" and len(given) == 2:
        return value.setdefault(*given)
    if name in ("items", "keys", "values", "copy") and not given:
        listed = {"items": list(value.items()), "keys": list(value), "values": list(value.values())}
        return listed[name] if name in listed else dict(value)
    return refuse(f"the method `.{name}` of a dictionary is not read")


def _of_list(value: list[Value] | tuple[Value, ...], name: str, given: Sequence[Value]) -> Value:
    if isinstance(value, list):
        if name == "append" and len(given) == 1:
            return value.append(given[0])
        if name == "extend" and len(given) == 1 and isinstance(given[0], list | tuple):
            return value.extend(given[0])
        if name == "insert" and len(given) == 2 and isinstance(given[0], int):
            return value.insert(given[0], given[1])
        if name == "pop" and len(given) <= 1 and all(isinstance(g, int) for g in given):
            if not value:
                broken("pop from an empty list")
            return value.pop(*given)
        if name == "reverse" and not given:
            return value.reverse()
        if name == "copy" and not given:
            return list(value)
    return refuse(f"the method `.{name}` of a list is not read")


def _of_text(value: str, name: str, given: Sequence[Value]) -> Value:
    plain = all(isinstance(g, str) for g in given)
    if plain and name in ("startswith", "endswith", "replace", "split", "lower", "upper", "strip"):
        return getattr(value, name)(*given)
    if name == "format" and all(isinstance(g, str | int) for g in given) and "{" in value:
        parts = value.split("{}")
        if len(parts) == len(given) + 1 and not any(c in "".join(parts) for c in "{}"):
            return "".join(p + s for p, s in zip(parts, [*map(str, given), ""], strict=True))
    return refuse(f"the method `.{name}` of a text is not read")
