"""Trials: many expressions at the same few points, and whether two of them agree."""

import time
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import graphc as g
from graphc.claims.trial import Trial
from graphc.ir.errors import GraphcError
from graphc.ops.facts import Range
from graphc.ops.leaf import assume, const, input_
from graphc.ops.naive import evaluate

X, t = input_("X", ("N", "D")), input_("t", "N", dtype="int")
W1, W2 = input_("W1", ("D", "H")), input_("W2", ("H", "K"))
x, y = input_("x", "N"), input_("y", "N")
H = g.tanh(X @ W1)
LOSS = g.cross_entropy(H @ W2, t)
DZ = (g.softmax(H @ W2) - g.one_hot(t, "K")) / g.size("N")
RIGHT = X.T @ ((DZ @ W2.T) * (1 - H * H))


def test_arrays_are_those_of_the_reference_interpreter():
    trial = Trial([LOSS], count=3)
    assert len(trial.points) == 3
    for point, array in zip(trial.points, trial.arrays(RIGHT), strict=True):
        assert np.allclose(array, evaluate([RIGHT], point.values, sizes=point.sizes)[0], rtol=1e-12)
    assert trial.shape_of(RIGHT) == trial.arrays(W1)[0].shape


def test_a_gradient_agrees_with_its_spellings_and_with_no_mutation():
    dW1 = g.grad(LOSS, W1)
    trial = Trial([LOSS, dW1])
    assert trial.agree(dW1, RIGHT)
    assert trial.agree(dW1, ((X.T @ (DZ @ W2.T * (1 - H) * (1 + H))) * 3) / 3)
    for mutation in (
        -RIGHT,
        RIGHT * 2,
        RIGHT / g.size("N"),
        X.T @ (DZ @ W2.T),
        X.T @ (DZ @ W2.T * (1 - H)),
        RIGHT.T,
    ):
        assert not trial.agree(dW1, mutation)


@pytest.mark.parametrize("part", ["1e-8", "1e-6", "1e-3"])
def test_a_small_relative_error_in_one_entry_is_seen(part):
    trial = Trial([x])
    first = g.equal(g.arange("N"), 0)
    assert not trial.agree(x, x * (1 + first * const(Decimal(part))))


def test_what_cancels_to_zero_is_zero():
    trial = Trial([x, y])
    assert trial.agree((x + y) ** 2 - x**2 - 2 * x * y - y**2, 0 * x)
    assert trial.agree(g.sin(x) ** 2 + g.cos(x) ** 2 - 1, 0 * x)
    assert not trial.agree((x + y) ** 2 - x**2 - 2 * x * y - y**2, x * const(Decimal("1e-20")))


def test_tiny_gradients():
    tiny = const(Decimal("1e-200"))
    trial = Trial([x * tiny, y])
    assert trial.agree(tiny * (x + y), tiny * x + tiny * y)
    assert not trial.agree(tiny * x, -tiny * x)
    assert not trial.agree(tiny * x, 0 * x)
    assert not trial.agree(tiny * x * (tiny * y), 0 * x)


def test_domains_are_kept():
    trial = Trial([g.log(x)])
    assert trial.agree(2 * g.log(x), g.log(x * x))
    assert not trial.agree(g.log(-x), g.log(x))


def test_shapes_have_to_be_equal():
    trial = Trial([X @ W1])
    assert not trial.agree(X, X.T)
    assert not trial.agree(g.sum(X), g.sum(X, axis=1))


def test_expressions_with_leaves_of_their_own():
    trial = Trial([x])
    stranger = input_("stranger", "N")
    assert not trial.covers(stranger * x)
    assert not trial.agree(stranger * x, x)
    with pytest.raises(GraphcError, match="cannot be worked out"):
        trial.arrays(stranger * x)
    assert not trial.covers(g.size("Z") * x)
    assert trial.agree(assume(x, Range(Fraction(-(10**9)))) * 2, x + x)


def test_nothing_agrees_where_nothing_is_defined():
    trial = Trial([g.log(-1 - x * x)])
    assert trial.points == ()
    assert not trial.agree(x, x)
    assert not trial.agree(x, y)


def test_indices_out_of_range_agree_with_nothing():
    trial = Trial([g.gather(x, t)])
    assert not trial.agree(g.gather(x, t + 1000), g.gather(x, t))


def test_hundreds_of_mutations_are_cheap():
    dW1 = g.grad(LOSS, W1)
    trial = Trial([LOSS, dW1])
    start = time.perf_counter()
    for k in range(2, 502):
        assert not trial.agree(dW1, X.T @ ((DZ @ W2.T) * (k - H * H)))
    assert time.perf_counter() - start < 5


def test_points_tell_both_sides_of_a_condition_apart():
    far = g.where(x > 20, x * x, x)
    trial = Trial([far])
    assert not trial.agree(far, x)
    assert len(trial.points) <= 6


def test_large_shapes_are_judged_in_time():
    images, W = input_("images", ("N", 784)), input_("W", (784, 128))
    out = g.tanh(images @ W)
    start = time.perf_counter()
    trial = Trial([out])
    right = images.T @ (1 - out * out)
    assert trial.agree(right, images.T @ ((1 - out) * (1 + out)))
    assert trial.agree((right + W) - right, W)
    assert not trial.agree(right, images.T @ (1 - out))
    assert not trial.agree((right + W) - right, W * const(Decimal("1.0001")))
    assert time.perf_counter() - start < 10
