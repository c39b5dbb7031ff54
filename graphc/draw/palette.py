"""Colours and letters, the same in every format. Each text colour has a contrast of at least 4.5 on white."""

from __future__ import annotations

from graphc.draw.labels import Span, Tone

FONTS = (
    "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, Noto Sans, Apple SD Gothic Neo, "
    "Malgun Gothic, NanumGothic, Noto Sans CJK KR, sans-serif"
)
WIDE_FONTS = (
    "Apple SD Gothic Neo, Malgun Gothic, NanumGothic, Noto Sans CJK KR, Noto Sans KR, Helvetica Neue, "
    "Arial, DejaVu Sans, sans-serif"
)
COLOUR: dict[Tone, str] = {
    "name": "#1f2328",
    "shape": "#656d76",
    "value": "#1a7f37",
    "gradient": "#cf222e",
    "local": "#4a6785",
    "symbol": "#1f2328",
    "word": "#1f2328",
    "role": "#656d76",
    "box": "#57606a",
    # Apart for the colour-blind too, and each with a sign of its own.
    "right": "#0063a6",
    "wrong": "#b34700",
    "open": "#57606a",
}
WIRE = "#6e7781"
GATE_LINE = "#24292f"
GATE_FILL = "#f6f8fa"
BOX_LINE = "#afb8c1"
BOX_FILL = "#f6f8fa"


def is_slanted(part: Span) -> bool:
    """Whether a text is in italics: names are, but only in scripts that have them."""
    return part.tone in ("name", "role") and not any(
        "\u0530" <= character < "\u1e00" or character >= "\u2e80" for character in part.text
    )


def is_wide(part: Span) -> bool:
    """Whether a text holds Hangul, kana or Han, whose fonts are better named first."""
    return any(
        "\u1100" <= character < "\u1200" or "\u2e80" <= character < "\ufb00" for character in part.text
    )
