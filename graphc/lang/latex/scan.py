"""LaTeX mathematics to tokens: each knows its place; what only changes the look is dropped here."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from typing import NoReturn

from graphc.ir.errors import ParseError
from graphc.lang import limits
from graphc.lang.latex import commands
from graphc.lang.suggest import clip
from graphc.lang.tree import Place

MAX_TOKENS = 20_000
_COMMAND = re.compile(r"\\([A-Za-z]+\*?|.)", re.DOTALL)
_NUMBER = re.compile(r"\d+(?:\.\d+)?|\.\d+", re.ASCII)
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_ROW_SPACE = re.compile(r"\*?(?:[ \t]*\[[-\d.]+ *[a-z]{2}\])?")
_PLAIN = {"+": "PLUS", "-": "MINUS", "_": "SUB", "^": "SUP", ",": "COMMA", "/": "SLASH", "&": "AMP"}
_COMPARISONS = {"<": "<", ">": ">", "≤": "<=", "≥": ">=", "≠": "!="}
_SIGNS = {"⋅": "dot", "·": "dot", "⊙": "entrywise", "∘": "entrywise", "×": "times", "*": "star", "⊗": "outer"}
_SYMBOLS = {"∂": "partial", "∇": "nabla", "∑": "sum", "∏": "prod"}
_BRACKETS = {"(": "LPAR", ")": "RPAR", "[": "LSQ", "]": "RSQ", "\\{": "LSET", "\\}": "RSET"}
_CLOSES = {"LBRACE": "RBRACE", "LPAR": "RPAR", "LSQ": "RSQ", "LSET": "RSET", "LBAR": "RBAR", "LNORM": "RNORM"}
_STARRED = ("operatorname", "hspace", "vspace", "tag")
_THIN = frozenset((",", ";", ":", "!", ">", " ", "\n", "\t", "/", "-"))
_WANTS = {"SUB": 1, "SUP": 1, "ACCENT": 1, "SQRT": 1, "FRAC": 2}
_ENDS = frozenset(("SYMBOL", "NUMBER", "RBRACE", "RPAR", "RSQ", "RSET", "RBAR", "RNORM", "PRIME", "END"))


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is a terminal of the grammar; `text` its meaning, `font` how a symbol is set.

    `written` is the source, from `start` on.
    """

    kind: str
    text: str
    at: Place
    written: str
    font: str
    start: int


def tokens(text: str, line: int = 1, column: int = 1) -> list[Token]:
    """The tokens of LaTeX mathematics; raises ParseError at what is not read."""
    scanner = _Scanner(text, line, column)
    scanner.run()
    return scanner.found


