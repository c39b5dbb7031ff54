"""Documents to blocks: what in a Markdown or LaTeX file is said in the graph language, or claimed in LaTeX.

| | Markdown | LaTeX |
|---|---|---|
| statements | a fence of ```` ```graphc ```` | `\\begin{graphc}` … `\\end{graphc}` |
| one statement | `<!-- graphc: STATEMENT -->` | `% graphc: STATEMENT` |
| the next display is a claim | `<!-- graphc: claim -->` | `% graphc: claim` |
| names in LaTeX | `<!-- graphc: names \\hat{y} = p, L = loss -->` | `% graphc: names \\hat{y} = p, L = loss` |

A comment begins its line. Everything else is text around it, and not read.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from graphc.ir.errors import ParseError
from graphc.lang.suggest import clip
from graphc.lang.tree import Place

Form = Literal["graphc", "latex"]

_FENCE = re.compile(r"^\s*(?P<mark>`{3,}|~{3,})\s*(?P<info>[^`]*)$")
_HTML = re.compile(r"<!--[ \t\n]*graphc:")
_COMMENT = re.compile(r"[ \t]*%+[ \t]*graphc:")
_NAMES = re.compile(r"\s*names\b(?!\s*=)")
_NAME = re.compile(r"\s*(?P<latex>[^=]+?)\s*=\s*(?P<name>[^\W\d]\w*)\s*(?P<end>,|$)")
_DISPLAYS = "equation|align|alignat|flalign|gather|multline|eqnarray|displaymath|math"
_DISPLAY = re.compile(
    rf"\\begin\{{(?P<environment>(?:{_DISPLAYS})\*?)\}}(?:(?<=at\}})\{{\d+\}}|(?<=at\*\}})\{{\d+\}})?"
    r"|(?P<bracket>\\\[)|(?P<dollars>\$\$)"
)
_VERBATIM = re.compile(r"\\begin\{(verbatim\*?|Verbatim|lstlisting|minted|comment|filecontents\*?)\}")
_GRAPH = re.compile(r"[ \t]*\\begin\{graphc\}(?:\[[^\]\n]*\])?")
_CLAIM_FIRST = "put `graphc: claim` directly before the display it speaks of"


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive lines of a source; `line` is the number of the first in its file.

    In the form "latex" it is the mathematics of one display, and `names` are the names in LaTeX told so far.
    """

    text: str
    line: int
    form: Form = "graphc"
    names: tuple[tuple[str, str], ...] = ()


def markdown_blocks(text: str, name: str | None = None) -> tuple[Block, ...]:
    """The blocks of a Markdown text; raises ParseError if there is none."""
    found = _Found(text, name)
    position = 0
    while position < len(text):
        end = found.line_end(position)
        line = text[position:end]
        start = position + len(line) - len(line.lstrip())
        if match := _FENCE.match(line):
            position = _fence(found, match, end + 1)
        elif directive := _HTML.match(text, start):
            position = found.comment(directive)
        elif found.waiting and line.strip():
            position = found.display(start)
        else:
            position = end + 1
    return found.done("there is no ```graphc block in this file")


def _fence(found: _Found, opening: re.Match[str], start: int) -> int:
    """The lines of a fence that begins before `start`; returns where its end is."""
    mark, info = opening["mark"], opening["info"].split()[:1]
    position, body_end = start, len(found.text)
    while position < len(found.text):
        end = found.line_end(position)
        match = _FENCE.match(found.text[position:end])
        if match and match["mark"].startswith(mark) and not match["info"].strip():
            body_end, position = max(position - 1, start), end + 1
            break
        position = end + 1
    body = found.text[start:body_end]
    if info == ["graphc"]:
        found.add(Block(body, found.place(start).line))
    elif found.waiting and info == ["math"]:
        found.add(Block(body, found.place(start).line, "latex", tuple(found.names.items())))
    return position


def latex_blocks(text: str, name: str | None = None) -> tuple[Block, ...]:
    """The blocks of a LaTeX text; raises ParseError if there is none."""
    found = _Found(text, name)
    position = 0
    while position < len(text):
        end = found.line_end(position)
        line = text[position:end]
        if directive := _COMMENT.match(text, position):
            found.say(directive.end(), end)
        elif line.lstrip().startswith("%"):
            pass
        elif graph := _GRAPH.match(text, position):
            end = found.line_end(found.environment(graph))
        elif verbatim := _VERBATIM.search(line):
            close = text.find(f"\\end{{{verbatim[1]}}}", position)
            end = found.line_end(close) if close >= 0 else len(text)
        elif r"\end{document}" in line:
            break
        elif found.waiting and line.strip():
            end = found.line_end(found.display(position + len(line) - len(line.lstrip())))
        position = end + 1
    return found.done(
        r"nothing in this file is for graphc; write `% graphc: claim` before a display, or a `graphc` environment"
    )


