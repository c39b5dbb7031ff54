"""Where every piece stands: columns are ours, the order and height within a column are Graphviz's.

Because every line goes from one column to the next, Graphviz ranks the pieces into the same columns,
keeps lines short and boxes apart, and draws no edges itself.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from graphc.draw.balance import balance
from graphc.draw.engine import Engine, run_dot
from graphc.draw.frames import Frame, box_columns, box_heights, box_sides, inner_first
from graphc.draw.pieces import Plan, port_offset, uncross

ROW_GAP = 10.0
"""The least vertical distance between pieces of a column."""
_BOX_ROOM = 26.0
_INCH = 72.0
_STEPS = 2e6
_CURVE = 22.0
_STRAIGHT = 14.0
"""The least widths of the space between columns, where lines curve and where none does."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column begins and ends, and where the tags within it begin (names end before that)."""

    left: float
    tag: float
    right: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A plan with places: the wire height of each piece, the columns, the curve zones between them."""

    plan: Plan
    y: tuple[float, ...]
    columns: tuple[Column, ...]
    zones: tuple[tuple[float, float], ...]
    frames: tuple[Frame, ...]
    width: float
    height: float


def place(plan: Plan, engine: Engine = "embedded", seconds: float = 10.0) -> Placed:
    """Lay out `plan`."""
    shift = _shift(plan)
    y = _heights(plan, run_dot(_source(plan, shift), "json0", engine, seconds), shift)
    plan = uncross(plan, y)
    y = balance(plan, y, ROW_GAP)
    columns, zones, width = _columns(plan, y)
    heights = box_heights(plan, y)
    rooms = [(at - piece.up, at + piece.down) for at, piece in zip(y, plan.pieces, strict=True)]
    rooms += heights.values()
    top = min((room[0] for room in rooms), default=0.0)
    bottom = max((room[1] for room in rooms), default=0.0)
    sides = box_sides(plan, [(column.left, column.right) for column in columns])
    frames = tuple(
        Frame(box, sides[box.id][0], heights[box.id][0] - top, sides[box.id][1], heights[box.id][1] - top)
        for box in reversed(inner_first(plan))
        if box.id in sides
    )
    return Placed(plan, tuple(at - top for at in y), columns, zones, frames, width, bottom - top)


def _shift(plan: Plan) -> float:
    """How far below its wire the middle of a typical label lies; all pieces are centred there."""
    low = sorted(piece.down - piece.up for piece in plan.pieces if piece.kind != "bend")
    return round(low[len(low) // 2]) / 2 if low else 0.0


def _source(plan: Plan, shift: float) -> str:
    """The pieces as boxes of fixed size in the DOT language."""
    # Graphviz multiplies by the number of nodes; where it stops early, the balancing makes up for it.
    limit = _STEPS / max(len(plan.pieces), 1) ** 2
    lines = [
        "digraph {",
        f"rankdir=LR; newrank=true; splines=none; ranksep=0.1; nslimit={limit:.4f}; nslimit1=20;",
        f'nodesep={ROW_GAP / _INCH:.4f}; node [shape=box, fixedsize=true, label="", width=0.1];',
    ]
    members: dict[str, list[int]] = defaultdict(list)
    for at, piece in enumerate(plan.pieces):
        height = 2 * max(piece.up + shift, piece.down - shift)
        ordering = ", ordering=in" if piece.kind == "gate" and piece.inputs > 1 else ""
        lines.append(f"n{at} [height={height / _INCH:.4f}{ordering}];")
        members[piece.box].append(at)
    lines += _clusters(plan, members)
    lines += _edges(plan)
    lines += _ties(plan)
    return "\n".join((*lines, "}"))


def _clusters(plan: Plan, members: dict[str, list[int]]) -> list[str]:
    """The boxes as nested subgraphs."""
    children: dict[str, list[str]] = defaultdict(list)
    for box in reversed(plan.circuit.boxes):
        children[box.parent].append(box.id)
    number = {box.id: at for at, box in enumerate(plan.circuit.boxes)}
    lines: list[str] = []
    waiting = list(children[""])
    while waiting:
        name = waiting.pop()
        if not name:
            lines.append("}")
            continue
        lines.append(f"subgraph cluster{number[name]} {{ margin={_BOX_ROOM:g};")
        lines.append(" ".join(f"n{at};" for at in members[name]))
        waiting += ["", *children[name]]
    return lines


def _edges(plan: Plan) -> list[str]:
    """One edge for each step of a line; the edges into a gate stand in the order of its operands."""
    steps: set[tuple[int, int]] = set()
    ordered: list[tuple[int, int, int]] = []
    for run in plan.runs:
        for tail, head in pairwise(run.pieces):
            if (tail, head) not in steps:
                steps.add((tail, head))
                ordered.append((head, run.operand, tail))
    ordered.sort()
    straight = {"bend": 4, "label": 2, "stem": 2}
    return [
        f"n{tail} -> n{head} [weight={straight.get(plan.pieces[head].kind, 1)}];" for head, _, tail in ordered
    ]


def _ties(plan: Plan) -> list[str]:
    """Invisible edges that keep parts without a connection to the largest one in their columns."""
    parts = _parts(plan)
    main = max(parts, key=lambda part: len({plan.pieces[at].column for at in part}), default=[])
    anchors = {plan.pieces[at].column: at for at in reversed(main) if plan.pieces[at].gate is None}
    lines: list[str] = []
    for part in parts:
        first = min(part, key=lambda at: plan.pieces[at].column)
        column = plan.pieces[first].column
        others = [other for other in anchors if other != column]
        if part is main or not others:
            continue
        nearest = min(others, key=lambda other: (abs(other - column), other))
        tail, head = (first, anchors[nearest]) if column < nearest else (anchors[nearest], first)
        lines.append(f"n{tail} -> n{head} [style=invis, weight=0, minlen={abs(nearest - column)}];")
    return lines


def _parts(plan: Plan) -> list[list[int]]:
    """The connected parts of the drawing."""
    near: dict[int, list[int]] = defaultdict(list)
    for run in plan.runs:
        for tail, head in pairwise(run.pieces):
            near[tail].append(head)
            near[head].append(tail)
    seen: set[int] = set()
    parts: list[list[int]] = []
    for start in range(len(plan.pieces)):
        if start in seen:
            continue
        seen.add(start)
        part = [start]
        for at in part:
            fresh = [other for other in near[at] if other not in seen]
            seen.update(fresh)
            part += dict.fromkeys(fresh)
        parts.append(part)
    return parts


def _heights(plan: Plan, output: str, shift: float) -> list[float]:
    """The wire height of every piece, downwards, from Graphviz's answer."""
    heights = [0.0] * len(plan.pieces)
    for item in json.loads(output).get("objects", []):
        if item["name"].startswith("n"):
            heights[int(item["name"][1:])] = -float(item["pos"].split(",")[1]) - shift
    return heights


