"""Within a budget of memory: the same values, bit for bit, and never more bytes alive than the budget says."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, make, topological
from graphc.nn import (
    LSTM,
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2D,
    Sequential,
)
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.ops.naive import evaluate
from graphc.plan.again import AGAIN, recomputed
from graphc.plan.alias import is_view
from graphc.plan.live import frugal
from graphc.plan.lower import Lowered, lower
from graphc.plan.predict import size_in_bytes
from graphc.plan.recompute import recompute
from graphc.plan.setting import Setting
from tests.fuzz.graphs import SIZES, graphs


def peak(order: Sequence[Node], lowered: Lowered, setting: Setting) -> int:
    """The most bytes that live at once, counted anew at each place."""
    home: dict[Node, Node] = {}
    for node in order:
        home[node] = home[node.args[0]] if is_view(node) else node
    readers: dict[Node, int] = {}
    old: dict[Node, int] = {}
    for i, node in enumerate(order):
        for a in node.args:
            readers[home[a]] = old[a] = i
    for output in lowered.outputs:
        readers[home[output]] = len(order)
    for leaf, value in lowered.updates:
        readers[home[value]] = max(readers.get(home[value], 0), old.get(leaf, 0))
    alive: set[Node] = set()
    most = 0
    for i, node in enumerate(order):
        dying = {n for n in alive if readers.get(n, 0) == i}
        taken = next((n for n in dying if (n.shape, n.dtype) == (node.shape, node.dtype)), None)
        if home[node] is node and not node.is_leaf and node.op.kind != "const":
            spared = taken if node.op.elementwise and any(home[a] is taken for a in node.args) else None
            most = max(most, sum(size_in_bytes(n, setting) for n in (alive - {spared}) | {node}))
            alive.add(node)
        alive = {n for n in alive if readers.get(n, 0) > i}
    return most


def within(lowered: Lowered, memory: int, **options: Any) -> tuple[Lowered, Setting]:
    setting = Setting(memory=memory, **options)
    found = recompute(lowered, setting)
    assert set(found.order) == set(topological(found.roots))
    place = {n: i for i, n in enumerate(found.order)}
    assert all(place[a] < place[n] for n in found.order for a in n.args)
    assert peak(found.order, found, setting) <= memory
    return found, setting


def net(model: Layer, shape: tuple[Any, ...], loss: str = "cross_entropy") -> tuple[Node, list[Node]]:
    x, t = input_("x", ("N", *shape)), input_("t", "N", dtype="int")
    z, _ = model.train(x)
    value = F[loss](z, t) if loss == "cross_entropy" else F["mean"](F["square"](z))
    return value, model.params(x)


def deep(depth: int, activation: str = "relu") -> tuple[Node, list[Node]]:
    layers = [layer for _ in range(depth) for layer in (Dense(8), Activation(activation))]
    return net(Sequential(*layers, Dense(5)), (8,))


NETS: dict[str, Callable[[], tuple[Node, list[Node]]]] = {
    "relu": lambda: deep(12),
    "gelu": lambda: deep(8, "gelu"),
    "norm and dropout": lambda: net(
        Sequential(
            *[m for _ in range(4) for m in (Dense(9), BatchNorm(), Activation("tanh"), Dropout(0.4))],
            Dense(3),
        ),
        (7,),
    ),
    "convolution": lambda: net(
        Sequential(
            Conv2D(3, 3, padding=1),
            Activation("relu"),
            Conv2D(4, 3),
            Activation("relu"),
            MaxPool2D(2),
            Flatten(),
            Dense(3),
        ),
        (2, 8, 8),
    ),
    "LSTM": lambda: net(LSTM(4), (14, 3), "square"),
}


def values_of(roots: Sequence[Node], n: int) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    values: dict[str, Any] = {}
    for leaf in topological(roots):
        if leaf.is_leaf:
            shape = [n if not isinstance(d, int) else d for d in leaf.shape]
            values[leaf.name or ""] = (
                rng.integers(0, 3, shape) if leaf.dtype == "int" else rng.standard_normal(shape)
            )
    return values


def least(lowered: Lowered, **options: Any) -> int:
    """The least budget that can be met, as the refusal of another says."""
    with pytest.raises(GraphcError) as refused:
        recompute(lowered, Setting(memory=1, **options))
    return said(refused.value)


def said(refusal: GraphcError) -> int:
    number, unit = str(refusal).split("at the least ")[1].split()[:2]
    return round(float(number) * {"bytes": 1, "kB": 1000, "MB": 10**6}[unit])


@pytest.mark.parametrize("name", NETS)
def test_a_net_within_a_budget_computes_the_same(name: str) -> None:
    loss, params = NETS[name]()
    lowered = lower([loss, *gradients(loss, params)])
    sizes = (("N", 50),)
    most = frugal(lowered, Setting(sizes=sizes)).peak
    small = least(lowered, sizes=sizes)
    assert small < most
    given_values = values_of(lowered.roots, 4)
    expected = evaluate(lowered.roots, given_values)
    for memory in (small, (small + most) // 2):
        found, setting = within(lowered, memory, sizes=sizes)
        for a, b in zip(evaluate(found.roots, given_values), expected, strict=True):
            np.testing.assert_array_equal(a, b)
        assert [n.name for n in setting.notes] == ["recompute"]


def test_half_the_activations_of_a_deep_net_are_dropped_and_little_is_repeated() -> None:
    loss, params = deep(60)
    lowered = lower([loss, *gradients(loss, params)])
    sizes = (("N", 500),)
    found = frugal(lowered, Setting(sizes=sizes))
    half, _ = within(lowered, found.peak // 2, sizes=sizes)
    products = [sum(n.op.name == "contract" for n in topological(g.roots)) for g in (lowered, half)]
    assert products[1] <= products[0] + 45


@pytest.mark.parametrize("name", NETS)
def test_code_within_a_budget_computes_the_same(name: str) -> None:
    loss, params = NETS[name]()
    outputs = [loss, *gradients(loss, params)]
    plain = compile_(outputs, sizes={"N": 50})
    given_values = {
        k: v for k, v in values_of(outputs, 4).items() if k in {leaf.name for leaf in plain.plan.inputs}
    }
    expected = plain(**given_values)
    with pytest.raises(GraphcError) as refused:
        compile_(outputs, sizes={"N": 50}, memory=1)
    f = compile_(outputs, sizes={"N": 50}, memory=said(refused.value))
    assert any(n.name == "recompute" for n in f.plan.notes)
    for a, b in zip(f(**given_values), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_memory_in_use_is_what_the_budget_allows() -> None:
    layers = [layer for _ in range(24) for layer in (Dense(32), Activation("relu"))]
    loss, params = net(Sequential(*layers, Dense(5)), (32,))
    updates = {p: p - 0.1 * d for p, d in zip(params, gradients(loss, params), strict=True)}
    rng = np.random.default_rng(0)
    batch = {"x": rng.standard_normal((600, 32)), "t": rng.integers(0, 5, 600)}
    used = []
    for memory in (None, 2_000_000):
        step = compile_(loss, updates=updates, sizes={"N": 600}, memory=memory).initialize(0)
        tracemalloc.start()
        step(**batch)
        used.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert used[0] > 3_500_000
    assert used[1] < 2_600_000


def test_a_step_within_a_budget_trains_alike() -> None:
    loss, params = deep(10)
    updates = {p: p - 0.1 * d for p, d in zip(params, gradients(loss, params), strict=True)}
    steps = [
        compile_(loss, updates=updates, sizes={"N": 400}, **more).initialize(0)
        for more in ({}, {"memory": 150_000})
    ]
    assert any(n.name == "recompute" for n in steps[1].plan.notes)
    rng = np.random.default_rng(0)
    for _ in range(3):
        batch = {"x": rng.standard_normal((6, 8)), "t": rng.integers(0, 5, 6)}
        one, other = (float(step(**batch)) for step in steps)
        assert one == pytest.approx(other, rel=1e-12)


def test_a_mask_of_dropout_is_drawn_again_as_it_was() -> None:
    layers = [m for _ in range(6) for m in (Dense(16), Activation("tanh"), Dropout(0.5))]
    loss, params = net(Sequential(*layers, Dense(3)), (16,))
    lowered = lower([loss, *gradients(loss, params)])
    found, _ = within(lowered, least(lowered, sizes=(("N", 100),)), sizes=(("N", 100),))
    draws = [sum(n.op.kind == "random" for n in topological(g.roots)) for g in (lowered, found)]
    assert draws[1] > draws[0]
    given_values = values_of(lowered.roots, 5)
    for a, b in zip(evaluate(found.roots, given_values), evaluate(lowered.roots, given_values), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_budget_that_cannot_be_met_is_refused_with_the_least_that_can_be() -> None:
    loss, params = deep(12)
    with pytest.raises(GraphcError, match=r"1 kB cannot be met: .* least [\d.]+ kB at N = 100") as refused:
        compile_([loss, *gradients(loss, params)], sizes={"N": 100}, memory=1000)
    compile_([loss, *gradients(loss, params)], sizes={"N": 100}, memory=said(refused.value))


@pytest.mark.parametrize("memory", [0, -1, 1.5, True, "64MB"])
def test_a_budget_is_a_number_of_bytes(memory: Any) -> None:
    with pytest.raises(GraphcError, match="memory is a whole number of bytes"):
        compile_(input_("x") + 1, memory=memory)


def test_a_budget_that_is_met_anyway_repeats_nothing() -> None:
    loss, params = deep(3)
    f = compile_([loss, *gradients(loss, params)], sizes={"N": 10}, memory=10**9)
    assert "recompute" not in [n.name for n in f.plan.notes]


@settings(max_examples=60, deadline=None)
@given(graphs(max_ops=10), st.integers(1, 99), st.data())
def test_random_graphs_within_a_budget(
    graph: tuple[Node, dict[str, Any]], percent: int, data: st.DataObject
) -> None:
    node, given_values = graph
    total = F["sum"](F["sin"](node))
    leaves = [n for n in topological([total]) if n.is_leaf]
    lowered = lower([node, *gradients(total, leaves)])
    sizes = tuple(SIZES.items())
    most = frugal(lowered, Setting(sizes=sizes)).peak
    expected = evaluate(lowered.roots, given_values)
    try:
        found, _ = within(lowered, max(1, most * percent // 100), sizes=sizes)
    except GraphcError:
        found = _anyhow(lowered, sizes, data)
    for a, b in zip(evaluate(found.roots, given_values), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def _anyhow(lowered: Lowered, sizes: tuple[tuple[str, int], ...], data: st.DataObject) -> Lowered:
    """The graph turned at any place, with any values kept."""
    lives = frugal(lowered, Setting(sizes=sizes))
    places = [i for i, n in enumerate(lives.order) if any(m in lives.size for m in lives.order[:i])]
    turn = data.draw(st.sampled_from(places or [0]))
    values = [n for n in lives.order[:turn] if n in lives.size]
    kept = {n for n in values if data.draw(st.booleans())} | {lives.home[r] for r in lowered.roots}
    return recomputed(lives, lowered, turn, kept).lowered if turn else lowered


# planted errors ---------------------------------------------------------------------------------------------


def test_a_copy_of_something_else_is_found() -> None:
    loss, params = deep(6)
    lowered = lower([loss, *gradients(loss, params)])
    found, _ = within(lowered, least(lowered, sizes=(("N", 50),)), sizes=(("N", 50),))
    done: dict[Node, Node] = {}
    for node in found.order:
        args = [done[a] for a in node.args]
        if node.op is AGAIN:
            args[0] = 2 * args[0] if args[0].dtype == "real" else args[0]
        done[node] = node if node.is_leaf else make(node.op, args, node.attrs)
    given_values = values_of(lowered.roots, 4)
    pairs = zip(
        evaluate([done[r] for r in found.roots], given_values),
        evaluate(lowered.roots, given_values),
        strict=True,
    )
    assert any(not np.allclose(a, b) for a, b in pairs)


def test_copies_that_come_too_early_are_found() -> None:
    loss, params = deep(12)
    lowered = lower([loss, *gradients(loss, params)])
    setting = Setting(sizes=(("N", 50),))
    found, _ = within(lowered, least(lowered, sizes=setting.sizes), sizes=setting.sizes)
    # Gradients of the first layer asked for first: everything is repeated before the first of them.
    early = topological([*found.roots[1:], found.roots[0]])
    assert peak(early, found, setting) > peak(found.order, found, setting)
