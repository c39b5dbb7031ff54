"""A report written out: as text, as JSON, and as the XML that continuous integration reads.

The same report gives the same bytes: what a claim took is written only where it is asked for.
"""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.lang.suggest import clip

if TYPE_CHECKING:
    from graphc.claims.verdict import Counterexample, Judgement, Problem, Report

__all__ = ["Line", "lines", "text", "to_json", "to_junit"]

MOST_ENTRIES = 36
LONGEST_CLAIM = 240
LONGEST_ANSWER = 160
WIDEST_COLUMN = 64
MOST_GIVEN = 3
NOWHERE = "text"
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text; each piece goes with what it is, such as `wrong` or `claim`, for a terminal's colours."""

    pieces: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The line without its colours."""
        return "".join(piece for piece, _ in self.pieces).rstrip()


# --- text -------------------------------------------------------------------------------------------------


def text(report: Report, *, quiet: bool = False) -> str:
    """One line for each claim, what is to be said of it indented below, and a summary.

    With `quiet`, nothing of claims that hold, and no summary when all do.

    >>> from graphc.claims.verdict import Judgement, Report, Verdict
    >>> print(text(Report((Judgement("dW = X.T @ dz", Verdict.PROVED, source="notes.md", line=12),))), end="")
    notes.md:12: right  dW = X.T @ dz  proved
    1 claim: 1 proved
    """
    return "".join(f"{line.text}\n" for line in lines(report, quiet=quiet))


def lines(report: Report, *, quiet: bool = False) -> Iterator[Line]:
    """The lines of `text`, in pieces."""
    shown = [j for j in report if not (quiet and j.verdict.holds)]
    heads = [(f"{printable(j.place)}:", outcome(j), _one_line(j.claim)) for j in shown]
    widths = [
        max((w for head in heads if (w := cells(head[i])) <= WIDEST_COLUMN), default=0) for i in range(3)
    ]
    for judgement, cols in zip(shown, heads, strict=True):
        place, word, claim = (col + " " * (w - cells(col)) for col, w in zip(cols, widths, strict=True))
        yield Line(
            (
                (f"{place} ", "place"),
                (f"{word}  ", kind(judgement)),
                (f"{claim}  ", "claim"),
                (evidence(judgement), "evidence"),
            )
        )
        for detail in details(judgement):
            yield Line(((f"    {detail}", "detail"),))
    if len(report) and (shown or not quiet):
        yield Line(((summary(report), "summary"),))


def kind(judgement: Judgement) -> str:
    """`right`, `given` (right given a wrong line), `wrong` or `undecided`."""
    if not judgement.verdict.holds:
        return judgement.verdict.value
    return "given" if judgement.given else "right"


def outcome(judgement: Judgement) -> str:
    """What a claim is, in one to five words: `right given line 6`."""
    found = kind(judgement)
    if found != "given":
        return found
    numbers = [str(line) for line in judgement.given[:MOST_GIVEN]]
    if len(judgement.given) > MOST_GIVEN:
        numbers.append("…")
    return f"right given line{'s'[: len(numbers) > 1]} {', '.join(numbers)}"


def evidence(judgement: Judgement) -> str:
    """What a verdict rests on; nothing for a wrong claim, of which `details` tells."""
    match judgement.verdict.value:
        case "proved":
            return "proved"
        case "agrees":
            points = f"{judgement.points} point{'s'[: judgement.points != 1]}"
            error = f"relative error {judgement.error:.0e}" if judgement.error else "to the last digit"
            return f"agrees at {points}, {error}"
        case "undecided":
            return _one_line(judgement.reason)
        case _:
            return ""


def details(judgement: Judgement) -> list[str]:
    """What is to be said below a claim: mistakes, what is wrong, where it shows, the right answer, notes."""
    found: list[str] = []
    if judgement.verdict.value == "wrong":
        found += [f"and {m}" if i else m for i, m in enumerate(judgement.mistakes)]
        if judgement.counterexample is not None:
            found.append(where_it_shows(judgement.counterexample, judgement.name))
        elif judgement.reason:
            found.append(judgement.reason)
        if judgement.subject and 0 < len(judgement.right) <= LONGEST_ANSWER:
            found.append(f"right is {judgement.right}")
    found += judgement.notes
    return [_one_line(line) for line in found]


def where_it_shows(example: Counterexample, name: str = "") -> str:
    """A counterexample in one sentence: `at x = 2: dx is 3, not 4`, or `the left side is 3, the right one 4`."""
    values = ", ".join(f"{leaf} = {value_text(value)}" for leaf, value in example.values.items())
    at = f"at {values}: " if values else ""
    left, right = both(example.left, example.right)
    entry = f"[{', '.join(map(str, example.entry))}]" if example.entry else ""
    if name:
        return f"{at}{name}{entry} is {left}, not {right}"
    of = f"entry {entry} of " if entry else ""
    return f"{at}{of}the left side is {left}, {'of ' if of else ''}the right one {right}"


def both(left: float, right: float) -> tuple[str, str]:
    """Two numbers with so many digits that they can be told apart."""
    for digits in (6, 9, 12):
        shown = number_text(left, digits), number_text(right, digits)
        if shown[0] != shown[1]:
            return shown
    return number_text(left, 17), number_text(right, 17)


def number_text(value: float, digits: int = 6) -> str:
    """A number as people write it: whole ones without a point."""
    if math.isfinite(value) and value == int(value) and abs(value) < 10**digits:
        return str(int(value))
    return f"{value:.{digits}g}"


def value_text(value: Any) -> str:
    """A value of a leaf: nested lists, or of a large array its shape."""
    array = np.asarray(value)
    if array.size > MOST_ENTRIES:
        return f"an array of shape {array.shape}"
    return _nested(array.tolist())


def _nested(value: Any) -> str:
    return f"[{', '.join(map(_nested, value))}]" if isinstance(value, list) else number_text(value)


def summary(report: Report) -> str:
    """How many claims there are, and how many of each kind."""
    claims = f"{len(report):,} claim{'s'[: len(report) != 1]}"
    kinds = Counter("given" if kind(j) == "given" else j.verdict.value for j in report)
    words = {
        "proved": "proved",
        "agrees": "agree" if kinds["agrees"] > 1 else "agrees",
        "given": "right given a wrong line",
        "wrong": "wrong",
        "undecided": "undecided",
    }
    counts = [f"{kinds[which]:,} {word}" for which, word in words.items() if kinds[which]]
    return f"{claims}: {', '.join(counts)}" if counts else claims


def cells(line: str) -> int:
    """The width of a text in a terminal, where the letters of some scripts are two cells wide."""
    from rich.cells import cell_len

    return cell_len(line)


def printable(line: str) -> str:
    """`line` without what steers a terminal and what XML cannot hold."""
    return _UNPRINTABLE.sub("\ufffd", line)


def _one_line(line: str) -> str:
    return clip(printable(line), LONGEST_CLAIM)


# --- JSON -------------------------------------------------------------------------------------------------


def to_json(report: Report, *, times: bool = False) -> str:
    """The report for programs: `claims` in their order, `problems`, and a `summary` with the exit code.

    With `times`, the seconds each claim took too.
    """
    found = {
        "claims": [claim_record(judgement, times) for judgement in report],
        "problems": [problem_record(problem) for problem in report.problems],
        "summary": {
            "claims": len(report),
            **{verdict.value: count for verdict, count in report.counts.items()},
            "given": sum(kind(j) == "given" for j in report),
            "ok": report.ok,
            "exit_code": report.exit_code,
        },
    }
    return json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def claim_record(judgement: Judgement, times: bool) -> dict[str, Any]:
    """One claim and what came of it, for JSON."""
    gradient = {"of": judgement.of, "by": judgement.subject} if judgement.subject else None
    record: dict[str, Any] = {
        "source": judgement.source,
        "line": judgement.line,
        "column": judgement.column,
        "claim": judgement.claim,
        "name": judgement.name or None,
        "gradient": gradient,
        "verdict": judgement.verdict.value,
        "given": list(judgement.given),
        "reason": judgement.reason,
        "mistakes": list(judgement.mistakes),
        "notes": list(judgement.notes),
        "points": judgement.points,
        "error": plain(judgement.error),
        "counterexample": counterexample_record(judgement.counterexample),
        "right": judgement.right or None,
    }
    return record | ({"seconds": round(judgement.seconds, 3)} if times else {})


def counterexample_record(example: Counterexample | None) -> dict[str, Any] | None:
    """Where two sides differ, for JSON."""
    if example is None:
        return None
    return {
        "values": {name: plain(np.asarray(value).tolist()) for name, value in example.values.items()},
        "entry": list(example.entry),
        "left": plain(example.left),
        "right": plain(example.right),
    }


def problem_record(problem: Problem) -> dict[str, Any]:
    """What could not be read, for JSON."""
    return {
        "source": problem.source,
        "line": problem.line,
        "column": problem.column,
        "sentence": problem.sentence,
    }


def plain(value: Any) -> Any:
    """Numbers that JSON has; those it has not (nan and the infinities) as words."""
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, bool | int):
        return value
    number = float(value)
    return number if math.isfinite(number) else str(number)


# --- JUnit XML --------------------------------------------------------------------------------------------


def to_junit(report: Report, *, times: bool = False) -> str:
    """The report as JUnit XML: a test suite for each source, a test case for each claim.

    A wrong claim is a failure; an undecided one, and what could not be read, are errors.
    With `times`, the seconds each claim took too.
    """
    root = ET.Element("testsuites", name="graphc check")
    by_source: dict[str, list[ET.Element]] = {}
    taken: Counter[tuple[str, str]] = Counter()
    for judgement in report:
        source = printable(judgement.source or NOWHERE)
        case = _case(source, f"line {judgement.line}: {_one_line(judgement.claim)}", judgement.line, taken)
        _fill(case, judgement)
        if times:
            case.set("time", f"{judgement.seconds:.3f}")
        by_source.setdefault(source, []).append(case)
    for problem in report.problems:
        source = printable(problem.source or NOWHERE)
        name = f"line {problem.line}: can be read" if problem.line else "can be read"
        case = _case(source, name, problem.line, taken)
        ET.SubElement(case, "error", type="bad input", message=_one_line(problem.sentence))
        by_source.setdefault(source, []).append(case)
    for source, cases in by_source.items():
        ET.SubElement(root, "testsuite", {"name": source, **_counts(cases)}).extend(cases)
    for attribute, value in _counts(case for cases in by_source.values() for case in cases).items():
        root.set(attribute, value)
    ET.indent(root)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{ET.tostring(root, encoding='unicode')}\n"


def _case(source: str, name: str, line: int | None, taken: Counter[tuple[str, str]]) -> ET.Element:
    """A test case of a name of its own."""
    taken[source, name] += 1
    again = taken[source, name]
    case = ET.Element("testcase", classname=source, name=f"{name} ({again})" if again > 1 else name)
    case.set("file", source)
    if line:
        case.set("line", str(line))
    return case


def _fill(case: ET.Element, judgement: Judgement) -> None:
    said = details(judgement)
    match judgement.verdict.value:
        case "wrong":
            tag, message = "failure", said[0] if said else "wrong"
        case "undecided":
            tag, message = "error", evidence(judgement) or "undecided"
        case _:
            said = [", ".join((outcome(judgement), evidence(judgement))), *said]
            ET.SubElement(case, "system-out").text = "\n".join(said)
            return
    ET.SubElement(case, tag, type=judgement.verdict.value, message=message).text = "\n".join(said)


def _counts(cases: Iterable[ET.Element]) -> Mapping[str, str]:
    """The numbers of cases, failures and errors, as attributes."""
    found = list(cases)
    return {
        "tests": str(len(found)),
        "failures": str(sum(case.find("failure") is not None for case in found)),
        "errors": str(sum(case.find("error") is not None for case in found)),
        "skipped": "0",
    }
