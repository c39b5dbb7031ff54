"""Sums against one-hot arrays become picked entries, for labels that are checked, and nothing changes in value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.ir.graph import Graph
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.ops.naive import evaluate
from graphc.plan.labels import LABELS
from graphc.plan.lower import Lowered, lower
from graphc.plan.setting import Setting
from tests.plan.nets import steps, values_for

z = input_("z", ("N", 5))
t = input_("t", ("N",), dtype="int")
words, places = input_("words", ("B", "T", 5)), input_("places", ("B", "T"), dtype="int")
VALUES = {
    "z": np.random.default_rng(0).standard_normal((4, 5)),
    "t": np.array([0, 4, 2, 2]),
    "words": np.random.default_rng(1).standard_normal((2, 3, 5)),
    "places": np.array([[0, 4, 1], [2, 2, 3]]),
}


def picks(lowered: Lowered) -> int:
    return sum(n.op.name == "gather" for n in topological(lowered.roots))


@settings(max_examples=60, deadline=None)
@given(steps(), st.booleans())
def test_every_value_stays_what_it_was(before: Lowered, workspace: bool) -> None:
    after = LABELS.run(before, Setting(workspace=workspace))
    values = values_for(list(Graph(before.roots).leaves))
    for old, new in zip(evaluate(before.roots, values), evaluate(after.roots, values), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    "node",
    [
        F["sum"](F["one_hot"](t, 5) * z, axis=1),
        F["sum"](F["one_hot"](t, 5) * F["log"](F["exp"](z) + 1), axis=1),
        F["sum"](F["one_hot"](t, 5) * (z - F["sum"](z, axis=1, keepdims=True)), axis=1),
        F["cross_entropy"](z, t),
        F["sum"](F["one_hot"](places, 5) * F["tanh"](words), axis=2),
    ],
)
def test_entries_are_picked(node: Node) -> None:
    before = lower([node])
    after = LABELS.run(before, Setting())
    assert picks(after) > picks(before)
    assert not any(n.op.name == "equal" for n in topological(after.roots))
    np.testing.assert_allclose(*(evaluate(g.roots, VALUES)[0] for g in (after, before)), rtol=1e-13)


def test_only_what_nothing_else_wants_whole_is_picked_through() -> None:
    y = F["tanh"](z)
    after = LABELS.run(lower([F["sum"](F["one_hot"](t, 5) * y, axis=1), y]), Setting())
    (pick,) = [n for n in topological(after.roots) if n.op.name == "gather"]
    assert pick.args[0].op.name == "tanh"


@pytest.mark.parametrize("labels", [F["argmax"](z, axis=1), t + 1])
def test_labels_that_nobody_checks_stay_one_hot(labels: Node) -> None:
    before = lower([F["sum"](F["one_hot"](labels, 5) * z, axis=1)])
    assert LABELS.run(before, Setting()).roots == before.roots


def test_the_same_labels_with_another_number_of_classes_stay_one_hot() -> None:
    plain = F["equal"](F["expand_dims"](t, 1), F["arange"](5))
    before = lower([F["sum"](plain * z, axis=1), F["sum"](F["one_hot"](t, 9), axis=1)])
    assert picks(LABELS.run(before, Setting())) == picks(before)


@pytest.mark.parametrize(
    ("classes", "workspace", "rows"),
    [(5, True, True), (64, True, True), (65, True, False), (5, False, False)],
)
def test_rows_of_the_identity_where_they_are_kept(classes: int, workspace: bool, rows: bool) -> None:
    y = input_("y", ("N", classes))
    before = lower([F["exp"](y) - F["one_hot"](t, classes)])
    after = LABELS.run(before, Setting(workspace=workspace))
    assert (picks(after) > picks(before)) is rows
    values = {"y": np.zeros((4, classes)), "t": VALUES["t"]}
    np.testing.assert_array_equal(*(evaluate(g.roots, values)[0] for g in (after, before)))
