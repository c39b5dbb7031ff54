"""Where a long formula may go on in the next line: between its terms, outside all brackets where it can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

TERMS = (" + ", " - ")
Way = tuple[tuple[str, ...], int]
"""What to break at, and within how many brackets."""
_OPEN, _CLOSED = "([{", ")]}"
_UNSEEN = re.compile(
    r"\\(?:text|mathrm|mathbf|mathbb|boldsymbol|operatorname|frac|left|right|partial|tilde|hat)\b"
)


def broken(text: str, width: int) -> list[str]:
    """The formula in pieces of at most `width` characters, as far as there is a place to break.

    >>> broken("a*b + f(c + d) - e", 10)
    ['a*b', '+ f(c + d)', '- e']
    """
    return _pieces(text, width, len, ((TERMS, 0), ((", ",), 0), ((" for ",), 1), (TERMS, 1), ((", ",), 1)))


def broken_latex(text: str, width: int) -> list[str]:
    """The same for LaTeX, by what is seen of it: between terms, else factors, else operands, else within brackets."""
    ways = ((TERMS, 0), ((r" \odot ",), 0), ((r" \in ",), 0), ((", ",), 1), (TERMS, 1), ((r" \odot ",), 1))
    return [_balanced(piece) for piece in _pieces(text, width, seen, ways)]


def _balanced(piece: str) -> str:
    r"""A piece with brackets of a fixed height for a `\left` or `\right` whose other half is in another line."""
    found = list(re.finditer(r"\\(left|right)(?![a-z])", piece))
    opened: list[re.Match[str]] = []
    alone: list[re.Match[str]] = []
    for mark in found:
        if mark[1] == "left":
            opened.append(mark)
        elif opened:
            opened.pop()
        else:
            alone.append(mark)
    for mark in sorted([*opened, *alone], key=lambda m: -m.start()):
        sign = r"\Biggl" if mark[1] == "left" else r"\Biggr"
        piece = f"{piece[: mark.start()]}{sign}{piece[mark.end() :]}"
    return piece


def _pieces(text: str, width: int, measure: Callable[[str], int], ways: Sequence[Way]) -> list[str]:
    pieces = [text]
    for at, depth in ways:
        if max(map(measure, pieces)) > width:
            pieces = [p for piece in pieces for p in _joined(_split(piece, at, depth), width, measure)]
    return pieces


def seen(text: str) -> int:
    """About how many characters wide LaTeX mathematics is."""
    plain = _UNSEEN.sub("", text)
    plain = re.sub(r"\\[a-zA-Z]+", "x", plain)
    return len(re.sub(r"[\\{}_^,& ]", "", plain))


def _split(text: str, at: tuple[str, ...], depth: int) -> list[str]:
    pieces, start, level, braces = list[str](), 0, 0, 0
    for i, character in enumerate(text):
        level += (character in _OPEN) - (character in _CLOSED)
        braces += (character == "{") - (character == "}")
        if level == depth and not braces and i > start and text.startswith(at, i):
            comma = character == ","
            pieces.append(text[start : i + comma])
            start = i + 1 + comma
    return [*pieces, text[start:]]


def _joined(pieces: list[str], width: int, measure: Callable[[str], int]) -> list[str]:
    lines = [pieces[0]]
    for piece in pieces[1:]:
        together = f"{lines[-1]} {piece}"
        if measure(together) <= width:
            lines[-1] = together
        else:
            lines.append(piece)
    return lines
