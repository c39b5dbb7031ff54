"""The picture as simple marks at exact places, for SVG and other writers to print."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal

from graphc.draw.frames import Frame
from graphc.draw.labels import (
    SIZE,
    WIRE_ROOM,
    Row,
    Span,
    Tag,
    mark_spans,
    row_height,
    row_width,
    span,
    symbol,
)
from graphc.draw.layout import Placed
from graphc.draw.model import Gate
from graphc.draw.pieces import LEAD_SPACE, Piece, Run, port_offset
from graphc.draw.textwidth import clean

MARGIN = 20.0
ARROW = 8.0
Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Text:
    """A row of text that begins, ends or is centred at `x`, with its baseline at `y`.

    One that stands `alone` carries its style itself.
    """

    x: float
    y: float
    row: Row
    anchor: Anchor = "start"
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A wire: a start, then straight steps (a point) and curves (three points)."""

    start: Point
    steps: tuple[tuple[Point, ...], ...]
    arrow: bool
    dot: bool


@dataclass(frozen=True, slots=True)
class Disc:
    """A gate: a circle, or a pill when it is wider or higher than that."""

    x: float
    y: float
    width: float
    height: float
    gate: Gate
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """All marks of a picture, from back to front."""

    width: float
    height: float
    title: str
    description: str
    frames: tuple[Frame, ...]
    lines: tuple[Line, ...]
    discs: tuple[Disc, ...]
    texts: tuple[Text, ...]


_LEGEND: tuple[Row, ...] = (
    (Span("forward value", "value"),),
    (Span("gradient", "gradient"),),
    (Span("local derivative", "local"),),
)
_LEGEND_ROOM = 34.0
_LEGEND_SPACE = 20.0


def paper(scene: Scene) -> tuple[float, float]:
    """Width and height of a picture with its margins."""
    return scene.width + 2 * MARGIN, scene.height + 2 * MARGIN


def compose(placed: Placed, legend: bool = False) -> Scene:
    """The marks of a laid-out circuit, with a line that explains the colours when `legend` is set."""
    pieces = placed.plan.pieces
    texts: list[Text] = []
    discs: list[Disc] = []
    for at, piece in enumerate(pieces):
        column = placed.columns[piece.column]
        if piece.gate is not None:
            middle = (column.left + column.right) / 2
            discs.append(_disc(piece, piece.gate, middle, placed.y[at]))
        texts += _tag_texts(piece.tag, column.tag + 3, placed.y[at])
        if piece.lead is not None:
            base = placed.y[at] + SIZE["name"] * 0.34
            texts.append(Text(column.tag - LEAD_SPACE, base, (piece.lead,), "end"))
    texts += [Text(f.left + 10, f.top + 16, (span(f.box.label, "box"),)) for f in placed.frames]
    circuit = placed.plan.circuit
    width, height = placed.width, placed.height
    verdicts = tuple(mark_spans(mark) for mark in circuit.verdicts)
    for row in filter(None, (_LEGEND if legend else (), verdicts)):
        long = sum(map(row_width, row)) + _LEGEND_SPACE * (len(row) - 1)
        height += _LEGEND_ROOM
        width = max(width, long)
        x = (width - long) / 2
        for part in row:
            texts.append(Text(x, height - 6, part))
            x += row_width(part) + _LEGEND_SPACE
    return Scene(
        width, height, clean(circuit.title), clean(circuit.description), placed.frames,
        tuple(_line(placed, run) for run in placed.plan.runs), tuple(discs), tuple(texts),
    )  # fmt: skip


def _disc(piece: Piece, gate: Gate, x: float, y: float) -> Disc:
    sign = symbol(gate.symbol)
    texts = [Text(x, y + SIZE[sign.tone] * 0.35, (sign,), "middle")]
    if gate.role:
        texts.append(Text(x, y + piece.up + 12, (span(gate.role, "role"),), "middle"))
    return Disc(x, y, piece.width, 2 * piece.up, gate, tuple(texts))


def _tag_texts(tag: Tag, x: float, y: float) -> list[Text]:
    texts: list[Text] = []
    base = y - WIRE_ROOM
    for row in reversed(tag.above):
        texts.append(Text(x, base - row_height(row) * 0.12, row))
        base -= row_height(row)
    top = y + WIRE_ROOM
    for row in tag.below:
        texts.append(Text(x, top + row_height(row) * 0.76, row))
        top += row_height(row)
    return texts


def _line(placed: Placed, run: Run) -> Line:
    """The way of a run: level through the columns, curved in the zones between them."""
    pieces, y = placed.plan.pieces, placed.y
    first, last = pieces[run.pieces[0]], pieces[run.pieces[-1]]
    start = (_start(placed, first, len(run.pieces)), y[run.pieces[0]])
    steps: list[tuple[Point, ...]] = []
    height = start[1]
    for at in run.pieces[1:]:
        piece = pieces[at]
        left, right = placed.zones[piece.column - 1]
        goal = y[at] + port_offset(piece, run.operand)
        if goal != height:
            middle = (left + right) / 2
            steps += [((left, height),), ((middle, height), (middle, goal), (right, goal))]
        height = goal
    to_stem = last.kind == "stem"
    column = placed.columns[last.column]
    end = column.right if last.gate is None else _edge(placed, last, height - y[run.pieces[-1]])
    steps.append(((end if to_stem else end - ARROW + 1, height),))
    return Line(start, tuple(steps), not to_stem, to_stem)


def _start(placed: Placed, piece: Piece, length: int) -> float:
    column = placed.columns[piece.column]
    if piece.gate is not None:
        return (column.left + column.right + piece.width) / 2
    return column.right if piece.kind == "stem" and length > 1 else column.tag


def _edge(placed: Placed, piece: Piece, offset: float) -> float:
    """Where a gate's outline begins at the height of a port."""
    column = placed.columns[piece.column]
    middle = (column.left + column.right) / 2
    radius = min(piece.width, 2 * piece.up) / 2
    beyond = max(0.0, abs(offset) - (piece.up - radius))
    return middle - piece.width / 2 + radius - sqrt(max(0.0, radius**2 - beyond**2))
