"""Masks read from what was computed anyway: `z > 0` is `relu(z) > 0`, and `z` need not be kept for the backward pass.

`max(x, c) > c` holds just where `x > c` does, also for what is not a number; likewise with `<=`, and with the minimum.
"""

from __future__ import annotations

from graphc.ir.node import Node, make
from graphc.ir.op import Op
from graphc.ops.pointwise import GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, MAXIMUM, MINIMUM
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import Pass, counted
from graphc.plan.setting import Setting

# Which comparisons of x with c hold for the extreme of both just where they do for x, and how they read from c's side.
_KEPT = {MAXIMUM: (GREATER, LESS_EQUAL), MINIMUM: (LESS, GREATER_EQUAL)}
_TURNED = {LESS: GREATER, GREATER: LESS, GREATER_EQUAL: LESS_EQUAL, LESS_EQUAL: GREATER_EQUAL}


def masks_of_outputs(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with comparisons `x > c` made of `max(x, c)` where that is computed too, and the like."""
    outputs: dict[tuple[Node, Node, Op], Node] = {}
    for node in lowered.nodes:
        if node.op in _KEPT:
            x, c = _sides(node)
            if x.shape == node.shape and x.dtype == node.dtype:
                outputs |= {(x, c, kind): node for kind in _KEPT[node.op]}
    if not outputs:
        return lowered

    def rule(node: Node) -> Node | None:
        x, c = _sides(node)
        kind = node.op if x is node.args[0] else _TURNED[node.op]
        extreme = outputs.get((x, c, kind))
        if extreme is None:
            return None
        return make(node.op, (extreme, c) if x is node.args[0] else (c, extreme))

    result, count = counted(lowered, _TURNED, rule)
    if count:
        masks = f"{count} masks are" if count > 1 else "1 mask is"
        setting.say("masks", f"{masks} read from the output of relu or the like, so that its input can go")
    return result


def _sides(node: Node) -> tuple[Node, Node]:
    """The operand that varies, and the constant it is compared with; twice the node itself if there are no such two."""
    if node.args[0].constant is node.args[1].constant:
        return node, node
    x, c = node.args
    return (c, x) if x.constant else (x, c)


MASKS = Pass("masks", "reads masks from outputs instead of inputs", masks_of_outputs)
