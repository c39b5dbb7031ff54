"""Gradients through normalisation come out in the three-term form, whether it was a layer or written by hand."""

from __future__ import annotations

import pytest

from graphc.derive import grad, gradients
from graphc.ir.node import Node, topological
from graphc.lang import parse
from graphc.ops import FUNCTIONS, input_, param
from graphc.ops.leaf import constant_value

F = FUNCTIONS
MOVES = ("broadcast", "reshape")


def full_size(gradient: Node, shape: tuple, known: set[str]) -> list[str]:
    """The operations with a result of `shape`, without those that are named, leaves, or already there going forward."""
    order = topological([gradient], stop=lambda n: n.op.name in known)
    return [n.op.name for n in order if n.shape == shape and n.args and n.op.name not in (*known, *MOVES)]


@pytest.mark.parametrize(
    ("shape", "axis"),
    [(("N", "D"), 1), (("N", "C", "H", "W"), 1), (("N", 5, 5, "C"), -1), (("N", "T", "C"), 2)],
)
def test_batch_norm_has_three_terms(shape, axis):
    x, dy = input_("x", shape), input_("dy", shape)
    gamma, beta = param("gamma", shape[axis]), param("beta", shape[axis])
    y = F["batch_norm"](x, gamma, beta, axis=axis)
    dx, dgamma, dbeta = gradients(F["sum"](dy * y), [x, gamma, beta])
    # gamma/s * (dy - sum(dy)/N - xhat*(sum(dy*xhat)/N)), beside the deviations and squares of the forward pass
    assert sorted(full_size(dx, dx.shape, {"standardize"})) == ["mul"] * 3 + ["square"] + ["sub"] * 3
    assert full_size(dgamma, dx.shape, {"standardize"}) == ["mul"]
    assert full_size(dbeta, dx.shape, set()) == []
    assert not any(n.op.name == "batch_norm" for n in topological([dx]))


@pytest.mark.parametrize("axes", [1, 2])
def test_layer_norm_has_three_terms(axes):
    x, dy = input_("x", ("N", "T", "D")), input_("dy", ("N", "T", "D"))
    gamma, beta = (param(n, ("T", "D")[2 - axes :]) for n in ("gamma", "beta"))
    dx = grad(F["sum"](dy * F["layer_norm"](x, gamma, beta, axes=axes)), x)
    names = full_size(dx, dx.shape, {"standardize"})
    assert sorted(names) == ["div"] + ["mul"] * 3 + ["square"] + ["sub"] * 3


HANDMADE = [
    "mu = mean(x, axis=0); v = mean((x - mu)**2, axis=0); xhat = (x - mu)/sqrt(v + 1/100000); y = gamma*xhat + beta",
    "mu = sum(x, axis=0)/N; v = sum((x - mu)**2, axis=0)/N; xhat = (x - mu)/(v + 0.001)**0.5; y = gamma*xhat + beta",
    "mu = mean(x, axis=0); c = x - mu; s = sqrt(mean(square(c), axis=0) + 0.1); y = gamma*c/s + beta",
    "mu = mean(x, axis=0); c = x - mu; r = 1/sqrt(mean(c*c, axis=0) + 0.1); y = gamma*(c*r) + beta",
]


@pytest.mark.parametrize("text", HANDMADE)
def test_written_by_hand_it_has_three_terms(text):
    names = parse(
        f"x = input(N, D); w = input(N, D); gamma = param(D); beta = param(D); {text}; loss = sum(w*y)"
    ).names
    dx = grad(names["loss"], names["x"])
    found = full_size(dx, dx.shape, {"standardize"})
    assert len(found) <= 7, found


def test_a_shift_before_it_has_no_gradient():
    x, gamma, beta = input_("x", ("N", 3)), param("gamma", 4), param("beta", 4)
    W, b = param("W", (3, 4)), param("b", 4)
    y = F["relu"](F["batch_norm"](x @ W + b, gamma, beta))
    db = grad(F["mean"](F["square"](y)), b)
    assert db.op.name == "broadcast"
    assert constant_value(db.args[0]) == 0


def test_values_of_which_the_mean_is_taken_elsewhere_are_no_deviations():
    names = parse(
        "x = input(N, D); w = input(N, D); m = mean(x, axis=1, keepdims=True); v = mean((x - m)**2, axis=0); "
        "loss = sum(w*(x - m)/sqrt(v + 1))"
    ).names
    dx = grad(names["loss"], names["x"])
    assert not any(n.op.name == "standardize" for n in topological([dx]))


def test_of_no_values_nothing_is_made():
    x, gamma, beta = input_("x", (0, 3)), param("gamma", 3), param("beta", 3)
    dx, dbeta = gradients(F["sum"](F["batch_norm"](x, gamma, beta)), [x, beta])
    assert (dx.shape, dbeta.shape) == ((0, 3), (3,))
