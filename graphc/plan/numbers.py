"""Masks as numbers where small arrays are multiplied by them: `dz * m` after `m[...] = z > 0`, `m` an array of reals.

NumPy turns booleans into numbers a buffer at a time when an operation meets both, which takes longer than all at once
before it: measured, 0.75 of the time from 1,000 to 16,000 entries, and as much beyond.
"""

from __future__ import annotations

from graphc.ir.node import Node, make
from graphc.ops.pointwise import MUL, cast
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import Pass, counted
from graphc.plan.setting import Setting

SMALLEST, LARGEST = 1024, 16384  # entries


def masks_as_numbers(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with products of small arrays and masks as products of numbers, where memory is kept for these."""
    if not setting.workspace:
        return lowered

    def rule(node: Node) -> Node | None:
        if not SMALLEST <= setting.entries(node.shape) <= LARGEST or node.dtype != "real":
            return None
        if not any(_is_mask(a, node) for a in node.args):
            return None
        return make(MUL, (cast(a, "real") if _is_mask(a, node) else a for a in node.args))

    result, count = counted(lowered, (MUL,), rule)
    if count:
        setting.say("numbers", f"{count} {'masks are' if count > 1 else 'mask is'} multiplied by as numbers")
    return result


def _is_mask(a: Node, product: Node) -> bool:
    return a.dtype == "bool" and a.shape == product.shape


NUMBERS = Pass("numbers", "multiplies small arrays by masks as numbers", masks_as_numbers)
