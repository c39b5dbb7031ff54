"""Straight wires and centred gates: pieces slide within their columns, in order and without touching.

Graphviz leaves a gate anywhere between its inputs; a reader expects it in the middle. Each column in
turn moves as near to where its wires come from as its order, the room of the pieces and the boxes allow.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from graphc.draw.frames import FRAME_PAD, FRAME_TOP, Extent, Wall, walls
from graphc.draw.pieces import Plan, port_offset

_WEIGHT = {"gate": 2.0, "label": 3.0, "end": 3.0, "stem": 3.0, "bend": 4.0, "leaf": 0.1}


@dataclass(frozen=True, slots=True)
class Ends:
    """For each piece where its wires come from and go to: the other piece and the offset of the port."""

    before: dict[int, list[tuple[int, float]]]
    after: dict[int, list[tuple[int, float]]]


def balance(plan: Plan, y: list[float], gap: float) -> list[float]:
    """Better heights for the wires of all pieces."""
    ends = _ends(plan)
    columns: list[list[int]] = [[] for _ in range(plan.columns)]
    for at in sorted(range(len(y)), key=lambda at: y[at]):
        columns[plan.pieces[at].column].append(at)
    standing = walls(plan, y, gap)
    limits = [
        _limits(plan, y, column, gap, [wall for wall in standing if wall.first <= number <= wall.last])
        for number, column in enumerate(columns)
    ]
    heights = list(y)
    for _ in range(2):
        for column, limit in zip(columns, limits, strict=True):
            wish = [_from_left(plan, heights, ends, at) for at in column]
            _settle(plan, heights, column, wish, gap, limit)
        for column, limit in zip(reversed(columns), reversed(limits), strict=True):
            wish = [_from_right(plan, heights, ends, at) for at in column]
            _settle(plan, heights, column, wish, gap, limit)
    for column, limit in zip(columns, limits, strict=True):
        wish = [_from_left(plan, heights, ends, at) for at in column]
        _settle(plan, heights, column, wish, gap, limit)
    return heights


def _ends(plan: Plan) -> Ends:
    before: dict[int, list[tuple[int, float]]] = defaultdict(list)
    after: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for run in plan.runs:
        for tail, head in pairwise(run.pieces):
            offset = port_offset(plan.pieces[head], run.operand)
            before[head].append((tail, offset))
            after[tail].append((head, offset))
    return Ends(before, after)


def _from_left(plan: Plan, y: list[float], ends: Ends, at: int) -> float:
    """Where a piece would like to be for the sake of the wires that enter it."""
    sources = ends.before[at]
    if not sources or any(len(ends.after[source]) > 1 for source, _ in sources):
        return y[at] if not sources or plan.pieces[at].gate is None else _mean(y, sources)
    return _mean(y, sources)


def _mean(y: list[float], sources: list[tuple[int, float]]) -> float:
    return sum(y[source] - offset for source, offset in sources) / len(sources)


def _from_right(plan: Plan, y: list[float], ends: Ends, at: int) -> float:
    """Where a leaf would like to be for the sake of its gate; other pieces stay."""
    targets = ends.after[at]
    if plan.pieces[at].lead is None or len(targets) != 1:
        return y[at]
    target, offset = targets[0]
    return y[target] + offset


def _settle(
    plan: Plan, y: list[float], column: list[int], wish: list[float], gap: float, limit: list[Extent]
) -> None:
    """Move a column as near to its wishes as possible: pooled averages of neighbours that would touch."""
    room = _rooms(plan, column, gap)
    pools: list[list[float]] = []
    for at, wished, above in zip(column, wish, room, strict=True):
        weight = _WEIGHT[plan.pieces[at].kind]
        pools.append([(wished - above) * weight, weight, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            last = pools.pop()
            pools[-1] = [mine + other for mine, other in zip(pools[-1], last, strict=True)]
    level = [total / weight for total, weight, count in pools for _ in range(int(count))]
    for at, height, above, (low, high) in zip(column, level, room, limit, strict=True):
        y[at] = round(min(max(height, low), high) + above, 2)


def _rooms(plan: Plan, column: list[int], gap: float) -> list[float]:
    """The least height of each piece of a column under its first one."""
    rooms = [0.0]
    for upper, lower in pairwise(column):
        rooms.append(rooms[-1] + plan.pieces[upper].down + gap + plan.pieces[lower].up)
    return rooms


def _limits(plan: Plan, y: list[float], column: list[int], gap: float, standing: list[Wall]) -> list[Extent]:
    """How high and low each piece may go, less its room, without crossing the frame of a box."""
    room = _rooms(plan, column, gap)
    low, high = [float("-inf")] * len(column), [float("inf")] * len(column)
    for n, at in enumerate(column):
        piece = plan.pieces[at]
        for wall in standing:
            deep = wall.deep.get(piece.box, 0)
            below = y[at] > (wall.top + wall.bottom) / 2
            if deep or below:
                edge = wall.grown_top + deep * FRAME_TOP if deep else wall.grown_bottom + gap
                low[n] = max(low[n], edge + piece.up - room[n])
            if deep or not below:
                edge = wall.grown_bottom - deep * FRAME_PAD if deep else wall.grown_top - gap
                high[n] = min(high[n], edge - piece.down - room[n])
    for n in range(1, len(column)):
        low[n] = max(low[n], low[n - 1])
        high[-n - 1] = min(high[-n - 1], high[-n])
    return list(zip(low, high, strict=True))
