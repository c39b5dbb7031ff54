"""Local derivatives of elementwise operations, by SymPy, once per distinct operation.

SymPy's derivative is kept as a small graph over placeholders for the operands and the output `y`; at a node the
placeholders are replaced. Where the operation declares a better form, proved equal by the tests, that is used.
What SymPy gives for the operations of the package stands in `table`, so that they do without loading it; the tests
derive that table again. A formula that is not in it goes to SymPy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from graphc.derive.scalar import from_sympy, number, to_sympy
from graphc.derive.table import DERIVATIVES
from graphc.ir.node import Node, substitute
from graphc.ir.op import OPS, Attrs, Op
from graphc.ops.composite import attributes
from graphc.ops.leaf import as_node, constant_value, input_, size

Y = input_("y")


@cache
def _placeholder(index: int) -> Node:
    return input_(f"x{index}")


@cache
def _constant_placeholder(index: int) -> Node:
    return size(f"x{index}")


def formula(op: Op, attrs: Attrs, symbols: list[Any], constant: tuple[bool, ...]) -> Any:
    """The SymPy formula of an elementwise operation: declared, or read from the body.

    `constant` says which operands are constants: a tie with one of them goes to it.
    """
    import sympy

    if op.formula is not None:
        return op.formula(sympy, attrs, *symbols)
    assert op.body is not None
    places = [(_constant_placeholder if c else _placeholder)(i) for i, c in enumerate(constant)]
    body = op.body(*places, **dict(zip(op.attr_names, attrs, strict=True)))
    return to_sympy(body, dict(zip(places, symbols, strict=True)))


@cache
def sympy_derivative(op: Op, attrs: Attrs, constant: tuple[bool, ...], index: int) -> Node:
    """SymPy's derivative of the formula, with the formula itself written as the output `y` where it appears."""
    import sympy

    symbols = [sympy.Symbol(f"x{i}", real=True) for i in range(len(constant))]
    expr = formula(op, attrs, symbols, constant)
    slope = sympy.diff(expr, symbols[index])
    nodes = {s: _placeholder(i) for i, s in enumerate(symbols)}
    if not expr.is_Atom and not expr.is_Piecewise:
        y = sympy.Symbol("y", real=True)
        nodes[y] = Y
        slope = slope.subs(expr, y)
    return from_sympy(slope, nodes)


# By what it is the derivative of, not by name: another formula has another derivative.
_ROWS: dict[tuple[object, int], list[tuple[dict[str, Any], Callable[..., Any]]]] = {}
for _name, _fixed, _index, _written in DERIVATIVES:
    _ROWS.setdefault((OPS[_name].formula or OPS[_name].body, _index), []).append((_fixed, _written))


def tabled(op: Op, attrs: Attrs, index: int) -> Callable[..., Node] | None:
    """The derivative as the table has it, a function of the output and the operands, if it is there."""
    return _tabled(op.formula or op.body, op.attr_names, attrs, index)


@cache
def _tabled(source: object, names: tuple[str, ...], attrs: Attrs, index: int) -> Callable[..., Node] | None:
    given = dict(zip(names, attrs, strict=True))
    for fixed, written in _ROWS.get((source, index), ()):
        if all(given[name] == value for name, value in fixed.items()):
            code = written.__code__
            free = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
            options = {name: given[name] for name in free}
            return lambda *places, written=written, options=options: as_node(written(*places, **options))
    return None


def plain_derivative(node: Node, index: int) -> Node:
    """SymPy's derivative of the formula in the operands alone; an exponent that is a number stands in the formula."""
    power = node.op.name == "pow"
    given = tuple(a if power and constant_value(a) is not None else None for a in node.args)
    template = _plain_template(node.op, node.attrs, given, _constants(node), index)
    return substitute([template], {_placeholder(i): a for i, a in enumerate(node.args)})[0]


def _constants(node: Node) -> tuple[bool, ...]:
    return tuple(a.constant for a in node.args)


@cache
def _plain_template(
    op: Op, attrs: Attrs, given: tuple[Node | None, ...], constant: tuple[bool, ...], index: int
) -> Node:
    import sympy

    symbols = [sympy.Symbol(f"x{i}", real=True) for i in range(len(given))]
    operands = [
        s if c is None or i == index else number(c)
        for i, (s, c) in enumerate(zip(symbols, given, strict=True))
    ]
    slope = sympy.diff(formula(op, attrs, operands, constant), symbols[index])
    return from_sympy(slope, {s: _placeholder(i) for i, s in enumerate(symbols)})


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
    """The same as SymPy gave it, before any better form was put in: as the table has it, else as SymPy finds it now."""
    written = tabled(node.op, node.attrs, index)
    if written is not None:
        return written(node, *node.args)
    found = sympy_derivative(node.op, node.attrs, _constants(node), index)
    if found.constant:
        return found
    places = {_placeholder(i): a for i, a in enumerate(node.args)}
    return substitute([found], {**places, Y: node})[0]
