"""The words on a wire: which rows stand above it and below it, in which tone, and the room they take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from graphc.draw.model import Mark, Output, Rows, Sign, Value, Wire
from graphc.draw.textwidth import clean, elide, elide_path, text_width

Tone = Literal[
    "name", "shape", "value", "gradient", "local", "symbol", "word", "role", "box", "right", "wrong", "open"
]

SIZE: dict[Tone, float] = {
    "name": 15, "shape": 11, "value": 14, "gradient": 14, "local": 11,
    "symbol": 20, "word": 14.5, "role": 10.5, "box": 12,
    "right": 12.5, "wrong": 12.5, "open": 12.5,
}  # fmt: skip
_LIMIT: dict[Tone, float] = {
    "name": 200, "shape": 140, "value": 260, "gradient": 260, "local": 230,
    "symbol": 30, "word": 150, "role": 90, "box": 300,
    "right": 230, "wrong": 230, "open": 230,
}  # fmt: skip

NOT_COMPUTED = "—"
SIGNS: dict[Sign, str] = {"right": "✓", "wrong": "✗", "open": "?", "none": ""}
_NUMBER = re.compile(r"-?[\d.,]+(e[+-]?\d+)?|-?inf|nan")
SPACE = 6.0
"""Between two texts of a row."""
WIRE_ROOM = 4.0
"""Between a wire and the letters above and below it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one tone; `full` is the whole text where `text` had to be cut."""

    text: str
    tone: Tone
    full: str = ""

    @property
    def width(self) -> float:
        return text_width(self.text, SIZE[self.tone])


Row = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Tag:
    """Rows above and below a wire."""

    above: tuple[Row, ...] = ()
    below: tuple[Row, ...] = ()

    @property
    def width(self) -> float:
        return max((row_width(row) for row in (*self.above, *self.below)), default=0.0)

    @property
    def up(self) -> float:
        return _height(self.above)

    @property
    def down(self) -> float:
        return _height(self.below)


NO_TAG = Tag()


def row_width(row: Row) -> float:
    """The width of a row with the spaces between its texts."""
    return sum(part.width for part in row) + SPACE * (len(row) - 1)


def row_height(row: Row) -> float:
    """The height of a row, from its largest letters."""
    return max(SIZE[part.tone] for part in row) * 1.2


def _height(rows: tuple[Row, ...]) -> float:
    return sum(map(row_height, rows)) + WIRE_ROOM if rows else 0.0


def span(text: str, tone: Tone) -> Span:
    """`text` made harmless, and cut to the width its tone allows."""
    whole = clean(text)
    cut = elide_path if tone == "name" else elide
    short = cut(whole, _LIMIT[tone], SIZE[tone])
    return Span(short, tone, "" if short == whole else whole)


def symbol(text: str) -> Span:
    """What is written in a gate: a single sign large, a word smaller."""
    return span(text, "symbol" if len(clean(text)) == 1 else "word")


def only_use(value: Value, use: Wire | Output, named: bool) -> Tag:
    """The tag of a wire that is the only use of a value; `named` when the name is not at its left."""
    gradient = marked(_rows(use.gradient, "gradient"), value.marks)
    return Tag(_head(value, value.name if named else ""), gradient + _local(use))


def stem(value: Value, name: str, uses: int, apart: int = 0) -> Tag:
    """The tag of what a branch starts from: the value, and the gradients of its uses summed.

    `apart` counts those of the `uses` that have no wire from here.
    """
    rows = _rows(value.gradient, "gradient")
    sigma = Span("Σ =", "gradient")
    if rows and value.gradient is not None and uses > 1:
        rows = ((sigma, *rows[0]),) if len(rows) == 1 else ((sigma,), *rows)
    count: tuple[Row, ...] = ((span(f"{apart} uses by name", "local"),),) if apart else ()
    return Tag(_head(value, name), marked(rows, value.marks) + count)


def one_of_many(value: Value, use: Wire | Output) -> Tag:
    """The tag of a wire after a branch: its own contribution, and a short value once more."""
    short = value.value if len(value.value) == 1 else ()
    return Tag(_rows(short, "value"), _rows(use.gradient, "gradient") + _local(use))


def _head(value: Value, name: str) -> tuple[Row, ...]:
    """Name and shape, with the value beside them where it is a scalar, below them otherwise."""
    head: list[Span] = []
    if name:
        head.append(span(name, "name"))
    if value.shape:
        head.append(span(value.shape, "shape"))
    numbers = _rows(value.value, "value")
    if len(numbers) == 1 and not value.shape:
        return ((*head, *numbers[0]),)
    return ((tuple(head),) if head else ()) + numbers


def _rows(rows: Rows | None, tone: Tone) -> tuple[Row, ...]:
    return tuple((span(text, tone),) for text in ((NOT_COMPUTED,) if rows is None else rows))


def _local(use: Wire | Output) -> tuple[Row, ...]:
    if not isinstance(use, Wire):
        return ()
    return marked(((_equation(use.local),),) if use.local else (), use.marks)


def marked(rows: tuple[Row, ...], marks: tuple[Mark, ...]) -> tuple[Row, ...]:
    """`rows` with the sign of the first mark at the end of the last one, and what the marks say below."""
    if not marks:
        return rows
    first, *others = marks
    signed: tuple[Row, ...] = ((*rows[-1], *mark_spans(first)),) if rows else (mark_spans(first),)
    return rows[:-1] + signed + tuple((span(mark.text, tone_of(mark)),) for mark in others)


def mark_spans(mark: Mark) -> Row:
    """The sign of a mark, and its text."""
    parts = (SIGNS[mark.sign], mark.text)
    return tuple(span(text, tone_of(mark)) for text in parts if text)


def tone_of(mark: Mark) -> Tone:
    return "open" if mark.sign == "none" else mark.sign


def _equation(text: str) -> Span:
    """A local derivative; of a long `formula = number` the formula is cut and the number kept."""
    whole = clean(text)
    formula, equals, number = whole.rpartition(" = ")
    end = f"{equals}{number}"
    room = _LIMIT["local"] - text_width(end, SIZE["local"])
    if not formula or not _NUMBER.fullmatch(number) or text_width(formula, SIZE["local"]) <= room:
        return span(text, "local")
    return Span(elide(formula, room, SIZE["local"]) + end, "local", whole)
