"""Pooling is lowered to slices of its input, one per tap, and stays what it is."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import grad
from graphc.emit import compile_
from graphc.ir.node import topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.plan.lower import lower

POOLS = ("max_pool2d", "avg_pool2d")


def kinds(node):
    return [n.op.name for n in topological(lower([node]).outputs)]


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize(
    "options",
    [{}, {"size": 3, "stride": 1}, {"size": (2, 1)}, {"size": 2, "stride": 2, "padding": 1}],
    ids=str,
)
@pytest.mark.parametrize("pool", POOLS)
def test_a_pool_reads_slices(pool, options, layout):
    shape = ("N", 3, 6, 8) if layout == "NCHW" else ("N", 6, 8, 3)
    x = input_("x", shape)
    node = F[pool](x, layout=layout, **options)
    assert "sliding_window" not in kinds(node)
    assert "slice" in kinds(node)
    f = compile_(node)
    values = np.random.default_rng(0).normal(size=(2, *shape[1:]))
    np.testing.assert_allclose(f(x=values), f.naive(x=values), rtol=1e-14, atol=1e-15)


def test_large_windows_and_other_axes_stay_as_they_are():
    x = input_("x", ("N", 3, 10, 10))
    assert "sliding_window" in kinds(F["max_pool2d"](x, size=5))
    windows = F["sliding_window"](x, 2, axes=(2, 3), strides=2)
    assert "sliding_window" in kinds(F["max"](windows, axis=(1, 4, 5)))


def test_of_infinite_and_undefined_entries_nothing_is_lost():
    x = input_("x", (1, 1, 2, 4))
    f = compile_(F["max_pool2d"](x))
    values = np.array([[[[np.nan, 1.0, -np.inf, -np.inf], [2.0, 3.0, -np.inf, np.inf]]]])
    np.testing.assert_array_equal(f(x=values), [[[[np.nan, np.inf]]]])


@pytest.mark.parametrize(
    "options", [{}, {"size": 3, "stride": 1}, {"size": 2, "stride": 2, "padding": 1}], ids=str
)
def test_the_gradient_goes_to_the_first_winner(options):
    x = input_("x", ("N", 2, 6, 8))
    w = input_("w", F["max_pool2d"](x, **options).shape)
    gradient = grad(F["sum"](w * F["max_pool2d"](x, **options)), x)
    assert "argmax" not in kinds(gradient)
    rng = np.random.default_rng(0)
    values = {"x": rng.integers(0, 3, (3, 2, 6, 8)), "w": rng.normal(size=[3, *map(int, w.shape[1:])])}
    f = compile_(gradient)
    np.testing.assert_allclose(f(**values), f.naive(**values), rtol=1e-14, atol=1e-15)
