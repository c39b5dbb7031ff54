"""Convolutions of 3x3 by tiles: the same numbers for every size, how exact they are in floats, and when it is done."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.emit.window_helpers import OF_WINDOWS
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.ops.naive import Arithmetic, evaluate
from graphc.plan import winograd as module
from graphc.plan.convolution import CONVOLUTION
from graphc.plan.layout import LAYOUT
from graphc.plan.setting import Setting
from graphc.plan.winograd import TILES
from tests.plan.convolutions import assert_same, convolution, ops, ran, values_of

PASSES = (CONVOLUTION, LAYOUT, TILES)


@pytest.fixture
def always():
    with patch.object(module, "_pays", return_value=True):
        yield


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("extents", [(8, 10), (7, 9), (5, 6), (3, 3)], ids=str)
@pytest.mark.parametrize("padding", [0, 1, 2, ((1, 0), (0, 2)), 3], ids=str)
def test_every_size(padding, extents, layout):
    first = layout == "NCHW"
    shape = ("N", 4, *extents) if first else ("N", *extents, 4)
    nodes = convolution(shape, (6, 4, 3, 3) if first else (3, 3, 4, 6), padding=padding, layout=layout)
    values = values_of(nodes)
    lowered = ran(nodes, *PASSES)
    assert {"winograd", "winograd_slope"} <= set(ops(lowered))
    assert_same(nodes, lowered, values)
    for a, b in zip(compile_(nodes)(**values), evaluate(nodes, values), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-10)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("n", [1, 5, 37])
def test_every_batch(n):
    nodes = convolution(("N", 8, 14, 14), (8, 8, 3, 3), padding=1)
    values = values_of(nodes, n=n)
    for a, b in zip(compile_(nodes)(**values), evaluate(nodes, values), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-10)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    ("kernel", "options"),
    [((6, 4, 5, 5), {}), ((6, 4, 3, 3), {"stride": 2, "padding": ((1, 0), (1, 0))}), ((6, 4, 3, 3), {"dilation": 2}),
     ((6, 4, 3, 1), {}), ((6, 2, 3, 3), {"groups": 2})],
    ids=str,
)  # fmt: skip
def test_what_is_no_plain_convolution_of_3x3_stays(kernel, options):
    nodes = convolution(("N", 4, 8, 10), kernel, **options)
    assert "winograd_slope" not in ops(ran(nodes, *PASSES))
    assert_same(nodes, ran(nodes, *PASSES), values_of(nodes))


def layer(channels, filters, extent=16):
    return convolution(("N", channels, extent, extent), (filters, channels, 3, 3), padding=1)


def test_it_is_done_where_there_are_many_channels():
    setting = Setting(sizes=(("N", 64),))

    def tiled(*shape):
        return "winograd" in ops(ran(layer(*shape), *PASSES, setting=setting))

    assert tiled(64, 64)
    assert "sixteen products for thirty-six" in setting.notes[-1].text
    assert not tiled(3, 32)
    assert not tiled(8, 8)
    little = Setting(sizes=(("N", 1),))
    assert "winograd" not in ops(ran(layer(64, 64, 8), *PASSES, setting=little))


def test_it_can_be_switched_off():
    nodes = layer(64, 64)
    options = {"sizes": {"N": 64}}
    assert "_winograd(" in compile_(nodes, **options).source
    assert "_winograd(" not in compile_(nodes, without=("winograd",), **options).source


@pytest.mark.usefixtures("always")
def test_the_error_in_float32_is_that_of_unrolled_windows():
    x, K = input_("x", ("N", 16, 12, 12)), input_("K", (16, 16, 3, 3))
    y = F["conv2d"](x, K, padding=1)
    nodes = [y, *gradients(F["sum"](y**2), [x, K])]
    values = values_of(nodes, n=2)
    rounded = {name: np.float32(v).astype(float) for name, v in values.items()}
    exact = evaluate(nodes, rounded, Arithmetic())
    errors = {}
    for off in ((), ("winograd",)):
        found = compile_(nodes, dtype="float32", without=off)(**rounded)
        errors[off] = [np.abs(a - b).max() / np.abs(b).max() for a, b in zip(found, exact, strict=True)]
    assert max(errors[()]) < 2e-6
    assert max(errors[()]) < 8 * max(errors["winograd",])


def test_a_wrong_tile_is_seen():
    broken = OF_WINDOWS["_tiles"].replace(
        "np.subtract(d3, d1, out=out[3])", "np.subtract(d1, d3, out=out[3])"
    )
    nodes = convolution(("N", 4, 8, 10), (6, 4, 3, 3))
    values = values_of(nodes)
    namespaces = []
    for tiles in (OF_WINDOWS["_tiles"], broken):
        namespace = {"np": np}
        exec(tiles + OF_WINDOWS["_winograd"], namespace)
        namespaces.append(namespace)
    x, K = values["x"].transpose(0, 2, 3, 1), values["K"].transpose(2, 3, 1, 0)
    right, wrong = (n["_winograd"](x, K, (0, 0), np.empty((3, 6, 8, 6))) for n in namespaces)
    wanted = evaluate([F["conv2d"](input_("x", ("N", 4, 8, 10)), input_("K", (6, 4, 3, 3)))], values)[0]
    np.testing.assert_allclose(right.transpose(0, 3, 1, 2), wanted, rtol=1e-11, atol=1e-11)
    assert not np.allclose(wrong.transpose(0, 3, 1, 2), wanted)
