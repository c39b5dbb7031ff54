"""The text form of a graph: one line per node, so that shared subexpressions print once; it reads back.

%0 = input[shape=(N, 3), dtype='real', facts=()] "x"
%1 = sum[axes=(1,), keepdims=False](%0)
return %1
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from graphc.ir.errors import ParseError
from graphc.ir.node import Node, make, topological
from graphc.ir.op import OPS
from graphc.ir.types import Dim, dim

C = TypeVar("C", bound=type)
LONGEST_DECIMAL = 10_000  # bits of a whole number that is written in decimal
_LITERALS: dict[str, Callable[..., Hashable]] = {"Fraction": Fraction, "Decimal": Decimal}


def literal(cls: C) -> C:
    """Let a frozen dataclass appear as an attribute in the text form."""
    _LITERALS[cls.__name__] = cls
    return cls


def to_text(outputs: Sequence[Node]) -> str:
    """The graph below `outputs` as text, one line per node."""
    order = topological(outputs)
    number = {node: f"%{i}" for i, node in enumerate(order)}
    lines = [f"{number[n]} = {_show_node(n, number)}" for n in order]
    return "\n".join([*lines, f"return {', '.join(number[o] for o in outputs)}"]) + "\n"


def _show_node(node: Node, number: dict[Node, str]) -> str:
    attrs = ", ".join(f"{k}={_show(v)}" for k, v in zip(node.op.attr_names, node.attrs, strict=True))
    args = f"({', '.join(number[a] for a in node.args)})" if node.args else ""
    name = f" {json.dumps(node.name, ensure_ascii=False)}" if node.name is not None else ""
    return f"{node.op.name}{f'[{attrs}]' if attrs else ''}{args}{name}"


def _show(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_show, value))}{',' if len(value) == 1 else ''})"
    if is_dataclass(value):
        given = ", ".join(f"{f.name}={_show(getattr(value, f.name))}" for f in fields(value))
        return f"{type(value).__name__}({given})"
    if isinstance(value, Fraction):
        return f"Fraction({_show(value.numerator)}, {_show(value.denominator)})"
    if isinstance(value, int) and value.bit_length() > LONGEST_DECIMAL:
        return hex(value)  # which Python reads and writes at any length
    return repr(value)


_LINE = re.compile(r"(%\d+) = (\w+)(?:\[(.*?)\])?(?:\(((?:%\d+(?:, )?)*)\))?(?: (\".*\"))?\Z")


def from_text(text: str) -> list[Node]:
    """The outputs of a graph printed by `to_text`; the same nodes if they still exist."""
    nodes: dict[str, Node] = {}
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.startswith("return "):
                return [nodes[o] for o in line.removeprefix("return ").split(", ")]
            if line.strip():
                target, node = _read_node(line, nodes)
                nodes[target] = node
        except (KeyError, ValueError, SyntaxError) as error:
            raise ParseError(f"{line!r} is not a line of a printed graph ({error})", line=number) from None
    raise ParseError("the printed graph ends without its 'return' line")


def _read_node(line: str, nodes: dict[str, Node]) -> tuple[str, Node]:
    match = _LINE.match(line)
    if match is None:
        raise ValueError("expected '%1 = op[attributes](arguments) \"name\"'")
    target, op, attrs, args, name = match.groups()
    call = ast.parse(f"f({attrs or ''})", mode="eval").body
    assert isinstance(call, ast.Call)
    given = {k.arg: _read(k.value) for k in call.keywords}
    arguments = [nodes[a] for a in args.split(", ")] if args else []
    values = tuple(given[k] for k in OPS[op].attr_names)
    return target, make(OPS[op], arguments, values, json.loads(name) if name else None)


def _read(tree: ast.expr) -> Any:
    match tree:
        case ast.Constant(value=value):
            return value
        case ast.Tuple(elts=items):
            return tuple(_read(i) for i in items)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            return _LITERALS[name](*map(_read, args), **{k.arg: _read(k.value) for k in keywords if k.arg})
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Name() | ast.BinOp() | ast.UnaryOp():
            size = dim(ast.unparse(tree))
            if isinstance(size, Dim):
                return size
    raise ValueError(f"{ast.unparse(tree)} is not an attribute")
