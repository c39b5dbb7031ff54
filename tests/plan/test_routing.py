"""The gradient of a pool, tap by tap: the same numbers, ties to the first, and slices written once."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import grad
from graphc.emit import compile_
from graphc.ir.node import make, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.plan.layout import LAYOUT
from graphc.plan.routing import POOL, ROUTE, apart, covered
from graphc.plan.setting import Setting
from tests.plan.convolutions import assert_same, ops, pooled, ran, values_of

OPTIONS = [
    {},
    {"size": 3, "stride": 1},
    {"size": 3, "stride": 2, "padding": ((0, 1), (1, 0))},
    {"size": (2, 1)},
    {"size": 2, "stride": 2, "padding": 1},
    {"size": 2, "stride": 4, "padding": ((0, 0), (1, 1))},
]


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("pool", ["max_pool2d", "avg_pool2d"])
def test_every_pool_with_ties(pool, options, layout):
    nodes = pooled(pool, ("N", 2, 6, 8) if layout == "NCHW" else ("N", 6, 8, 2), layout=layout, **options)
    lowered = ran(nodes, POOL)
    assert "route" in ops(lowered)
    assert "overlap_add" not in ops(lowered)
    for whole in (True, False):
        assert_same(nodes, lowered, values_of(nodes, whole=whole))
        assert_same(nodes, ran(nodes, POOL, LAYOUT), values_of(nodes, whole=whole))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("pool", ["max_pool2d", "avg_pool2d"])
def test_the_code_of_every_pool(pool, options):
    nodes = pooled(pool, ("N", 2, 6, 8), **options)
    values = values_of(nodes, whole=True)
    on, off = compile_(nodes), compile_(nodes, without=("pool",))
    assert "_route(" in on.source
    assert "_route(" not in off.source
    for a, b, c in zip(on(**values), off(**values), on.naive(**values), strict=True):
        np.testing.assert_allclose(a, c, rtol=1e-14, atol=1e-15)
        np.testing.assert_allclose(b, c, rtol=1e-14, atol=1e-15)


def test_one_axis():
    nodes = pooled("max_pool1d", ("N", 2, 9), size=3)
    assert "route" in ops(ran(nodes, POOL))
    assert_same(nodes, ran(nodes, POOL), values_of(nodes, whole=True))


def places(*starts, step=2, length=2):
    return tuple(((0, 1, 3), (start, step, length)) for start in starts)


def test_what_is_apart_and_what_fills():
    assert apart(places(0, 1))
    assert covered((3, 4), places(0, 1))
    assert not covered((3, 5), places(0, 1))
    assert not apart(places(0, 2))
    assert not apart(places(0, 1, step=1))
    assert not apart(places(0, 0))
    assert apart(places(0, 1, step=3))
    assert not covered((3, 6), places(0, 1, step=3))


def test_other_sums_of_windows_stay():
    windows = input_("w", ("N", 6, 2))
    node = F["overlap_add"](windows, ("N", 7), axes=1)
    assert "overlap_add" in ops(ran([node], POOL))


def test_it_says_what_it_did():
    setting = Setting()
    ran(pooled("max_pool2d", ("N", 2, 6, 8)), POOL, setting=setting)
    assert "1 gradient of a pool is written tap by tap" in setting.notes[0].text


def test_a_slice_in_the_wrong_place_is_seen():
    nodes = pooled("max_pool2d", ("N", 2, 6, 8))
    lowered = ran(nodes, POOL)
    route = next(n for n in topological(lowered.roots) if n.op is ROUTE)
    swapped = make(ROUTE, route.args, (route.attrs[0], tuple(reversed(route.attrs[1]))))
    with pytest.raises(AssertionError):
        assert_same([nodes[1]], ran([swapped]), values_of(nodes))


def test_the_gradient_of_a_network_of_pools():
    x = input_("x", ("N", 1, 8, 8))
    y = F["max_pool2d"](F["relu"](F["max_pool2d"](F["tanh"](x))))
    nodes = [grad(F["sum"](y**2), x)]
    assert ops(ran(nodes, POOL)).count("route") == 2
    assert_same(nodes, ran(nodes, POOL), values_of(nodes))


@pytest.mark.parametrize("options", OPTIONS[:2], ids=str)
@pytest.mark.parametrize("limit", [0, 1])
def test_the_mask_of_a_relu_before_a_pool_is_of_what_is_pooled(options, limit):
    x = input_("x", ("N", 2, 6, 8))
    y = F["max_pool2d"](F["maximum"](F["tanh"](x) * 2, limit), **options)
    nodes = [y, grad(F["sum"](y**2), x)]
    lowered = ran(nodes, POOL)
    masks = [n for n in topological(lowered.roots) if n.op.name == "greater" and n.args[1].op.name == "const"]
    assert [m.shape for m in masks] == [y.shape]
    for whole in (True, False):
        assert_same(nodes, lowered, values_of(nodes, whole=whole))


@pytest.mark.parametrize("function", ["leaky_relu", "tanh"])
def test_slopes_of_other_functions_before_a_pool_stay(function):
    x = input_("x", ("N", 2, 6, 8))
    y = F["max_pool2d"](F[function](x))
    nodes = [y, grad(F["sum"](y**2), x)]
    assert_same(nodes, ran(nodes, POOL), values_of(nodes))
