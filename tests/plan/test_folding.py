"""Scalar factors move to small arrays, and every value stays what it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from graphc.derive import gradients
from graphc.ir.graph import Graph
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param
from graphc.ops.naive import evaluate
from graphc.plan.folding import FOLD
from graphc.plan.lower import Lowered, lower
from graphc.plan.setting import Setting
from graphc.rewrite.simplify import simplify_all
from tests.plan.nets import steps, values_for

x, y = input_("x", ("N", 30)), input_("y", ("N", 2))
W, b = param("W", (30, 2)), param("b", (2,))
SETTING = Setting(sizes=(("N", 64),))


def scaled(lowered: Lowered) -> list[Node]:
    """The arrays that are multiplied or divided by a scalar."""
    return [
        n
        for n in topological(lowered.roots)
        if n.op.name in ("mul", "div") and n.ndim and any(not a.ndim for a in n.args)
    ]


def trained(loss: Node, rate: object, *shown: Node) -> Lowered:
    slopes = gradients(loss, [W, b])
    roots = simplify_all([loss, *shown, W - rate * slopes[0], b - rate * slopes[1]])
    return lower(roots[: 1 + len(shown)], list(zip((W, b), roots[1 + len(shown) :], strict=True)))


@settings(max_examples=100, deadline=None)
@given(steps())
def test_every_value_stays_what_it_was(before: Lowered) -> None:
    after = FOLD.run(before, Setting())
    values = values_for(list(Graph(before.roots).leaves))
    for old, new in zip(evaluate(before.roots, values), evaluate(after.roots, values), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("rate", [0.01, input_("rate")])
def test_rate_and_mean_become_one_factor_of_the_seed(rate: object) -> None:
    before = trained(F["mean_squared_error"](x @ W + b, y), rate)
    (seed,) = scaled(FOLD.run(before, SETTING))
    assert seed.shape == y.shape
    assert len(scaled(before)) > 1


def test_a_gradient_that_is_also_returned_is_not_scaled() -> None:
    loss = F["mean_squared_error"](x @ W + b, y)
    slope = gradients(loss, [W])[0]
    after = FOLD.run(trained(loss, 0.01, slope), SETTING)
    values = values_for(list(Graph(after.roots).leaves), 64)
    np.testing.assert_allclose(
        evaluate([after.outputs[1]], values)[0], evaluate([slope], values)[0], rtol=1e-12
    )
    assert sum(n.shape == W.shape for n in scaled(after)) <= 1


def test_a_factor_computed_from_the_gradient_stays_behind_it() -> None:
    """Clipping by the norm: the factor needs the plain gradient first."""
    slope = gradients(F["mean_squared_error"](x @ W + b, y), [W])[0]
    clipped = slope / F["sqrt"](1 + F["sum"](slope * slope))
    before = lower([], [(W, W - 0.1 * clipped / F["size"]("N"))])
    after = FOLD.run(before, SETTING)
    values = values_for(list(Graph(before.roots).leaves), 64)
    np.testing.assert_allclose(*(evaluate(g.roots, values)[0] for g in (after, before)), rtol=1e-12)


def test_many_small_factors_do_not_vanish_together() -> None:
    """A half at each of 300 layers: as one factor it would be zero in float32."""
    h, V = input_("h", (1, 4)), param("V", (4, 4))
    for _ in range(300):
        h = 0.5 * (h @ V)
    before = lower([h])
    after = FOLD.run(before, Setting())
    consts = [n for n in topological(after.roots) if n.op.name == "const"]
    assert all(abs(float(n.attrs[1])) > 1e-20 for n in consts)
    given_values = {"h": np.ones((1, 4)), "V": np.full((4, 4), 0.5)}
    np.testing.assert_allclose(*(evaluate(g.roots, given_values)[0] for g in (after, before)), rtol=1e-12)


def test_sums_share_the_scaled_array() -> None:
    z = F["tanh"](x)
    before = lower([F["exp"](z / F["size"]("N")), F["exp"](F["sum"](z, axis=0) / F["size"]("N"))])
    (only,) = scaled(FOLD.run(before, SETTING))
    assert only.shape == x.shape


def test_a_planted_factor_is_seen() -> None:
    before = trained(F["mean_squared_error"](x @ W + b, y), 0.01)
    wrong = trained(F["mean_squared_error"](x @ W + b, y), 0.02)
    values = values_for(list(Graph(before.roots).leaves))
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(
            evaluate(FOLD.run(wrong, SETTING).roots, values)[1], evaluate(before.roots, values)[1], rtol=1e-11
        )
