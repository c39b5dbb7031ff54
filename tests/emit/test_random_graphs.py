"""Random graphs: emitted code agrees with the reference, whatever is shared, stored in place, or kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.emit import Step, compile_
from graphc.ir.node import Node
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param, state
from graphc.ops.naive import evaluate
from graphc.plan.costs import SHIPPED

LEAVES = (input_("x", ("N", 3)), input_("y", ("N", 3)), input_("W", (3, 3)), input_("b", 3), input_("s"))
UNARY = ("neg", "tanh", "sin", "abs", "square", "relu", "sigmoid", "softmax_", "sign")
BINARY = ("add", "sub", "mul", "maximum", "minimum")


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    """A few outputs over a pool that grows, every node built from earlier ones."""
    pool: list[Node] = list(LEAVES)
    for i in range(draw(st.integers(3, 18))):
        node = _build(draw, pool)
        pool.append(node.named(f"n{i}") if draw(st.integers(0, 5)) == 0 and not node.is_leaf else node)
    return [pool[-1], *draw(st.lists(st.sampled_from(pool), max_size=3))]


def _build(draw: st.DrawFn, pool: list[Node]) -> Node:
    a, b = draw(st.sampled_from(pool)), draw(st.sampled_from(pool))
    kind = draw(
        st.sampled_from(("unary", "binary", "binary", "matmul", "reduce", "move", "mask", "reciprocal"))
    )
    if kind == "binary" and _broadcasts(a, b):
        return F[draw(st.sampled_from(BINARY))](a, b)
    if kind == "matmul" and a.ndim and b.ndim and a.shape[-1] == b.shape[-2 if b.ndim > 1 else 0]:
        return F["tanh"](a @ b)
    if kind == "reduce" and a.ndim:
        keep = draw(st.booleans())
        return F[draw(st.sampled_from(("sum", "max", "mean")))](
            a, axis=draw(st.integers(0, a.ndim - 1)), keepdims=keep
        )
    if kind == "move" and a.ndim == 2:
        return draw(st.sampled_from((a.T, a[::-1], F["expand_dims"](a, 0)[0], a.reshape(-1))))
    if kind == "mask" and _broadcasts(a, b):
        return F["where"](a > b, a, b * 2) if draw(st.booleans()) else (a > b) * a
    if kind == "reciprocal":
        return 1 / (1 + a * a)
    return F[draw(st.sampled_from(("neg", "tanh", "sin", "abs", "square", "relu", "sigmoid", "sign")))](a)


def _broadcasts(a: Node, b: Node) -> bool:
    pairs = zip(reversed(a.shape), reversed(b.shape), strict=False)
    return all(p == q or 1 in (p, q) for p, q in pairs)


def values(n: int) -> dict[str, Any]:
    rng = np.random.default_rng(n)
    return {
        v.name or "": rng.standard_normal([d if isinstance(d, int) else n for d in v.shape]) for v in LEAVES
    }


@settings(max_examples=80)
@given(graphs(), st.sampled_from([1, 10**6]), st.booleans(), st.sampled_from([1, 3, 4]))
def test_emitted_code_agrees_with_the_reference(
    outputs: list[Node], worthwhile: int, reuse: bool, n: int
) -> None:
    brought = [*outputs, LEAVES[0] + 0]
    f = compile_(brought, reuse=reuse, costs=replace(SHIPPED, worthwhile=worthwhile))
    given_values = {k: v for k, v in values(n).items() if k in {leaf.name for leaf in f.plan.inputs}}
    kept = {k: v.copy() for k, v in given_values.items()}
    for _ in range(2):
        for actual, expected in zip(f(**given_values), f.naive(**given_values), strict=True):
            np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-9)
    for name, value in given_values.items():
        np.testing.assert_array_equal(value, kept[name])


OWNED = (param("a", (2, 2)), param("b", (2, 2)), state("c", (2, 2)))


@st.composite
def update_rules(draw: st.DrawFn) -> tuple[dict[Node, Node], list[Node]]:
    """New values for some of the owned leaves, built from all of them, and outputs from the same pool."""
    pool: list[Node] = list(OWNED)
    for _ in range(draw(st.integers(1, 10))):
        a, b = draw(st.sampled_from(pool)), draw(st.sampled_from(pool))
        pool.append(
            draw(st.sampled_from((a + b, a - b, a * b / 2, a.T, a[::-1], F["tanh"](a), 0.5 * a, a @ b / 4)))
        )
    targets = draw(st.lists(st.sampled_from(OWNED), unique=True))
    return {t: draw(st.sampled_from(pool)) for t in targets}, draw(
        st.lists(st.sampled_from(pool), max_size=3)
    )


@settings(max_examples=100)
@given(update_rules())
def test_updates_read_the_old_values_whatever_they_share(rules: tuple[dict[Node, Node], list[Node]]) -> None:
    updates, outputs = rules
    for worthwhile in (1, 10**6):
        costs = replace(SHIPPED, worthwhile=worthwhile)
        step = compile_([*outputs, sum(OWNED[1:], OWNED[0])], updates=updates, costs=costs)
        assert isinstance(step, Step)
        rng = np.random.default_rng(5)
        old = {leaf.name or "": rng.standard_normal((2, 2)) for leaf in OWNED}
        step.load(old)
        wanted = evaluate([*outputs, *updates.values()], old)
        for actual, expected in zip(step()[:-1], wanted[: len(outputs)], strict=True):
            np.testing.assert_allclose(actual, expected, rtol=1e-12)
        new = old | {k.name or "": v for k, v in zip(updates, wanted[len(outputs) :], strict=True)}
        for name, value in new.items():
            np.testing.assert_allclose((step.params | step.state)[name], value, rtol=1e-12)
