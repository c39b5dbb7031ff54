"""Text to statements: a linear scanner that runs, and checks sizes, before `ast` sees anything."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from graphc.ir.errors import ParseError
from graphc.lang import characters, limits

_PLAIN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*+(?![^\x00-\x7f]))"
    r"|(?P<op>\*\*|//|==|!=|<=|>=|<<|>>|:=|->|[-+*/@%<>=()\[\],:;.])"
    r"|(?P<newline>\n)|(?P<space>[ \t]+)|(?P<comment>\#[^\n]*)",
    re.ASCII,
)
# No-break, wide and thin spaces (Unicode category Zs) come with text copied from a page.
_SPACES = dict.fromkeys([0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
_CLOSING = {"(": ")", "[": "]"}


class Token(NamedTuple):
    """One token; `kind` is number, name, keyword or op, names are NFKC-normalised."""

    kind: str
    text: str
    line: int
    column: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """One statement: its text as written, from its first token to its last."""

    text: str
    tokens: tuple[Token, ...]

    @property
    def line(self) -> int:
        return self.tokens[0].line

    @property
    def column(self) -> int:
        return self.tokens[0].column


def chunks(text: str, line: int = 1) -> Iterator[Chunk]:
    """The statements of `text`, separated by `;` or by newlines outside brackets; raises ParseError."""
    plain = text.translate(_SPACES)
    found: list[Token] = []
    opened: list[Token] = []
    for token in _tokens(plain, line):
        if token.text in ("\n", ";") and token.kind == "op":
            if token.text == ";" and opened:
                raise _unclosed(opened[-1])
            if found and not opened:
                yield _chunk(plain, found)
                found = []
            continue
        if found:
            limits.check_statement(token.end - found[0].start, found[0].line, found[0].column)
        _track_brackets(token, opened)
        found.append(token)
    if opened:
        raise _unclosed(opened[-1])
    if found:
        yield _chunk(plain, found)


def _chunk(text: str, tokens: list[Token]) -> Chunk:
    return Chunk(text[tokens[0].start : tokens[-1].end], tuple(tokens))


def _track_brackets(token: Token, opened: list[Token]) -> None:
    if token.text in _CLOSING:
        opened.append(token)
        limits.check_nesting(len(opened), token.line, token.column)
    elif token.text in (")", "]"):
        if not opened:
            raise ParseError(
                f"`{token.text}` closes a bracket that was never opened", line=token.line, column=token.column
            )
        begin = opened.pop()
        if _CLOSING[begin.text] != token.text:
            raise ParseError(
                f"`{token.text}` does not close the `{begin.text}` opened at line {begin.line}, "
                f"column {begin.column}; write `{_CLOSING[begin.text]}`",
                line=token.line,
                column=token.column,
            )


def _unclosed(token: Token) -> ParseError:
    return ParseError(f"the `{token.text}` opened here is never closed", line=token.line, column=token.column)


def _tokens(text: str, line: int) -> Iterator[Token]:
    position, line_start = 0, 0
    while position < len(text):
        column = position - line_start + 1
        match = _PLAIN.match(text, position)
        kind = (match.lastgroup or "") if match else "name"
        end = match.end() if match else _name_end(text, position)
        if end == position:
            raise characters.refuse(text[position], line, column)
        written = text[position:end]
        if kind == "newline":
            yield Token("op", "\n", line, column, position, end)
            line, line_start = line + 1, end
        elif kind == "number":
            limits.check_number(written, line, column)
            yield Token(kind, written, line, column, position, end)
        elif kind == "name":
            yield _name(written, line, column, position, end)
        elif kind == "op":
            yield Token(kind, written, line, column, position, end)
        position = end


def _name_end(text: str, start: int) -> int:
    if not text[start].isidentifier():
        return start
    end = start + 1
    while end < len(text) and ("a" + text[end]).isidentifier():
        end += 1
    return end


def _name(written: str, line: int, column: int, start: int, end: int) -> Token:
    normal = unicodedata.normalize("NFKC", written)
    if not normal.isidentifier():
        raise ParseError(f"`{written}` is not a name", line=line, column=column)
    limits.check_name(written, line, column)
    if normal.startswith("__"):
        raise ParseError(f"`{normal}`: a name does not begin with two underscores", line=line, column=column)
    kind = "keyword" if keyword.iskeyword(normal) else "name"
    return Token(kind, normal, line, column, start, end)
