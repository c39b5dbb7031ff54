"""Axes of size 1 in front left out, and repeating, wherever broadcasting does the same: `x - mean(x, axis=0)`."""

from __future__ import annotations

from collections.abc import Callable

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, make, rebuild, topological
from graphc.ir.types import Shape

REDUCTIONS = ("sum", "mean", "max", "min", "prod")


def without_leading(expr: Node, settled: Callable[[Node], bool]) -> Node:
    """The same value in the same shape; nothing below a `settled` node is changed.

    >>> from graphc.ops import FUNCTIONS, input_
    >>> x = input_("x", ("N", "K"))
    >>> print(without_leading(x - FUNCTIONS["mean"](x, axis=0, keepdims=True), lambda n: not n.args))
    x - mean(x, axis=0)
    """
    exact: dict[Node, Node] = {}
    low: dict[Node, Node] = {}
    for node in topological([expr], stop=settled):
        if settled(node):
            exact[node] = low[node] = node
            continue
        now = rebuild(node, [exact[a] for a in node.args])
        loose = _loosely(node, [low[a] for a in node.args]) if node.op.elementwise else None
        exact[node] = loose if loose is not None and loose.shape == node.shape else now
        low[node] = _lowered(node, exact[node], low, loose)
    return exact[expr]


def _loosely(node: Node, operands: list[Node]) -> Node | None:
    """An elementwise operation on operands that broadcasting may still have to repeat."""
    try:
        return rebuild(node, operands)
    except GraphcError:
        return None


def _lowered(node: Node, exact: Node, low: dict[Node, Node], loose: Node | None) -> Node:
    """A node as it may stand within an elementwise operation, where axes in front and repeating come by themselves."""
    if loose is not None:
        return loose if _same_beside(loose.shape, node.shape) else exact
    if node.op.name == "broadcast":
        return low[node.args[0]]
    if node.op.name == "reshape":
        operand = low[node.args[0]]
        return operand if _without_ones(node.shape) == operand.shape else exact
    if node.op.name in REDUCTIONS and node.attrs[1] and node.attrs[0] == tuple(range(len(node.attrs[0]))):
        return make(exact.op, exact.args, (node.attrs[0], False))
    return exact


def _same_beside(given: Shape, wanted: Shape) -> bool:
    return len(given) <= len(wanted) and all(
        d in (1, e) for d, e in zip(reversed(given), reversed(wanted), strict=False)
    )


def _without_ones(shape: Shape) -> Shape:
    first = next((i for i, d in enumerate(shape) if d != 1), len(shape))
    return shape[first:]
