"""Memory order: transpositions put off, the same numbers, and none left between two convolutions."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.node import topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.plan import layout as module
from graphc.plan.convolution import CONVOLUTION
from graphc.plan.layout import LAYOUT
from graphc.plan.lower import lower
from graphc.plan.routing import POOL
from graphc.plan.setting import Setting
from tests.plan.convolutions import assert_same, convolution, ran, values_of

PASSES = (POOL, CONVOLUTION, LAYOUT)


def network(layout="NCHW"):
    """Two convolutions with a pool and a matrix after them: the loss and all gradients."""
    first = layout == "NCHW"
    x = input_("x", ("N", 2, 8, 8) if first else ("N", 8, 8, 2))
    K1, K2 = (
        input_("K1", (4, 2, 3, 3) if first else (3, 3, 2, 4)),
        input_("K2", (5, 4, 3, 3) if first else (3, 3, 4, 5)),
    )
    b1, b2, W = input_("b1", (4,)), input_("b2", (5,)), input_("W", (20, 3))
    h = F["max_pool2d"](F["relu"](F["conv2d"](x, K1, b1, padding=1, layout=layout)), layout=layout)
    h = F["max_pool2d"](F["relu"](F["conv2d"](h, K2, b2, padding=1, layout=layout)), layout=layout)
    loss = F["sum"](F["tanh"](F["flatten"](h) @ W) ** 2)
    return [loss, *gradients(loss, [K1, b1, K2, b2, W])]


def scattered(lowered):
    """The transpositions of a whole batch, of four axes, that are not of an input."""
    return [
        n
        for n in topological(lowered.roots)
        if n.op.name == "transpose" and n.ndim == 4 and n.args[0].op.name != "input"
    ]


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_a_network(layout):
    nodes = network(layout)
    values = values_of(nodes)
    lowered = ran(nodes, *PASSES)
    assert_same(nodes, lowered, values)
    # Channels stay last: what is left is at the flatten, on the way there and on the way back.
    left = [n for n in scattered(lowered) if str(n.shape[0]) == "N"]
    assert len(left) == (2 if layout == "NCHW" else 0)


@pytest.mark.parametrize("off", [("conv",), ("layout",), ("pool",), ("conv", "layout", "pool")], ids="+".join)
def test_each_pass_by_itself(off):
    nodes = network()
    values = values_of(nodes)
    for a, b in zip(compile_(nodes, without=off)(**values), compile_(nodes).naive(**values), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)


def test_names_follow():
    x = input_("x", ("N", 2, 6, 6))
    y = F["conv2d"](x, input_("K", (3, 2, 3, 3))).named("y")
    z = F["relu"](y).named("z")
    lowered = ran([F["sum"](z * z)], *PASSES)
    assert {"y", "z"} <= set(lowered.names.values())
    named = {name: n for n, name in lowered.names.items()}
    assert named["z"].shape == (*x.shape[:1], 4, 4, 3)
    assert named["z"] in topological(lowered.roots)


def test_a_residual_and_what_is_said():
    x = input_("x", ("N", 3, 5, 5))
    K = input_("K", (3, 3, 3, 3))
    y = F["relu"](x + F["conv2d"](F["tanh"](x), K, padding=1))
    scale = input_("s", (3, 1, 1))
    mask = input_("m", (5,))
    nodes = [y * scale + mask, *gradients(F["sum"](F["exp"](y * scale) * mask), [x, K, scale, mask])]
    setting = Setting()
    assert_same(nodes, ran(nodes, *PASSES, setting=setting), values_of(nodes), 1e-10)
    assert any(note.name == "layout" and "kept with their axes" in note.text for note in setting.notes)


def turned(x, order):
    return F["transpose"](x, order)


STEPS = {
    "tanh": F["tanh"],
    "turn": lambda x: turned(x, (0, 2, 3, 1)),
    "back": lambda x: turned(x, (0, 3, 1, 2)),
    "swap": lambda x: turned(x, (0, 1, 3, 2)),
    "first": lambda x: turned(x, (1, 0, 2, 3)),
    "bias": lambda x: x + input_(f"b{x.shape[-1]}", x.shape[-1:]),
    "column": lambda x: x * input_(f"c{x.shape[1]}", (x.shape[1], 1, 1)),
    "cut": lambda x: x[:, : x.shape[1] - 1] if isinstance(x.shape[1], int) and x.shape[1] > 2 else x,
    "pad": lambda x: F["pad"](x, [(0, 0), (1, 0), (0, 0), (0, 2)]),
    "centre": lambda x: x - F["mean"](x, axis=(2, 3), keepdims=True),
    "most": lambda x: x - F["max"](x, axis=-1, keepdims=True),
    "join": lambda x: F["concat"]([x, F["tanh"](x)], axis=2),
    "split": lambda x: F["reshape"](F["reshape"](x, (*x.shape[:3], 1, x.shape[3])), x.shape),
    "own": lambda x: F["maximum"](x, turned(F["tanh"](turned(x, (0, 3, 1, 2))), (0, 2, 3, 1))),
    "window": lambda x: F["max"](F["sliding_window"](x, 1, axes=3), axis=4),
    "spread": lambda x: F["overlap_add"](F["sliding_window"](x, 1, axes=2), x.shape, axes=2),
    "product": lambda x: F["contract"]("nabc,bd->nadc", x, input_(f"M{x.shape[2]}", (x.shape[2], 3))),
    "merge": lambda x: F["reshape"](
        F["reshape"](x, (x.shape[0], x.shape[1] * x.shape[2], x.shape[3])), x.shape
    ),
    "running": lambda x: F["cumsum"](x, axis=2),
}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=2, max_size=8))
def test_random_chains(steps):
    x = input_("x", ("N", 3, 4, 5))
    y = turned(F["tanh"](x), (0, 2, 3, 1))
    for name in steps:
        if name == "first" and steps.count("first") > 2:
            continue
        y = STEPS[name](y)
    z = y
    nodes = [z, *gradients(F["sum"](z * input_("w", z.shape)), [x])]
    assert_same(nodes, ran(nodes, LAYOUT), values_of(nodes), 1e-10)


def test_graphs_without_such_transpositions_are_not_touched():
    x, W = input_("x", ("N", 3)), input_("W", (3, 4))
    lowered = lower([F["transpose"](F["tanh"](x @ W))])
    assert LAYOUT.run(lowered, Setting()) is lowered


def test_a_wrong_order_is_seen():
    nodes = convolution(("N", 4, 6, 6), (4, 4, 3, 3), padding=1)
    with patch.object(module, "inverse", lambda order: tuple(order)), pytest.raises(Exception):  # noqa: B017
        assert_same(nodes, ran(nodes, *PASSES), values_of(nodes))