def _columns(plan: Plan, y: list[float]) -> tuple[tuple[Column, ...], tuple[tuple[float, float], ...], float]:
    """Columns from left to right, with zones between them as wide as their curves are high."""
    lead, body = [0.0] * plan.columns, [0.0] * plan.columns
    for piece in plan.pieces:
        lead[piece.column] = max(lead[piece.column], piece.lead_width)
        body[piece.column] = max(body[piece.column], piece.width)
    steep = _steepest(plan, y)
    before, after = _frame_room(plan)
    columns: list[Column] = []
    zones: list[tuple[float, float]] = []
    at = 0.0
    for column in range(plan.columns):
        at += before[column]
        columns.append(Column(at, at + lead[column], at + lead[column] + body[column]))
        at = columns[-1].right + after[column]
        if column + 1 < plan.columns:
            end = at + (min(_CURVE + steep[column] * 0.16, 70.0) if steep[column] > 1 else _STRAIGHT)
            zones.append((at, end))
            at = end
    return tuple(columns), tuple(zones), at


def _frame_room(plan: Plan) -> tuple[list[float], list[float]]:
    """The room for sides of frames before and after each column."""
    before, after = [0.0] * plan.columns, [0.0] * plan.columns
    outside = {box.id: box_columns(plan).get(box.id) for box in plan.circuit.boxes}
    flat = box_sides(plan, [(0.0, 0.0)] * plan.columns)
    for box, columns in outside.items():
        if columns is not None:
            before[columns[0]] = max(before[columns[0]], -flat[box][0])
            after[columns[1]] = max(after[columns[1]], flat[box][1])
    return before, after


def _steepest(plan: Plan, y: list[float]) -> list[float]:
    """The greatest height a line climbs after each column."""
    steep = [0.0] * plan.columns
    for run in plan.runs:
        for tail, head in pairwise(run.pieces):
            end = plan.pieces[head]
            climb = abs(y[head] + port_offset(end, run.operand) - y[tail])
            column = plan.pieces[tail].column
            steep[column] = max(steep[column], climb)
    return steep
