"""A report as text, JSON and JUnit XML says what was judged, whatever stands in it, and the same each time."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphc.claims.verdict import Counterexample, Judgement, Problem, Report, Verdict
from graphc.claims.write import (
    both,
    cells,
    details,
    evidence,
    outcome,
    text,
    to_json,
    to_junit,
    value_text,
    where_it_shows,
)

PROVED = Judgement("dz2 = (p - t)/N", Verdict.PROVED, source="notes.md", line=12, name="dz2", seconds=0.25)
WRONG = Judgement(
    "dh = dz2 @ W2",
    Verdict.WRONG,
    "2 is not 3 at entry [0, 1]",
    source="notes.md",
    line=13,
    name="dh",
    mistakes=("missing transpose: dz2 @ W2.T, not dz2 @ W2",),
    counterexample=Counterexample({"x": np.array([[1, 0], [0, 2]]), "t": np.int64(1)}, (0, 1), 2.0, 3.0),
    subject="h",
    of="loss",
    right="dz2 @ W2.T",
)
GIVEN = Judgement(
    "dz1 = dh * (z1 > 0)", Verdict.AGREES, source="notes.md", line=14, given=(13,), points=8, error=2e-16
)
UNDECIDED = Judgement(
    "d(f)/d(x) == g", Verdict.UNDECIDED, "it took longer than 10 s", source="b.graph", line=2
)
REPORT = Report((PROVED, WRONG, GIVEN, UNDECIDED))


def test_text_has_a_line_for_each_claim_and_what_is_wrong_below_it() -> None:
    assert text(REPORT).splitlines() == [
        "notes.md:12: right                dz2 = (p - t)/N      proved",
        "notes.md:13: wrong                dh = dz2 @ W2",
        "    missing transpose: dz2 @ W2.T, not dz2 @ W2",
        "    at x = [[1, 0], [0, 2]], t = 1: dh[0, 1] is 2, not 3",
        "    right is dz2 @ W2.T",
        "notes.md:14: right given line 13  dz1 = dh * (z1 > 0)  agrees at 8 points, relative error 2e-16",
        "b.graph:2:   undecided            d(f)/d(x) == g       it took longer than 10 s",
        "4 claims: 1 proved, 1 right given a wrong line, 1 wrong, 1 undecided",
    ]


def test_quiet_is_silent_about_what_holds() -> None:
    assert text(Report((PROVED, GIVEN)), quiet=True) == ""
    quiet = text(REPORT, quiet=True)
    assert quiet.startswith("notes.md:13: wrong      dh")
    assert "notes.md:12" not in quiet
    assert quiet.endswith("1 undecided\n")


def test_nothing_claimed_is_nothing_said() -> None:
    assert text(Report()) == ""
    assert text(Report(problems=(Problem("no such file"),))) == ""


def test_notes_stand_below_claims_that_hold_too() -> None:
    assert details(replace(PROVED, notes=("x > 0 was taken",), reason="by algebra")) == ["x > 0 was taken"]


def test_without_a_counterexample_the_reason_is_told() -> None:
    misfit = replace(WRONG, counterexample=None, mistakes=(), reason="the shapes differ", right="")
    assert details(misfit) == ["the shapes differ"]


def test_the_right_answer_is_told_of_gradients_only() -> None:
    assert "right is dz2 @ W2.T" in details(WRONG)
    assert "right is dz2 @ W2.T" not in details(replace(WRONG, subject=""))
    assert not any("right is" in line for line in details(replace(WRONG, right="x + " * 100)))


def test_a_second_mistake_is_told_from_another_reading() -> None:
    assert details(replace(WRONG, mistakes=("sign", "factor 2")))[:2] == ["sign", "and factor 2"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "right"),
        ((6,), "right given line 6"),
        ((6, 8), "right given lines 6, 8"),
        ((1, 2, 3, 4), "right given lines 1, 2, 3, …"),
    ],
)
def test_what_a_claim_is_right_given(given: tuple[int, ...], said: str) -> None:
    assert outcome(replace(PROVED, given=given)) == said


@pytest.mark.parametrize(
    ("points", "error", "said"),
    [
        (1, 0.0, "agrees at 1 point, to the last digit"),
        (6, 3.21e-14, "agrees at 6 points, relative error 3e-14"),
    ],
)
def test_what_agreement_rests_on(points: int, error: float, said: str) -> None:
    assert evidence(Judgement("a == b", Verdict.AGREES, points=points, error=error)) == said


@pytest.mark.parametrize(
    ("left", "right", "shown"),
    [
        (2.0, -3.0, ("2", "-3")),
        (0.1, 1 / 3, ("0.1", "0.333333")),
        (1.0000001, 1.0, ("1.0000001", "1")),
        (1e-300, 2e-300, ("1e-300", "2e-300")),
        (1e22, float("inf"), ("1e+22", "inf")),
        (1 / 3, 1 / 3, ("0.33333333333333331", "0.33333333333333331")),
    ],
)
def test_two_sides_are_told_apart(left: float, right: float, shown: tuple[str, str]) -> None:
    assert both(left, right) == shown


def test_a_counterexample_names_the_gradient_or_the_side() -> None:
    entry = Counterexample({"x": 2}, (1,), 3.0, 4.0)
    assert where_it_shows(entry, "dx") == "at x = 2: dx[1] is 3, not 4"
    assert where_it_shows(entry) == "at x = 2: entry [1] of the left side is 3, of the right one 4"
    scalar = Counterexample({}, (), 3.0, 4.0)
    assert where_it_shows(scalar) == "the left side is 3, the right one 4"


def test_values_are_lists_and_large_ones_shapes() -> None:
    assert value_text(np.array([[True, False]])) == "[[1, 0]]"
    assert value_text(0.5) == "0.5"
    assert value_text(np.zeros((40, 2))) == "an array of shape (40, 2)"


def test_columns_are_as_wide_as_their_letters() -> None:
    first, second, _ = text(Report((replace(PROVED, claim="d값 = 1"), PROVED))).splitlines()
    assert cells(first.partition("proved")[0]) == cells(second.partition("proved")[0])


def test_one_long_claim_does_not_widen_the_others() -> None:
    first, second, _ = text(Report((replace(PROVED, claim=f"dz = {'x + ' * 30}x"), PROVED))).splitlines()
    assert first.endswith("x  proved")
    assert second.endswith("dz2 = (p - t)/N  proved")


def test_a_claim_of_several_lines_takes_one() -> None:
    assert "dW = (a + b)  proved" in text(Report((replace(PROVED, claim="dW = (a\n      + b)"),)))


HOSTILE = 'a\x1b[31m <b> & "q" ]]> \x00 \ud800 é'


def test_a_terminal_is_not_steered() -> None:
    printed = text(Report((replace(WRONG, claim=HOSTILE, source=HOSTILE, mistakes=(HOSTILE,)),)))
    assert "\x1b" not in printed
    printed.encode()


def parsed(report: Report, **options: Any) -> Any:
    return json.loads(to_json(report, **options))


def test_json_has_all_that_is_known_of_a_wrong_claim() -> None:
    assert parsed(REPORT)["claims"][1] == {
        "source": "notes.md",
        "line": 13,
        "column": 1,
        "claim": "dh = dz2 @ W2",
        "name": "dh",
        "gradient": {"of": "loss", "by": "h"},
        "verdict": "wrong",
        "given": [],
        "reason": "2 is not 3 at entry [0, 1]",
        "mistakes": ["missing transpose: dz2 @ W2.T, not dz2 @ W2"],
        "notes": [],
        "points": 0,
        "error": 0.0,
        "counterexample": {
            "values": {"x": [[1, 0], [0, 2]], "t": 1},
            "entry": [0, 1],
            "left": 2.0,
            "right": 3.0,
        },
        "right": "dz2 @ W2.T",
    }


def test_json_sums_up() -> None:
    found = parsed(replace(REPORT, problems=(Problem("c.md, line 3: no", "c.md", 3, 1),)))
    assert found["summary"] == {
        "claims": 4,
        "proved": 1,
        "agrees": 1,
        "wrong": 1,
        "undecided": 1,
        "given": 1,
        "ok": False,
        "exit_code": 2,
    }
    assert found["problems"] == [{"source": "c.md", "line": 3, "column": 1, "sentence": "c.md, line 3: no"}]


def test_json_holds_only_numbers_that_json_has() -> None:
    example = Counterexample({"x": np.array([np.inf, -0.5])}, (), float("nan"), 1.0)
    found = parsed(Report((replace(WRONG, counterexample=example, error=float("inf")),)))["claims"][0]
    assert found["counterexample"] == {"values": {"x": ["inf", -0.5]}, "entry": [], "left": "nan", "right": 1}
    assert found["error"] == "inf"


def test_times_are_written_only_when_asked_for() -> None:
    other = Report(tuple(replace(j, seconds=9.0) for j in REPORT))
    assert to_json(REPORT) == to_json(other)
    assert to_junit(REPORT) == to_junit(other)
    assert parsed(REPORT, times=True)["claims"][0]["seconds"] == 0.25
    assert ET.fromstring(to_junit(REPORT, times=True)).find(".//testcase").get("time") == "0.250"  # type: ignore[union-attr]


def test_junit_has_a_suite_for_each_source_and_a_case_for_each_claim() -> None:
    root = ET.fromstring(to_junit(replace(REPORT, problems=(Problem("c.md: no such file", "c.md"),))))
    assert root.attrib == {
        "name": "graphc check",
        "tests": "5",
        "failures": "1",
        "errors": "2",
        "skipped": "0",
    }
    assert [(s.get("name"), s.get("tests")) for s in root] == [
        ("notes.md", "3"),
        ("b.graph", "1"),
        ("c.md", "1"),
    ]
    wrong = root[0][1]
    assert wrong.attrib == {
        "classname": "notes.md",
        "name": "line 13: dh = dz2 @ W2",
        "file": "notes.md",
        "line": "13",
    }
    failure = wrong[0]
    assert (failure.tag, failure.get("message")) == ("failure", "missing transpose: dz2 @ W2.T, not dz2 @ W2")
    assert "dh[0, 1] is 2, not 3" in str(failure.text)
    assert root[0][2][0].text == "right given line 13, agrees at 8 points, relative error 2e-16"
    assert root[1][0][0].get("message") == "it took longer than 10 s"
    assert (root[2][0].get("name"), root[2][0][0].get("type")) == ("can be read", "bad input")


def test_junit_can_be_read_whatever_was_claimed() -> None:
    hostile = replace(WRONG, claim=HOSTILE, source=HOSTILE, mistakes=(HOSTILE,), reason=HOSTILE)
    written = to_junit(Report((hostile, hostile), (Problem(HOSTILE, HOSTILE, 1, 1),)))
    root = ET.fromstring(written.encode())
    assert len({case.get("name") for case in root.iter("testcase")}) == 3
    assert '<b> & "q" ]]>' in str(root[0][0].get("name"))


def test_junit_of_nothing_is_a_document_too() -> None:
    assert ET.fromstring(to_junit(Report())).get("tests") == "0"


def test_a_report_prints_as_its_text() -> None:
    assert f"{REPORT}\n" == text(REPORT)
