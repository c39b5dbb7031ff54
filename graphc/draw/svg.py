"""A scene as SVG: the same bytes for the same scene, on every machine."""

from __future__ import annotations

from itertools import groupby

from graphc.draw.frames import Frame
from graphc.draw.labels import SIZE, SPACE, Span
from graphc.draw.palette import (
    BOX_FILL,
    BOX_LINE,
    COLOUR,
    FONTS,
    GATE_FILL,
    GATE_LINE,
    WIDE_FONTS,
    WIRE,
    is_slanted,
    is_wide,
)
from graphc.draw.scene import ARROW, MARGIN, Disc, Line, Scene, Text, paper
from graphc.draw.textwidth import clean, is_right_to_left


def to_svg(scene: Scene) -> str:
    """`scene` as a standalone SVG document."""
    width, height = paper(scene)
    size = f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{FONTS}">',
        f"<title>{escape(scene.title or 'Computational graph')}</title>",
        f"<desc>{escape(scene.description)}</desc>",
        f'<rect width="{number(width)}" height="{number(height)}" fill="#ffffff"/>',
        f'<g transform="translate({number(MARGIN)} {number(MARGIN)})">',
        *map(_frame, scene.frames),
        f'<g fill="none" stroke="{WIRE}" stroke-width="1.5">',
        *map(_wire, scene.lines),
        "</g>",
        f'<g fill="{WIRE}">',
        *(mark for line in scene.lines for mark in _ends(line)),
        "</g>",
        *map(_gate, scene.discs),
        *_texts(scene.texts),
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """`text` as it stands between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def number(x: float) -> str:
    """A coordinate with at most two decimals."""
    text = f"{x:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _points(*points: tuple[float, float]) -> str:
    return " ".join(f"{number(x)} {number(y)}" for x, y in points)


def _rectangle(left: float, top: float, width: float, height: float) -> str:
    return f'x="{number(left)}" y="{number(top)}" width="{number(width)}" height="{number(height)}"'


def _frame(frame: Frame) -> str:
    place = _rectangle(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top)
    return f'<rect {place} rx="10" fill="{BOX_FILL}" stroke="{BOX_LINE}" stroke-dasharray="5 4"/>'


def _wire(line: Line) -> str:
    steps = " ".join(("L" if len(step) == 1 else "C") + _points(*step) for step in line.steps)
    return f'<path d="M{_points(line.start)} {steps}"/>'


def _ends(line: Line) -> list[str]:
    x, y = line.steps[-1][-1]
    if line.dot:
        return [f'<circle cx="{number(x)}" cy="{number(y)}" r="3.5"/>']
    tip = x + ARROW - 1
    return [f'<path d="M{_points((tip, y), (tip - ARROW, y - 3.5), (tip - ARROW, y + 3.5))}Z"/>']


def _gate(disc: Disc) -> str:
    place = _rectangle(disc.x - disc.width / 2, disc.y - disc.height / 2, disc.width, disc.height)
    shape = (
        f'<rect {place} rx="{number(min(disc.width, disc.height) / 2)}" fill="{GATE_FILL}"'
        f' stroke="{GATE_LINE}" stroke-width="1.5"/>'
    )
    title = f"<title>{escape(clean(disc.gate.title))}</title>" if disc.gate.title else ""
    return "\n".join((f"<g>{title}", shape, *_texts(disc.texts), "</g>"))


def _texts(texts: tuple[Text, ...]) -> list[str]:
    """Texts in groups of one tone, which carry colour and size; rows of mixed tones stand alone."""
    lines: list[str] = []
    for style, group in groupby(sorted(texts, key=_style), key=_style):
        lines.append(f"<g {style}>" if style else "<g>")
        lines += map(_text, group)
        lines.append("</g>")
    return lines


def _style(text: Text) -> str:
    styles = {_tone(part) for part in text.row}
    return styles.pop() if len(styles) == 1 else ""


def _tone(part: Span) -> str:
    slant = ' font-style="italic"' if is_slanted(part) else ""
    family = f' font-family="{WIDE_FONTS}"' if is_wide(part) else ""
    return f'fill="{COLOUR[part.tone]}" font-size="{number(SIZE[part.tone])}"{slant}{family}'


def _text(text: Text) -> str:
    if len(text.row) > 1 and any(is_wide(part) or is_right_to_left(part.text) for part in text.row):
        # One element for each part: renderers take the font and the direction of one part for its neighbours too.
        return "\n".join(map(_text, _parts(text)))
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    full = ", ".join(part.full for part in text.row if part.full)
    title = f"<title>{escape(full)}</title>" if full else ""
    words = escape(text.row[0].text)
    if len(text.row) > 1:
        words = "".join(_part(part, at > 0, not _style(text)) for at, part in enumerate(text.row))
    style = f" {_tone(text.row[0])}" if text.alone else ""
    place = f'x="{number(text.x)}" y="{number(text.y)}"'
    return f'<text {place}{anchor}{style} xml:space="preserve">{title}{words}</text>'


def _parts(text: Text) -> list[Text]:
    parts: list[Text] = []
    x = text.x
    for part in text.row:
        parts.append(Text(x, text.y, (part,), alone=True))
        x += part.width + SPACE
    return parts


def _part(part: Span, spaced: bool, styled: bool) -> str:
    space = f' dx="{number(SPACE)}"' if spaced else ""
    style = f" {_tone(part)}" if styled else ""
    return f"<tspan{space}{style}>{escape(part.text)}</tspan>"
