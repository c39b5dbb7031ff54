"""Factors outside of sums: the same numbers, fewer large operations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.ops.naive import evaluate
from graphc.plan.factors import FACTORS
from graphc.plan.lower import Lowered, lower
from graphc.plan.setting import Setting

x, y = input_("x", ("N", 20)), input_("y", ("N", 20))
r, w, c = input_("r", ("N", 1)), input_("w", (20,)), input_("c")
LEAVES = (x, y, r, w, c)


def passed(*nodes: Node, setting: Setting | None = None) -> Lowered:
    return FACTORS.run(lower(nodes), setting or Setting())


def values(n: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(n)
    return {
        v.name or "": rng.uniform(0.5, 2, [d if isinstance(d, int) else n for d in v.shape])
        * rng.choice([-1, 1], [d if isinstance(d, int) else n for d in v.shape])
        for v in LEAVES
    }


def total(node: Node, axis: int | None = 1) -> Node:
    return F["sum"](node, axis=axis)


def full_size(*nodes: Node) -> int:
    """How many elementwise results are as large as the operands."""
    return sum(n.op.elementwise and n.shape == x.shape for n in topological(nodes))


@pytest.mark.parametrize(
    ("node", "large"),
    [
        (total(c * x), 0),
        (total(-x / 3), 0),
        (total(x * r), 0),
        (total(x * w), 0),
        (total(c * x * w * r), 0),
        (total(x * w, 0), 0),
        (total(x * r, 0), 0),
        (total(x * y), 0),
        (total(x * y, 0), 1),
        (total(x * y, None), 0),
        (total(F["square"](x)), 0),
        (total(w * (x * y)), 1),
        (total(x / y), 1),
        (total(x / r), 0),
        (total(c * x, None), 0),
    ],
    ids=str,
)
def test_what_is_left_of_a_sum(node: Node, large: int) -> None:
    (core,) = passed(node).outputs
    assert full_size(core) == large
    np.testing.assert_allclose(*(evaluate([n], values())[0] for n in (node, core)), rtol=1e-12)


def test_two_sums_share_one_product() -> None:
    across, down = total(w * (x * y)), total(y * x, 0)
    core = passed(across, down)
    assert full_size(*core.outputs) == 1


def test_a_product_that_others_read_is_not_taken_apart() -> None:
    p = F["exp"](x) * y
    core = passed(total(p * w), F["tanh"](p))
    assert full_size(*core.outputs) == 3


def test_a_multiple_that_is_made_anyway_serves() -> None:
    """`x*y*0.5` is wanted for itself; the sum of `x*y` is twice its sum."""
    half, s = x * (y * 0.5), total(x * y, 0)
    core = passed(F["tanh"](half), s)
    assert full_size(*core.outputs) == full_size(*lower([F["tanh"](half)]).outputs)
    np.testing.assert_allclose(evaluate([s], values())[0], evaluate(core.outputs, values())[1], rtol=1e-12)


def test_a_sum_of_squares_is_not_taken_for_the_sum_beside_it() -> None:
    nodes = [total(F["square"](x) * w), total(x), total(F["square"](F["exp"](x) * w)), total(F["exp"](x))]
    core = passed(*nodes)
    for one, other in zip(evaluate(nodes, values()), evaluate(core.outputs, values()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_multiple_for_two_sums_is_not_formed() -> None:
    p = F["exp"](x) * c
    core = passed(total(p * w), total(p))
    assert full_size(*core.outputs) == 1


def test_a_scale_before_a_square_stays() -> None:
    """`max |x| * sqrt(sum((x / max |x|)**2))` does not overflow where the squares of x would."""
    top = F["max"](F["abs"](x), axis=1, keepdims=True)
    node = top[:, 0] * F["sqrt"](total(F["square"](x / top)))
    big = {"x": np.full((2, 20), 1e200)}
    np.testing.assert_allclose(evaluate(passed(node).outputs, big)[0], 1e200 * np.sqrt(20))


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    pool: list[Node] = list(LEAVES)
    for i in range(draw(st.integers(2, 14))):
        u, v = draw(st.sampled_from(pool)), draw(st.sampled_from(pool))
        kind = draw(st.sampled_from(["mul", "mul", "mul", "div", "neg", "square", "mask", "sum", "sum"]))
        fits = u.ndim == v.ndim or not {u.shape, v.shape} & {x.shape[:1]}
        fits = fits and all(
            p == q or 1 in (p, q) for p, q in zip(reversed(u.shape), reversed(v.shape), strict=False)
        )
        new = u
        if kind in ("mul", "div", "mask") and fits:
            new = u * v if kind == "mul" else u / (1 + v * v) if kind == "div" else (u > v) * v
        elif kind == "sum" and u.ndim:
            axis = draw(st.sampled_from([None, *range(u.ndim)]))
            new = F["sum"](u, axis=axis, keepdims=draw(st.booleans()))
        elif kind in ("neg", "square"):
            new = F[kind](F["tanh"](u) if kind == "square" and i % 2 else u)
        pool.append(new.named(f"n{i}") if i % 4 == 0 and not new.is_leaf and new.name is None else new)
    return [
        F["sum"](pool[-1]) if pool[-1].ndim else pool[-1],
        *draw(st.lists(st.sampled_from(pool[5:]), max_size=3)),
    ]


@settings(max_examples=300)
@given(graphs(), st.sampled_from([1, 2, 5]))
def test_every_value_stays_what_it_was(nodes: list[Node], n: int) -> None:
    lowered = passed(*nodes)
    magnitudes = {k: np.abs(v) for k, v in values(n).items()}
    found = evaluate([*nodes, *lowered.outputs], values(n), sizes={"N": n})
    scales = evaluate(nodes, magnitudes, sizes={"N": n})
    for before, after, one, other, scale in zip(
        nodes, lowered.outputs, found, found[len(nodes) :], scales, strict=False
    ):
        assert (before.shape, before.dtype) == (after.shape, after.dtype)
        assert np.all(np.abs(one - other) <= 1e-12 * (np.abs(scale) + np.abs(one)) + 1e-300), (one, other)


@settings(max_examples=60)
@given(graphs(), st.booleans())
def test_generated_code_computes_it(nodes: list[Node], on: bool) -> None:
    f = compile_([*nodes, x + 0], without=() if on else ("factors",))
    used = {k: v for k, v in values().items() if k in {leaf.name for leaf in f.plan.inputs}}
    for one, other in zip(f(**used), evaluate(nodes, values(), sizes={"N": 3}), strict=False):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


def test_the_gradient_of_a_layer_norm_forms_one_product_of_both_sums() -> None:
    gamma = input_("w", (20,))
    loss = F["sum"](F["layer_norm"](F["tanh"](x), gamma, gamma) * y)
    dx, dgamma = gradients(loss, [x, gamma])
    core = passed(dx, dgamma)
    assert full_size(*core.outputs) <= full_size(*lower([dx, dgamma]).outputs) - 1
    for one, other in zip(evaluate([dx, dgamma], values()), evaluate(core.outputs, values()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_it_says_what_it_did_once() -> None:
    said, again = Setting(), Setting()
    once = passed(total(c * x), total(x), setting=said)
    assert [n.text for n in said.notes] == ["1 sum of products taken apart"]
    assert FACTORS.run(once, again).outputs == once.outputs
    assert not again.notes