class _Scanner:
    """A position in the text, the tokens so far, and the brackets that are open."""

    def __init__(self, text: str, line: int, column: int) -> None:
        self.text, self.position = text, 0
        self.line, self.column = line, column
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.found: list[Token] = []
        self.open: list[Token] = []
        self.cases = 0  # how many `\\begin{cases}` are open
        self.wants = [0]  # arguments the last command of each brace level still waits for

    @property
    def at(self) -> Place:
        row = bisect_right(self.starts, self.position) - 1
        shift = self.column if row == 0 else 1
        return Place(self.line + row, self.position - self.starts[row] + shift)

    def run(self) -> None:
        """Scan everything."""
        while self.position < len(self.text):
            if len(self.found) > MAX_TOKENS:
                self.fail(f"one display has at most {MAX_TOKENS:,} signs; split it", self.at)
            self.step()
        if self.open:
            self.fail(f"the `{self.open[-1].written}` opened here is never closed", self.open[-1].at)

    def fail(self, message: str, at: Place) -> NoReturn:
        """Raise a ParseError at a place."""
        raise ParseError(message, line=at.line, column=at.column)

    def step(self) -> None:
        """Scan one token, or what is dropped."""
        character = self.text[self.position]
        if character.isspace() or character == "~":
            self.position += 1
        elif character == "%":
            end = self.text.find("\n", self.position)
            self.position = end if end >= 0 else len(self.text)
        elif character == "\\":
            self.command()
        elif match := _NUMBER.match(self.text, self.position):
            self.number(match[0])
        else:
            self.character(character)

    def add(self, kind: str, text: str, length: int, font: str = "", at: Place | None = None) -> None:
        """Add a token `length` characters long and go on behind it."""
        at = at or self.at
        written = self.text[self.position : self.position + length]
        token = Token(kind, text, at, written, font, self.position)
        self.position += length
        self.found.append(token)
        if kind in _CLOSES:
            self.open.append(token)
            limits.check_nesting(len(self.open), at.line, at.column)
        elif kind in _CLOSES.values():
            self.close(token)
        if kind == "LBRACE":
            self.wants.append(0)
        elif kind == "RBRACE":
            self.wants.pop()
            self.wants[-1] = max(self.wants[-1] - 1, 0)
        elif kind in _WANTS:
            self.wants[-1] = max(self.wants[-1] - 1, 0) + _WANTS[kind]
        else:
            self.wants[-1] = max(self.wants[-1] - 1, 0)

    def close(self, token: Token) -> None:
        """Check that a closing bracket closes the one opened last."""
        if not self.open:
            self.fail(f"`{token.written}` closes a bracket that was never opened", token.at)
        begin = self.open.pop()
        if _CLOSES[begin.kind] != token.kind:
            self.fail(
                f"`{token.written}` does not close the `{begin.written}` opened at line {begin.at.line}, "
                f"column {begin.at.column}",
                token.at,
            )

    def blanks(self) -> None:
        """Go on behind blanks."""
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def number(self, digits: str) -> None:
        """A number; where a command waits for an argument TeX takes one digit only."""
        if self.wants[-1]:
            if len(digits) > 1 and self.found[-1].kind in ("SUB", "SUP"):
                mark = self.found[-1].written
                self.fail(f"TeX takes one digit here; write `{mark}{{{digits}}}`", self.at)
            digits = digits[0]
        limits.check_number(digits, self.at.line, self.at.column)
        self.add("NUMBER", digits, len(digits))

    def character(self, character: str) -> None:
        """One character that is neither a digit nor a backslash."""
        if character == "{":
            self.brace()
        elif character == "}":
            self.add("RBRACE", "}", 1)
        elif character in _PLAIN:
            self.add(_PLAIN[character], character, 1)
        elif character in _BRACKETS:
            self.add(_BRACKETS[character], character, 1)
        elif character == "|":
            self.bar("|", 1)
        elif character in "=:":
            self.relation()
        elif character in _COMPARISONS:
            self.add("CMP", _COMPARISONS[character], 1)
        elif character == "−":
            self.add("MINUS", "-", 1)
        elif character in _SIGNS:
            self.add("LINK", _SIGNS[character], 1)
        elif character in "'′":
            self.add("PRIME", "'", 1)
        elif character in ".;":
            self.add("COMMA", character, 1)
        elif character in _SYMBOLS:
            self.add("OPERATOR", _SYMBOLS[character], 1)
        else:
            self.letter(character)

    def letter(self, character: str) -> None:
        """A letter of any script is a name of its own."""
        normal = unicodedata.normalize("NFKC", character)
        if not normal.isidentifier() or normal == "_":
            self.fail(f"`{character}` is not read in LaTeX mathematics", self.at)
        self.add("SYMBOL", commands.LETTERS.get(normal, normal), 1)

    def brace(self) -> None:
        """`{`, or the empty group `{}`, which only keeps signs apart."""
        if not self.wants[-1] and self.text.startswith("{}", self.position):
            self.position += 2
        else:
            self.add("LBRACE", "{", 1)

    def relation(self) -> None:
        """`=`, `:=`, or a colon, which is nothing."""
        if self.text.startswith(":=", self.position):
            self.add("REL", ":=", 2)
        elif self.text[self.position] == "=":
            double = self.text.startswith("==", self.position)
            self.add("REL", "=", 2 if double else 1)
        else:
            self.fail("`:` is not read in LaTeX mathematics", self.at)

    def bar(self, sign: str, length: int, side: str = "") -> None:
        """`|` or `‖`: it closes where one is open and something stands before it, else it opens."""
        left, right = ("LBAR", "RBAR") if sign == "|" else ("LNORM", "RNORM")
        closes = bool(self.open) and self.open[-1].kind == left
        closes = closes and bool(self.found) and self.found[-1].kind in _ENDS
        if side:
            closes = side == ">"
        self.add(right if closes else left, sign, length)

    def command(self) -> None:
        """A command, by the tables."""
        match = _COMMAND.match(self.text, self.position)
        if match is None:
            self.fail("a backslash at the end means nothing", self.at)
        name, length = match[1], len(match[0])
        if name.endswith("*") and len(name) > 1:
            name = name[:-1]
            length -= name not in _STARRED
        if name in _THIN:
            self.position += length
        elif name in ("left", "right"):
            self.sized(name, length)
        elif name == "\\":
            self.newline(length)
        elif name in commands.DELIMITERS:
            self.delimiter(commands.DELIMITERS[name], length)
        elif name in commands.SPACES:
            self.position += length
        elif name in commands.DROPPED:
            self.position += length
            self.argument(name)
        elif name in ("begin", "end"):
            self.environment(name, length)
        elif name in commands.WORDS:
            self.words(name, length)
        elif name in commands.UPRIGHT or name in commands.BOLD:
            self.font(name, length)
        else:
            self.plain(name, length)

    def plain(self, name: str, length: int) -> None:
        """A command that is one token by itself."""
        if name in commands.QUADS:
            self.add("QUAD", name, length)
        elif name in commands.ACCENTS:
            self.add("ACCENT", commands.ACCENTS[name], length)
        elif name in commands.FRACTIONS:
            self.add("FRAC", name, length)
        elif name == "sqrt":
            self.add("SQRT", name, length)
        elif name in commands.LINKS:
            self.add("LINK", commands.LINKS[name], length)
        elif name in commands.RELATIONS:
            self.add("REL", commands.RELATIONS[name], length)
        elif name in commands.COMPARISONS:
            self.add("CMP", commands.COMPARISONS[name], length)
        elif name in commands.OPERATORS:
            self.add("OPERATOR", name, length)
        elif name == "prime":
            self.add("SYMBOL", "prime", length, "command")
        elif name in commands.WRAPPERS:
            self.add("WRAP", name, length)
        elif name in commands.REFUSED:
            self.fail(commands.REFUSED[name], self.at)
        elif not name.isalpha():
            self.fail(f"`\\{name}` is not read in LaTeX mathematics", self.at)
        else:
            limits.check_name(name, self.at.line, self.at.column)
            self.add("SYMBOL", commands.VARIANTS.get(name, name), length, "command")

    def sized(self, name: str, length: int) -> None:
        """`\\left(` is `(`: the size is only looks; `\\left.` closes nothing that is written."""
        at = self.at
        self.position += length
        self.blanks()
        rest = self.text[self.position : self.position + 1]
        if rest == "\\":
            match = _COMMAND.match(self.text, self.position)
            inner = match[1] if match else ""
            if inner in commands.DELIMITERS:
                sign = commands.DELIMITERS[inner]
                bar = sign[0] in "|‖"
                self.delimiter(sign[0] + ("<" if name == "left" else ">") if bar else sign, len(inner) + 1)
                return
        elif rest == "|":
            self.bar("|", 1, "<" if name == "left" else ">")
            return
        elif rest and rest in "()[]":
            self.add(_BRACKETS[rest], rest, 1)
            return
        self.fail(f"`\\{name}` is followed by a bracket, as in `\\left( … \\right)`", at)

    def delimiter(self, sign: str, length: int) -> None:
        """A bracket written as a command."""
        if sign[0] in "|‖":
            self.bar(sign[0], length, sign[1:])
        else:
            self.add(_BRACKETS[sign], sign, length)

    def newline(self, length: int) -> None:
        """`\\\\`, `\\\\*`, `\\\\[1ex]`."""
        end = self.position + length
        extra = _ROW_SPACE.match(self.text, end)
        length += len(extra[0]) if extra else 0
        self.add("NEWLINE", "\\\\", length)

    def environment(self, name: str, length: int) -> None:
        """`\\begin{aligned}` and `\\end{aligned}`."""
        at, before = self.at, self.position
        self.position += length
        inner = self.argument(name).strip()
        if inner.rstrip("*") not in commands.ARRANGING | commands.CASES:
            self.fail(f"the environment `{clip(inner, 24)}` is not read inside a display", at)
        if inner.startswith("aligned") and name == "begin":
            self.blanks()
            if match := re.compile(r"\[[a-z]\]|\{\d+\}").match(self.text, self.position):
                self.position = match.end()
        length, self.position = self.position - before, before
        self.add(name.upper(), inner, length, at=at)
        self.cases += 0 if inner not in commands.CASES else 1 if name == "begin" else -1

    def words(self, name: str, length: int) -> None:
        """`\\text{…}`: words, which may be the name of something."""
        at, before = self.at, self.position
        self.position += length
        inner = " ".join(self.argument(name).replace("\\_", "_").replace("~", " ").split())
        length, self.position = self.position - before, before
        if self.cases and inner.lower() in commands.IF:
            self.position += length
        elif self.cases and inner.lower() in commands.OTHERWISE:
            self.add("OTHERWISE", inner, length, at=at)
        else:
            self.add("TEXT", inner, length, "text", at)

    def font(self, name: str, length: int) -> None:
        """`\\mathbf{W}` is the name W, `\\mathrm{loss}` the name loss; over a formula a font is only looks."""
        at, before = self.at, self.position
        self.position += length
        self.blanks()
        if self.text[self.position : self.position + 1] != "{":
            self.single(name, before, at)
            return
        end = self.text.find("}", self.position)
        inner = self.text[self.position + 1 : end] if end > 0 else ""
        inner = inner.replace("\\_", "_").replace("\\,", "").strip()
        greek = inner.removeprefix("\\")
        if inner.startswith("\\") and (greek in commands.GREEK or greek in commands.VARIANTS):
            inner = commands.VARIANTS.get(greek, greek)
        elif not (inner.isalnum() or re.fullmatch(r"[^\W\d]\w*", inner)):
            return  # a formula: its braces stay, as a group
        limits.check_name(inner, at.line, at.column)
        length, self.position = end + 1 - before, before
        inner = unicodedata.normalize("NFKC", inner)
        self.add("SYMBOL", commands.LETTERS.get(inner, inner), length, name, at)

    def single(self, name: str, before: int, at: Place) -> None:
        """A font with one sign as its argument."""
        rest = self.text[self.position : self.position + 1]
        match = _COMMAND.match(self.text, self.position)
        inner = match[1] if match else rest
        if not inner.isalnum():
            self.fail(f"`\\{name}` is followed by what it sets, as in `\\{name}{{W}}`", at)
        inner = commands.LETTERS.get(inner, commands.VARIANTS.get(inner, inner))
        length = self.position + (len(match[0]) if match else 1) - before
        self.position = before
        self.add("SYMBOL", inner, length, name, at)

    def argument(self, name: str) -> str:
        """The text of the next braces, which may nest; the position is behind them."""
        at = self.at
        self.blanks()
        if self.text[self.position : self.position + 1] != "{":
            self.fail(f"`\\{name}` is followed by braces, as in `\\{name}{{…}}`", at)
        depth, start = 0, self.position + 1
        for brace in _BRACES.finditer(self.text, self.position):
            depth += {"{": 1, "}": -1}.get(brace[0], 0)
            if not depth:
                self.position = brace.end()
                break
        else:
            self.fail(f"the braces of `\\{name}` are never closed: `{clip(self.text[start:])}`", at)
        return self.text[start : self.position - 1]
