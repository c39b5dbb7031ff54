"""The corpus: derivations as people write them, each claim labelled with what is known about it.

A `.graph` file of the corpus holds sheets: `#: name` begins a model, each `#-` after it a sheet of claims about that
model. Other files are sheets as they stand; of a `.py` file each function is one. A claim ends in a comment:

| label | the claim |
|---|---|
| `right` | is true |
| `postponed` | is a gradient but for a factor that a later line puts back |
| `follows` | is not true, and right given a wrong line before it |
| `wrong: a \\| b` | was made by this mistake, which may go by either name |
| `wrong: (a)` | was made by a mistake that need not have a name, and may have this one |
| `wrong: a + b` | was made by two mistakes |
| `wrong: none` | was changed at random: no name fits |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
_LABEL = re.compile(r"[#%]\s*(?P<kind>right|postponed|follows|wrong)(?::\s*(?P<names>.+?))?\s*(?:-->)?$")
_MODEL = re.compile(r"#\s*model:\s*(?P<model>\S+)(?:\s+bind:\s*(?P<bind>.+?))?\s*$")


@dataclass(frozen=True)
class Label:
    """What is known about the claim on a line; `names` are the ways to name its mistakes."""

    line: int
    kind: str
    names: tuple[frozenset[str], ...] = ()
    required: bool = True

    @property
    def single(self) -> bool:
        """Whether it is a single mistake that has a name."""
        return self.kind == "wrong" and self.required and all(len(one) == 1 for one in self.names)


@dataclass(frozen=True)
class Sheet:
    """A text with its labels; `function` and `model` are those of NumPy code."""

    name: str
    path: Path
    text: str
    labels: tuple[Label, ...]
    function: str = ""
    model: Path | None = None
    bind: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.name


def sheets() -> Iterator[Sheet]:
    """All sheets of the corpus."""
    for path in sorted(CORPUS.iterdir()):
        if path.suffix == ".graph":
            yield from _of_graph(path)
        elif path.suffix in (".md", ".tex"):
            text = path.read_text(encoding="utf-8")
            yield Sheet(path.name, path, text, _labels(text.split("\n")))
        elif path.suffix == ".py":
            yield from _of_code(path)


def _of_graph(path: Path) -> Iterator[Sheet]:
    """Each sheet with the lines of its model before it, and empty lines for all else: places are those of the file."""
    lines = path.read_text(encoding="utf-8").split("\n")
    model: list[int] = []
    sheet: list[int] | None = None

    def made() -> Iterator[Sheet]:
        if sheet:
            kept = {*model, *sheet}
            text = [line if i in kept else "" for i, line in enumerate(lines)]
            yield Sheet(f"{path.name}:{sheet[0] + 1}", path, "\n".join(text), _labels(text))

    for i, line in enumerate(lines):
        if line.startswith(("#:", "#-")):
            yield from made()
            sheet = [] if line.startswith("#-") else None
            model = [] if line.startswith("#:") else model
        elif sheet is not None:
            sheet.append(i)
        else:
            model.append(i)
    yield from made()


def _of_code(path: Path) -> Iterator[Sheet]:
    """Each function below a comment `# model: FILE`."""
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    for i, line in enumerate(lines):
        match = _MODEL.match(line)
        if not match:
            continue
        begin = next(j for j in range(i, len(lines)) if lines[j].startswith("def "))
        name = lines[begin][4:].partition("(")[0]
        end = next((j for j in range(begin + 1, len(lines)) if lines[j][:1].strip()), len(lines))
        inside = [line if begin <= j < end else "" for j, line in enumerate(lines)]
        bind = tuple(tuple(pair.split("=")) for pair in (match["bind"] or "").split())
        model = CORPUS / match["model"]
        yield Sheet(f"{path.name}:{name}", path, text, _labels(inside), name, model, bind)


def _labels(lines: list[str]) -> tuple[Label, ...]:
    found = []
    for number, line in enumerate(lines, start=1):
        match = _LABEL.search(line)
        if match:
            found.append(_label(number, match["kind"], (match["names"] or "").strip()))
    return tuple(found)


def _label(line: int, kind: str, names: str) -> Label:
    required = not names.startswith("(") and names != "none"
    if names in ("", "none"):
        return Label(line, kind, (), required and kind == "wrong" and names != "none")
    ways = names.strip("()").split("|")
    return Label(line, kind, tuple(frozenset(p.strip() for p in way.split(" + ")) for way in ways), required)
