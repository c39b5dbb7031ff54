"""The reading of `d(a)/d(b)`: one atom in a chain of `*`, `/`, `@` and under unary minus.

Python's grammar takes `2*d(L)/d(w)` for `(2*d(L))/d(w)`; people read `2*(d(L)/d(w))`, and so do we.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from graphc.ir.errors import ParseError
from graphc.lang.suggest import clip
from graphc.lang.tree import Binary, Derivative, Expr, Unary
from graphc.lang.walk import Walk

if TYPE_CHECKING:
    from graphc.lang.convert import Converter

HOW = "a derivative is written `d(f)/d(x)`"
_SYMBOLS: dict[type[ast.operator], str] = {ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}


def chain(convert: Converter, node: ast.BinOp) -> Walk[Expr]:
    """The chain of `*`, `/`, `@` that ends at `node`, with each `d(a)/d(b)` in it read as one atom."""
    operands, links = _flatten(node)
    value: Expr | None = None
    place = 0
    while place < len(operands):
        link = links[place - 1] if place else ""
        operand = operands[place]
        top, signs = _unsigned(operand)
        bottom = operands[place + 1] if place + 1 < len(operands) and links[place] == "/" else None
        term: Expr
        if bottom is not None and _is_d(top) and _is_d(bottom):
            if link == "/":
                raise _in_parentheses(convert, top, bottom, before=operands[place - 1])
            term = yield _atom(convert, top, bottom, signs)
            place += 2
        else:
            _check_split(convert, top, bottom)
            if _is_d(operand) and link == "/" and place >= 2 and _is_d(operands[place - 1]):
                raise _second(convert, operands[place - 2 : place + 1])
            term = yield convert.expr(operand)
            place += 1
        value = term if value is None else Binary(link, value, term, convert.positions.of(node))
    assert value is not None
    return value


def lone(convert: Converter, node: ast.Call) -> ParseError:
    """The error for a `d(·)` that is not part of a quotient."""
    inner = convert.written(node.args[0], 30) if len(node.args) == 1 else "f"
    return convert.error(f"`d({inner})` stands alone; {HOW}, as in `d({inner})/d(x)`", node)


def _flatten(node: ast.BinOp) -> tuple[list[ast.expr], list[str]]:
    operands: list[ast.expr] = []
    links: list[str] = []
    current: ast.expr = node
    start = (node.lineno, node.col_offset)
    # A left part in parentheses begins after its bracket, so it does not share the chain's start.
    while (
        isinstance(current, ast.BinOp)
        and type(current.op) in _SYMBOLS
        and (current.lineno, current.col_offset) == start
    ):
        operands.append(current.right)
        links.append(_SYMBOLS[type(current.op)])
        current = current.left
    operands.append(current)
    return operands[::-1], links[::-1]


def _is_d(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "d"


def _unsigned(node: ast.expr) -> tuple[ast.expr, list[ast.UnaryOp]]:
    signs: list[ast.UnaryOp] = []
    while isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        signs.append(node)
        node = node.operand
    return node, signs


def _atom(convert: Converter, top: ast.expr, bottom: ast.expr, signs: list[ast.UnaryOp]) -> Walk[Expr]:
    of: Expr = yield convert.expr(_argument(convert, top))
    by: Expr = yield convert.expr(_argument(convert, bottom))
    result: Expr = Derivative(of, by, convert.positions.of(top))
    for sign in reversed(signs):
        symbol = "-" if isinstance(sign.op, ast.USub) else "+"
        result = Unary(symbol, result, convert.positions.of(sign))
    return result


def _argument(convert: Converter, node: ast.expr) -> ast.expr:
    assert isinstance(node, ast.Call)
    if len(node.args) != 1 or node.keywords:
        raise convert.error(f"`d` takes one expression; {HOW}", node)
    return node.args[0]


def _check_split(convert: Converter, top: ast.expr, bottom: ast.expr | None) -> None:
    """Refuse `d(a)/d(b).T` and its like, where Python binds the tail to `d(b)` alone."""
    if not _is_d(top) or bottom is None:
        return
    core: ast.expr = bottom
    while not _is_d(core):
        if isinstance(core, ast.Attribute | ast.Subscript):
            core = core.value
        elif isinstance(core, ast.BinOp) and isinstance(core.op, ast.Pow):
            core = core.left
        elif isinstance(core, ast.Call):
            core = core.func
        else:
            return
    tail_start = (core.end_lineno or 1, core.end_col_offset or 0)
    tail_end = (bottom.end_lineno or 1, bottom.end_col_offset or 0)
    raise _in_parentheses(convert, top, core, tail=clip(convert.positions.between(tail_start, tail_end)))


def _in_parentheses(
    convert: Converter, top: ast.expr, bottom: ast.expr, *, before: ast.expr | None = None, tail: str = ""
) -> ParseError:
    quotient = f"({convert.written(top, 30)}/{convert.written(bottom, 30)})"
    if before is not None:
        quotient = f"{convert.written(before, 30)}/{quotient}"
    return convert.error(
        f"how far does the derivative reach here? put the quotient in parentheses: `{quotient}{tail}`", top
    )


def _second(convert: Converter, chain: list[ast.expr]) -> ParseError:
    first, by, again = (convert.written(part, 20) for part in chain)
    return convert.error(
        f"a quotient of three derivatives cannot be read; a second derivative is `d({first}/{by})/{again}`",
        chain[-1],
    )
