"""The arguments of a call: by place and by keyword, axes and shapes among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphc.ir.types import DimLike, Shape, show_shape
from graphc.lang.numpy_code.arithmetic import as_array
from graphc.lang.numpy_code.arrays import Array
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.numbers import Kind, is_whole
from graphc.lang.numpy_code.objects import Builtin, External, NumberType, Value
from graphc.ops.leaf import constant_value

MISSING = object()


class Arguments:
    """What a call gives. Each is taken out by its name; `finish` refuses what is left."""

    __slots__ = ("_given", "_keywords", "name")

    def __init__(self, name: str, given: Sequence[Value], keywords: Mapping[str, Value]) -> None:
        self.name = name
        self._given = list(given)
        self._keywords = dict(keywords)

    def take(self, name: str, default: Value = MISSING) -> Value:
        """The next argument by place, or the one of this name."""
        if self._given:
            if name in self._keywords:
                broken(f"{self.name} is given `{name}` twice")
            return self._given.pop(0)
        return self.option(name, default)

    def option(self, name: str, default: Value = MISSING) -> Value:
        """The argument of this name."""
        found = self._keywords.pop(name, default)
        if found is MISSING:
            broken(f"{self.name} needs `{name}`")
        return found

    def array(self, name: str) -> Array:
        """The next argument as an array."""
        return as_array(self.take(name), f"`{name}` of {self.name}")

    def rest(self) -> list[Value]:
        """All that is left by place."""
        found, self._given = self._given, []
        return found

    def finish(self) -> None:
        """Refuse arguments that were not taken; a `dtype` of floats changes nothing."""
        dtype = self._keywords.pop("dtype", None)
        if dtype is not None and number_kind(dtype) != "float":
            refuse(f"{self.name} is read with a dtype of floats only")
        for silent in ("order", "copy", "optimize", "casting"):
            self._keywords.pop(silent, None)
        if self._given:
            refuse(f"{self.name} is read with fewer arguments than these")
        if self._keywords.get("out", self) is None:
            del self._keywords["out"]
        if self._keywords:
            refuse(f"the option `{next(iter(self._keywords))}` of {self.name} is not read")


def number_kind(value: Value) -> Kind:
    """`bool`, `int` or `float` of a dtype: a type, `np.float32`, or a text."""
    if isinstance(value, NumberType):
        return value.kind
    name = value.path.rpartition(".")[2] if isinstance(value, External) else value
    name = name.name if isinstance(name, Builtin) else name
    if isinstance(name, str):
        for kind, words in _KINDS.items():
            if name.lower().rstrip("0123456789_") in words:
                return kind
    return refuse("this is not a type of numbers that is read, such as float, int or np.float32")


_KINDS: dict[Kind, tuple[str, ...]] = {
    "float": ("float", "double", "f", "single"),
    "int": ("int", "uint", "long", "i"),
    "bool": ("bool",),
}


def whole(value: Value, what: str) -> int:
    """A plain whole number."""
    if isinstance(value, Array) and not value.shape and value.kind == "int":
        exact = constant_value(value.node)
        value = int(exact) if exact is not None else value
    if not isinstance(value, int) or isinstance(value, bool):
        refuse(f"{what} has to be a plain whole number here")
    return value


def axes_of(value: Value, array: Array, name: str) -> tuple[int, ...] | None:
    """An axis or several, counted from 0; None for all."""
    if value is None:
        return None
    given = value if isinstance(value, tuple | list) else (value,)
    axes = tuple(whole(v, f"the axis of {name}") for v in given)
    ndim = len(array.shape)
    for axis in axes:
        if not -ndim <= axis < ndim:
            broken(f"{name}: shape {show_shape(array.shape)} has no axis {axis}")
    if len({a % ndim for a in axes}) < len(axes):
        broken(f"{name}: an axis is named twice")
    return tuple(a % ndim for a in axes)


def shape_from(value: Value, what: str) -> Shape:
    """A shape: a size, or a tuple or list of sizes."""
    given = value if isinstance(value, tuple | list) else (value,)
    return tuple(size_from(v, what) for v in given)


def size_from(value: Value, what: str) -> DimLike:
    """One size: a whole number, or one such as `N`."""
    if is_whole(value):
        return value
    return whole(value, f"a size in {what}")


def truth(value: Value, what: str) -> bool:
    """A plain True or False."""
    if value in (True, False) and isinstance(value, bool | int):
        return bool(value)
    return refuse(f"{what} is True or False")
