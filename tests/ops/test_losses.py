"""Losses and penalties at their edges: what is refused, what is 0, what stays finite."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.errors import DTypeError, GraphcError, ShapeError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS as F
from graphc.ops.leaf import input_, param
from graphc.ops.naive import evaluate

y, t = input_("y", ("N", "K")), input_("t", ("N", "K"))
labels = input_("labels", "N", dtype="int")
w, c = input_("w", "N"), input_("c", "K")
FLOATS = pytest.mark.parametrize("real", ["float32", "float64"])
PAIRS = [
    "residual_sum_of_squares",
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "binary_cross_entropy",
    "cross_entropy",
    "multi_label_cross_entropy",
    "hinge",
    "multiclass_hinge",
    "kl_divergence",
]


@pytest.mark.parametrize("name", PAIRS)
def test_what_does_not_fit_is_refused_in_one_sentence(name: str) -> None:
    loss = F[name]
    for build, kind, words in (
        (lambda: loss(y, t, reduction="average"), GraphcError, "`reduction` is `mean`, `sum` or `none`"),
        (lambda: loss(y, t, input_("v", "M")), ShapeError, rf"{name}: weights of shape \(M,\) do not fit"),
        (lambda: loss(y, t, input_("v", (2, "N", "K"))), ShapeError, "weights of shape"),
        (lambda: loss(y, input_("v", ("N", "M"))), ShapeError, "do not broadcast"),
        (lambda: loss(input_("a", ("N", 1)), input_("b", (1, "K"))), ShapeError, "give both the same shape"),
        (lambda: loss(y), TypeError, r"operands|argument"),
    ):
        with pytest.raises(kind, match=words) as caught:
            build()
        assert "\n" not in str(caught.value)


def test_bad_options_are_refused() -> None:
    with pytest.raises(GraphcError, match="huber: delta is a positive number, not 0"):
        F["huber"](y, t, delta=0)
    with pytest.raises(GraphcError, match="huber: delta is a number"):
        F["huber"](y, t, delta=y)
    with pytest.raises(GraphcError, match="from_logits is True or False, not 'no'"):
        F["binary_cross_entropy"](y, t, from_logits="no")
    with pytest.raises(ShapeError, match=r"class_weights have one entry per class, shape \(K,\), not \(N,\)"):
        F["cross_entropy"](y, labels, class_weights=w)
    with pytest.raises(DTypeError, match="declare v with dtype 'int'"):
        F["multiclass_hinge"](y, input_("v", "N"))
    with pytest.raises(ShapeError, match="the classes lie along the last axis"):
        F["cross_entropy"](input_("s"), 1)
    for limit in (0, -1.5):
        with pytest.raises(GraphcError, match="max_norm: the limit is a positive number"):
            F["max_norm"](y, limit)


def test_weights_may_be_left_out_or_given_by_place_or_name() -> None:
    for name in PAIRS:
        loss = F[name]
        assert loss(y, t, weights=w) is loss(y, t, w)
        assert loss(y, t, weights=None) is loss(y, t, None) is loss(y, t)
        with pytest.raises(TypeError, match=r"weights|twice"):
            loss(y, t, w, weights=w)


def test_weights_of_a_square_output_are_per_sample() -> None:
    z, s = input_("z", (2, 2)), input_("s", 2)
    loss = F["mean_squared_error"](z, 0, weights=s, reduction="none")
    np.testing.assert_array_equal(evaluate([loss], {"z": [[1, 1], [1, 1]], "s": [2, 3]})[0], [[2, 2], [3, 3]])


def test_a_mean_divides_by_the_number_of_samples_or_of_the_weights_of_classes() -> None:
    z, k = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]]), np.array([0, 1, 1])
    each = evaluate([F["cross_entropy"](y, labels, reduction="none")], {"y": z, "labels": k})[0]
    by_sample = evaluate([F["cross_entropy"](y, labels, w)], {"y": z, "labels": k, "w": [1, 0, 3]})[0]
    np.testing.assert_allclose(by_sample, (each * [1, 0, 3]).sum() / 3, rtol=1e-14)
    by_class = F["cross_entropy"](y, labels, class_weights=c)
    (found,) = evaluate([by_class], {"y": z, "labels": k, "c": [2, 5]})
    np.testing.assert_allclose(found, (each * [2, 5, 5]).sum() / 12, rtol=1e-14)


def run(outputs: list[Node], real: str, **values: Any) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return list(compile_(outputs, dtype=real)(**values))


FAR = np.array([[1e4, -1e4, 0], [-1e4, 0, 1e4]])
ONE_HOT = np.array([[1.0, 0, 0], [1, 0, 0]])


@FLOATS
@pytest.mark.parametrize("through", [False, True])
def test_far_logits_are_finite_and_right(real: str, through: bool) -> None:
    """From logits, and from the probabilities a sigmoid or softmax makes of them, which round to 0 and 1."""
    p, q = F["sigmoid"](y), F["softmax"](y)
    cases = (
        (F["binary_cross_entropy"](p if through else y, t, from_logits=not through, reduction="sum"),
         2e4 + 2 * np.log(2)),
        (F["kl_divergence"](t, q if through else y, from_logits=not through, reduction="sum"), 2e4),
        (F["cross_entropy"](y, t, reduction="sum"), 2e4),
        (F["multi_label_cross_entropy"](y, t, reduction="sum"), 2e4 + 2 * np.log(2)),
    )  # fmt: skip
    sigmoids = np.array([[1, 0, 0.5], [0, 0.5, 1]]) - ONE_HOT
    softmaxes = np.array([[1.0, 0, 0], [0, 0, 1]]) - ONE_HOT
    for i, (loss, value) in enumerate(cases):
        found, slope = run([loss, *gradients(loss, [y])], real, y=FAR, t=ONE_HOT)
        np.testing.assert_allclose(found, value, rtol=1e-6)
        np.testing.assert_allclose(slope, sigmoids if i in (0, 3) else softmaxes, atol=1e-7)


@FLOATS
def test_sure_probabilities_cost_nothing_where_they_are_right(real: str) -> None:
    loss = F["binary_cross_entropy"](y, t, from_logits=False, reduction="none")
    (found,) = run([loss], real, y=[[0, 1, 0.5]], t=[[0, 1, 1]])
    np.testing.assert_allclose(found, [[0, 0, np.log(2)]], rtol=1e-6)
    with np.errstate(divide="ignore"):
        wrong = compile_(loss, dtype=real)(y=[[0, 1]], t=[[1, 0]])
    assert np.isposinf(wrong).all()


@FLOATS
def test_divergence_where_a_probability_is_zero(real: str) -> None:
    loss = F["kl_divergence"](y, t, reduction="sum")
    rows = {"y": [[1, 0, 0], [0, 0.5, 0.5]], "t": [[0.5, 0.25, 0.25], [0.5, 0.25, 0.25]]}
    value, slope = run([loss, *gradients(loss, [t])], real, **rows)
    np.testing.assert_allclose(value, 2 * np.log(2), rtol=1e-6)
    np.testing.assert_allclose(slope, [[-2, 0, 0], [0, -2, -2]], rtol=1e-6)
    (same,) = run([loss], real, y=[[1, 0]], t=[[1, 0]])
    assert same == 0


@FLOATS
def test_the_projection_leaves_short_and_zero_vectors_as_they_are(real: str) -> None:
    W = param("W", (2, 4))
    start = np.array([[0, 0.3, 3, -5], [0, 0.4, 4, 12]], real)
    bounded = F["max_norm"](W, 1.3)
    total = F["sum"](bounded * bounded)
    value, slope = run([bounded, *gradients(total, [W])], real, W=start)
    np.testing.assert_array_equal(value[:, :2], start[:, :2])
    np.testing.assert_allclose(np.linalg.norm(value[:, 2:], axis=0), 1.3, rtol=1e-6)
    np.testing.assert_allclose(value[:, 2] / start[:, 2], 1.3 / 5, rtol=1e-6)
    np.testing.assert_allclose(slope, 2 * start * [1, 1, 0, 0], atol=1e-6)


def test_the_projection_bounds_what_a_step_updates() -> None:
    W, x = param("W", (3, 2)), input_("x", ("N", 3))
    loss = F["residual_sum_of_squares"](x @ W, 100)
    step = compile_(loss, updates={W: F["max_norm"](W - 0.01 * gradients(loss, [W])[0], 2)}, sizes={"N": 4})
    step.load({"W": np.zeros((3, 2))})
    for _ in range(5):
        step(x=np.ones((4, 3)))
    np.testing.assert_allclose(np.linalg.norm(step.params["W"], axis=0), 2, rtol=1e-12)
