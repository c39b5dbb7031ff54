"""An SVG picture as PNG, through resvg (extra `graphc[png]`)."""

from __future__ import annotations

from functools import cache
from math import sqrt

from graphc.draw.palette import FONTS
from graphc.ir.errors import OutputError

_OTHER_FAMILIES = (
    "Segoe UI", "Roboto", "Ubuntu", "Ubuntu Sans", "Cantarell", "FreeSans", "Open Sans", "Nimbus Sans",
    "Verdana", "Noto Sans CJK JP", "Noto Sans CJK SC", "NanumBarunGothic", "DejaVu Serif", "Liberation Serif",
)  # fmt: skip


_SHARP = 2.0
_READABLE = 0.5
_MOST_PIXELS = 40e6
_LONGEST_SIDE = 32_000


def to_png(svg: str, width: float, height: float) -> bytes:
    """The pixels of an SVG of a given size: two to a unit, fewer where the picture is large.

    Raises OutputError without resvg, without a font, and for a picture that would not be readable.
    """
    scale = min(_SHARP, sqrt(_MOST_PIXELS / (width * height)), _LONGEST_SIDE / max(width, height))
    if scale < _READABLE:
        raise OutputError(
            f"the picture is too large for a readable PNG ({width:,.0f} by {height:,.0f}); save it as .svg"
        )
    return _resvg(svg, scale, _family())


@cache
def _family() -> str:
    """An installed font family to fall back on; "" when one of the picture's own is installed."""
    blank = _probe("", "")
    for family in ("", *_OTHER_FAMILIES):
        if _probe("M", family) != blank:
            return family
    raise OutputError(
        "a PNG needs a font and none was found; install one (on Debian: `apt install fonts-dejavu-core`), "
        "or save the picture as .svg"
    )


def _probe(text: str, family: str) -> bytes:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
        f'<text x="2" y="16" font-size="16" font-family="{FONTS}">{text}</text></svg>'
    )
    return _resvg(svg, 1.0, family)


def _resvg(svg: str, scale: float, family: str) -> bytes:
    try:
        import resvg_py
    except ImportError:
        raise OutputError(
            'a PNG needs the package resvg_py; install it with `pip install "graphc[png]"`, '
            "or save the picture as .svg"
        ) from None
    named = family or None
    pixels = resvg_py.svg_to_bytes(
        svg_string=svg, zoom=scale, dpi=96.0, font_family=named, sans_serif_family=named
    )
    return bytes(pixels)
