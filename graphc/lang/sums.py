"""Sums over indices, `sum(X[n,k]*g[n,m] for n in N)`: a contraction, or an elementwise body summed.

An index that no `for` names and no definition binds is free: it becomes an axis of the result, in the order
in which the free indices first appear. Inside the sum every array is indexed down to a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import DimLike, show_shape
from graphc.lang import tree
from graphc.lang.layout import Aligned, Layout
from graphc.lang.tree import Expr, Place
from graphc.lang.walk import Walk
from graphc.ops.contract import contract
from graphc.ops.leaf import as_node
from graphc.ops.move import broadcast, reshape
from graphc.ops.reduce import sum_

if TYPE_CHECKING:
    from graphc.lang.evaluate import Evaluator

MAX_INDICES = 26

Extents = dict[str, DimLike]
Items = tuple[Expr | tree.Slice, ...]


def index_sum(evaluator: Evaluator, expr: tree.IndexSum) -> Walk[Any]:
    """The value of a sum over indices: a node at the outermost, aligned inside another sum."""
    if evaluator.layout is not None:
        return (yield _inner(evaluator, evaluator.layout, expr))
    unbound, every = yield extents(evaluator, [expr])
    bound = {index.id for index, _ in expr.clauses}
    layout = Layout({**unbound, **every}, frozenset({*unbound, *bound}))
    free = tuple(unbound)
    product: Node | None = yield _product(evaluator, layout, expr, free)
    if product is not None:
        return product
    inside = evaluator.inside(layout)
    value: Any = yield inside.value(expr.body)
    body = scalar(evaluator, value, expr.body.at)
    summed = broadcast(body, layout.shape({*bound, *free}))
    axes = tuple(i for i, name in enumerate(layout.names) if name in bound)
    total = sum_(summed, axis=axes)
    return reshape(total, tuple(layout.sizes[name] for name in free))


def _inner(evaluator: Evaluator, layout: Layout, expr: tree.IndexSum) -> Walk[Aligned]:
    bound = {index.id for index, _ in expr.clauses}
    for index, _ in expr.clauses:
        if index.id in layout.visible:
            raise evaluator.scope.error(f"`{index.id}` is an index of a sum around this one", index.at)
    inside = evaluator.inside(Layout(layout.sizes, layout.visible | bound))
    value: Any = yield inside.value(expr.body)
    body = scalar(evaluator, value, expr.body.at)
    if not body.ndim:
        body = reshape(body, layout.shape(set()))
    full = tuple(
        size if name in bound else own
        for (name, size), own in zip(layout.sizes.items(), body.shape, strict=True)
    )
    axes = tuple(i for i, name in enumerate(layout.names) if name in bound)
    return Aligned(sum_(broadcast(body, full), axis=axes, keepdims=True))


def scalar(evaluator: Evaluator, value: Any, at: Place) -> Node:
    """A value that is a number for each choice of indices."""
    if isinstance(value, Aligned):
        return value.node
    node = evaluator.scope.call(at, as_node, value)
    if node.ndim:
        raise evaluator.scope.error(
            f"inside a sum over an index every array is indexed down to a number; this has {node.ndim} axes",
            at,
        )
    return node


def indexed(evaluator: Evaluator, expr: tree.Index) -> Walk[Any]:
    """`array[items]` inside a sum over indices."""
    array: Node = yield evaluator.node(expr.operand)
    return (yield entry(evaluator, array, expr.items, expr.at))


def entry(evaluator: Evaluator, array: Node, items: Items, at: Place) -> Walk[Any]:
    """The entry of an array at indices, some of which are those of a sum."""
    layout = evaluator.layout
    assert layout is not None
    indices = _plain_indices(layout, items)
    if indices is not None:
        _check_extents(evaluator, layout, array, at, indices)
        return evaluator.scope.call(at, layout.align, array, indices)
    keys: list[Any] = []
    for item in items:
        keys.append((yield evaluator.key(item)))
    if not any(isinstance(key, Aligned) for key in keys):
        return evaluator.scope.call(at, FUNCTIONS["getitem"], array, tuple(keys))
    if len(keys) != array.ndim or any(key is None or isinstance(key, slice) for key in keys):
        raise evaluator.scope.error(
            f"inside a sum over an index an array is indexed down to a number; "
            f"this one has shape {show_shape(array.shape)}",
            at,
        )
    whole = tuple(key.node if isinstance(key, Aligned) else key for key in keys)
    return Aligned(evaluator.scope.call(at, FUNCTIONS["getitem"], array, whole))


def _plain_indices(layout: Layout, items: Items) -> tuple[str, ...] | None:
    names = [item.id for item in items if isinstance(item, tree.Name) and item.id in layout.visible]
    return tuple(names) if len(names) == len(items) else None


def _check_extents(
    evaluator: Evaluator, layout: Layout, array: Node, at: Place, indices: tuple[str, ...]
) -> None:
    if len(indices) != array.ndim:
        raise evaluator.scope.misfit(
            f"{len(indices)} indices for an array of shape {show_shape(array.shape)}; "
            "inside a sum every axis has its index",
            at,
        )
    for axis, (name, extent) in enumerate(zip(indices, array.shape, strict=True)):
        if layout.sizes[name] != extent:
            raise evaluator.scope.misfit(
                f"`{name}` runs over {layout.sizes[name]}, but axis {axis} here has size {extent}", at
            )


def _product(
    evaluator: Evaluator, layout: Layout, expr: tree.IndexSum, free: tuple[str, ...]
) -> Walk[Node | None]:
    """The sum as one contraction, when its body is a product of arrays with plain indices."""
    factors: list[tree.Index] = []
    rest: Expr = expr.body
    while isinstance(rest, tree.Binary) and rest.op == "*" and isinstance(rest.right, tree.Index):
        factors.append(rest.right)
        rest = rest.left
    if not isinstance(rest, tree.Index):
        return None
    factors.append(rest)
    used: set[str] = set()
    operands: list[Node] = []
    terms: list[tuple[str, ...]] = []
    for factor in reversed(factors):
        indices = _plain_indices(layout, factor.items)
        if indices is None:
            return None
        operand: Node = yield evaluator.node(factor.operand)
        _check_extents(evaluator, layout, operand, factor.at, indices)
        used.update(indices)
        operands.append(operand)
        terms.append(indices)
    if used != set(layout.names):
        return None
    if len(operands) == 1 and len(set(terms[0])) == len(terms[0]):
        axes = tuple(i for i, name in enumerate(terms[0]) if name not in free)
        return sum_(operands[0], axis=axes)
    spec = ",".join(map(layout.letters, terms)) + "->" + layout.letters(free)
    return evaluator.scope.call(expr.at, contract, spec, *operands)


def extents(evaluator: Evaluator, exprs: Sequence[Expr]) -> Walk[tuple[Extents, Extents]]:
    """The free indices of expressions, and those that sums in them run over, with their sizes."""
    sums, uses = _contents(exprs)
    bound: dict[str, DimLike] = {}
    for inner in sums:
        for index, domain in inner.clauses:
            size: DimLike = yield evaluator.extent(domain)
            _check_index(evaluator, index, bound, size)
            bound[index.id] = size
    free: dict[str, DimLike] = {}
    for use in uses:
        for axis, item in enumerate(use.items):
            if isinstance(item, tree.Name) and item.id not in bound and not evaluator.scope.knows(item.id):
                array: Node = yield evaluator.node(use.operand)
                if axis < array.ndim:
                    free.setdefault(item.id, array.shape[axis])
    if len(free) + len(bound) > MAX_INDICES:
        raise evaluator.scope.error(f"a sum runs over at most {MAX_INDICES} indices", exprs[0].at)
    return free, bound


def _check_index(evaluator: Evaluator, index: tree.Name, bound: dict[str, DimLike], size: DimLike) -> None:
    evaluator.scope.check_new(index)
    if index.id == "pi":
        raise evaluator.scope.error("`pi` is reserved; choose another name for the index", index.at)
    if bound.get(index.id, size) != size:
        raise evaluator.scope.error(
            f"`{index.id}` runs over {bound[index.id]} and over {size}; use two names", index.at
        )


def _contents(exprs: Sequence[Expr]) -> tuple[list[tree.IndexSum], list[tree.Index]]:
    """The sums and the indexed arrays inside expressions, themselves included, in reading order."""
    sums: list[tree.IndexSum] = []
    uses: list[tree.Index] = []
    stack: list[object] = [*reversed(exprs)]
    while stack:
        match stack.pop():
            case tree.IndexSum(body=body) as found:
                sums.append(found)
                stack.append(body)
            case tree.Index(operand=operand, items=items) as use:
                uses.append(use)
                stack.extend([*reversed(items), operand])
            case tree.Binary(left=left, right=right) | tree.Derivative(of=left, by=right):
                stack.extend([right, left])
            case tree.Unary(operand=operand) | tree.Transpose(operand=operand):
                stack.append(operand)
            case tree.Call(args=args, keywords=keywords):
                stack.extend([*(value for _, value in reversed(keywords)), *reversed(args)])
            case tree.Compare(operands=items) | tree.Sequence(items=items):
                stack.extend(reversed(items))
    return sums, uses
