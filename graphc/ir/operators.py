"""Python's operators on nodes, each a call of the builder of the same name in the function table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphc.ir.op import FUNCTIONS
from graphc.ir.types import DimLike

if TYPE_CHECKING:
    from graphc.ir.node import Node

Operand = Any  # a Node or a number; the builder checks it
Axis = int | Sequence[int] | None


def _call(name: str, *args: Any, **keywords: Any) -> Node:
    result: Node = FUNCTIONS[name](*args, **keywords)
    return result


class Operators:
    """What a node can do in an expression. `==` stays identity: `graphc.equal` compares values."""

    __slots__ = ()
    __array_ufunc__ = None  # so that `ndarray * node` comes to us as one operand
    __iter__ = None  # a node of symbolic length cannot be unpacked

    def __add__(self, other: Operand) -> Node:
        return _call("add", self, other)

    def __radd__(self, other: Operand) -> Node:
        return _call("add", other, self)

    def __sub__(self, other: Operand) -> Node:
        return _call("sub", self, other)

    def __rsub__(self, other: Operand) -> Node:
        return _call("sub", other, self)

    def __mul__(self, other: Operand) -> Node:
        return _call("mul", self, other)

    def __rmul__(self, other: Operand) -> Node:
        return _call("mul", other, self)

    def __truediv__(self, other: Operand) -> Node:
        return _call("div", self, other)

    def __rtruediv__(self, other: Operand) -> Node:
        return _call("div", other, self)

    def __pow__(self, other: Operand) -> Node:
        return _call("pow", self, other)

    def __rpow__(self, other: Operand) -> Node:
        return _call("pow", other, self)

    def __matmul__(self, other: Operand) -> Node:
        return _call("matmul", self, other)

    def __rmatmul__(self, other: Operand) -> Node:
        return _call("matmul", other, self)

    def __neg__(self) -> Node:
        return _call("neg", self)

    def __pos__(self) -> Operators:
        return self

    def __abs__(self) -> Node:
        return _call("abs", self)

    def __lt__(self, other: Operand) -> Node:
        return _call("less", self, other)

    def __le__(self, other: Operand) -> Node:
        return _call("less_equal", self, other)

    def __gt__(self, other: Operand) -> Node:
        return _call("greater", self, other)

    def __ge__(self, other: Operand) -> Node:
        return _call("greater_equal", self, other)

    def __getitem__(self, key: Any) -> Node:
        return _call("getitem", self, key)

    def __bool__(self) -> bool:
        raise TypeError("a node has no truth value: use graphc.where(condition, a, b)")

    @property
    def T(self) -> Node:
        return _call("transpose", self)

    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> Node:
        return _call("sum", self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> Node:
        return _call("mean", self, axis=axis, keepdims=keepdims)

    def max(self, axis: Axis = None, *, keepdims: bool = False) -> Node:
        return _call("max", self, axis=axis, keepdims=keepdims)

    def min(self, axis: Axis = None, *, keepdims: bool = False) -> Node:
        return _call("min", self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: str | DimLike) -> Node:
        return _call("reshape", self, shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape)
