"""Where a long formula may go on in the next line: before a sign between its terms, outside all brackets."""

from __future__ import annotations

import re
from collections.abc import Callable

TERMS = (" + ", " - ")
_OPEN, _CLOSED = "([{", ")]}"
_UNSEEN = re.compile(
    r"\\(?:text|mathrm|mathbf|mathbb|boldsymbol|operatorname|frac|left|right|partial|tilde|hat)\b"
)


def broken(text: str, width: int, at: tuple[str, ...] = TERMS, depth: int = 0) -> list[str]:
    """The formula in pieces of at most `width` characters, as far as there is a place to break.

    >>> broken("a*b + f(c + d) - e", 10)
    ['a*b', '+ f(c + d)', '- e']
    """
    return _joined(_split(text, at, depth), width, len)


def broken_latex(text: str, width: int) -> list[str]:
    """The same for LaTeX, by what is seen of it; the pieces balance."""
    return _joined(_split(text, TERMS, 0), width, seen)


def seen(text: str) -> int:
    """About how many characters wide LaTeX mathematics is."""
    plain = _UNSEEN.sub("", text)
    plain = re.sub(r"\\[a-zA-Z]+", "x", plain)
    return len(re.sub(r"[\\{}_^,& ]", "", plain))


def _split(text: str, at: tuple[str, ...], depth: int) -> list[str]:
    pieces, start, level = list[str](), 0, 0
    for i, character in enumerate(text):
        level += (character in _OPEN) - (character in _CLOSED)
        if level == depth and i > start and text.startswith(at, i):
            pieces.append(text[start:i])
            start = i + 1
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
