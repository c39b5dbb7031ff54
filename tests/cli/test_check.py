"""`graphc check`: what was asked is judged, what came of it is said, and the exit code says it too."""

from __future__ import annotations

import io
import json
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from graphc.claims.verdict import Judgement, Problem, Report, Verdict
from graphc.claims.write import lines
from graphc.cli.check import show_coloured
from tests.docs.pages import ROOT

RIGHT = Judgement("dz = p - t", Verdict.PROVED, source="notes.md", line=4)
WRONG = Judgement("dW = dz @ X", Verdict.WRONG, source="notes.md", line=5, mistakes=("missing transpose",))
OPEN = Judgement("a == b", Verdict.UNDECIDED, "time was up", source="notes.md", line=6)
BAD = Problem("other.md: there is no such file", "other.md")


@dataclass
class FakeJudge:
    """Stands in for the judge; `asked` is what it was last asked."""

    report: Report = field(default_factory=lambda: Report((RIGHT,)))
    asked: tuple[Any, ...] = ()

    def check_sources(self, sources: Any, **options: Any) -> Report:
        self.asked = (sources, options)
        return self.report


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> FakeJudge:
    fake = FakeJudge()
    module = ModuleType("graphc.claims.check")
    module.check_sources = fake.check_sources  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "graphc.claims.check", module)
    return fake


def test_every_option_is_passed_on(judge: FakeJudge, graphc_run: Any) -> None:
    args = ["notes.md", "a.graph", "--seconds", "2.5", "--bind", "h1=h", "--bind", "cache['x']=X"]
    args += ["--code", "net.py:backward", "--loss", "net.graph"]
    assert graphc_run("check", *args).code == 0
    assert judge.asked == (
        ("notes.md", "a.graph"),
        {
            "seconds": 2.5,
            "bind": {"h1": "h", "cache['x']": "X"},
            "code": "net.py:backward",
            "loss": "net.graph",
        },
    )


def test_without_options_every_claim_has_ten_seconds(judge: FakeJudge, graphc_run: Any) -> None:
    graphc_run("check", "-x == x")
    assert judge.asked == (("-x == x",), {"seconds": 10.0, "bind": {}, "code": None, "loss": None})


def test_a_pattern_stands_for_files_where_the_shell_leaves_it(judge: FakeJudge, graphc_run: Any) -> None:
    for name in ("b.md", "a.md", "c.graph"):
        Path(name).touch()
    graphc_run("check", "*.md", "*.tex", "x*y == y*x")
    assert judge.asked[0] == ("a.md", "b.md", "*.tex", "x*y == y*x")


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (Report((RIGHT,)), 0),
        (Report((RIGHT, WRONG, OPEN)), 1),
        (Report((RIGHT, OPEN)), 3),
        (Report((RIGHT, WRONG), (BAD,)), 2),
    ],
)
def test_the_exit_code_says_what_came_of_it(
    report: Report, code: int, judge: FakeJudge, graphc_run: Any
) -> None:
    judge.report = report
    for args in ([], ["--json"], ["-q"], ["--junit-xml", "out.xml"]):
        assert graphc_run("check", "notes.md", *args).code == code


def test_bad_input_does_not_hide_what_was_judged(judge: FakeJudge, graphc_run: Any) -> None:
    judge.report = Report((RIGHT, WRONG), (BAD,))
    outcome = graphc_run("check", "notes.md", "other.md")
    assert outcome.out.splitlines() == [
        "notes.md:4: right  dz = p - t   proved",
        "notes.md:5: wrong  dW = dz @ X",
        "    missing transpose",
        "2 claims: 1 proved, 1 wrong",
    ]
    assert outcome.err == "graphc: other.md: there is no such file\n"


def test_nothing_but_bad_input_is_one_sentence(judge: FakeJudge, graphc_run: Any) -> None:
    judge.report = Report((), (BAD,))
    outcome = graphc_run("check", "other.md")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)


