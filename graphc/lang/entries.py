"""Claims entry by entry, `d(loss)/d(W[k,m]) == sum(X[n,k]*g[n,m] for n in N)`: for every value of the free indices.

An index is free where it stands in brackets, names nothing and is summed over nowhere in its claim. Each side becomes
an array with one axis for each free index, in the order in which these first appear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.lang import sums, tree
from graphc.lang.layout import Aligned, Layout
from graphc.lang.tree import Expr
from graphc.lang.walk import Walk
from graphc.ops.move import broadcast, reshape

if TYPE_CHECKING:
    from graphc.lang.evaluate import Evaluator, Value


def sides(
    evaluator: Evaluator, exprs: Sequence[Expr], *, among: Sequence[Expr] | None = None
) -> Walk[list[Node]]:
    """The sides of a claim as nodes; entry by entry if it has free indices, which those it is `among` may tell."""
    free, _ = yield sums.extents(evaluator, among or exprs)
    found = []
    if not free:
        for expr in exprs:
            found.append((yield evaluator.node(expr)))
        return found
    shape = tuple(free.values())
    for expr in exprs:
        _, bound = yield sums.extents(evaluator, [expr])
        layout = Layout({**free, **bound}, frozenset(free))
        value: Value = yield evaluator.inside(layout).value(expr)
        body = sums.scalar(evaluator, value, expr.at)
        if body.ndim:
            body = reshape(body, tuple(body.shape[: len(shape)]))
        found.append(broadcast(body, shape))
    return found


def derivative(evaluator: Evaluator, expr: tree.Derivative) -> Walk[Aligned | Node]:
    """`d(a[i])/d(b[j])`: the derivatives of the array `a` by the array `b`, at these entries."""
    of: Expr | Node
    of, of_items = _entry(expr.of) if evaluator.layout else (expr.of, ())
    by, by_items = _entry(expr.by)
    if evaluator.layout and (yield sums.extents(evaluator, [of]))[0]:
        # `d(f(a[i]))/d(b[j])`: the array of f(a[i]) for every i
        free, _ = yield sums.extents(evaluator, [expr.of])
        (of,) = yield sides(evaluator.outside(), [expr.of])
        of_items = tuple(tree.Name(index, expr.at, index) for index in free)
    whole: Node = yield evaluator.outside().derivative(of, by, expr)
    items = (*of_items, *by_items)
    if not items:
        return whole
    if evaluator.layout is not None:
        found: Aligned | Node = yield sums.entry(evaluator, whole, items, expr.at)
        return found
    rest = whole.ndim - (yield evaluator.node(by)).ndim
    keys = []
    for item in items:
        keys.append((yield evaluator.key(item)))
    return evaluator.scope.call(expr.at, FUNCTIONS["getitem"], whole, (*[slice(None)] * rest, *keys))


def _entry(expr: Expr) -> tuple[Expr, tuple[Expr | tree.Slice, ...]]:
    """An array, and the indices of the entry that is meant; those of a second derivative are its own two."""
    match expr:
        case tree.Index(operand=operand, items=items):
            return operand, items
        case tree.Derivative(of=of, by=by, at=at):
            (inner, first), (other, second) = _entry(of), _entry(by)
            return tree.Derivative(inner, other, at), (*first, *second)
    return expr, ()
