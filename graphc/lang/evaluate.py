"""Syntax tree to nodes: each expression builds the node its operators and functions build in Python."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import Dim, DimLike
from graphc.lang import calls, entries, sums, tree
from graphc.lang.layout import Aligned, Layout
from graphc.lang.scope import Scope
from graphc.lang.tree import Expr, Place
from graphc.lang.walk import Walk
from graphc.ops.leaf import as_node

OPERATORS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "@": "matmul", "**": "pow"}
COMPARISONS = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"}
MAX_TERMS = 64  # of a size; beyond it a size is computed as a number
MAX_POWER = 8


Value = Any  # Node, Aligned, Dim, int, Decimal, bool, None, or a list of these


class Evaluator:
    """Builds expressions in a scope; inside a sum over indices, with their layout."""

    __slots__ = ("layout", "scope")

    def __init__(self, scope: Scope, layout: Layout | None = None) -> None:
        self.scope = scope
        self.layout = layout

    def inside(self, layout: Layout) -> Evaluator:
        """The evaluator for the body of a sum over indices."""
        return Evaluator(self.scope, layout)

    def outside(self) -> Evaluator:
        """The evaluator for whole arrays."""
        return Evaluator(self.scope)

    def node(self, expr: Expr) -> Walk[Node]:
        """The expression as a node."""
        value: Value = yield self.value(expr)
        return self.as_node(value, expr.at)

    def as_node(self, value: Value, at: Place) -> Node:
        """A value as a node; what depends on a summed index is none."""
        if isinstance(value, Aligned):
            raise self.scope.error("this depends on the index of a sum; only elementwise functions apply", at)
        return self.scope.call(at, as_node, value)

    def value(self, expr: Expr) -> Walk[Value]:
        """The expression as whatever it stands for: a node, a size, a literal, a list of these."""
        match expr:
            case tree.Number(value=literal) | tree.Flag(value=literal):
                return literal
            case tree.Name():
                return self._name(expr)
            case tree.Unary():
                return (yield self._unary(expr))
            case tree.Binary():
                return (yield self._binary(expr))
            case tree.Compare():
                return (yield self._compare(expr))
            case tree.Call():
                return (yield calls.call(self, expr))
            case tree.Transpose():
                operand: Node = yield self.node(expr.operand)
                return self.scope.call(expr.at, FUNCTIONS["transpose"], operand)
            case tree.Index():
                return (yield self._index(expr))
            case tree.Sequence():
                items = []
                for item in expr.items:
                    items.append((yield self.value(item)))
                return items
            case tree.IndexSum():
                return (yield sums.index_sum(self, expr))
            case tree.Derivative():
                return (yield entries.derivative(self, expr))

    def elementwise(self, at: Place, name: str, *operands: Value) -> Value:
        """An elementwise function of operands, some of which may stand for one scalar per index."""
        if not any(isinstance(operand, Aligned) for operand in operands):
            return self.scope.call(at, FUNCTIONS[name], *operands)
        nodes = []
        for operand in operands:
            node = operand.node if isinstance(operand, Aligned) else self.as_node(operand, at)
            if not isinstance(operand, Aligned) and node.ndim:
                raise self.scope.error(
                    f"inside a sum over an index every array is indexed down to a number; "
                    f"`{node.name or node.op.name}` has {node.ndim} axes",
                    at,
                )
            nodes.append(node)
        return Aligned(self.scope.call(at, FUNCTIONS[name], *nodes))

    def _name(self, name: tree.Name) -> Value:
        if self.layout is not None and name.id in self.layout.visible:
            return self.layout.index(name.id)
        return self.scope.resolve(name)

    def _unary(self, expr: tree.Unary) -> Walk[Value]:
        operand: Value = yield self.value(expr.operand)
        if isinstance(operand, int | Decimal) and not isinstance(operand, bool):
            return -operand if expr.op == "-" else operand  # a signed literal is one number
        if expr.op == "+":
            return operand
        return self.elementwise(expr.at, "neg", operand)

    def _binary(self, expr: tree.Binary) -> Walk[Value]:
        left: Value = yield self._row(expr.left) if expr.op == "@" else self.value(expr.left)
        right: Value = yield self.value(expr.right)
        size = _size_arithmetic(expr.op, left, right)
        if size is not None:
            return size
        if expr.op == "@":
            left, right = self.as_node(left, expr.left.at), self.as_node(right, expr.right.at)
        return self.elementwise(expr.at, OPERATORS[expr.op], left, right)

    def _row(self, expr: Expr) -> Walk[Value]:
        """What stands on the left of `@`: there `a.T` of a vector is the row that the vector is in any case."""
        if isinstance(expr, tree.Transpose):
            operand: Node = yield self.node(expr.operand)
            if operand.ndim == 1:
                return operand
        value: Value = yield self.value(expr)
        return value

    def _compare(self, expr: tree.Compare) -> Walk[Value]:
        if len(expr.ops) > 1:
            raise self.scope.error(
                "a chain of comparisons stands only in `assume`; multiply: `(0 < x) * (x < 1)`", expr.at
            )
        left: Value = yield self.value(expr.operands[0])
        right: Value = yield self.value(expr.operands[1])
        return self.elementwise(expr.at, COMPARISONS[expr.ops[0]], left, right)

    def _index(self, expr: tree.Index) -> Walk[Value]:
        if self.layout is not None:
            return (yield sums.indexed(self, expr))
        operand: Node = yield self.node(expr.operand)
        keys = []
        for item in expr.items:
            keys.append((yield self.key(item)))
        return self.scope.call(expr.at, FUNCTIONS["getitem"], operand, tuple(keys))

    def key(self, item: Expr | tree.Slice) -> Walk[Value]:
        """One item of an index: a whole number, a size, a slice, `None`, or an integer array."""
        if isinstance(item, tree.Slice):
            bounds: list[DimLike | None] = []
            for bound in (item.start, item.stop, item.step):
                bounds.append((yield self.extent(bound)) if bound is not None else None)
            return slice(*bounds)
        value: Value = yield self.value(item)
        if isinstance(value, bool | Decimal):
            raise self.scope.error("an index is a whole number, a slice or an integer array", item.at)
        return self.as_node(value, item.at) if isinstance(value, list) else value

    def extent(self, expr: Expr) -> Walk[DimLike]:
        """The expression as a whole number or a size."""
        value: Value = yield self.value(expr)
        return self.scope.as_extent(value, expr.at)

    def derivative(self, top: Expr | Node, bottom: Expr, expr: tree.Derivative) -> Walk[Node]:
        """The derivatives of `top` by `bottom`, which are whole arrays; of a scalar, in the layout chosen."""
        from graphc.derive import grad, jacobian  # most texts have no `d(·)`, and start faster without

        self.scope.settle()
        of: Node = top if isinstance(top, Node) else (yield self.node(top))
        by: Node = yield self.node(bottom)
        if isinstance(top, tree.Name) and top.id in self.scope.implicit and of is not by:
            raise self.scope.error(
                f"`{top.id}` is not defined, so nothing says how it depends on anything; "
                f"define it first: `{top.written} = …`",
                top.at,
            )
        found = self.scope.call(expr.at, jacobian if of.ndim else grad, of, by)
        self.scope.note_derivative(expr.at, of, by)
        whole = top is expr.of and bottom is expr.by
        return self.scope.laid_out(found) if whole and not of.ndim else found


def _size_arithmetic(op: str, left: Value, right: Value) -> Dim | int | None:
    """`N - 1`, `2*N`, `N**2` as sizes; None when it is ordinary arithmetic."""
    if not all(isinstance(v, int | Dim) and not isinstance(v, bool) for v in (left, right)):
        return None
    if not isinstance(left, Dim) and not isinstance(right, Dim):
        return None
    if op == "**" and isinstance(left, Dim) and isinstance(right, int) and 0 < right <= MAX_POWER:
        return left if right == 1 else _product([left] * right)
    if op == "*":
        return _product([left, right])
    if op in ("+", "-"):
        total: Dim | int = left + right if op == "+" else left - right
        return total if _terms(total) <= MAX_TERMS else None
    return None


def _product(factors: list[DimLike]) -> DimLike | None:
    result = factors[0]
    for factor in factors[1:]:
        if _terms(result) * _terms(factor) > MAX_TERMS:
            return None
        result = result * factor
    return result


def _terms(size: DimLike) -> int:
    return len(size.terms) if isinstance(size, Dim) else 1
