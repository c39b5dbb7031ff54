"""`assume(…)`: a closed list of facts, carried by the node and everything built on it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from graphc.ir.errors import GraphcError
from graphc.lang import parse
from graphc.ops import assume, input_
from graphc.ops.facts import Fact, Integer, OneHot, Range, SumsTo, Symmetric
from graphc.ops.leaf import facts_of


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        ("sum(t, axis=1) == 1", SumsTo(1, Fraction(1))),
        ("1/2 == sum(t, axis=-1)", SumsTo(1, Fraction(1, 2))),
        ("t > 0", Range(Fraction(0), None, low_open=True)),
        ("0 <= t", Range(Fraction(0), None)),
        ("0 < t <= 1", Range(Fraction(0), Fraction(1), low_open=True)),
        ("1 >= t > -1", Range(Fraction(-1), Fraction(1), low_open=True)),
        ("t < 2.5", Range(None, Fraction(5, 2), high_open=True)),
        ("one_hot(t)", OneHot(1)),
        ("one_hot(t, axis=0)", OneHot(0)),
        ("symmetric(t)", Symmetric()),
        ("integer(t)", Integer()),
    ],
)
def test_assumptions_are_facts_of_the_node(fact: str, expected: Fact) -> None:
    program = parse(f"t = input(N, N); p = 2*t; assume({fact}); p + t")
    t = assume(input_("t", ("N", "N")), expected)
    p = (2 * t).named("p")
    assert facts_of(t) == (expected,)
    assert program.names == {"t": t, "p": p}
    assert program.root is p + t


def test_an_assumption_about_an_intermediate_reaches_what_is_already_built() -> None:
    program = parse("p = exp(x); f = 2*p; f == 2*p; assume(p < 1); f + p")
    p = program.names["p"]
    assert facts_of(p) == (Range(None, Fraction(1), high_open=True),)
    assert program.names["f"].args[1] is p
    assert program.claims[0].sides[1].args[1] is p


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("assume(x == y)", "this equation cannot be assumed"),
        ("assume(x + y > 0)", "an assumption is about a name"),
        ("assume(x)", "this cannot be assumed"),
        ("assume(0 < 1)", "this cannot be assumed"),
        ("assume(x < y)", "this cannot be assumed"),
        ("assume(1 < x < 0)", "no number lies between"),
        ("assume(symmetric(x))", "only a square matrix"),
        ("t = input(N, K); assume(sum(t) == 1)", "`sum(t, axis=1)`"),
        ("t = input(N, K); assume(sum(t, axis=2) == 1)", "which has 2 axes"),
        ("x = assume(y > 0)", "on a line of its own"),
        ("symmetric(x)", "write `assume(symmetric(A))`"),
        ("; ".join(["assume(x > 0)"] * 101), "at most 100 facts"),
    ],
)
def test_only_facts_of_the_closed_list_can_be_assumed(text: str, message: str) -> None:
    with pytest.raises(GraphcError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert "line 1, column" in str(caught.value)
