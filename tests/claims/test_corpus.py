"""The corpus: no true claim is called wrong, no wrong one passes, and mistakes go by their right names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from graphc.claims.reading import Claim, claims_of
from graphc.claims.verdict import Judgement, Report, Verdict
from graphc.ir.graph import Graph
from graphc.ir.node import Node
from graphc.ir.types import evaluate_dim
from graphc.lang.build import build
from graphc.lang.source import Block, Source, markdown_blocks
from graphc.ops.facts import Range, SumsTo, Symmetric
from graphc.ops.leaf import facts_of
from graphc.ops.naive import evaluate
from tests.claims.rates import Outcome, Rates, judge_all, outcomes, rates, unlabelled
from tests.claims.sheets import Label, Sheet, sheets

SHEETS = list(sheets())
TEXTS = [s for s in SHEETS if s.path.suffix in (".graph", ".md")]


# the labels ---------------------------------------------------------------------------------------------------


def test_the_corpus_is_large_enough() -> None:
    kinds = Counter(label.kind for sheet in SHEETS for label in sheet.labels)
    assert kinds["right"] >= 150
    assert kinds["wrong"] >= 300
    assert {s.path.suffix for s in SHEETS} == {".graph", ".md", ".tex", ".py"}
    assert sum(label.single for sheet in SHEETS for label in sheet.labels) >= 250


def built(sheet: Sheet) -> tuple[dict[int, Claim], tuple[str, ...]]:
    """The claims of a text by line, and its sizes."""
    blocks = markdown_blocks(sheet.text) if sheet.path.suffix == ".md" else (Block(sheet.text, 1),)
    program = build(Source(sheet.name, blocks), env={}, declared_only=True, judging=True)
    return {claim.at.line: claim for claim in claims_of(program).found}, program.dims


def drawn(leaf: Node, sizes: dict[str, int], rng: np.random.Generator) -> Any:
    shape = tuple(evaluate_dim(d, sizes) for d in leaf.shape)
    if leaf.dtype == "int":
        return rng.integers(0, 2, shape)
    facts = facts_of(leaf)
    signs = 1 if any(isinstance(f, Range) for f in facts) else rng.choice([-1, 1], shape)
    values = rng.uniform(0.3, 1.7, shape) * signs
    for fact in facts:
        if isinstance(fact, Symmetric):
            values = values + values.T
        if isinstance(fact, SumsTo):
            values = values / values.sum(axis=fact.axis, keepdims=True)
    return values


def points(roots: list[Node], dims: tuple[str, ...]) -> Iterator[list[Any]]:
    """The roots at points where all of them are defined, all sizes different."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        sizes = dict(zip(dims, (int(n) for n in rng.permutation(range(2, 10))), strict=False))
        try:
            arrays = evaluate(
                roots, {str(x.name): drawn(x, sizes, rng) for x in Graph(tuple(roots)).leaves}, sizes=sizes
            )
        except (ValueError, IndexError):
            continue  # sizes that do not fit together
        if all(np.isfinite(np.asarray(a, float)).all() for a in arrays):
            yield arrays


def is_true(claim: Claim, dims: tuple[str, ...]) -> bool:
    """Whether the sides agree at two points, in floats."""
    shapes = {side.shape for side in claim.sides if side.op.name != "const"}
    if claim.failure or len(shapes) > 1:
        return False
    found = points(list(claim.sides), dims)
    return all(
        np.allclose(a, b, rtol=1e-9, atol=1e-13 * np.abs(b).max(initial=0))
        for arrays in (next(found), next(found))
        for a, b in pairwise(arrays)
    )


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