class _Found:
    """The blocks found so far, the names told, and the `claim` that waits for its display."""

    def __init__(self, text: str, name: str | None) -> None:
        self.text, self.name = text, name
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.blocks: list[Block] = []
        self.names: dict[str, str] = {}
        self.waiting: Place | None = None

    def place(self, position: int) -> Place:
        """Line and column of a position in the text."""
        row = bisect_right(self.starts, position) - 1
        return Place(row + 1, position - self.starts[row] + 1)

    def line_end(self, position: int) -> int:
        """The position of the newline that ends a line, or the end of the text."""
        end = self.text.find("\n", position)
        return end if end >= 0 else len(self.text)

    def error(self, message: str, at: Place) -> ParseError:
        """A ParseError at a place of this file."""
        return ParseError(message, line=at.line, column=at.column, source=self.name)

    def add(self, block: Block) -> None:
        """Keep a block."""
        if self.waiting and block.form == "graphc":
            raise self.error(_CLAIM_FIRST, self.waiting)
        self.waiting = None
        self.blocks.append(block)

    def done(self, nothing: str) -> tuple[Block, ...]:
        """All blocks."""
        if self.waiting:
            raise self.error(f"no display follows; {_CLAIM_FIRST}", self.waiting)
        if not self.blocks:
            raise ParseError(nothing, source=self.name)
        return tuple(self.blocks)

    def comment(self, opening: re.Match[str]) -> int:
        """What a comment of Markdown says; returns the position behind it."""
        close = self.text.find("-->", opening.end())
        if close < 0:
            raise self.error("this comment is never closed; end it with `-->`", self.place(opening.start()))
        self.say(opening.end(), close)
        return close + len("-->")

    def say(self, start: int, end: int) -> None:
        """What a comment for graphc says: `claim`, `names …`, or a statement."""
        said = self.text[start:end]
        at = self.place(start + len(said) - len(said.lstrip()))
        if not said.strip():
            raise self.error("say something behind `graphc:`, such as `claim`", at)
        if said.strip() == "claim":
            if self.waiting:
                raise self.error(f"no display follows; {_CLAIM_FIRST}", self.waiting)
            self.waiting = at
        elif _NAMES.match(said):
            self._tell(said.replace("names", "     ", 1), start)
        else:
            self.add(self._padded(start, end))

    def _tell(self, said: str, start: int) -> None:
        r"""The table `\hat{y} = p, L = loss`."""
        from graphc.lang.latex import check_names  # few texts have claims in LaTeX, and start faster without

        position = 0
        while said[position:].strip():
            match = _NAME.match(said, position)
            at = self.place(start + position + len(said[position:]) - len(said[position:].lstrip()))
            if match is None:
                raise self.error(
                    r"names are written `graphc: names \hat{y} = p, L = loss`, "
                    f"not `{clip(said[position:].strip())}`",
                    at,
                )
            try:
                check_names({match["latex"]: match["name"]})
            except ParseError as error:
                raise self.error(error.message, at) from None
            self.names[match["latex"]] = match["name"]
            position = match.end()

    def environment(self, opening: re.Match[str]) -> int:
        r"""The statements in `\begin{graphc}`; returns the position behind it."""
        close = self.text.find(r"\end{graphc}", opening.end())
        if close < 0:
            raise self.error(r"this `\begin{graphc}` has no `\end{graphc}`", self.place(opening.start()))
        self.add(self._padded(opening.end(), close))
        return close + len(r"\end{graphc}")

    def display(self, position: int) -> int:
        """The display that begins at `position`, which is a claim; returns the position behind it."""
        assert self.waiting is not None
        opening = _DISPLAY.match(self.text, position)
        if opening is None:
            raise self.error(f"no display follows; {_CLAIM_FIRST}", self.waiting)
        if opening["environment"]:
            ends = re.compile(re.escape(f"\\end{{{opening['environment']}}}"))
        else:
            ends = re.compile(r"(?<!\\)\\\]" if opening["bracket"] else r"\$\$")
        closing = ends.search(self.text, opening.end())
        if closing is None:
            raise self.error(f"this `{opening[0]}` is never closed", self.place(position))
        block = self._padded(opening.end(), closing.start())
        self.add(Block(block.text, block.line, "latex", tuple(self.names.items())))
        return closing.end()

    def _padded(self, start: int, end: int) -> Block:
        """A stretch of the text, with blanks before it so that its columns are those of the file."""
        at = self.place(start)
        return Block(" " * (at.column - 1) + self.text[start:end], at.line)
