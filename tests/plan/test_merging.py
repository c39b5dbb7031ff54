"""Merged leading axes: the same numbers, with matrices from one product to the next."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.ops.naive import evaluate
from graphc.plan.lower import Lowered, lower
from graphc.plan.merging import MERGE
from graphc.plan.products import PRODUCTS
from graphc.plan.setting import Setting

x, W, V = input_("x", ("N", 5, 3)), input_("W", (3, 4)), input_("V", (4, 3))
b, p, r = input_("b", (4,)), input_("p", (5, 4)), input_("r", ("N", 5, 1))
LEAVES = (x, W, V, b, p, r)


def passed(*nodes: Node, setting: Setting | None = None) -> Lowered:
    setting = setting or Setting()
    return MERGE.run(PRODUCTS.run(lower(nodes), setting), setting)


def values(n: int = 2) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(n)
    return {
        v.name or "": rng.standard_normal([d if isinstance(d, int) else n for d in v.shape]) for v in LEAVES
    }


def ranks(node: Node) -> set[int]:
    """The numbers of axes of elementwise values."""
    return {n.ndim for n in topological([node]) if n.op.elementwise and n.ndim > 1}


def test_elementwise_values_between_products_are_matrices() -> None:
    core = passed(F["sum"](F["tanh"](F["relu"](x @ W + b) * r @ V))).outputs[0]
    assert ranks(core) == {2}
    assert sum(n.op.name == "reshape" for n in topological([core])) <= 3


def test_sums_of_rows_stay_on_one_axis() -> None:
    norm = F["sqrt"](F["contract"]("nij,j->ni", x, F["exp"](input_("v", (3,)))) / 3 + 1)
    core = MERGE.run(PRODUCTS.run(lower([norm]), Setting()), Setting()).outputs[0]
    assert ranks(core) == set()


def test_a_softmax_over_the_last_axis_is_one_of_rows() -> None:
    core = passed(F["softmax"](x @ W, axis=-1)).outputs[0]
    assert ranks(core) == {2}


def test_what_does_not_merge_stays() -> None:
    core = passed(F["relu"](x @ W + p) @ V).outputs[0]
    assert ranks(core) == {3}


def test_names_and_marks_go_to_the_matrices() -> None:
    h = F["tanh"](x @ W + b).named("h")
    lowered = passed(F["sum"](F["square"](h @ V)))
    (named,) = (n for n, name in lowered.names.items() if name == "h")
    assert named.ndim == 2
    assert lowered.now(h) is named
    returned = passed(h, F["sum"](h @ V))
    assert next(n for n, name in returned.names.items() if name == "h").shape == h.shape


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    pool: list[Node] = [x, x @ W, *LEAVES]
    for i in range(draw(st.integers(2, 14))):
        u, v = draw(st.sampled_from(pool)), draw(st.sampled_from(pool))
        kind = draw(st.sampled_from(["unary", "binary", "binary", "product", "mean", "where"]))
        new = u
        if kind == "unary":
            new = F[draw(st.sampled_from(["tanh", "relu", "square", "neg"]))](u)
        elif kind == "product" and u.ndim and u.shape[-1] in (3, 4):
            new = u @ (W if u.shape[-1] == 3 else V)
        elif kind == "mean" and u.ndim:
            new = F["mean"](u, axis=draw(st.integers(0, u.ndim - 1)), keepdims=True)
        elif all(c == d or 1 in (c, d) for c, d in zip(reversed(u.shape), reversed(v.shape), strict=False)):
            new = F["where"](u > v, u, v) if kind == "where" else u * v if i % 2 else u - v
        pool.append(new.named(f"n{i}") if i % 3 == 0 and not new.is_leaf and new.name is None else new)
    return [pool[-1], *draw(st.lists(st.sampled_from(pool[8:]), max_size=2))]


@settings(max_examples=150)
@given(graphs(), st.sampled_from([1, 2, 3]))
def test_every_value_stays_what_it_was(nodes: list[Node], n: int) -> None:
    lowered = passed(*nodes)
    for before, after, one, other in zip(
        nodes,
        lowered.outputs,
        evaluate(nodes, values(n), sizes={"N": n}),
        evaluate(lowered.outputs, values(n), sizes={"N": n}),
        strict=True,
    ):
        assert (before.shape, before.dtype) == (after.shape, after.dtype)
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


@settings(max_examples=60)
@given(graphs(), st.booleans())
def test_generated_code_computes_it(nodes: list[Node], on: bool) -> None:
    f = compile_(nodes, without=() if on else ("merge",))
    used = {k: v for k, v in values().items() if k in {leaf.name for leaf in f.plan.inputs}}
    if any("N" in str(leaf.shape) for leaf in f.plan.inputs):
        for one, other in zip(f(**used), evaluate(nodes, values(), sizes={"N": 2}), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def test_gradients_of_a_block_are_matrices_too() -> None:
    y = F["layer_norm"](F["gelu_tanh"](x @ W + b), F["exp"](b), b) @ V
    loss = F["sum"](F["square"](y))
    found = passed(loss, *gradients(loss, [W, b, V]))
    assert all(ranks(node) <= {2, 3} for node in found.outputs)
    for one, other in zip(
        evaluate([loss, *gradients(loss, [W, b, V])], values()),
        evaluate(found.outputs, values()),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-11)


def test_it_says_what_it_did_once() -> None:
    said, again = Setting(), Setting()
    once = passed(F["tanh"](x @ W) @ V, setting=said)
    assert [n.text for n in said.notes if n.name == "merge"] == [
        "the leading axes of 1 elementwise values are merged"
    ]
    assert MERGE.run(once, again).outputs == once.outputs
