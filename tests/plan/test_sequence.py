"""The order of a step: gradients and stores as the backward pass comes to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import Step, compile_
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param
from graphc.plan import order
from graphc.plan.loops import Member, gather_runs, lines_read
from graphc.plan.lower import lower
from graphc.plan.order import Line, order_lines
from graphc.plan.sequence import near_first
from graphc.plan.setting import Setting

DEPTH = 6
x = input_("x", ("N", 4))
WEIGHTS = [param(f"W{i}", (4, 4)) for i in range(DEPTH)]


def deep() -> tuple[Node, dict[Node, Node]]:
    h = x
    for W in WEIGHTS:
        h = F["tanh"](h @ W)
    loss = F["mean"](h * h).named("loss")
    return loss, {W: W - 0.1 * d for W, d in zip(WEIGHTS, gradients(loss, WEIGHTS), strict=True)}


def step_of(outputs: list[Node], updates: Mapping[Node, Node], **options: Any) -> Step:
    step = compile_(outputs, updates=updates, **options)
    assert isinstance(step, Step)
    return step


def test_the_order_has_every_node_once_and_arguments_first() -> None:
    loss, updates = deep()
    lowered = lower([loss], list(updates.items()))
    result = near_first(lowered, Setting(owns=True))
    assert set(result.order) == set(topological(lowered.roots))
    place = {node: i for i, node in enumerate(result.order)}
    assert len(place) == len(result.order)
    assert all(place[a] < place[node] for node in result.order for a in node.args)


def test_the_last_layer_is_updated_first() -> None:
    loss, updates = deep()
    result = near_first(lower([loss], list(updates.items())), Setting(owns=True))
    places = [result.order.index(value) for _, value in result.updates]
    assert places == sorted(places, reverse=True)


def test_an_order_that_is_there_and_a_function_are_left_alone() -> None:
    loss, updates = deep()
    lowered = lower([loss], list(updates.items()))
    assert near_first(lowered, Setting()) is lowered
    ordered = near_first(lowered, Setting(owns=True))
    assert near_first(ordered, Setting(owns=True)) is ordered


@pytest.mark.parametrize("off", [("flat",), ("flat", "near"), ()])
def test_the_step_is_the_same_in_any_order(off: tuple[str, ...]) -> None:
    loss, updates = deep()
    rng = np.random.default_rng(0)
    values = {W.name or "": rng.standard_normal((4, 4)) for W in WEIGHTS}
    batch = rng.standard_normal((3, 4))
    step = step_of([loss], updates, without=off).load(values)
    step(x=batch)
    wanted = compile_(list(updates.values())).naive(x=batch, **values)
    for W, value in zip(WEIGHTS, wanted, strict=True):
        np.testing.assert_allclose(step.params[W.name or ""], value, rtol=1e-12)


def test_each_layer_is_stored_before_the_gradient_of_the_next_is_known() -> None:
    loss, updates = deep()
    steps = step_of([loss], updates, without=("flat",)).plan.steps
    stored = [s.target.name for s in steps if s.target is not None]
    assert stored[:-2] == ["W5", "W4", "W3", "W2"]
    first = next(i for i, s in enumerate(steps) if s.target is not None)
    assert sum(s.target is None for s in steps[first:]) >= DEPTH - 2


def early(values: list[Node], updates: Mapping[Node, Node]) -> list[str]:
    """The lines: values by their place, and the leaves that are stored."""
    lines = order_lines(lower(values, list(updates.items())), values)
    return [str(values.index(n.node)) if n.target is None else n.target.name or "" for n in lines]


def test_a_store_goes_behind_its_value_and_the_last_reader_of_the_old_one() -> None:
    a, b = WEIGHTS[:2]
    values = [F["exp"](a), F["exp"](b), a + F["exp"](b)]
    assert early(values, {a: values[0], b: values[1]}) == ["0", "1", "W1", "2", "W0"]


def test_a_store_that_reads_another_leaf_stays_before_the_store_of_that() -> None:
    a, b = WEIGHTS[:2]
    assert early([], {a: a + b, b: 2 * b}) == early([], {b: 2 * b, a: a + b}) == ["W0", "W1"]
    one = F["exp"](a)
    assert early([one], {a: b + 1, b: one}) == ["0", "W0", "W1"]


def test_a_planted_early_store_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = WEIGHTS[:2]
    updates = {a: F["exp"](b), b: F["exp"](a)}
    values = {"W0": np.zeros((4, 4)), "W1": np.ones((4, 4))}
    right = step_of([], updates, without=("flat",)).load(values)
    right()
    np.testing.assert_allclose(right.params["W1"], 1)
    monkeypatch.setattr(order, "_leaves_read", lambda value, roots: set())
    wrong = step_of([], {a: b, b: a}, without=("flat",)).load(values)
    wrong()
    np.testing.assert_array_equal(wrong.params["W0"], wrong.params["W1"])


def test_a_line_without_company_joins_no_run() -> None:
    a, b, c = WEIGHTS[:3]
    lines = [Line("compute", n) for n in (F["exp"](a), F["exp"](b), F["sin"](b), F["exp"](c))]
    found, runs = gather_runs(
        lines, lines_read(lines), lambda n: n, lambda line: Member("flat"), sharing=True
    )
    assert [found[r.first : r.last] for r in runs] == [[1, 2]]
