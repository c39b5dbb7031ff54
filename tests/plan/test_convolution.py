"""Convolutions as products of matrices: the same numbers for every geometry, and no contraction of windows left."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graphc.derive import grad
from graphc.emit import compile_
from graphc.ir.node import make, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.plan import convolution as module
from graphc.plan.convolution import CONVOLUTION
from graphc.plan.setting import Setting
from tests.plan.convolutions import SETTING, assert_same, convolution, ops, ran, values_of

GEOMETRIES = [
    {},
    {"padding": 1},
    {"padding": 2},
    {"padding": 3},
    {"padding": ((1, 0), (0, 2))},
    {"stride": 2, "padding": ((1, 0), (1, 0))},
    {"stride": (2, 1), "padding": ((0, 1), (2, 2))},
    {"dilation": 2, "padding": 2},
    {"dilation": (1, 2), "padding": "same"},
    {"stride": 2, "dilation": 2, "padding": ((1, 2), (0, 1))},
]


def windows_met(lowered):
    """The contractions that read windows as they are."""
    return [
        n
        for n in topological(lowered.roots)
        if n.op.name == "contract" and any(a.op.name == "sliding_window" for a in n.args)
    ]


@pytest.mark.parametrize("scattered", [False, True], ids=["gathered", "scattered"])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("options", GEOMETRIES, ids=str)
def test_every_geometry_in_both_layouts(options, layout, groups, scattered):
    own = 4 // groups
    shape, kernel = (
        (("N", 4, 8, 10), (6, own, 3, 3)) if layout == "NCHW" else (("N", 8, 10, 4), (3, 3, own, 6))
    )
    nodes = convolution(shape, kernel, layout=layout, groups=groups, **options)
    with patch.object(module, "_gathering_pays", return_value=not scattered):
        lowered = ran(nodes, CONVOLUTION)
    assert not windows_met(lowered)
    assert_same(nodes, lowered, values_of(nodes))


@pytest.mark.parametrize(
    ("shape", "kernel", "options"),
    [
        (("N", 3, 9), (5, 3, 3), {"padding": 1, "dilation": 2}),
        (("N", 9, 3), (3, 3, 5), {"padding": 1, "layout": "NLC"}),
        (("N", 4, 9), (6, 2, 3), {"stride": 2, "groups": 2}),
        (("N", 4, 8, 10), (6, 4, 1, 1), {}),
        (("N", 4, 9, 11), (6, 4, 1, 1), {"stride": 2}),
        (("N", 9, 11, 4), (1, 1, 4, 6), {"stride": 2, "layout": "NHWC"}),
        (("N", 4, 9, 11), (4, 1, 3, 3), {"groups": 4, "padding": 1}),
        (("N", 1, 9, 11), (4, 1, 5, 5), {"padding": 2}),
        (("N", 1, 9, 11), (1, 1, 5, 3), {"padding": ((2, 2), (1, 1))}),
        ((1, 3, 9, 11), (5, 3, 2, 4), {}),
        (("N", 3, 3, 3), (5, 3, 3, 3), {}),
    ],
    ids=str,
)
def test_other_shapes(shape, kernel, options):
    nodes = convolution(shape, kernel, **options)
    lowered = ran(nodes, CONVOLUTION)
    assert not windows_met(lowered)
    assert_same(nodes, lowered, values_of(nodes))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_geometries(data):
    def drawn(low, high):
        return data.draw(st.integers(low, high))

    size, stride, dilation, groups = drawn(1, 4), drawn(1, 3), drawn(1, 2), drawn(1, 2)
    before, after, extent = drawn(0, 4), drawn(0, 4), drawn(2, 9)
    room = extent + before + after - dilation * (size - 1) - 1
    assume(room >= 0 and room % stride == 0)
    shape, kernel = ("N", 2 * groups, extent), (groups, 2, size)
    options = {"stride": stride, "dilation": dilation, "groups": groups, "padding": ((before, after),)}
    nodes = convolution(shape, kernel, **options)
    with patch.object(module, "_gathering_pays", return_value=data.draw(st.booleans())):
        assert_same(nodes, ran(nodes, CONVOLUTION), values_of(nodes))


def test_what_costs_less_is_chosen():
    def way(filters, size, **options):
        lowered = ran(convolution((64, 20, 12, 12), (filters, 20, size, size), **options), CONVOLUTION)
        return "scattered" if "overlap_add" in ops(lowered) else "gathered"

    # A large kernel on few places computes with many zeros when it gathers, and so does a stride.
    assert way(50, 5) == "scattered"
    assert way(16, 4, stride=2) == "scattered"
    assert way(16, 3, padding=1) == "gathered"


def test_second_derivatives():
    x, K = input_("x", ("N", 2, 5, 6)), input_("K", (3, 2, 3, 3))
    y = F["conv2d"](F["tanh"](x), K, padding=1)
    first = grad(F["sum"](F["tanh"](y) ** 2), K)
    nodes = [grad(F["sum"](first**2), x), grad(F["sum"](first**2), K)]
    assert_same(nodes, ran(nodes, CONVOLUTION), values_of(nodes), 1e-10)


def test_it_says_what_it_did_and_can_be_switched_off():
    nodes = convolution(("N", 4, 8, 10), (6, 4, 3, 3))
    setting = Setting(sizes=SETTING.sizes)
    ran(nodes, CONVOLUTION, setting=setting)
    assert "1 forward, 1 by the input, gathered, 1 by the kernel" in setting.notes[0].text
    on, off = compile_(nodes), compile_(nodes, without=("conv",))
    values = values_of(nodes)
    for a, b in zip(on(**values), off(**values), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)


def test_a_graph_without_convolutions_stays_as_it_is():
    x = input_("x", ("N", 3))
    setting = Setting()
    node = F["tanh"](x) @ F["transpose"](x)
    lowered = ran([node], CONVOLUTION, setting=setting)
    assert lowered.outputs == ran([node]).outputs
    assert not setting.notes


def test_a_kernel_turned_the_wrong_way_is_seen():
    nodes = convolution(("N", 4, 8, 10), (6, 4, 3, 3))

    def straight(op, args=(), attrs=(), name=None):
        return (
            args[0]
            if op.name == "slice" and any(step == -1 for _, step, _ in attrs[0])
            else make(op, args, attrs)
        )

    with patch.object(module, "make", straight):
        lowered = ran(nodes, CONVOLUTION)
    with pytest.raises(AssertionError):
        assert_same(nodes, lowered, values_of(nodes))
