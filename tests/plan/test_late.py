"""What would be made too early waits: the order of computation follows from the graph alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param
from graphc.ops.naive import evaluate
from graphc.plan.again import AGAIN
from graphc.plan.late import held_back
from graphc.plan.live import Lives, frugal, lives
from graphc.plan.lower import Lowered, lower
from graphc.plan.masks import masks_of_outputs
from graphc.plan.setting import Setting
from tests.fuzz.graphs import SIZES, graphs


def as_early_as_can_be(lowered: Lowered, setting: Setting) -> Lives:
    """The order in which everything comes as soon as what it reads is there."""
    depth: dict[Node, int] = {}
    for node in topological(lowered.roots):
        depth[node] = 1 + max((depth[a] for a in node.args), default=0)
    return lives(sorted(depth, key=depth.__getitem__), lowered, setting)


def masked_net(layers: int) -> Lowered:
    h, params = input_("x", ("N", 16)), []
    for i in range(layers):
        params.append(param(f"W{i}", (16, 16)))
        h = F["relu"](h @ params[-1])
    loss = F["mean"](F["square"](h))
    return masks_of_outputs(lower([loss, *gradients(loss, params)]), Setting())


def test_masks_of_the_backward_pass_are_not_made_in_the_forward_pass() -> None:
    setting = Setting(sizes=(("N", 500),))
    lowered = masked_net(12)
    found = frugal(lowered, setting)
    kept = held_back(found, lowered, found.peak)
    assert as_early_as_can_be(lowered, setting).peak > 1.05 * found.peak
    assert as_early_as_can_be(kept, setting).peak < as_early_as_can_be(lowered, setting).peak
    assert lives(kept.order, kept, setting).peak == found.peak


def test_where_there_is_room_nothing_waits() -> None:
    setting = Setting(sizes=(("N", 500),))
    lowered = masked_net(4)
    assert AGAIN not in {n.op for n in held_back(frugal(lowered, setting), lowered, 10**12).order}


@settings(max_examples=60, deadline=None)
@given(graphs(max_ops=8), st.integers(0, 120))
def test_random_graphs_that_wait_compute_the_same(graph: tuple[Node, dict[str, Any]], percent: int) -> None:
    node, values = graph
    total = F["sum"](F["sin"](node))
    lowered = lower([node, *gradients(total, [n for n in topological([total]) if n.is_leaf])])
    setting = Setting(sizes=tuple(SIZES.items()))
    found = frugal(lowered, setting)
    kept = held_back(found, lowered, found.peak * percent // 100)
    place = {n: i for i, n in enumerate(kept.order)}
    assert all(place[a] < place[n] for n in kept.order for a in n.args)
    assert lives(kept.order, kept, setting).peak <= 2 * found.peak
    for a, b in zip(evaluate(kept.roots, values), evaluate(lowered.roots, values), strict=True):
        np.testing.assert_array_equal(a, b)
