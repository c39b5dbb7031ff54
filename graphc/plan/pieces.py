"""Arrays made by joining others along the first axis: what is computed for them is written where it belongs at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from graphc.ir.node import Node
from graphc.ir.types import DimLike
from graphc.plan.alias import base_of_piece, is_fresh
from graphc.plan.order import Line


@dataclass(frozen=True, slots=True)
class Piece:
    """A value stands in the value of `whole`, a concat, from index `start` on, `length` entries of the first axis."""

    whole: Node
    start: DimLike
    length: DimLike


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
        if line.action != "compute" or node.op.name != "concat" or node.attrs[0] != 0 or block[i] >= 0:
            continue
        start: DimLike = 0
        for part in node.args:
            base = base_of_piece(part)
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
            ):
                found[base] = Piece(node, start, part.shape[0])
            start = start + part.shape[0]
    return found


def parts_left(node: Node, written: Collection[tuple[Node, DimLike]]) -> list[tuple[Node, DimLike]]:
    """The parts of a concat that are not `written` into it already, as (value, start), each with where it begins."""
    left: list[tuple[Node, DimLike]] = []
    start: DimLike = 0
    for part in node.args:
        if (base_of_piece(part), start) not in written:
            left.append((part, start))
        start = start + part.shape[0]
    return left
