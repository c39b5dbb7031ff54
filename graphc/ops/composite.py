"""Composites: named operations whose meaning is a graph of other operations.

    @composite(symbol="σ", stable=lambda x: ...)
    def sigmoid(x):
        return 1 / (1 + exp(-x))

declares the operation, its shapes, its values, its gradient and its picture, all from the body. Positional
parameters are operands, keyword-only parameters are attributes; an attribute called `axis` is stored counted from 0,
one annotated `Literal["valid", "same"]` takes these words. The last operand may be left out if its default is None.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable
from fractions import Fraction
from functools import update_wrapper
from numbers import Number
from operator import add, mul, neg, sub, truediv
from typing import Any

from graphc.ir.errors import DTypeError, ShapeError
from graphc.ir.node import Node, make, topological
from graphc.ir.op import FUNCTIONS, Attrs, Op, register
from graphc.ir.types import DType, Shape, broadcast_shapes, show_shape
from graphc.ops.leaf import as_node, constant_value, input_
from graphc.ops.words import check_words, words

Body = Callable[..., Node]


def composite(
    *,
    name: str = "",
    symbol: str = "",
    stable: Body | None = None,
    elementwise: bool = False,
    derivatives: tuple[Body | None, ...] | None = None,
) -> Callable[[Body], Body]:
    """Declare a composite by its body; `stable` is a second definition, proved equal, that is lowered instead."""

    def declare(body: Body) -> Body:
        operands, attrs = _parameters(body)

        def infer(args: tuple[Node, ...], values: Attrs) -> tuple[Shape, DType]:
            if elementwise:
                return broadcast_shapes([a.shape for a in args], body.__name__), _dtype(body, args, values)
            opened = body(*args, **dict(zip(attrs, values, strict=True)))
            return opened.shape, opened.dtype

        op = register(
            Op(
                name or body.__name__,
                "composite",
                infer,
                tuple(attrs),
                body=body,
                stable=stable,
                derivatives=derivatives,
                symbol=symbol or name or body.__name__,
                elementwise=elementwise,
            )
        )

        def build(*args: Any, **given: Any) -> Node:
            nodes = tuple(_operand(op.name, a) for a in _given_operands(op.name, operands, args, given))
            unknown = sorted(set(given) - set(attrs) - set(operands))
            if unknown:
                raise TypeError(
                    f"{op.name} has no option {unknown[0]!r}; it has {', '.join(attrs) or 'none'}"
                )
            check_words(op.name, body, **given)
            chosen = words(body)
            values = tuple(
                _attribute(op.name, k, given.get(k, v), nodes[0], None if k in chosen else v)
                for k, v in attrs.items()
            )
            return make(op, nodes, values)

        update_wrapper(build, body)
        FUNCTIONS[op.name] = build
        return build

    return declare


def _given_operands(
    op: str, operands: dict[str, bool], args: tuple[Any, ...], given: dict[str, Any]
) -> list[Any]:
    """The operands of a call, by place or by keyword; the last may be left out where its default is None."""
    later = [*operands][len(args) :]
    found = [*args, *(given[name] for name in later if given.get(name) is not None)]
    twice = [name for name in [*operands][: len(args)] if name in given]
    if twice:
        raise TypeError(f"{op} is given {twice[0]} twice")
    needed = sum(operands.values())
    if len(args) > len(operands) or any(operands[name] and given.get(name) is None for name in later):
        wanted = f"{op}({', '.join([*operands][: max(needed, 1)])})"
        raise TypeError(f"{wanted} takes {needed} operand{'s'[: needed != 1]}, {len(found)} given")
    while len(found) > needed and found[-1] is None:
        found.pop()
    return found


def _operand(op: str, value: Any) -> Node:
    try:
        return as_node(value)
    except DTypeError as error:
        raise DTypeError(f"{op}: {error}") from None


def _dtype(body: Body, args: tuple[Node, ...], values: Attrs) -> DType:
    if all(a.dtype == "real" for a in args):
        return "real"
    _, attrs = _parameters(body)
    return body(
        *(input_(f"x{i}", dtype=a.dtype) for i, a in enumerate(args)), **dict(zip(attrs, values, strict=True))
    ).dtype


def _parameters(body: Body) -> tuple[dict[str, bool], dict[str, Any]]:
    """The operands of a body, each with whether it is needed, and its attributes with their defaults."""
    parameters = inspect.signature(body).parameters.values()
    operands = {p.name: p.default is not None for p in parameters if p.kind is not p.KEYWORD_ONLY}
    return operands, {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def _attribute(op: str, name: str, value: Any, operand: Node, default: Any) -> Hashable:
    if name == "axis":
        if isinstance(value, list | tuple):
            return tuple(sorted({normal_axis(op, a, operand) for a in value}))
        return normal_axis(op, value, operand)
    if isinstance(default, bool) and not isinstance(value, bool):
        raise DTypeError(f"{op}: {name} is True or False, not {value!r}")
    if isinstance(value, float) or (
        _is_number(default) and (value is None or isinstance(value, _NO_NUMBERS))
    ):
        return exact_number(op, name, value)
    hashable: Hashable = value
    return hashable


_NO_NUMBERS = (str, bool, Node)


def _is_number(default: Any) -> bool:
    return isinstance(default, Number) and not isinstance(default, bool)


def exact_number(op: str, name: str, value: Any) -> Fraction:
    """An option that is a number, exactly; a float stands for the decimal it prints as."""
    number = isinstance(value, Number | Node) and not isinstance(value, bool | complex)
    found = _exact_value(as_node(value)) if number else None
    if found is None:
        given = str(value) if isinstance(value, Node) else repr(value)
        raise DTypeError(f"{op}: {name} is a number, not {given}")
    return found


_ARITHMETIC: dict[str, Callable[..., Fraction]] = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": truediv,
    "neg": neg,
}


def _exact_value(expr: Node) -> Fraction | None:
    """The value of arithmetic with constants, such as the 1/4 of a text; None for what is none."""
    values: dict[Node, Fraction | None] = {}
    for node in topological([expr]):
        known = [v for a in node.args if (v := values[a]) is not None]
        values[node] = constant_value(node)
        if node.op.name in _ARITHMETIC and len(known) == len(node.args):
            zero = node.op.name == "div" and known[1] == 0
            values[node] = None if zero else _ARITHMETIC[node.op.name](*known)
    return values[expr]


def normal_axis(op: str, axis: Any, operand: Node) -> int:
    """An axis counted from 0, or one sentence on why there is none such."""
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise ShapeError(f"{op}: an axis is a whole number, not {axis!r}")
    if not -operand.ndim <= axis < operand.ndim:
        raise ShapeError(f"{op}: shape {show_shape(operand.shape)} has no axis {axis}")
    return axis % operand.ndim


def attributes(node: Node) -> dict[str, Any]:
    """A node's attributes by name."""
    return dict(zip(node.op.attr_names, node.attrs, strict=True))


def open_composite(node: Node, *, stable: bool = False) -> Node:
    """The body of a composite on its own arguments: its definition, or the stable form where there is one."""
    body = (node.op.stable if stable else None) or node.op.body
    assert body is not None
    return body(*node.args, **attributes(node))
