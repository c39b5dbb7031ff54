"""Characters that slip into formulas and are not in the language, with what to write instead."""

from __future__ import annotations

import unicodedata

from graphc.ir.errors import ParseError

INSTEAD = {
    "×": "*",
    "·": "*",
    "⋅": "*",
    "∙": "*",
    "∗": "*",
    "⊙": "*",
    "⊗": "outer(a, b)",
    "−": "-",
    "–": "-",
    "—": "-",
    "‐": "-",
    "÷": "/",
    "∕": "/",
    "⁄": "/",
    "≤": "<=",
    "≥": ">=",
    "＝": "=",
    "⩵": "==",
    "≡": "==",
    "←": "=",
    "√": "sqrt(x)",
    "∑": "sum(x)",
    "∏": "prod(x)",
    "∂": "d(f)/d(x)",
    "∇": "d(f)/d(x)",
    "ᵀ": "A.T",
    "⊤": "A.T",
    "（": "(",
    "）": ")",
    "［": "[",
    "］": "]",
    "、": ",",
    "；": ";",
    "：": ":",
    "＋": "+",
    "－": "-",
    "＊": "*",
    "／": "/",
    "，": ",",
    "．": ".",
    "^": "**",
}
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
QUOTES = "\"'‘’“”„«»`"
WORDS = {
    "{": "group with ( ), there are no sets",
    "}": "group with ( ), there are no sets",
    "≠": "write `1 - one_hot(…)`, or compare with `<` and `>`",
    "|": "write `abs(x)` for the absolute value, or `(a > 0) + (b > 0)` for alternatives",
    "&": "multiply the conditions: `(a > 0) * (b > 0)`",
    "~": "write `1 - mask`",
    "%": "there is no remainder",
    "!": "write `1 - mask` for a negation; there is no factorial",
    "$": "leave it out: formulas are written without TeX's dollar signs",
    "\\": "a line is carried on inside brackets, not by a backslash; TeX commands are not read",
    "?": "leave it out",
    "′": "a prime is no part of a name; write `x1` or `dx`",
    "∞": "there is no infinity",
    "…": "write the terms out, or `sum(x[n] for n in N)`",
}


def refuse(char: str, line: int, column: int) -> ParseError:
    """The error for a character that begins no token."""
    return ParseError(_sentence(char), line=line, column=column)


def _sentence(char: str) -> str:
    if char in QUOTES:
        prime = " (a prime is no part of a name: write `x1` or `dx`)" if char in "'’" else ""
        return f"{char} begins text in quotes, which is not part of the graph language; leave the quotes out{prime}"
    if char in SUPERSCRIPTS:
        return f"`{char}` is not an exponent the language reads; write `**{SUPERSCRIPTS.index(char)}`"
    if char in INSTEAD:
        return f"`{char}` is not a sign of the graph language; write `{INSTEAD[char]}`"
    if char in WORDS:
        return f"`{char}` is not part of the graph language; {WORDS[char]}"
    code, name = f"U+{ord(char):04X}", unicodedata.name(char, "")
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return f"an invisible character ({' '.join([code, name]).strip()}) stands here; delete it"
    return f"`{char}` ({' '.join([code, name]).strip()}) is not part of the graph language"
