"""Generated code for convolution and pooling: forward and backward as the reference computes them, and how it reads."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.op import FUNCTIONS
from graphc.ops.leaf import input_, param
from tests.cases import CASES
from tests.cases.convolution import convolved

F = FUNCTIONS
ROOM = (
    *(
        "sliding_window",
        "overlap_add",
        "conv1d",
        "conv2d",
        "max_pool1d",
        "max_pool2d",
        "avg_pool1d",
        "avg_pool2d",
    ),
    *("global_avg_pool", "global_max_pool", "flatten"),
)
SMOOTH = [case for case in CASES if case.function in ROOM and case.smooth]


@pytest.mark.parametrize("case", SMOOTH, ids=str)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 5e-5)])
def test_gradients_compute_what_the_reference_does(case, dtype, tolerance):
    node = case.node()
    weights = input_("weights", node.shape)
    leaves = [input_(n, leaf.shape) for n, leaf in case.leaves.items()]
    f = compile_([node, *gradients(F["sum"](node * weights), leaves)], dtype=dtype)
    values = case.values()
    shape = compile_(node, dtype=dtype)(**values).shape
    values["weights"] = np.linspace(-1, 2, int(np.prod(shape))).reshape(shape)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for actual, expected in zip(f(**values), f.naive(**values), strict=True):
            assert (actual.shape, actual.dtype) == (expected.shape, np.dtype(dtype))
            np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def test_any_number_of_samples_and_any_size_of_image():
    x, K, b = input_("x", ("N", 2, "H", "W")), param("K", (3, 2, 3, 3)), param("b", (3,))
    f = compile_(F["conv2d"](x, K, b, padding=1))
    rng = np.random.default_rng(0)
    kernel, bias = rng.standard_normal((3, 2, 3, 3)), rng.standard_normal(3)
    for n, h, w in ((1, 1, 1), (2, 4, 3), (5, 2, 7), (0, 3, 3)):
        image = rng.standard_normal((n, 2, h, w))
        np.testing.assert_allclose(
            f(x=image, K=kernel, b=bias), convolved(image, kernel, bias, padding=1), rtol=1e-12
        )


def test_a_window_that_is_returned_is_an_array_of_its_own():
    x = input_("x", (5,))
    f = compile_(F["sliding_window"](x, 3, axes=0))
    given = np.arange(5.0)
    result = f(x=given)
    result[0] = 7
    assert given.tolist() == [0, 1, 2, 3, 4]
    assert result.tolist() == [[7, 7, 7], [1, 2, 3], [2, 3, 4]]


def test_a_step_of_a_small_net_learns():
    """Updates go through convolution and pooling; the owned kernel is written in place."""
    x, t = input_("x", ("N", 1, 6, 6)), input_("t", ("N",))
    K, b, w = param("K", (2, 1, 3, 3)), param("b", (2,)), param("w", (8,))
    y = F["flatten"](F["max_pool2d"](F["tanh"](F["conv2d"](x, K, b)))) @ w
    loss = F["mean"](F["square"](y - t))
    changes = {p: p - 0.1 * g for p, g in zip((K, b, w), gradients(loss, [K, b, w]), strict=True)}
    step = compile_(loss, updates=changes)
    rng = np.random.default_rng(1)
    step.load({p.name: rng.standard_normal(p.shape) / 2 for p in (K, b, w)})
    batch = {"x": rng.standard_normal((8, 1, 6, 6)), "t": rng.standard_normal(8)}
    losses = [float(step(**batch)) for _ in range(200)]
    assert losses[-1] < losses[0] / 100


def source(layout, groups):
    first = layout == "NCHW"
    x = input_("x", ("N", 4, 8, 8) if first else ("N", 8, 8, 4))
    own = 4 // groups
    K = param("K", (6, own, 3, 3) if first else (3, 3, own, 6))
    loss = F["sum"](F["square"](F["conv2d"](x, K, layout=layout, groups=groups)))
    return compile_([loss, *gradients(loss, [x, K])]).source


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_every_contraction_of_a_convolution_is_a_matrix_product(layout):
    """One product forward and one per gradient, by BLAS; with groups, one for each."""
    plain, grouped = source(layout, 1), source(layout, 2)
    assert len(re.findall(r"\.dot\(", plain)) >= 3
    assert len(re.findall(r"= .* @ ", grouped)) == 3
    assert "einsum" not in plain + grouped