def test_quiet_is_silent_when_all_is_well(judge: FakeJudge, graphc_run: Any) -> None:
    outcome = graphc_run("check", "notes.md", "-q")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_json_goes_to_standard_output_alone(judge: FakeJudge, graphc_run: Any) -> None:
    judge.report = Report((RIGHT,), (BAD,))
    outcome = graphc_run("check", "notes.md", "--json", "--junit-xml", "out.xml", "--times")
    found = json.loads(outcome.out)
    assert found["summary"]["exit_code"] == outcome.code == 2
    assert found["claims"][0]["seconds"] == 0


def test_junit_is_written_beside_the_text(judge: FakeJudge, graphc_run: Any) -> None:
    judge.report = Report((RIGHT, WRONG))
    outcome = graphc_run("check", "notes.md", "--junit-xml", "claims.xml")
    assert outcome.out.endswith("1 wrong\n")
    assert ET.fromstring(Path("claims.xml").read_text(encoding="utf-8")).get("failures") == "1"


def test_a_place_that_cannot_be_written_is_one_sentence(judge: FakeJudge, graphc_run: Any) -> None:
    outcome = graphc_run("check", "notes.md", "--junit-xml", "nowhere/claims.xml")
    assert outcome.code == 2
    assert outcome.err == "graphc: cannot write nowhere/claims.xml: no such file or directory\n"
    assert outcome.out.endswith("1 proved\n")


@pytest.mark.parametrize(
    ("args", "part"),
    [
        ([], "nothing to check"),
        (["--code", "net.py:backward"], "--loss"),
        (["notes.md", "--loss", "net.graph"], "--code"),
        (["notes.md", "--seconds", "soon"], "soon"),
        (["notes.md", "--seconds", "0"], "above 0"),
        (["notes.md", "--seconds", "nan"], "above 0"),
        (["notes.md", "--seconds", "inf"], "above 0"),
        (["notes.md", "--bind", "h1=h"], "--code"),
        (["notes.md", "--bind", "h1"], "THERE=NAME"),
        (["notes.md", "--bind", "=h"], "THERE=NAME"),
        (["notes.md", "--bind", "h1=1 + 1"], "THERE=NAME"),
        (["notes.md", "--bind", "h1=h", "--bind", "h1=k"], "h1 twice"),
        (["notes.md", "--jso"], "--json"),
    ],
)
def test_a_slip_is_one_sentence_and_exit_code_2(
    args: list[str], part: str, judge: FakeJudge, graphc_run: Any
) -> None:
    outcome = graphc_run("check", *args)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("graphc: ")
    assert outcome.err.count("\n") == 1
    assert part in outcome.err
    assert judge.asked == ()


def test_help_tells_of_files_and_exit_codes(graphc_run: Any) -> None:
    outcome = graphc_run("check", "--help")
    assert outcome.code == 0
    for part in ("FILES", "--junit-xml", "Exit codes", "undecided"):
        assert part in outcome.out
    assert "'" not in outcome.out  # examples are quoted as Windows understands it


def test_a_terminal_gets_colours_and_the_same_words() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=40, color_system="standard")
    found = list(lines(Report((RIGHT, WRONG, OPEN))))
    show_coloured(found, console)
    printed = shown.getvalue()
    assert "\x1b[1;31mwrong" in printed
    plain = Console(file=(plainly := io.StringIO()), width=40)
    show_coloured(found, plain)
    assert plainly.getvalue().splitlines() == [line.text for line in found]


def test_the_hook_runs_a_command_that_there_is(judge: FakeJudge, graphc_run: Any) -> None:
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    said = dict(re.findall(r"^  (\w+): (.*)$", hook, re.MULTILINE))
    program, *words = said["entry"].split()
    assert program == "graphc"
    assert graphc_run(*words, "notes.md").code == 0
    assert judge.asked[0] == ("notes.md",)
    assert [bool(re.search(said["files"], name)) for name in ("a/b.md", "c.graph", "md.py")] == [
        True,
        True,
        False,
    ]
