"""Shifts before a deviation from the mean: left out where nobody sees them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.ops.naive import evaluate
from graphc.plan.centre import CENTRE
from graphc.plan.lower import lower
from graphc.plan.setting import Setting

x, W, b, c = input_("x", ("N", 3)), input_("W", (3, 4)), input_("b", (4,)), input_("c", ("N", 1))
LEAVES = (x, W, b, c)


def values(n: int = 5) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(n)
    return {
        v.name or "": rng.standard_normal([d if isinstance(d, int) else n for d in v.shape]) for v in LEAVES
    }


def passed(*nodes: Node) -> tuple[Node, ...]:
    return CENTRE.run(lower(nodes), Setting()).outputs


def reads(leaf: Node, *nodes: Node) -> bool:
    return leaf in topological(nodes)


def centred(z: Node, axis: int = 0) -> Node:
    return z - F["mean"](z, axis=axis, keepdims=True)


@pytest.mark.parametrize(
    ("nodes", "leaf", "dropped"),
    [
        ([centred(x @ W + b)], b, True),
        ([centred(b + x @ W)], b, True),
        ([centred(x @ W - b)], b, True),
        ([centred(b - x @ W)], b, False),
        ([centred(x @ W + c, 1)], c, True),
        ([centred(x @ W + b, 1)], b, False),
        ([centred(x @ W + c)], c, False),
        ([F["standardize"](x @ W + b, axes=0)], b, True),
        ([centred(x @ W + b), F["tanh"](x @ W + b)], b, False),
        ([x @ W + b - F["mean"](x, axis=0)[0]], b, False),
    ],
)
def test_what_is_dropped(nodes: list[Node], leaf: Node, dropped: bool) -> None:
    core = passed(*nodes)
    assert reads(leaf, *core) is not dropped
    for one, other in zip(evaluate(nodes, values()), evaluate(core, values()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_a_mean_that_others_read_keeps_the_shift_beside_it() -> None:
    z = x @ W + b
    core = passed(centred(z), F["mean"](z, axis=0))
    assert not reads(b, core[0])
    assert reads(b, core[1])
    for one, other in zip(
        evaluate([centred(z), F["mean"](z, axis=0)], values()), evaluate(core, values()), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@given(st.sampled_from([0, 1]), st.booleans(), st.booleans(), st.sampled_from([1, 2, 7]), st.booleans())
def test_networks_stay_what_they_were(axis: int, shared: bool, minus: bool, n: int, on: bool) -> None:
    z = (x @ W - b if minus else x @ W + b) + c
    y = F["tanh"](F["standardize"](z, axes=axis) * b)
    loss = F["sum"](F["square"](y)) + (F["sum"](F["mean"](z, axis=axis)) if shared else 0)
    nodes = [loss, *gradients(loss, [W, b, c])]
    for found in (
        evaluate(passed(*nodes), values(n)),
        compile_(nodes, without=() if on else ("centre",))(**values(n)),
    ):
        for one, other in zip(evaluate(nodes, values(n)), found, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


def test_it_says_what_it_did_once() -> None:
    said, again = Setting(), Setting()
    once = CENTRE.run(lower([centred(x @ W + b)]), said)
    assert [note.text for note in said.notes] == ["1 shift is not added before deviations from the mean"]
    assert CENTRE.run(once, again).outputs == once.outputs
    assert not again.notes
