"""Biases within products: the same numbers, fewer calls, for small arrays only."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import Step, compile_
from graphc.ir.node import Node
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param, state
from graphc.ops.naive import evaluate

Trained = tuple[Step, dict[str, Any], list[Any], dict[str, Any]]
WIDTHS = (2, 5, 4, 3)


def net(*, tied: bool = False) -> tuple[Node, list[Node]]:
    """Layers with biases, and with `tied` one of them applied twice."""
    h, t = input_("x", ("N", WIDTHS[0])), input_("t", ("N", WIDTHS[-1]))
    params = []
    for i, (k, m) in enumerate(pairwise(WIDTHS)):
        W, b = param(f"W{i}", (k, m)), param(f"b{i}", (m,))
        params += [W, b]
        h = F["tanh"](h @ W + b)
        if tied and i == 0:
            V, c = param("V", (m, m)), param("c", (m,))
            params += [V, c]
            h = F["tanh"](F["tanh"](h @ V + c) @ V + c)
    return F["mean"](F["square"](h - t)), params


def trained(n: int, *, tied: bool = False, **options: Any) -> Trained:
    """A step of size `n` that has run, what it began with, what the reference gives, and the inputs."""
    loss, params = net(tied=tied)
    updates = {p: p - 0.1 * dp for p, dp in zip(params, gradients(loss, params), strict=True)}
    rng = np.random.default_rng(n)
    start = {str(p.name): rng.standard_normal(p.shape) for p in params}
    values = {"x": rng.standard_normal((n, WIDTHS[0])), "t": rng.standard_normal((n, WIDTHS[-1]))}
    step = compile_(loss, updates=updates, sizes={"N": 4}, **options)
    for _ in range(2):  # the row of ones has to last
        step.load(start)
        step(**values)
    return step, start, evaluate([*updates.values()], {**values, **start}), values


def agrees(step: Step, start: dict[str, Any], wanted: list[Any], values: dict[str, Any]) -> bool:
    found = [step.params[name] for name in start]
    return all(np.allclose(a, b, rtol=1e-12) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("n", [1, 4, 7])
def test_the_same_numbers(n: int, tied: bool) -> None:
    assert agrees(*trained(n, tied=tied))
    assert agrees(*trained(n, tied=tied, without=("bias",)))


def test_one_product_gives_both_gradients() -> None:
    (step, *_), (plain, *_) = trained(4), trained(4, without=("bias",))
    (note,) = (n.text for n in step.plan.notes if n.name == "bias")
    assert step.source.count(".dot(") == plain.source.count(".dot(") - int(note.split()[0])


def test_large_arrays_keep_their_biases() -> None:
    loss, params = net()
    updates = {p: p - 0.1 * dp for p, dp in zip(params, gradients(loss, params), strict=True)}
    step = compile_(loss, updates=updates, sizes={"N": 4000})
    assert "bias" not in {note.name for note in step.plan.notes}


def test_a_row_that_is_not_ones_is_noticed() -> None:
    step, start, wanted, values = trained(4)
    for kept in step._object._memory.values():
        for array in kept:
            if array.shape == (6, 4):
                array[-1] = 2.0
    step.load(start)
    step(**values)
    assert not agrees(step, start, wanted, values)


def test_a_single_layer_is_all_of_its_flat_array() -> None:
    x, W, b = input_("x", ("N", 3)), param("W", (3, 2)), param("b", (2,))
    loss = F["mean"](F["square"](x @ W + b))
    dW, db = gradients(loss, [W, b])
    step = compile_(loss, updates={W: W - 0.1 * dW, b: b - 0.1 * db}, sizes={"N": 4})
    assert "bias" in {note.name for note in step.plan.notes}
    assert "W_and_b = reshape(params, (4, 2))" in step.plan.table()


def test_values_on_the_way_are_handed_out_as_they_are() -> None:
    x, W, b = input_("x", ("N", 3)), param("W", (3, 2)), param("b", (2,))
    z = x @ W + b
    h = F["tanh"](z)
    loss = F["mean"](F["square"](h))
    dW, db, dz = gradients(loss, [W, b, z])
    step = compile_([loss, z, h, dz], updates={W: W - 0.1 * dW, b: b - 0.1 * db}, sizes={"N": 4})
    rng = np.random.default_rng(0)
    values = {"W": rng.standard_normal((3, 2)), "b": rng.standard_normal(2)}
    step.load(values)
    for n in (4, 1, 6):
        given = {"x": rng.standard_normal((n, 3))}
        wanted = evaluate([loss, z, h, dz], given | {k: v.copy() for k, v in step.params.items()})
        found = step(**given)
        again = [a.copy() for a in found]
        step(x=given["x"] + 1)  # what was handed out is the caller's own
        for a, kept, w in zip(found, again, wanted, strict=True):
            assert np.allclose(a, w, rtol=1e-12)
            assert np.array_equal(a, kept)


def test_a_budget_of_memory_leaves_biases_where_they_are() -> None:
    loss, params = net()
    updates = {p: p - 0.1 * dp for p, dp in zip(params, gradients(loss, params), strict=True)}
    step = compile_(loss, updates=updates, sizes={"N": 4}, memory=10**6)
    assert "bias" not in {note.name for note in step.plan.notes}


def test_gradients_that_are_zero_are_joined_with_others() -> None:
    x, t = input_("x", ("N", 3)), input_("t", ("N",), dtype="int")
    shapes = {"W": (3, 4), "b": (4,), "V": (4, 5), "c": (5,), "U": (9, 1), "d": (1,)}
    W, b, V, c, U, d = params = [param(name, shape) for name, shape in shapes.items()]
    h = F["tanh"](x @ W + b)
    z = F["concat"]([h @ V + c, h], axis=1) @ U + d
    loss = F["cross_entropy"](z, t)  # of one class: no gradient
    momenta = {p: state(f"m_{p.name}", p.shape) for p in params}
    new = {m: 0.9 * m + dp for m, dp in zip(momenta.values(), gradients(loss, params), strict=True)}
    updates = new | {p: p - 0.1 * new[momenta[p]] for p in params}
    step = compile_(loss, updates=updates, sizes={"N": 4})
    rng = np.random.default_rng(0)
    start = {str(leaf.name): rng.standard_normal(leaf.shape) for leaf in updates}
    values = {"x": rng.standard_normal((4, 3)), "t": np.zeros(4, int)}
    step.load(start)
    step(**values)
    held = {**step.params, **step.state}
    for leaf, wanted in zip(updates, evaluate([*updates.values()], {**values, **start}), strict=True):
        np.testing.assert_allclose(held[str(leaf.name)], wanted, rtol=1e-12)
