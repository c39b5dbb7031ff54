"""What whole-number leaves are used for: the axes they pick places of."""

from __future__ import annotations

from collections.abc import Sequence

from graphc.ir.node import Node
from graphc.ir.types import DimLike


def label_extents(order: Sequence[Node]) -> dict[Node, tuple[DimLike, ...]]:
    """For each integer leaf the extents of all axes it is an index into, or is compared with the places of."""
    origin: dict[Node, Node] = {}
    places: dict[Node, DimLike] = {}
    found: dict[Node, dict[DimLike, None]] = {}

    def use(node: Node, extent: DimLike) -> None:
        if node in origin:
            found.setdefault(origin[node], {})[extent] = None

    for node in order:
        if node.is_leaf and node.dtype == "int":
            origin[node] = node
        elif node.op.name == "iota":
            places[node] = node.attrs[0]
        elif node.op.kind == "move" or node.op.name in ("cast", "stop_gradient"):
            for argument in node.args:
                if argument in origin:
                    origin[node] = origin[argument]
                if argument in places:
                    places[node] = places[argument]
        elif node.op.name == "gather":
            for i, index in enumerate(node.args[1:]):
                use(index, node.args[0].shape[node.attrs[0] + i])
        elif node.op.name == "scatter_add":
            for i, index in enumerate(node.args[1:]):
                use(index, node.attrs[0][node.attrs[1] + i])
        elif node.op.name in ("equal", "not_equal"):
            for one, other in (node.args, node.args[::-1]):
                if other in places:
                    use(one, places[other])
    return {leaf: tuple(extents) for leaf, extents in found.items()}


def index_uses(order: Sequence[Node]) -> list[tuple[Node, Node, DimLike]]:
    """Every use of an index: the user, the index, and the extent it must stay below."""
    uses: list[tuple[Node, Node, DimLike]] = []
    for node in order:
        if node.op.name == "gather":
            extents = node.args[0].shape[node.attrs[0] :]
        elif node.op.name == "scatter_add":
            extents = node.attrs[0][node.attrs[1] :]
        else:
            continue
        uses += [(node, index, extent) for index, extent in zip(node.args[1:], extents, strict=False)]
    return uses
