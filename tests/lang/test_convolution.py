"""Convolution and pooling in the graph language: words, pairs, sizes by name; and claims about their Jacobians."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.derive.forward import jacobian
from graphc.ir.errors import ShapeError
from graphc.lang import parse
from graphc.ops import FUNCTIONS, input_
from graphc.ops.form import show
from graphc.ops.naive import evaluate

F = FUNCTIONS
HEAD = "x = input(N, 2, 8, 9); K = param(4, 2, 3, 2); y = "

WRITTEN = {
    "conv2d(x, K, padding=same)": {"padding": "same"},
    "conv2d(x, K, padding=valid)": {},
    "conv2d(x, K, stride=(5, 7))": {"stride": (5, 7)},
    "conv2d(x, K, padding=(1, 0))": {"padding": (1, 0)},
    "conv2d(x, K, padding=((1, 2), 3))": {"padding": ((1, 2), 3)},
    "conv2d(x, K, dilation=2, padding=1)": {"dilation": 2, "padding": 1},
}


@pytest.mark.parametrize("text", WRITTEN)
def test_options_are_those_of_python(text):
    names = parse(HEAD + text).names
    assert names["y"].attrs == F["conv2d"](names["x"], names["K"], **WRITTEN[text]).attrs


@pytest.mark.parametrize(
    "text",
    [
        "conv2d(x, K)",
        "conv2d(x, K, stride=5, padding=(0, (0, 3)))",
        "max_pool2d(x, size=(2, 3))",
        "max_pool2d(x, padding=(0, (0, 1)))",
        "avg_pool2d(x, stride=1)",
        "global_avg_pool(x)",
        "sliding_window(x, (2, 3), axes=(2, 3), dilations=(1, 2))",
        "overlap_add(sliding_window(x, 3, axes=3, strides=2), (N, 2, 8, 9), axes=3, strides=2)",
        "pad(x, [(0, 0), (0, 0), (1, 1), (0, 2)])",
        "is_max(x, axis=(2, 3))",
    ],
)
def test_what_is_printed_is_read_as_the_same(text):
    node = parse(HEAD + text).names["y"]
    assert show(node) == text
    assert parse(HEAD + show(node)).names["y"] is node


def test_channels_last():
    names = parse("x = input(N, 8, 8, 2); K = param(3, 3, 2, 4); y = conv2d(x, K, layout=NHWC)").names
    assert str(names["y"].shape) == "(N, 6, 6, 4)"


def test_a_stride_that_does_not_fit_is_told_where_it_stands():
    place = rf"line 1, column {len(HEAD) + 1}: conv2d with kernel K: "
    with pytest.raises(ShapeError, match=place + r"\(8 \+ 2\*0 - 3\)/2 \+ 1 = 3.5 is not a whole number"):
        parse(HEAD + "conv2d(x, K, stride=2)")


def test_a_jacobian_contracted_with_a_gradient_is_the_gradient():
    """Row by row the Jacobian of a convolution, and of a pooling, is what reverse mode sums up."""
    x, K = input_("x", (1, 2, 4, 3)), input_("K", (2, 2, 2, 2))
    y = F["max_pool2d"](F["tanh"](F["conv2d"](x, K, padding=((1, 0), 0))), size=(2, 1))
    w = input_("w", y.shape)
    rng = np.random.default_rng(0)
    values = {n.name: rng.standard_normal(n.shape) for n in (x, K, w)}
    for leaf, gradient in zip((x, K), gradients(F["sum"](y * w), [x, K]), strict=True):
        full, summed = evaluate([jacobian(y, leaf), gradient], values)
        np.testing.assert_allclose(np.tensordot(values["w"], full, y.ndim), summed, rtol=1e-12, atol=1e-14)
