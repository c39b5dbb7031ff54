"""Where the numbers of a value live: in memory of its own, or as a view of another value."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graphc.ir.node import Node
from graphc.plan.contraction import plan_contraction

_VIEWS = ("transpose", "reshape", "slice", "broadcast", "sliding_window")


def is_view(node: Node) -> bool:
    """Whether the result of `node` may share memory with its first argument."""
    if node.op.name == "contract":
        return len(node.args) == 1
    if node.op.name == "gather":
        return all(not i.ndim for i in node.args[1:])  # a scalar index is basic indexing
    return node.op.name in _VIEWS


def is_fresh(node: Node) -> bool:
    """Whether the result of `node` is an array of its own that may be written."""
    if node.op.kind in ("leaf", "const") or is_view(node):
        return False
    return node.op.name != "contract" or plan_contraction(node).plain


def find_source(node: Node, is_value: Callable[[Node], bool]) -> Node | None:
    """The value or leaf that `node` is a view of, through the views on its line; None if it is new."""
    while is_view(node):
        node = node.args[0]
        if node.is_leaf or is_value(node):
            return node
    return None


def find_roots(values: list[Node]) -> dict[Node, Node]:
    """For each value, in order, the value or leaf in whose memory it lives: itself if it has its own."""
    roots: dict[Node, Node] = {}
    for node in values:
        source = find_source(node, roots.__contains__)
        roots[node] = node if source is None else roots.get(source, source)
    return roots


def read_by(node: Node, values: Mapping[Node, object]) -> list[Node]:
    """The values and leaves the line of `node` reads, each once."""
    found: dict[Node, None] = {}
    seen: set[Node] = set()
    stack = list(reversed(node.args))
    while stack:
        n = stack.pop()
        if n in seen:
            continue
        seen.add(n)
        if n.is_leaf or n in values:
            found[n] = None
        else:
            stack.extend(reversed(n.args))
    return list(found)
