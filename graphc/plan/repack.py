"""Unrolled windows are written again where they are read again: they hold each entry of an array many times over.

The windows that a convolution meets forward are met again by the gradient of its kernel. Kept in between they would go
to memory and come back; from the array that they are taken of they are written anew, slice by slice, in the cache.
"""

from __future__ import annotations

from graphc.ir.node import Node, make, users
from graphc.ops.contract import CONTRACT
from graphc.ops.move import PAD, RESHAPE, TRANSPOSE
from graphc.ops.window import SLIDING_WINDOW
from graphc.plan.again import AGAIN
from graphc.plan.lower import Lowered
from graphc.plan.predict import SHARED, size_in_bytes
from graphc.plan.rewriting import Pass, replaced
from graphc.plan.setting import Setting

NAME = "unroll"
_CHAIN = (RESHAPE, TRANSPOSE, SLIDING_WINDOW, PAD)


def unroll_again(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with unrolled windows made anew for every product but the first."""
    if SLIDING_WINDOW not in lowered.ops:
        return lowered
    uses = users(lowered.roots)
    done: dict[Node, Node] = {}
    count = 0
    for node in lowered.nodes:
        args = [done[a] for a in node.args]
        if node.op is CONTRACT and len(args) == 2:
            for i, a in enumerate(node.args):
                if a.op is RESHAPE and uses[a][0][0] is not node and _is_unrolled(a, setting):
                    args[i] = _anew(args[i], args[1 - i])
                    count += 1
        done[node] = node if tuple(args) == node.args else make(node.op, args, node.attrs)
    if count:
        arrays = f"{count} arrays of windows are" if count > 1 else "1 array of windows is"
        setting.say(NAME, f"{arrays} written again instead of kept")
    return replaced(lowered, done) if count else lowered


UNROLL = Pass(NAME, "writes unrolled windows again where they are read again", unroll_again)


def _is_unrolled(node: Node, setting: Setting) -> bool:
    """Whether `node` holds windows one after the other, and is large."""
    below = node.args[0]
    window = below.args[0] if below.op is TRANSPOSE else below
    return window.op is SLIDING_WINDOW and size_in_bytes(node, setting) > SHARED * setting.costs.cache


def _anew(node: Node, after: Node) -> Node:
    """`node` made from what it is taken of, when `after` is there."""
    chain: list[Node] = []
    while node.op in _CHAIN:
        chain.append(node)
        node = node.args[0]
    result = make(AGAIN, (node, after))
    for one in reversed(chain):
        result = make(one.op, (result,), one.attrs)
    return result
