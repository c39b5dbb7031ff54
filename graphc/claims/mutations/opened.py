"""Losses and normalisations opened into the steps people differentiate by hand: `log(softmax(z))`, not one gate."""

from __future__ import annotations

from collections.abc import Sequence

from graphc.ir.node import Node, rebuild, topological
from graphc.ops.activations import sigmoid
from graphc.ops.composite import attributes, open_composite
from graphc.ops.pointwise import log
from graphc.ops.softmax import softmax

CLOSED = (
    "softmax", "mean", "conv1d", "conv2d", "is_max", "is_min", "one_hot", "scaled_dot_product_attention",
)  # fmt: skip


def opened(roots: Sequence[Node]) -> list[Node]:
    """The same roots with every composite opened that is more than one step of a derivation; names are kept."""
    done: dict[Node, Node] = {}
    for node in topological(roots):
        now = rebuild(node, [done[a] for a in node.args])
        inner = _inside(now)
        if inner is None:
            done[node] = now
            continue
        (inner,) = opened([inner])
        done[node] = inner if now.name is None or inner.name is not None else inner.named(now.name)
    return [done[r] for r in roots]


def _inside(node: Node) -> Node | None:
    """A step less compact, or None for what is one step."""
    if node.op.kind != "composite" or node.op.name in CLOSED:
        return None
    match node.op.name:
        case "log_softmax":
            return log(softmax(*node.args, **attributes(node)))
        case "log_sigmoid":
            return log(sigmoid(*node.args))
        case "binary_cross_entropy" if node.attr("from_logits"):
            z, *others = node.args
            assert node.op.body is not None
            return node.op.body(sigmoid(z), *others, **{**attributes(node), "from_logits": False})
    if node.op.elementwise or not node.args:
        return None
    return open_composite(node)
