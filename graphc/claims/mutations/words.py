"""How parts of a graph are spoken of: by the writer's names where there are any."""

from __future__ import annotations

from graphc.claims.mutations.backward import Edge
from graphc.ir.node import Node
from graphc.ops.form import brief, is_short, show

WIDEST = 40


PART = 12
_INFIX = {"add": " + ", "sub": " - ", "mul": "*", "div": "/", "pow": "**"}


def label(node: Node) -> str:
    """A name, a short expression, or a long one with what is long in it left out: `…*h`, `sum(…)`."""
    return node.name or brief(node, most=WIDEST) or _sketch(node)


def _sketch(node: Node) -> str:
    parts = [brief(a, most=PART) or "…" for a in node.args]
    if node.op.name in _INFIX:
        return _INFIX[node.op.name].join(parts)
    return f"-{parts[0]}" if node.op.name == "neg" else f"{node.op.name}({', '.join(parts)})"


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
