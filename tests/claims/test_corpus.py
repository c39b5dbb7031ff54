"""The corpus: no true claim is called wrong, no wrong one passes, and mistakes go by their right names."""

from __future__ import annotations

import math
from collections import Counter
from time import perf_counter

import pytest

from graphc.claims.verdict import Judgement, Report, Verdict
from tests.claims.changes import changed
from tests.claims.rates import Outcome, Rates, judge_all, outcomes, rates, unlabelled
from tests.claims.sheets import Label, Sheet, sheets
from tests.claims.truth import built, is_true, labelled

SHEETS = list(sheets())
TEXTS = [s for s in SHEETS if s.path.suffix in (".graph", ".md")]


# the labels ---------------------------------------------------------------------------------------------------


def test_the_corpus_is_large_enough() -> None:
    kinds = Counter(label.kind for sheet in SHEETS for label in sheet.labels)
    assert kinds["right"] >= 150
    assert kinds["wrong"] >= 300
    assert {s.path.suffix for s in SHEETS} == {".graph", ".md", ".tex", ".py"}
    assert sum(label.single for sheet in SHEETS for label in sheet.labels) >= 250


@pytest.mark.parametrize("sheet", TEXTS, ids=str)
def test_the_labels_are_true(sheet: Sheet) -> None:
    claims, dims = built(sheet)
    assert sorted(claims) == [label.line for label in sheet.labels]
    for label in sheet.labels:
        expected = label.kind == "right"
        assert is_true(claims[label.line], dims) is expected, f"{sheet}: {claims[label.line].text}"


# the rates ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judged() -> tuple[list[Outcome], Rates, list[str]]:
    began = perf_counter()
    reports = judge_all(SHEETS)
    found = [o for sheet, report in reports for o in outcomes(sheet, report)]
    stray = [line for sheet, report in reports for line in unlabelled(sheet, report)]
    return found, rates(found, perf_counter() - began), stray


def told(found: list[Outcome], rate: Rates) -> str:
    return f"{len(found)} claims\n" + "\n".join(map(str, found)) + f"\n{rate}"


def test_every_claim_is_read(judged: tuple[list[Outcome], Rates, list[str]]) -> None:
    unread = [o for o in judged[0] if o.verdict == "unread"]
    assert not unread, told(unread, judged[1])


def test_no_true_claim_is_called_wrong(judged: tuple[list[Outcome], Rates, list[str]]) -> None:
    found, rate, stray = judged
    wrong = [o for o in found if o.label.kind in ("right", "postponed") and (o.verdict == "wrong" or o.given)]
    assert not wrong, told(wrong, rate)
    assert not stray


def test_no_wrong_claim_passes(judged: tuple[list[Outcome], Rates, list[str]]) -> None:
    passed = [o for o in judged[0] if o.label.kind in ("wrong", "follows") and o.holds]
    assert not passed, told(passed, judged[1])


def test_true_claims_are_proved(judged: tuple[list[Outcome], Rates, list[str]]) -> None:
    found, rate, _ = judged
    open_ = [o for o in found if o.label.kind in ("right", "postponed") and o.verdict != "proved"]
    assert rate.proved >= 0.9, told(open_, rate)


def test_what_follows_from_a_wrong_line_is_told_to(judged: tuple[list[Outcome], Rates, list[str]]) -> None:
    found, rate, _ = judged
    lost = [
        o for o in found if o.label.kind == "follows" and not (o.given and o.verdict in ("proved", "agrees"))
    ]
    assert not lost, told(lost, rate)


def test_single_mistakes_are_named(judged: tuple[list[Outcome], Rates, list[str]]) -> None:
    found, rate, _ = judged
    unnamed = [o for o in found if o.label.single and o.named == "not"]
    assert rate.rightly_named >= 0.8, told(unnamed, rate)


def test_no_mistake_is_named_falsely(judged: tuple[list[Outcome], Rates, list[str]]) -> None:
    falsely = [o for o in judged[0] if o.label.kind == "wrong" and o.named == "falsely"]
    assert not falsely, told(falsely, judged[1])


# claims changed by a sign or a word ------------------------------------------------------------------------------

EVERY = 27
"""Of so many changes one is tried here; `python -m benchmarks.claims --changes` tries them all."""


def test_no_change_of_a_true_claim_passes() -> None:
    found = [(sheet, changed(sheet)) for sheet in TEXTS if sheet.path.suffix == ".graph"]
    every = [(base, line) for _, pair in found if pair for base, lines in [pair] for line in lines][::EVERY]
    some = [
        labelled(base, [line for b, line in every if b is base])
        for base in {id(b): b for b, _ in every}.values()
    ]
    said = [o for sheet, report in judge_all([s for s in some if s.labels]) for o in outcomes(sheet, report)]
    assert len(said) > 50
    passed = [o for o in said if o.label.kind == "wrong" and o.holds]
    called_wrong = [o for o in said if o.label.kind == "right" and o.verdict == "wrong"]
    assert not passed + called_wrong, told(passed + called_wrong, rates(said, 0.0))


# the reckoning itself -----------------------------------------------------------------------------------------


def outcome(label: Label, verdict: str, *mistakes: str, given: tuple[int, ...] = ()) -> Outcome:
    return Outcome("a.graph:1", "dx = y", label, verdict, given, mistakes, "", 0.0)


def test_rates_of_a_handful_of_claims() -> None:
    sign = Label(1, "wrong", (frozenset({"sign"}),))
    share = Label(1, "wrong", (frozenset({"missing 1/N"}),))
    none = Label(1, "wrong", (), required=False)
    found = [
        outcome(Label(1, "right"), "proved"),
        outcome(Label(1, "right"), "agrees"),
        outcome(Label(1, "follows"), "proved", given=(3,)),
        outcome(sign, "wrong", "sign at z"),
        outcome(sign, "wrong", "factor 2"),
        outcome(sign, "wrong"),
        outcome(share, "wrong", "sum instead of mean"),
        outcome(none, "wrong", "missing transpose: A.T, not A"),
        outcome(none, "undecided"),
    ]
    rate = rates(found, 1.0)
    assert (rate.proved, rate.rightly_named, rate.falsely_named) == (0.5, 0.5, 2)
    assert rate.wrong == {"wrong": 5, "undecided": 1}
    assert rate.follows == {"proved, given": 1}
    assert not outcome(Label(1, "right"), "proved", given=(2,)).holds
    assert "true claims" in str(rate)


def test_a_claim_that_is_not_judged_counts_as_unread() -> None:
    sheet = Sheet("a.graph:1", TEXTS[0].path, "", (Label(1, "right"), Label(2, "right")))
    report = Report((Judgement("x == y", Verdict.WRONG, line=1), Judgement("y == x", Verdict.WRONG, line=4)))
    assert [o.verdict for o in outcomes(sheet, report)] == ["wrong", "unread"]
    assert len(list(unlabelled(sheet, report))) == 1


def test_two_mistakes_need_two_names() -> None:
    both = Label(1, "wrong", (frozenset({"sign", "missing transpose"}),))
    assert outcome(both, "wrong", "sign", "missing transpose at W").named == "rightly"
    assert outcome(both, "wrong", "sign").named == "falsely"
    assert not both.single
    assert math.isclose(rates([outcome(Label(1, "right"), "proved"), outcome(both, "wrong")], 0).proved, 1)
