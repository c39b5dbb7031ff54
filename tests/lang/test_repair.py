"""Claims whose shapes do not fit: kept where claims are judged, with what one change of the text would make of them."""

from __future__ import annotations

import pytest

from graphc.ir.errors import ShapeError
from graphc.lang import parse
from graphc.lang.build import build
from graphc.lang.source import expression_source

LAYER = "X = input(N, K); W = param(K, M); g = input(N, M)\nz = X @ W\nloss = sum(z*g)\n"


def judged(text):
    return build(expression_source(text), env={}, declared_only=True, judging=True)


def test_without_judging_it_is_an_error():
    with pytest.raises(ShapeError):
        parse(LAYER + "dW = X @ g")


def test_a_gradient_that_does_not_fit_is_kept_and_stood_in_for():
    program = judged(LAYER + "dW = X @ g")
    (claim,) = program.claims
    assert "K" in claim.failure
    assert claim.sides == ()
    assert program.names["dW"].shape == program.names["W"].shape
    assert {(*r.mistakes, str(r.node)) for r in claim.repairs} >= {("missing transpose", "X.T @ g")}


def test_an_equality_keeps_the_side_that_fits():
    (claim,) = judged(LAYER + "d(loss)/d(W) == X @ g").claims
    assert len(claim.sides) == 1
    assert claim.failure


def test_other_names_have_to_fit():
    with pytest.raises(ShapeError):
        judged(LAYER + "u = X @ g")


@pytest.mark.parametrize(
    ("side", "mistake"),
    [
        ("X @ g", "missing transpose"),
        ("X.T @ g.T", "extra transpose"),
        ("g @ X.T", "swapped factors"),
        ("X.T * g", "elementwise instead of matrix product"),
    ],
)
def test_one_change_makes_it_fit(side, mistake):
    (claim,) = judged(f"{LAYER}d(loss)/d(W) == {side}").claims
    assert any(r.mistakes == (mistake,) and str(r.node) == "X.T @ g" for r in claim.repairs)


def test_two_changes_make_it_fit():
    (claim,) = judged(f"{LAYER}d(loss)/d(W) == g @ X").claims
    found = {(r.mistakes, str(r.node)) for r in claim.repairs}
    assert (("missing transpose", "swapped factors"), "X.T @ g") in found


def test_another_axis_makes_it_fit():
    names = "x = input(N, K); u = input(K)\nloss = sum(sum(x, axis=0)*u)\n"
    (claim,) = judged(f"{names}loss == sum(sum(x, axis=1)*u)").claims
    assert any(r.mistakes == ("wrong axis",) for r in claim.repairs)
