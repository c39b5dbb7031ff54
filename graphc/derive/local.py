"""Local derivatives of elementwise operations, by SymPy, once per distinct operation.

SymPy's derivative is kept as a small graph over placeholders for the operands and the output `y`; at a node the
placeholders are replaced. Where the operation declares a better form, proved equal by the tests, that is used.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from graphc.derive.scalar import from_sympy, to_sympy
from graphc.ir.node import Node, substitute
from graphc.ir.op import Attrs, Op
from graphc.ops.composite import attributes
from graphc.ops.leaf import as_node, constant_value, input_


Y = input_("y")


@lru_cache(maxsize=None)
def _placeholder(index: int) -> Node:
    return input_(f"x{index}")


def formula(op: Op, attrs: Attrs, symbols: list[Any]) -> Any:
    """The SymPy formula of an elementwise operation: declared, or read from the body."""
    import sympy

    if op.formula is not None:
        return op.formula(sympy, attrs, *symbols)
    assert op.body is not None
    places = [_placeholder(i) for i in range(len(symbols))]
    body = op.body(*places, **dict(zip(op.attr_names, attrs, strict=True)))
    return to_sympy(body, dict(zip(places, symbols, strict=True)))


@lru_cache(maxsize=None)
def sympy_derivative(op: Op, attrs: Attrs, arity: int, index: int) -> Node:
    """SymPy's derivative of the formula, with the formula itself written as the output `y` where it appears."""
    import sympy

    symbols = [sympy.Symbol(f"x{i}", real=True) for i in range(arity)]
    expr = formula(op, attrs, symbols)
    derivative = sympy.diff(expr, symbols[index])
    nodes = {s: _placeholder(i) for i, s in enumerate(symbols)}
    if not expr.is_Atom and not expr.is_Piecewise:
        y = sympy.Symbol("y", real=True)
        nodes[y] = Y
        derivative = derivative.subs(expr, y)
    return from_sympy(derivative, nodes)


def local_derivative(node: Node, index: int) -> Node | None:
    """d(node)/d(operand `index`), entry by entry, in the form declared or else SymPy's; None when it is zero."""
    declared = node.op.derivatives[index] if node.op.derivatives else None
    if declared is None:
        found = raw_derivative(node, index)
    else:
        options = attributes(node) if node.op.kind == "composite" else {}
        found = as_node(declared(node, *node.args, **options))
    return None if constant_value(found) == 0 else found


def raw_derivative(node: Node, index: int) -> Node:
    """The same as SymPy gave it, before any better form was put in."""
    derivative = sympy_derivative(node.op, node.attrs, len(node.args), index)
    places = {_placeholder(i): a for i, a in enumerate(node.args)}
    return substitute([derivative], {**places, Y: node})[0]
