"""How wide text is, by one table of our own, so that no picture depends on the fonts of a machine.

Widths are in em. They follow a wide sans-serif face, so that text fits in narrower ones too.
"""

from __future__ import annotations

import re
from bisect import bisect_right

_BY_WIDTH = (
    (0.30, "'ijlIJ"),
    (0.34, " ,./:;\\|·ι"),
    (0.37, "f-"),
    (0.40, "()[]t!¹²³⁻₀₁₂₃₄₅₆₇₈₉₊₋"),
    (0.46, 'r"'),
    (0.52, "sz∂*_`?^′"),
    (0.57, "cLΓνξkFεζ"),
    (0.60, "vxyPπτγκλς"),
    (0.62, "TYaoeδθο"),
    (0.64, "ESbdghnpquΣσ$0123456789{}ηρβμ√"),
    (0.68, "KAVαφψϕ∇∑Δ"),
    (0.71, "BRXZC"),
    (0.76, "UHN"),
    (0.79, "DGOQ&Ω∏"),
    (0.84, "w#+<=>~±×÷−≤≥≠→⊙∞ω"),
    (0.88, "M∈"),
    (0.98, "%mW@…—½"),
    (1.04, "\ufffd"),
)
_ADVANCE = {character: width for width, characters in _BY_WIDTH for character in characters}

_WIDE = (
    (0x1100, 0x115F), (0x2E80, 0x303E), (0x3041, 0x4DBF), (0x4E00, 0xA4CF), (0xA960, 0xA97C),
    (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE30, 0xFE6F), (0xFF00, 0xFF60), (0xFFE0, 0xFFE6),
    (0x1F000, 0x1F3FA), (0x1F400, 0x1FAFF), (0x20000, 0x3FFFD),
)  # fmt: skip
_ZERO = (
    (0x0300, 0x036F), (0x0483, 0x0489), (0x0591, 0x05BD), (0x0610, 0x061A), (0x064B, 0x065F),
    (0x0900, 0x0903), (0x093A, 0x093C), (0x0941, 0x0948), (0x094D, 0x094D), (0x0E31, 0x0E31),
    (0x0E34, 0x0E3A), (0x0E47, 0x0E4E), (0x1160, 0x11FF), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF),
    (0x200B, 0x200F), (0x2060, 0x2064), (0x20D0, 0x20FF), (0xD7B0, 0xD7FF), (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F), (0x1F3FB, 0x1F3FF), (0xE0100, 0xE01EF),
)  # fmt: skip
_WIDE_STARTS = [first for first, _ in _WIDE]
_ZERO_STARTS = [first for first, _ in _ZERO]
_OTHER = 0.7
_DOUBLE = 1.1


def _inside(code: int, ranges: tuple[tuple[int, int], ...], starts: list[int]) -> bool:
    at = bisect_right(starts, code) - 1
    return at >= 0 and code <= ranges[at][1]


def advance(character: str) -> float:
    """The width of one character in em: 0 for a combining mark, 1.1 for Hangul and other wide ones."""
    known = _ADVANCE.get(character)
    if known is not None:
        return known
    code = ord(character)
    if _inside(code, _ZERO, _ZERO_STARTS):
        return 0.0
    return _DOUBLE if _inside(code, _WIDE, _WIDE_STARTS) else _OTHER


def text_width(text: str, size: float) -> float:
    """The width of a line of text at a font size, in the unit of the size.

    >>> text_width("xy", 10)
    12.0
    """
    return round(sum(map(advance, text)) * size, 2)


def elide(text: str, limit: float, size: float) -> str:
    """`text`, cut and ended with "…" when it is wider than `limit`.

    >>> elide("temperature", 40, 10)
    'temp…'
    """
    if text_width(text, size) <= limit:
        return text
    room = limit / size - advance("…")
    kept = 0
    for character in text:
        room -= advance(character)
        if room < 0:
            break
        kept += 1
    return text[:kept].rstrip() + "…"


def elide_path(text: str, limit: float, size: float) -> str:
    """The same for a name; of a path, such as `block1.dense1.W`, the last parts are kept.

    >>> elide_path("block1.dense1.W", 80, 10), elide_path("temperature", 40, 10)
    ('….dense1.W', 'temp…')
    """
    shown = text
    while "." in text and text_width(shown, size) > limit:
        text = text.partition(".")[2]
        shown = f"….{text}"
    return elide(shown, limit, size)


def clean(text: str) -> str:
    """`text` on one line, of characters that XML and DOT may hold.

    Line breaks and tabs become spaces, direction overrides are dropped (they would reorder what
    stands beside them), and other control characters and lone surrogates become U+FFFD.
    """
    return "".join(map(_clean_character, text))


_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+")


def is_right_to_left(text: str) -> bool:
    """Whether a text holds Hebrew, Arabic and the like, which turn numbers beside them around."""
    return _RIGHT_TO_LEFT.search(text) is not None


def in_formula(text: str) -> str:
    """A formula with names in right-to-left scripts held in place: a mark after each keeps the order."""
    return _RIGHT_TO_LEFT.sub("\\g<0>\u200e", text)


def _clean_character(character: str) -> str:
    code = ord(character)
    if character in "\t\n\r\v\f\x85\u2028\u2029":
        return " "
    if 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
        return ""
    illegal = code < 0x20 or 0x7F <= code <= 0x9F or 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE
    return "\ufffd" if illegal or 0xFDD0 <= code <= 0xFDEF else character
