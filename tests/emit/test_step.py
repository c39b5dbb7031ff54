"""A step owns its storage, and every update reads the old values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import Step, compile_
from graphc.ir.errors import BindError, GraphcError, ShapeError
from graphc.ir.node import Node
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param, state
from graphc.plan import order

a, b, c = param("a", 3), param("b", 3), param("c", 3)
START = {"a": [1.0, 2, 3], "b": [10.0, 20, 30], "c": [100.0, 200, 300]}


@dataclass(frozen=True)
class Ones:
    scale: float = 1.0

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return self.scale * np.ones(shape) + rng.standard_normal(shape) * 0


@dataclass(frozen=True)
class Normal:
    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return rng.standard_normal(shape)


def step_of(outputs: Any, updates: Mapping[Node, Node], **options: Any) -> Step:
    result = compile_(outputs, updates=updates, **options)
    assert isinstance(result, Step)
    return result


CIRCLES: list[dict[Node, Node]] = [
    {a: b, b: a},
    {a: b, b: c, c: a},
    {a: b + 1, b: a * 2},
    {a: b[::-1], b: a[::-1]},
    {a: b[::-1] + c, b: a[::-1], c: c - a},
    {a: a[::-1], b: a},
    {a: a - b, b: b - a, c: a + b + c},
    {a: a + 1, b: a + 1, c: a + 1},
    {a: F["sum"](a), b: a * F["sum"](b)},
    {a: 2 * a, b: 2 * a + b, c: (2 * a + b) * c},
    {a: a, b: a + b},
    {a: F["zeros"](3), b: F["ones"](3), c: F["where"](a > b, 1, 0)},
    {a: F["exp"](-b) * a, b: F["exp"](-b) + b},
    {c: b, b: a, a: c[::-1]},
]


@pytest.mark.parametrize("updates", CIRCLES)
def test_every_update_reads_the_old_values(updates: dict[Node, Node]) -> None:
    outputs = [a, b[::-1], (a + c).named("sum"), b.reshape(3, 1)]
    step = step_of(outputs, updates)
    step.load(START)
    reference = compile_([*outputs, *updates.values()])
    for _ in range(3):
        old = {name: step.params[name].copy() for name in START}
        expected = reference.naive(**{leaf.name: old[leaf.name] for leaf in reference.plan.inputs})  # type: ignore[misc]
        got = step()
        for value, wanted in zip(got, expected, strict=False):
            np.testing.assert_array_equal(value, wanted)
        new = dict(zip((k.name for k in updates), expected[len(outputs) :], strict=True))
        for name in START:
            np.testing.assert_allclose(step.params[name], np.broadcast_to(new.get(name, old[name]), 3))


def test_a_planted_wrong_order_of_updates_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "_leaves_read", lambda value, roots: set())
    step = step_of([], {a: b, b: a}).load({n: START[n] for n in "ab"})
    step()
    assert step.params["a"].tolist() == step.params["b"].tolist() == START["b"]


def test_large_updates_reuse_memory_and_stay_right() -> None:
    W, v, x = param("W", (200, 300)), state("v", (200, 300)), input_("x", ("N", 200))
    y = F["tanh"](x @ W)
    loss = F["mean"](y * y)
    (dW,) = gradients(loss, [W])
    new_v = 0.5 * v + dW
    step = step_of([loss, y], {W: W - 0.1 * new_v, v: new_v}, sizes={"N": 300})
    assert "in place" in str(step.plan)
    assert "workspace" in str(step.plan)
    rng = np.random.default_rng(1)
    weights, moment = rng.standard_normal((200, 300)) / 10, np.zeros((200, 300))
    step.load({"W": weights})
    for n in (5, 7, 7, 1):
        batch = rng.standard_normal((n, 200))
        y_now = np.tanh(batch @ weights)
        moment = 0.5 * moment + batch.T @ (2 * y_now * (1 - y_now**2)) / y_now.size
        weights = weights - 0.1 * moment
        loss_now, result = step(x=batch)
        np.testing.assert_allclose(loss_now, np.mean(y_now**2))
        np.testing.assert_allclose(result, y_now)
        np.testing.assert_allclose(step.params["W"], weights, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(step.state["v"], moment, rtol=1e-9, atol=1e-12)


def test_parameters_are_named_views_of_one_array() -> None:
    step = step_of([], {a: a + 1, b: b}, dtype="float32").load({"a": [1, 2, 3], "b": [4, 5, 6]})
    assert step.flat_params.tolist() == [1, 2, 3, 4, 5, 6]
    assert step.params["a"].dtype == np.float32
    view = step.params["a"]
    assert np.shares_memory(view, step.flat_params)
    step()
    assert view.tolist() == [2, 3, 4]
    step.params["b"][...] = 0
    assert step.flat_params.tolist() == [2, 3, 4, 0, 0, 0]


def test_outputs_are_values_before_the_update_and_last() -> None:
    step = step_of({"a": a, "row": a[:2]}, {a: a + 1}).load({"a": [1, 2, 3]})
    first = step()
    step()
    assert first["a"].tolist() == [1, 2, 3]
    assert first["row"].tolist() == [1, 2]


def test_initialize_fills_from_one_seed() -> None:
    W, u = param("W", (3, 2), init=Normal()), param("u", 2, init=Ones(2.0))
    s, z = state("s", 2, init=Ones()), state("z", 2)
    step = step_of((W.sum() + (u * s * z).sum()), {W: W * 2, u: u, s: s + 1, z: z + 1})
    with pytest.raises(BindError, match=r"the parameter W has no value yet: call step.initialize\(seed\)"):
        step()
    step.initialize(7)
    first = step.params["W"].copy()
    assert step.params["u"].tolist() == [2, 2]
    assert step.state["s"].tolist() == [1, 1]
    assert step.state["z"].tolist() == [0, 0]
    step()
    step.initialize(7)
    np.testing.assert_array_equal(step.params["W"], first)
    assert step.state["z"].tolist() == [0, 0]
    assert not np.array_equal(step.initialize(8).params["W"], first)


def test_a_parameter_that_was_never_given_is_noticed() -> None:
    step = step_of(a.sum(), {a: a + 1})
    with pytest.raises(BindError, match=r"the parameter a has no value yet: call step.load"):
        step()
    with pytest.raises(BindError, match=r"step.load\(\{'a': …\}\), or declare it with an init$"):
        step.initialize(0)()
    step.params["a"][...] = 1
    assert step() == 3


def test_named_sizes_come_from_hints_or_from_a_load() -> None:
    w, m, x = param("w", "D"), state("m", "D"), input_("x", ("N", "D"))
    updates = {w: w - m, m: m + F["mean"](x, axis=0)}
    step = step_of(x @ w, updates)
    with pytest.raises(BindError, match="the size D of w"):
        step.params  # noqa: B018
    step.load({"w": [1, 2, 3]})
    assert step(x=np.ones((4, 3))).tolist() == [6, 6, 6, 6]
    assert step.state["m"].tolist() == [1, 1, 1]
    with pytest.raises(BindError, match="x was declared"):
        step(x=np.ones((4, 5)))
    with pytest.raises(BindError, match="w was declared"):
        step.load({"w": [1, 2]})
    with pytest.raises(BindError, match="no parameter or state 'q'"):
        step.load({"q": 1})
    sized = step_of(x @ w, updates, sizes={"D": 2})
    assert sized.params["w"].shape == (2,)


def test_updates_are_of_parameters_and_states_only() -> None:
    x = input_("x", 3)
    with pytest.raises(GraphcError, match="only a parameter or a state"):
        compile_(x.sum(), updates={x: x + 1})
    with pytest.raises((GraphcError, ShapeError), match="update of a"):
        compile_(x.sum(), updates={a: F["zeros"]((3, 3))})
    with pytest.raises((GraphcError, ShapeError), match="update of a"):
        compile_(x.sum(), updates={a: F["zeros"](2)})


@pytest.mark.parametrize("kind", [BindError, KeyError])
def test_a_name_that_no_array_has(kind: type[Exception]) -> None:
    step = step_of(a.sum(), {a: a + 1, b: b}).load({n: START[n] for n in "ab"})
    with pytest.raises(kind) as caught:
        step.params["typo"]
    assert str(caught.value) == "there is no 'typo'; there is a, b"
    assert step.params.get("typo") is None
    assert "typo" not in step.params
    with pytest.raises(kind, match="there is no 'a'; there is none"):
        step.state["a"]
