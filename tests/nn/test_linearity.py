"""Linear layers with nothing nonlinear between are found and named, whatever affine steps stand between them."""

from __future__ import annotations

import pytest

from graphc.ir.errors import GraphcError
from graphc.lang import parse
from graphc.nn import Activation, BatchNorm, Conv2D, Dense, Dropout, Flatten, Residual, Sequential
from graphc.nn.describe import describe
from graphc.nn.linearity import linear_runs


def runs(*layers, x=None):
    return describe(Sequential(*layers), x=x).linear_runs


def test_two_linear_layers_are_one():
    assert runs(Dense(5), Dense(3)) == (("net/dense1", "net/dense2"),)
    text = str(describe(Sequential(Dense(5), Dense(3))))
    assert "net/dense1 and net/dense2 are equivalent to one linear layer" in text


def test_an_activation_between_keeps_them_apart():
    assert runs(Dense(5, activation="tanh"), Dense(3)) == ()
    assert runs(Dense(5), Activation("relu"), Dense(3)) == ()
    assert "equivalent" not in str(describe(Sequential(Dense(5, activation="relu"), Dense(3))))


def test_the_longest_runs_are_named_each_once():
    found = runs(Dense(5), Dense(4), Activation("relu"), Dense(3), Dense(2), Dense(1))
    assert found == (("net/dense1", "net/dense2"), ("net/dense3", "net/dense4", "net/dense5"))


def test_what_is_affine_at_test_time_does_not_part_layers():
    assert runs(Dense(4), BatchNorm(), Dropout(0.5), Activation("identity"), Dense(2)) == (
        ("net/dense1", "net/dense2"),
    )


def test_convolution_is_linear():
    assert runs(Conv2D(4, 3), Conv2D(8, 3), Flatten(), Dense(2), x=("N", 3, 8, 8)) == (
        ("net/conv2d1", "net/conv2d2", "net/dense1"),
    )


def test_layers_side_by_side_do_not_follow_one_another():
    names = parse("x = input(N, D); A = param(D, K); B = param(D, K); x @ A + x @ B").root
    assert linear_runs(names) == []
    assert runs(Residual(Dense(3), Activation("relu")), Dense(2), x=("N", 3)) == ()


@pytest.mark.parametrize(
    ("formula", "found"),
    [
        ("(x @ A + a) @ B", [("A", "B")]),
        ("(2*(x @ A)/N - a) @ B + b", [("A", "B")]),
        ("tanh(x @ A) @ B", []),
        ("((x @ A)*(x @ A)) @ B", []),
        ("(x @ A)**2 @ B", []),
        ("(x @ A) @ (A.T @ x.T)", []),
        ("softmax(x @ A) @ B", []),
        ("tanh((x @ A) @ B) @ B.T @ A.T", [("A", "B"), ("B", "A")]),
    ],
)
def test_graphs_written_in_the_language(formula, found):
    declared = "x = input(N, D); A = param(D, K); a = param(K); B = param(K, K); b = param(K); "
    assert linear_runs(parse(declared + formula).root) == found


def test_a_model_that_takes_no_usual_input_asks_for_one():
    with pytest.raises(GraphcError, match="give the shape of its own"):
        describe(Sequential(Flatten(), Dense(2), Conv2D(4, 3)))


def test_without_an_input_a_usual_shape_is_taken():
    dense = Sequential(Dense(4, activation="relu"), Dense(2))
    assert str(dense.summary()) == str(dense.summary(("N", "D")))
    assert [p.shape[-1] for p in dense.params()] == [4, 4, 2, 2]
    assert len(Sequential(Conv2D(4, 3), Flatten(), Dense(2)).summary().input) == 4
