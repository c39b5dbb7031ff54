"""Pages of Markdown whose examples run, and show what they print.

| fence    | is                                                                                   |
|----------|--------------------------------------------------------------------------------------|
| `sh`     | commands, one per line, run by the command line inside this process                   |
| `python` | a program; the programs of a page are one, in the order in which they stand            |
| `graphc` | a text of the graph language                                                         |
| `text`, `py` | what the block before it prints, or the error it gives; a line `…` leaves lines out |

A file name behind the language makes a block that file, which the examples find: ```` ```graphc model.graph ````.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphc import cli
from graphc.ir.errors import GraphcError
from graphc.lang import parse

ROOT = Path(__file__).parents[2]
PRINTED = ("text", "py")
LEFT_OUT = "…"
_FILE = re.compile(r"^(`{3,})\w+ ([\w.-]+)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block; `start` and `end` are where its body stands in the page."""

    language: str
    body: str
    start: int
    end: int


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order, without those that are files or stand in one."""
    files = [match.span() for match in _FILE.finditer(page)]
    return [
        Block(m[1], m[2], m.start(2), m.end(2))
        for m in _FENCE.finditer(page)
        if not any(start <= m.start() < end for start, end in files)
    ]


def write_files(page: str, folder: Path) -> None:
    """The files that a page shows, as files."""
    for match in _FILE.finditer(page):
        (folder / match[2]).write_text(match[3], encoding="utf-8")


def words_of(command: str) -> list[str]:
    """The words `graphc` is called with, without what installs it; none if it is not a command of graphc."""
    found = re.match(r"(?:.* && )?(?:python -m )?graphc (.*)", command)
    return shlex.split(found[1]) if found else []


def run_command(words: Sequence[str]) -> tuple[int, str]:
    """The exit code of a command, and what it prints on either stream."""
    printed = io.BytesIO()
    stream = io.TextIOWrapper(printed, encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        code = cli.run(words)
    return code, printed.getvalue().decode()


def run_commands(body: str) -> str:
    """What the commands of a block print; one that is not of graphc is left to the reader."""
    return "".join(run_command(words)[1] for words in map(words_of, body.splitlines()) if words)


def run_text(body: str) -> str:
    """What is said about a text of the graph language: nothing, or its error."""
    try:
        parse(body, declared_only=True)
    except GraphcError as error:
        return f"{error}\n"
    return ""


def run_page(page: str, folder: Path) -> list[tuple[Block, str]]:
    """Each block that is run, with what it prints; files are written to `folder`."""
    names: dict[str, Any] = {"__name__": "page"}
    found = []
    write_files(page, folder)
    with contextlib.chdir(folder):
        for block in blocks(page):
            if block.language == "python":
                stream = io.StringIO()
                with contextlib.redirect_stdout(stream):
                    exec(compile(block.body, "<page>", "exec", dont_inherit=True), names)
                found.append((block, stream.getvalue()))
            elif block.language == "sh":
                found.append((block, run_commands(block.body)))
            elif block.language == "graphc":
                found.append((block, run_text(block.body)))
    return found


def shown(page: str, block: Block) -> Block | None:
    """The block that shows what `block` prints, if one follows."""
    following = next((b for b in blocks(page) if b.start > block.end), None)
    return following if following is not None and following.language in PRINTED else None


def excerpt(wanted: str, printed: str) -> str:
    """`printed`, with the lines left out that `wanted` leaves out by a line `…`.

    A run of lines is found by its first line; it is as long as in `wanted`, and the last goes on to the end.
    """
    lines = printed.rstrip("\n").split("\n")
    if LEFT_OUT not in wanted.splitlines():
        return "\n".join(lines) + "\n"
    runs = [run.strip("\n").split("\n") for run in re.split(rf"^{LEFT_OUT}$", wanted, flags=re.MULTILINE)]
    result, place = [], 0
    for i, run in enumerate(runs):
        if i:
            result.append(LEFT_OUT)
        if run == [""]:
            continue
        if i:
            assert run[0] in lines[place:], f"no line of what is printed reads {run[0]!r}"
            place = lines.index(run[0], place)
        stop = len(lines) if i == len(runs) - 1 else place + len(run)
        result += lines[place:stop]
        place = stop
    return "\n".join(result) + "\n"


def refreshed(page: str, folder: Path) -> str:
    """The page with every shown output as it is now."""
    for block, printed in reversed(run_page(page, folder)):
        place = shown(page, block)
        if place is not None:
            page = page[: place.start] + excerpt(place.body, printed) + page[place.end :]
    return page


def pictures(path: Path) -> list[Path]:
    """The pictures a page shows."""
    return [
        path.parent / name for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
    ]


def check_page(path: Path, folder: Path, golden: Callable[[str, str | bytes], None]) -> None:
    """Fail unless the page at `path` shows what its examples print and draw, byte for byte."""
    golden(str(path), refreshed(path.read_text(encoding="utf-8"), folder))
    for picture in pictures(path):
        drawn = folder / picture.name
        assert drawn.is_file(), f"no example of {path.name} draws {picture.name}"
        golden(str(picture), drawn.read_bytes())


def broken_links(path: Path) -> list[str]:
    """The links and images of a page that lead to no file, and the anchors that lead to no heading."""
    broken = []
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = path.parent / name if name else path
        if not file.is_file() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    return broken


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as they are made on the web."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
