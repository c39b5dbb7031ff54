"""Verdicts in a picture: each at the thing the claim is about, none where it is not, and told without colour too."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

import graphc as g
from graphc.claims.verdict import Judgement, Verdict
from graphc.draw.circuit import circuit_of
from graphc.draw.labels import SIGNS
from graphc.draw.marks import Finding
from graphc.draw.model import Circuit, Mark
from graphc.draw.palette import COLOUR
from graphc.draw.picture import Picture
from tests.draw import circuits
from tests.draw.test_formats import dot_words, is_shown, svg_texts

PRODUCT = "q = x + y; f = q*z"


def marked(text: str, *findings: Finding) -> Circuit:
    return circuit_of(g.derive(g.parse(text).require_root()), findings=findings)


def on_values(circuit: Circuit) -> dict[str, tuple[Mark, ...]]:
    """The marks of gradients, by name."""
    return {item.out.name: item.out.marks for item in (*circuit.leaves, *circuit.gates) if item.out.marks}


def on_edges(circuit: Circuit) -> dict[tuple[str, str], tuple[Mark, ...]]:
    """The marks of local derivatives, by the names at both ends."""
    names = {item.id: item.out.name for item in (*circuit.leaves, *circuit.gates)}
    return {(names[w.source], names[w.target]): w.marks for w in circuit.wires if w.marks}


def test_a_gradient_is_marked_at_its_value_and_a_local_derivative_at_its_edge() -> None:
    found = marked(PRODUCT, Finding("f", "x", "right"), Finding("q", "y", "right"), Finding("f", "z", "open"))
    assert on_values(found) == {"x": (Mark("right"),)}
    assert on_edges(found) == {("y", "q"): (Mark("right"),), ("z", "f"): (Mark("open"),)}
    assert found.verdicts == (Mark("right", "2 right"), Mark("open", "1 undecided"))


def test_a_wrong_claim_shows_what_was_claimed_and_what_is_right() -> None:
    found = marked(PRODUCT, Finding("f", "x", "wrong", "-z", "z", ("sign",)))
    assert on_values(found)["x"] == (
        Mark("wrong"),
        Mark("wrong", "claimed: -z"),
        Mark("wrong", "mistake: sign"),
        Mark("right", "right: z"),
    )
    texts = svg_texts(Picture(found).svg)
    assert {"z✗", "claimed: -z", "mistake: sign", "right: z", "✗1 wrong"} <= set(texts)


@pytest.mark.parametrize(
    ("text", "of", "subject"),
    [
        ("y = x**2; f = x*y", "f", "x"),  # x also comes in through y
        ("f = x*x", "f", "x"),  # two edges
        ("f = sum(where(a > 0, a, -a))", "f", "a"),
    ],
)
def test_a_total_derivative_is_no_local_one(text: str, of: str, subject: str) -> None:
    found = marked(text if "a" not in text else f"a = input(3); {text}", Finding(of, subject, "wrong", "7"))
    assert on_edges(found) == {}
    assert list(on_values(found)) == [subject]


def test_what_has_no_place_is_counted_and_marks_nothing() -> None:
    found = marked(
        "y = x**2; q = exp(x*y); f = q*z",
        Finding("q", "x", "wrong", "1"),  # not what the circuit ends in, and no edge
        Finding("f", "w", "wrong", "1"),
        Finding("", "", "right"),
    )
    assert on_edges(found) == on_values(found) == {}
    assert found.verdicts[-1] == Mark("none", "3 not about this picture")
    assert "3 not about this picture" in svg_texts(Picture(found).svg)


def test_the_worst_verdict_on_one_thing_is_shown() -> None:
    wrong = Finding("f", "x", "wrong", "1", "z")
    for others in ([Finding("f", "x", "right")], [Finding("f", "x", "open")]):
        for order in ([wrong, *others], [*others, wrong]):
            assert on_values(marked(PRODUCT, *order))["x"][0] == Mark("wrong")
    several = marked(PRODUCT, *(Finding("f", "x", "wrong", str(n), "z") for n in range(5)))
    assert len(on_values(several)["x"]) == 4


def test_right_given_a_wrong_line_says_so() -> None:
    found = marked(PRODUCT, Finding("f", "x", "right", given=(6, 4)), Finding("f", "x", "right", given=(4,)))
    assert on_values(found)["x"] == (Mark("right", "given line 4, 6"),)


def test_a_picture_without_claims_is_as_it_was() -> None:
    assert marked(PRODUCT) == circuit_of(g.derive(g.parse(PRODUCT).require_root()))


@pytest.mark.parametrize("words", circuits.HOSTILE)
def test_claims_of_any_characters_are_shown_harmlessly(words: str) -> None:
    found = marked(PRODUCT, Finding("f", "x", "wrong", words, words, (words,)))
    assert is_shown(f"claimed: {words}", svg_texts(Picture(found).svg))


def test_dot_shows_them_too(require_program: Any) -> None:
    findings = [Finding("f", name, "wrong", words, "z") for name in "xy" for words in circuits.HOSTILE[:2]]
    words = dot_words(require_program, marked(PRODUCT, *findings)).split("\n")
    for claimed in circuits.HOSTILE[:2]:
        assert is_shown(f"claimed: {claimed}", words), claimed
    assert "✗" in "".join(words)
    assert any("✗ 4 wrong" in line for line in words)


def test_verdicts_differ_in_more_than_colour() -> None:
    assert len({SIGNS[sign] for sign in ("right", "wrong", "open")}) == 3
    for one, other in combinations(("right", "wrong", "open", "gradient", "value"), 2):
        assert COLOUR[one] != COLOUR[other]  # type: ignore[index]


@pytest.mark.parametrize("tone", sorted(COLOUR))
def test_every_text_has_contrast_on_white(tone: str) -> None:
    channels = [int(COLOUR[tone][i : i + 2], 16) / 255 for i in (1, 3, 5)]  # type: ignore[index]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    assert 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05) >= 4.5


def test_a_report_becomes_marks() -> None:
    x, y, z = (g.input(name) for name in "xyz")
    q = (x + y).named("q")
    f = (q * z).named("f")
    report = [
        Judgement("d(f)/d(q) == z", Verdict.PROVED, of="f", subject="q", local=True),
        Judgement("dx = -z", Verdict.WRONG, name="dx", of="f", subject="x", claimed="dx", right="z"),
        Judgement("dy = a == b", Verdict.AGREES, name="dy", of="f", subject="y", given=(2,)),
        Judgement("d(f)/d(z) == q", Verdict.UNDECIDED, of="f", subject="z"),
    ]
    found = g.draw(f, check=report).circuit
    assert on_values(found)["x"][:2] == (Mark("wrong"), Mark("wrong", "claimed: -z"))
    assert on_values(found)["y"] == (Mark("right", "given line 2"),)
    assert on_edges(found) == {("q", "f"): (Mark("right"),), ("z", "f"): (Mark("open"),)}


def test_a_program_is_drawn_up_to_what_is_claimed() -> None:
    program = g.parse("x = input(); f = x**2; shown = 3*f")
    report = [Judgement("d(f)/d(x) == 2*x", Verdict.PROVED, of="f", subject="x")]
    assert g.draw(program, check=report).circuit.title.startswith("f = ")
    assert g.draw(program).circuit.title.startswith("shown = ")
