"""The frames of boxes: which columns they span, how high they are, and what they keep out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from math import inf

from graphc.draw.model import Box
from graphc.draw.pieces import Plan

FRAME_TOP = 24.0
"""Between the top of a frame and what it holds: the room of its label."""
FRAME_PAD = 12.0
"""Between the other sides of a frame and what it holds."""

Extent = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """The rectangle of a box."""

    box: Box
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Wall:
    """A frame as the columns it crosses see it: some boxes live inside, everything else outside.

    `deep` says for each box inside how many frames its pieces lie in, this one counted. The frame may
    move or grow up to `grown_top` and `grown_bottom`.
    """

    first: int
    last: int
    top: float
    bottom: float
    deep: dict[str, int]
    grown_top: float
    grown_bottom: float


def inner_first(plan: Plan) -> list[Box]:
    """The boxes, each after the boxes it holds."""
    parent = {box.id: box.parent for box in plan.circuit.boxes}

    def depth(box: str) -> int:
        steps = 0
        while parent[box]:
            box, steps = parent[box], steps + 1
        return steps

    return sorted(plan.circuit.boxes, key=lambda box: -depth(box.id))


def box_columns(plan: Plan) -> dict[str, tuple[int, int]]:
    """The first and last column of each box that holds something."""
    columns: dict[str, list[int]] = defaultdict(list)
    for piece in plan.pieces:
        columns[piece.box].append(piece.column)
    found: dict[str, tuple[int, int]] = {}
    for box in inner_first(plan):
        if inside := columns[box.id]:
            found[box.id] = min(inside), max(inside)
            columns[box.parent] += found[box.id]
    return found


def box_heights(plan: Plan, y: list[float]) -> dict[str, Extent]:
    """Top and bottom of the frame of each box that holds something."""
    rooms: dict[str, list[Extent]] = defaultdict(list)
    for at, piece in zip(y, plan.pieces, strict=True):
        rooms[piece.box].append((at - piece.up, at + piece.down))
    return {
        box: (inside[0] - FRAME_TOP, inside[1] + FRAME_PAD)
        for box, inside in _grow(plan, rooms, FRAME_TOP, FRAME_PAD).items()
    }


def _grow(plan: Plan, rooms: dict[str, list[Extent]], before: float, after: float) -> dict[str, Extent]:
    """What each box holds, from end to end, when every frame adds `before` and `after` to its own."""
    found: dict[str, Extent] = {}
    for box in inner_first(plan):
        if inside := rooms[box.id]:
            low, high = min(room[0] for room in inside), max(room[1] for room in inside)
            found[box.id] = low, high
            rooms[box.parent].append((low - before, high + after))
    return found


def box_sides(plan: Plan, edges: list[Extent]) -> dict[str, Extent]:
    """Left and right of the frame of each box, from the edges of the columns."""
    rooms: dict[str, list[Extent]] = defaultdict(list)
    for piece in plan.pieces:
        rooms[piece.box].append(edges[piece.column])
    return {
        box: (inside[0] - FRAME_PAD, inside[1] + FRAME_PAD)
        for box, inside in _grow(plan, rooms, FRAME_PAD, FRAME_PAD).items()
    }


def walls(plan: Plan, y: list[float], gap: float) -> list[Wall]:
    """The frames as they keep pieces in and out, with the free space around them shared out."""
    heights, columns = box_heights(plan, y), box_columns(plan)
    deep = {box.id: {box.id: 1} for box in plan.circuit.boxes}
    found: list[Wall] = []
    for box in inner_first(plan):
        if box.parent:
            deep[box.parent] |= {name: count + 1 for name, count in deep[box.id].items()}
        if box.id in heights:
            wall = Wall(*columns[box.id], *heights[box.id], deep[box.id], 0.0, 0.0)
            grown_top, grown_bottom = _grown(plan, y, gap, wall)
            found.append(replace(wall, grown_top=grown_top, grown_bottom=grown_bottom))
    return found


def _grown(plan: Plan, y: list[float], gap: float, wall: Wall) -> Extent:
    """How far a wall may grow: half the way to the nearest piece outside, without end where there is none."""
    top, bottom = -inf, inf
    for at, piece in zip(y, plan.pieces, strict=True):
        if wall.first <= piece.column <= wall.last and piece.box not in wall.deep:
            margin = gap if not piece.box else gap + FRAME_TOP
            if at < (wall.top + wall.bottom) / 2:
                top = max(top, (wall.top + min(wall.top, at + piece.down + margin)) / 2)
            else:
                bottom = min(bottom, (wall.bottom + max(wall.bottom, at - piece.up - margin)) / 2)
    return top, bottom
