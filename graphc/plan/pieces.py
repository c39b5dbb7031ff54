"""Arrays made by joining others: what is computed for them is written where it belongs at once.

Along the first axis anything can be joined so; along the second of two, what is computed elementwise, as NumPy's
products want their results in one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from graphc.ir.node import Node
from graphc.ir.types import DimLike
from graphc.ops.leaf import CONST
from graphc.ops.move import BROADCAST, CONCAT, RESHAPE
from graphc.plan.alias import base_of_piece, is_fresh, joins_in_place
from graphc.plan.order import Line


@dataclass(frozen=True, slots=True)
class Piece:
    """A value stands in the value of `whole`, a concat, from index `start` of `axis` on, `length` entries."""

    whole: Node
    start: DimLike
    length: DimLike

    @property
    def axis(self) -> int:
        """The axis along which the whole is joined."""
        return int(self.whole.attrs[0])


def find_pieces(
    lines: Sequence[Line],
    outputs: Collection[Node],
    memory: Callable[[Node], Node],
    block: Sequence[int],
    region: Sequence[int],
) -> dict[Node, Piece]:
    """The computed values that can be written straight into a concat along the first axis."""
    made = {line.node: i for i, line in enumerate(lines) if line.action == "compute" and line.target is None}
    found: dict[Node, Piece] = {}
    for i, line in enumerate(lines):
        node = line.node
        if line.action != "compute" or not joins_in_place(node) or block[i] >= 0:
            continue
        axis = node.attrs[0]
        start: DimLike = 0
        for part in node.args:
            base = base_of_piece(part, axis)
            at = made.get(base)
            if (
                at is not None
                and base not in found
                and memory(base) is base
                and base not in outputs
                and base.dtype == node.dtype
                and is_fresh(base)
                and base.op.name != "concat"
                and region[at] == region[i]
                and (not axis or (base.op.kind == "pointwise" and block[at] < 0))
            ):
                found[base] = Piece(node, start, part.shape[axis])
            start = start + part.shape[axis]
    return found


def parts_left(node: Node, written: Collection[tuple[Node, DimLike]]) -> list[tuple[Node, DimLike]]:
    """The parts of a concat that are not `written` into it already, as (value, start), each with where it begins."""
    left: list[tuple[Node, DimLike]] = []
    start: DimLike = 0
    axis = node.attrs[0]
    for part in node.args:
        if (base_of_piece(part, axis), start) not in written:
            left.append((part, start))
        start = start + part.shape[axis]
    return left


def filled_with(part: Node) -> Node | None:
    """The number that a part of a concat repeats: such a part is written once."""
    while part.op is RESHAPE:
        part = part.args[0]
    return part.args[0] if part.op is BROADCAST and part.args[0].op is CONST else None


def lasts(node: Node) -> bool:
    """Whether a concat has parts that are written once: then nothing else may use its memory."""
    return node.op is CONCAT and any(filled_with(part) is not None for part in node.args)
