"""An SVG picture as PNG, through resvg (extra `graphc[png]`)."""

from __future__ import annotations

from functools import cache

from graphc.draw.palette import FONTS
from graphc.ir.errors import OutputError

_OTHER_FAMILIES = (
    "Segoe UI", "Roboto", "Ubuntu", "Ubuntu Sans", "Cantarell", "FreeSans", "Open Sans", "Nimbus Sans",
    "Verdana", "Noto Sans CJK JP", "Noto Sans CJK SC", "NanumBarunGothic", "DejaVu Serif", "Liberation Serif",
)  # fmt: skip


def to_png(svg: str, scale: float = 2.0) -> bytes:
    """The pixels of `svg`, `scale` of them to a unit; raises OutputError without resvg or without a font."""
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
