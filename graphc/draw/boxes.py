"""The boxes around the gates of opened operations."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from graphc.derive.expand import Group
from graphc.draw.model import Box
from graphc.ir.node import Node


def boxes_of(groups: Sequence[Group], gates: Collection[Node]) -> tuple[dict[Node, str], tuple[Box, ...]]:
    """The id of the box each gate lies in, and the boxes that hold something.

    A gate two operations share lies in the first of them, unless one is inside the other.
    """
    homes: dict[Node, int] = {}
    for number, group in enumerate(groups):
        for node in group.nodes:
            if node in gates and (node not in homes or homes[node] in _around(groups, number)):
                homes[node] = number
    used = {at for home in homes.values() for at in (home, *_around(groups, home))}
    boxes = tuple(
        Box(f"b{number}", _label(group), "" if group.parent is None else f"b{group.parent}")
        for number, group in enumerate(groups)
        if number in used
    )
    return {node: f"b{home}" for node, home in homes.items()}, boxes


def _around(groups: Sequence[Group], number: int) -> list[int]:
    """The groups a group lies in, the innermost first."""
    found: list[int] = []
    parent = groups[number].parent
    while parent is not None:
        found.append(parent)
        parent = groups[parent].parent
    return found


def _label(group: Group) -> str:
    return group.op if group.label == group.op else f"{group.label} = {group.op}"
