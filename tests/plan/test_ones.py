"""Sums become products with ones where that is faster, and nothing changes in value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from graphc.ir.graph import Graph
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.ops.naive import evaluate
from graphc.plan.lower import Lowered, lower
from graphc.plan.ones import ONES
from graphc.plan.setting import Setting
from tests.plan.nets import steps, values_for

x, y = input_("x", ("N", 3)), input_("y", ("N", 3))
maps = input_("maps", ("N", 2, 3, 4))
counts = input_("counts", ("N", 3), dtype="int")
VALUES = {
    "x": np.linspace(0.1, 2, 15).reshape(5, 3),
    "y": np.linspace(-1, 1, 15).reshape(5, 3),
    "maps": np.random.default_rng(0).standard_normal((5, 2, 3, 4)),
    "counts": np.arange(15).reshape(5, 3),
}


def sums(lowered: Lowered) -> int:
    return sum(n.op.name == "sum" for n in topological(lowered.roots))


@settings(max_examples=60, deadline=None)
@given(steps())
def test_every_value_stays_what_it_was(before: Lowered) -> None:
    after = ONES.run(before, Setting())
    values = values_for(list(Graph(before.roots).leaves))
    for old, new in zip(evaluate(before.roots, values), evaluate(after.roots, values), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    "node",
    [
        F["sum"](x, axis=0),
        F["sum"](x, axis=1),
        F["sum"](F["exp"](x), axis=1, keepdims=True),
        F["sum"](x * y),
        F["sum"](x * x),
        F["sum"](maps, axis=(0, 2, 3)),
        F["sum"](maps, axis=(2, 3)),
        F["sum"](maps, axis=(0, 1, 2)),
    ],
)
def test_sums_become_products(node: Node) -> None:
    before = lower([node])
    after = ONES.run(before, Setting())
    assert sums(after) == 0
    assert after.roots[0].shape == before.roots[0].shape
    np.testing.assert_allclose(
        *(evaluate(g.roots, VALUES)[0] for g in (after, before)), rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize(
    "node",
    [
        F["sum"](counts, axis=0),
        F["sum"](x),
        F["sum"](maps, axis=1),
        F["sum"](maps, axis=(0, 2)),
        F["sum"](F["transpose"](maps, (3, 0, 1, 2)), axis=0),
        F["sum"](x > y),
    ],
)
def test_other_sums_stay(node: Node) -> None:
    before = lower([node])
    assert ONES.run(before, Setting()).roots == before.roots


def test_a_product_that_is_wanted_itself_is_summed_as_it_is() -> None:
    before = lower([F["sum"](x * y), x * y])
    assert ONES.run(before, Setting()).roots == before.roots


def test_what_was_done_is_said() -> None:
    setting = Setting()
    ONES.run(lower([F["sum"](x, axis=0)]), setting)
    assert [n.text for n in setting.notes] == ["1 sum is a product with ones or of two arrays"]
