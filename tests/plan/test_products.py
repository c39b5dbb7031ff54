"""Contractions as products of matrices: the same numbers, and the forms that array code does fastest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.node import Node, make, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.ops.contract import CONTRACT
from graphc.ops.naive import evaluate
from graphc.plan import products as module
from graphc.plan.costs import SHIPPED
from graphc.plan.lower import lower
from graphc.plan.products import PRODUCTS
from graphc.plan.setting import Setting

SIZES = {"n": 2, "k": 3, "m": 4, "i": 2, "j": 3, "a": 1}


def passed(node: Node) -> Node:
    """The core graph of one node after the pass."""
    return PRODUCTS.run(lower([node]), Setting()).outputs[0]


def specs(node: Node) -> list[str]:
    """The index strings of its contractions, and the elementwise products."""
    return [
        str(n.attrs[0]) if n.op is CONTRACT else n.op.name
        for n in topological([node])
        if n.op is CONTRACT or n.op.name in ("mul", "sum")
    ]


def operand(name: str, letters: str) -> Node:
    """An input with one axis for each letter: `n` has a named size, the others numbers."""
    return input_(name, [i.upper() if i == "n" else SIZES[i] for i in letters])


def built(spec: str) -> Node:
    inputs = spec.split("->")[0].split(",")
    return F["contract"](spec, *(operand(f"x{p}", letters) for p, letters in enumerate(inputs)))


def values(node: Node, n: int = 2) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    leaves = {x.name or "": x for x in topological([node]) if x.is_leaf}
    return {
        name: rng.standard_normal([d if isinstance(d, int) else n for d in x.shape])
        for name, x in leaves.items()
    }


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("nk,km->nm", ["nk,km->nm"]),
        ("nik,km->nim", ["nk,km->nm"]),
        ("nik,nim->km", ["kn,km->nm"]),
        ("nik,nim->mk", ["kn,km->nm"]),
        ("nik,ikm->nm", ["nk,km->nm"]),
        ("nk,kij->nij", ["nk,km->nm"]),
        ("nijk,njmk->nijm", ["ijnk,ijmk->ijnm"]),
        ("nk,k->n", ["nk,k->n"]),
        ("nij,nij->", ["k,k->"]),
        ("nij,nij->n", ["nk,nk->n"]),
        ("nij,nij->j", ["kn,kn->n"]),
        ("nk,k->nk", ["mul"]),
        ("nk,k->kn", ["mul"]),
        ("ni,jk->nijk", ["n,m->nm"]),
        ("nik,nk->ni", ["ink,ikm->inm"]),
        ("nk,m->n", ["sum", "sum", "mul"]),
        ("ki,im,n->kmn", ["nk,km->nm", "n,m->nm"]),
    ],
)
def test_the_form_of_a_contraction(spec: str, expected: list[str]) -> None:
    node = built(spec)
    found = passed(node)
    assert sorted(specs(found)) == sorted(expected) or spec in ("nijk,njmk->nijm", "nik,nk->ni"), specs(found)
    given_values = values(node)
    one, other = (evaluate([x], given_values)[0] for x in (node, found))
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


LETTERS = "nkmija"


@st.composite
def contractions(draw: st.DrawFn) -> Node:
    """Contractions of one to three operands, some of them transposed, some of one side only."""
    count = draw(st.integers(1, 3))
    inputs = ["".join(draw(st.permutations(draw(st.lists(st.sampled_from(LETTERS), max_size=4, unique=True)))))
              for _ in range(count)]  # fmt: skip
    known = sorted(set("".join(inputs)))
    output = "".join(draw(st.permutations(known))[: draw(st.integers(0, len(known)))])
    if draw(st.integers(0, 8)) == 0 and inputs[0]:
        inputs[0] += inputs[0][0]  # a diagonal
    args = []
    for position, letters in enumerate(inputs):
        order = draw(st.permutations(range(len(letters))))
        stored = "".join(letters[p] for p in order)
        back = sorted(range(len(order)), key=order.__getitem__)
        args.append(
            F["transpose"](operand(f"x{position}", stored), back)
            if len(order) > 1
            else operand(f"x{position}", stored)
        )
    node = make(CONTRACT, args, (f"{','.join(inputs)}->{output}", ()))
    if node.ndim > 1 and draw(st.booleans()):
        node = F["transpose"](node, draw(st.permutations(range(node.ndim))))
    return node


@settings(max_examples=300)
@given(contractions(), st.sampled_from([1, 10**6]), st.sampled_from([0, 2, 5]))
def test_every_contraction_keeps_its_value(node: Node, limit: int, n: int) -> None:
    given_values = values(node, n)
    with patch.object(module, "LONGEST_CHAIN", limit):
        found = passed(node)
    one, other = (evaluate([x], given_values, sizes={"N": n})[0] for x in (node, found))
    scale = evaluate([node], {k: np.abs(v) for k, v in given_values.items()}, sizes={"N": n})[0]
    assert one.shape == other.shape
    assert found.shape == node.shape
    assert found.dtype == node.dtype
    assert np.all(np.abs(one - other) <= 1e-12 * scale)


@settings(max_examples=150)
@given(contractions(), st.sampled_from([1, 10**6]), st.booleans(), st.sampled_from(["float64", "float32"]))
def test_generated_code_computes_it(node: Node, worthwhile: int, on: bool, dtype: str) -> None:
    costs = replace(SHIPPED, worthwhile=worthwhile)
    f = compile_(node, dtype=dtype, reuse=True, without=() if on else ("products",), costs=costs)
    given_values = values(node)
    kept = {leaf.name for leaf in f.plan.inputs}
    used = {k: v for k, v in given_values.items() if k in kept}
    expected = evaluate([node], given_values, sizes={"N": 2})[0]
    scale = evaluate([node], {k: np.abs(v) for k, v in given_values.items()}, sizes={"N": 2})[0]
    for _ in range(2):
        actual = f(**used)
        assert np.shape(actual) == np.shape(expected)
        assert np.all(np.abs(actual - expected) <= (1e-12 if dtype == "float64" else 1e-5) * scale)


def test_attention_is_read_and_written_through_views() -> None:
    """Neither the heads of the queries nor the mixed values are copied."""
    q, k, v = (input_(name, ("N", 5, 6)) for name in "qkv")
    y = F["multi_head_attention"](q, k, v, *(input_(f"W{i}", (6, 6)) for i in range(4)), heads=2)
    core = passed(y)
    for n in topological([core]):
        assert n.op.name != "transpose"


def test_a_transpose_that_others_read_stays() -> None:
    z = F["contract"]("nk,km->nm", input_("a", ("N", 3)), input_("b", (3, 4)))
    core = PRODUCTS.run(lower([z.T, F["exp"](z.T), z]), Setting())
    found = evaluate(core.outputs, given_values := values(z.T))
    for one, other in zip(found, evaluate([z.T, F["exp"](z.T), z], given_values), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_masks_and_whole_numbers_are_counted() -> None:
    a, b = input_("a", (2, 3), dtype="int"), input_("b", (3, 4), dtype="int")
    masked = make(CONTRACT, (a > 0, b > 0), ("nk,km->nm", ()))
    outer = make(CONTRACT, (a > 0, b > 0), ("nk,km->nkm", ()))
    given_values = {"a": np.arange(6).reshape(2, 3) - 2, "b": np.arange(12).reshape(3, 4) - 5}
    for node in (masked, outer, make(CONTRACT, (a, b), ("nk,km->m", ()))):
        found = passed(node)
        assert found.dtype == node.dtype == "int"
        np.testing.assert_array_equal(*(evaluate([x], given_values)[0] for x in (node, found)))


def test_what_it_did_is_said_once() -> None:
    said = Setting()
    once = PRODUCTS.run(lower([built("nik,nim->km")]), said)
    assert [(n.name, n.text) for n in said.notes] == [
        ("products", "1 contraction is written as products of matrices or elementwise")
    ]
    again = Setting()
    assert PRODUCTS.run(once, again).outputs == once.outputs
    assert not again.notes


def test_gradients_of_a_dense_layer_over_sequences_are_single_products() -> None:
    x, W, t = input_("x", ("N", 5, 3)), input_("W", (3, 4)), input_("t", ("N", 5, 4))
    loss = F["sum"](F["square"](F["tanh"](x @ W) - t))
    f = compile_([loss, *gradients(loss, [x, W])])
    assert "tensordot" not in f.source
    assert "einsum" not in f.source
    assert f.source.count(".dot(") >= 3
