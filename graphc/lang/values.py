"""Values on the command line: `x=-2`, `w=[1, -2, 3]`, `A=[[1, 2], [3, 4]]`, `x=1/3`, `x=1e-3`."""

from __future__ import annotations

import unicodedata
from fractions import Fraction
from typing import Union

from graphc.ir.errors import ParseError
from graphc.lang import limits, syntax
from graphc.lang.suggest import clip
from graphc.lang.tree import Binary, Expr, Number, Place, Sequence, Unary
from graphc.lang.walk import Walk, run

Value = Union[int, float, "list[Value]"]

HOW = "write a number or nested lists of numbers, as in `x=-2` or `w=[1, -2, 3]`"


def parse_binding(text: str) -> tuple[str, Value]:
    """The name and value of `NAME=VALUE`; integers stay integers, all else becomes float."""
    if len(text) > limits.MAX_EXPRESSION:
        raise ParseError(
            f"a value has at most {limits.MAX_EXPRESSION:,} characters, this one has {len(text):,}; "
            "give large arrays from Python"
        )
    written, equals, value = text.partition("=")
    name = unicodedata.normalize("NFKC", written.strip())
    if not equals or not name.isidentifier():
        raise ParseError(f"`{clip(text)}` binds no name; write `NAME=VALUE`, as in `x=-2`")
    try:
        tree = syntax.single_expression(value)
        return name, _plain(run(exact(tree)))
    except OverflowError:
        raise ParseError("this value is beyond floating point", source=f"value of {name}") from None
    except ParseError as error:
        if error.line == 1 and error.column is not None:
            error.column += len(written) + 1
        error.source = f"value of {clip(name)}"
        raise


def _error(message: str, at: Place) -> ParseError:
    return ParseError(message, line=at.line, column=at.column)


def exact(tree: Expr) -> Walk[Fraction | list[object]]:
    """The exact number, or nested list of numbers, that an expression of literals stands for."""
    if isinstance(tree, Number):
        return Fraction(tree.value)
    if isinstance(tree, Unary):
        number: Fraction = yield _scalar(tree.operand)
        return -number if tree.op == "-" else number
    if isinstance(tree, Binary) and tree.op == "/":
        top: Fraction = yield _scalar(tree.left)
        bottom: Fraction = yield _scalar(tree.right)
        if not bottom:
            raise _error("this value divides by zero", tree.at)
        return top / bottom
    if isinstance(tree, Sequence):
        rows: list[object] = []
        for item in tree.items:
            rows.append((yield exact(item)))
        shapes = {value_shape(row) for row in rows}
        if len(shapes) > 1:
            raise _error("the rows of this value differ in length", tree.at)
        return rows
    raise _error(f"this is not a value; {HOW}", tree.at)


def _scalar(tree: Expr) -> Walk[Fraction]:
    value = yield exact(tree)
    if not isinstance(value, Fraction):
        raise _error(f"a number was expected here; {HOW}", tree.at)
    return value


def value_shape(value: object) -> tuple[int, ...]:
    """The shape of nested lists of numbers, as far as their first entries tell."""
    return (len(value), *(value_shape(value[0]) if value else ())) if isinstance(value, list) else ()


def _plain(value: Fraction | list[object]) -> Value:
    if isinstance(value, Fraction):
        real = float(value)  # also of whole numbers: what does not fit is refused
        return value.numerator if value.denominator == 1 else real
    return [_plain(item) for item in value if isinstance(item, Fraction | list)]
