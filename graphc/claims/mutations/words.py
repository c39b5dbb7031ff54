"""How parts of a graph are spoken of: by the writer's names where there are any."""

from __future__ import annotations

from graphc.claims.mutations.backward import Edge
from graphc.ir.node import Node
from graphc.ops.form import brief, is_short, show

WIDEST = 40


def label(node: Node) -> str:
    """A name, a short expression, or the operation."""
    return node.name or brief(node, most=WIDEST) or node.op.name


def computed(node: Node) -> str:
    """What a node computes if that is short: `relu(z1)` for an `h` that is that; else its label."""
    if node.args and is_short(node, most=WIDEST):
        return show(node)
    return label(node)


def written(value: Node, edge: Edge) -> str | None:
    """What an edge passes back as it would be written, with `dz` for the gradient of a named z; None if it is long."""
    name = f"d{edge.user.name}" if edge.user.name else "upstream"
    text = show(value, {edge.upstream: name}, terms=6)
    return text if len(text) <= WIDEST else None
