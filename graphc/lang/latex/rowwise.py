r"""Rows of a matrix inside a sum, `\sum_n (p_n - y_n) x_n`: vectors whose entries have an index of their own.

Such a value is a number for each choice of `axes`, fresh indices; products of two of them are sums over these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from graphc.lang.latex import indices, typed
from graphc.lang.latex.names import refuse
from graphc.lang.latex.typed import Value
from graphc.lang.tree import (
    Binary,
    Call,
    Compare,
    Expr,
    Index,
    IndexSum,
    Name,
    Sequence,
    Slice,
    Transpose,
    Unary,
)
from graphc.lang.walk import Walk, run

if TYPE_CHECKING:
    from graphc.lang.latex.read import Reader


def times(reader: Reader, left: Value, right: Value) -> Value:
    """Juxtaposition, also of rows."""
    left, right = _entries_of(reader, left, right), _entries_of(reader, right, left)
    if left.axes or right.axes:
        left, right = typed.sized(left, right)
    if not (left.axes or right.axes) or not (left.ndim and right.ndim):
        return typed.times(left, right)
    left, right = spread(reader, left), spread(reader, right)
    pattern = typed.times(_plain(left), _plain(right))  # refuses what is no product
    if left.ndim == right.ndim == 1 and not left.row:
        made = typed.binary("*", left, right, pattern.shape)
        return replace(made, axes=left.axes + right.axes)
    shared, other = left.axes[-1], right.axes[0]
    body = typed.binary("*", left, _renamed(right, {other: shared}), ())
    clause = (Name(shared, left.at, shared), typed.size_expr(left.shape[-1], left.at))
    axes = left.axes[:-1] + right.axes[1:]
    return Value(
        IndexSum(body.expr, (clause,), left.at), pattern.shape, pattern.row, body.depth + 1, axes=axes
    )


def entrywise(reader: Reader, op: str, left: Value, right: Value) -> Value:
    """`+`, `-`, `*`, `/` entry by entry, also of rows."""
    left, right = _entries_of(reader, left, right), _entries_of(reader, right, left)
    if left.axes or right.axes:
        left, right = typed.beside(left, right), typed.beside(right, left)
    if not (left.axes or right.axes) or not (left.ndim and right.ndim):
        return typed.entrywise(op, left, right)
    left, right = spread(reader, left), spread(reader, right)
    if left.ndim != right.ndim or left.row != right.row:
        raise refuse("inside a sum rows are joined entry by entry only with their like", right.at)
    right = _renamed(right, dict(zip(right.axes, left.axes, strict=True)))
    return replace(typed.binary(op, left, right, left.shape, left.row), axes=left.axes)


def spread(reader: Reader, value: Value) -> Value:
    """An array as its entries, with an index for each axis."""
    value = typed.settled(value, vector=True)
    if value.axes or not value.ndim:
        return value
    axes = tuple(indices.fresh(reader, "e") for _ in value.shape)
    names = tuple(Name(axis, value.at, axis) for axis in axes)
    return replace(value, expr=Index(value.expr, names, value.at), axes=axes, depth=value.depth + 1)


def total(value: Value) -> Value:
    """The sum of all entries."""
    if not value.axes:
        return Value(Call("sum", (value.expr,), (), value.at), (), depth=value.depth + 1)
    pairs = zip(value.axes, value.shape, strict=True)
    clauses = tuple((Name(axis, value.at, axis), typed.size_expr(size, value.at)) for axis, size in pairs)
    return Value(IndexSum(value.expr, clauses, value.at), (), depth=value.depth + 1)


def together(reader: Reader, sides: list[Value]) -> list[Value]:
    """The sides of a claim; if one has rows for its terms, all of them entry by entry, with the same indices."""
    first = next((side for side in sides if side.axes), None)
    if first is None:
        return sides
    if reader.indices.free or any(side.ndim not in (0, first.ndim) for side in sides):
        raise refuse("one side is a vector here, another is not", first.at)
    found = [spread(reader, side) for side in sides]
    return [_renamed(side, dict(zip(side.axes, first.axes, strict=False))) for side in found]


def gathered(value: Value) -> Value:
    """A sum that has vectors for its terms, as an array: its free indices are axes, in order of appearance."""
    if not value.axes:
        return value
    seen: list[str] = []
    _rename(value.expr, {}, seen)
    order = tuple(dict.fromkeys(name for name in seen if name in value.axes))
    whole = replace(value, axes=())
    if order == value.axes:
        return whole
    if order == value.axes[::-1] and len(order) == 2:
        return replace(whole, expr=Transpose(value.expr, value.at))
    raise refuse("a sum of such products of rows is not read; write it with matrices", value.at)


def _entries_of(reader: Reader, value: Value, other: Value) -> Value:
    """An array beside a number that depends on an index, such as `y_n w`, as its entries."""
    if not value.ndim or value.axes or other.ndim or other.special or not reader.indices.names():
        return value
    seen: list[str] = []
    _rename(other.expr, {}, seen)
    return value if reader.indices.names().isdisjoint(seen) else spread(reader, value)


def _plain(value: Value) -> Value:
    return replace(value, axes=())


def _renamed(value: Value, names: Mapping[str, str]) -> Value:
    axes = tuple(names.get(axis, axis) for axis in value.axes)
    return replace(value, expr=_rename(value.expr, names, []), axes=axes)


def _rename(root: Expr, names: Mapping[str, str], seen: list[str]) -> Expr:
    """An expression with other names for its indices; notes the names in brackets in reading order."""

    def each(exprs: tuple[Expr, ...]) -> Walk[tuple[Expr, ...]]:
        made: list[Expr] = []
        for expr in exprs:
            made.append((yield walk(expr)))
        return tuple(made)

    def walk(expr: Expr) -> Walk[Expr]:
        match expr:
            case Name():
                seen.append(expr.id)
                new = names.get(expr.id)
                return expr if new is None else Name(new, expr.at, new)
            case Index(operand=operand, items=items):
                kept = tuple(item for item in items if not isinstance(item, Slice))
                return Index(operand, (yield each(kept)), expr.at)
            case Binary(op=op, left=left, right=right):
                first, second = yield each((left, right))
                return Binary(op, first, second, expr.at)
            case Unary(op=op, operand=operand):
                return Unary(op, (yield walk(operand)), expr.at)
            case Transpose(operand=operand):
                return Transpose((yield walk(operand)), expr.at)
            case Call(function=function, args=args, keywords=keywords):
                return Call(function, (yield each(args)), keywords, expr.at)
            case Compare(ops=ops, operands=operands):
                return Compare(ops, (yield each(operands)), expr.at)
            case Sequence(items=items):
                return Sequence((yield each(items)), expr.at)
            case IndexSum(body=body, clauses=clauses):
                return IndexSum((yield walk(body)), clauses, expr.at)
        return expr

    return run(walk(root))
