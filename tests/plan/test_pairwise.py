"""The order of contractions: the same numbers, two operands at a time, and never more multiplications."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.ops.naive import evaluate
from graphc.plan.lower import Lowered, lower
from graphc.plan.pairwise import in_pairs
from graphc.plan.setting import Setting

EXTENTS = {"a": 2, "b": 3, "c": 4, "d": 5, "e": 1}


def contractions(lowered: Lowered) -> list[Node]:
    return [n for n in topological(lowered.roots) if n.op.name == "contract"]


def multiplications(lowered: Lowered, setting: Setting) -> int:
    """Of each contraction one for every combination of its indices, and for every operand beyond the second."""
    total = 0
    for node in contractions(lowered):
        specs = str(node.attrs[0]).split("->")[0].split(",")
        extents = {
            i: d for spec, a in zip(specs, node.args, strict=True) for i, d in zip(spec, a.shape, strict=True)
        }
        total += prod(setting.entries((d,)) for d in extents.values()) * (len(node.args) - 1)
    return total


def agree(found: Lowered, lowered: Lowered, values: dict[str, Any]) -> bool:
    pairs = zip(evaluate(found.roots, values), evaluate(lowered.roots, values), strict=True)
    return all(a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=1e-9) for a, b in pairs)


@st.composite
def index_strings(draw: st.DrawFn) -> tuple[list[str], str]:
    """Operands with repeated and one-sided indices; an output that may repeat some, or have some of its own."""
    letters = st.sampled_from("abcde")
    operands = draw(st.lists(st.lists(letters, max_size=3).map("".join), min_size=1, max_size=5))
    assume(any(operands))
    return operands, "".join(draw(st.lists(letters, max_size=3)))


def leaf(name: str, indices: str, dtype: str = "real") -> Node:
    return input_(name, tuple(EXTENTS[i] for i in indices), dtype=dtype)  # type: ignore[arg-type]


def contraction(operands: list[Node], specs: list[str], output: str) -> Node:
    own = set(output) - set("".join(specs))
    return F["contract"](f"{','.join(specs)}->{output}", *operands, **{i: EXTENTS[i] for i in own})


def values_for(root: Node) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    leaves = [n for n in topological([root]) if n.is_leaf]
    return {
        n.name or "": rng.integers(-3, 4, n.shape) if n.dtype == "int" else rng.standard_normal(n.shape)  # type: ignore[arg-type]
        for n in leaves
    }


@settings(max_examples=150, deadline=None)
@given(index_strings(), st.lists(st.booleans(), min_size=5, max_size=5))
def test_any_contraction_becomes_pairs(case: tuple[list[str], str], whole: list[bool]) -> None:
    specs, output = case
    operands = [
        leaf(f"x{i}", s, "int" if w else "real") for i, (s, w) in enumerate(zip(specs, whole, strict=False))
    ]
    root = contraction(operands, specs, output)
    lowered = lower([root])
    found = in_pairs(lowered, Setting())
    assert all(len(n.args) <= 2 for n in contractions(found))
    assert found.roots[0].shape == root.shape
    assert found.roots[0].dtype == root.dtype
    assert agree(found, lowered, values_for(root))


@settings(max_examples=150, deadline=None)
@given(index_strings(), index_strings(), st.data())
def test_nested_contractions_agree_and_never_multiply_more(
    case: tuple[list[str], str], outer: tuple[list[str], str], data: st.DataObject
) -> None:
    inner = contraction([leaf(f"x{i}", s) for i, s in enumerate(case[0])], *case)
    turn = data.draw(st.permutations(range(inner.ndim)))
    place = data.draw(st.integers(0, len(outer[0])))
    operands = [leaf(f"y{i}", s) for i, s in enumerate(outer[0])]
    turned = F["transpose"](inner, turn) if inner.ndim > 1 else inner
    operands.insert(place, turned)
    specs = [*outer[0][:place], "".join(case[1][i] for i in turn), *outer[0][place:]]
    root = contraction(operands, specs, outer[1])
    lowered = lower([root])
    found = in_pairs(lowered, Setting())
    assert agree(found, lowered, values_for(root))
    assert multiplications(found, Setting()) <= multiplications(lowered, Setting())


A, B, v = input_("A", ("N", "N")), input_("B", ("N", "N")), input_("v", "N")
SQUARE = Setting(sizes=(("N", 30),))


def test_a_product_with_a_vector_is_taken_from_the_vector() -> None:
    setting = Setting(sizes=SQUARE.sizes)
    found = in_pairs(lower([A @ B @ v]), setting)
    assert multiplications(found, setting) == 2 * 30 * 30
    assert [n.name for n in setting.notes] == ["order"]


def test_what_has_a_name_or_another_use_stays() -> None:
    for outputs in ([(A @ B).named("C") @ v], [A @ B @ v, A @ B], [A @ B @ v + F["sum"](A @ B)]):
        lowered = lower(outputs)
        assert in_pairs(lowered, SQUARE) is lowered


def test_an_order_that_gains_little_stays() -> None:
    C = input_("C", ("N", 20))
    lowered = lower([A @ B @ C])
    assert in_pairs(lowered, SQUARE) is lowered


def test_a_long_chain_is_put_in_order() -> None:
    sizes = [40, 2, 30, 3, 20, 4, 25, 1]
    matrices = [input_(f"M{i}", (n, m)) for i, (n, m) in enumerate(pairwise(sizes))]
    product = matrices[0]
    for m in matrices[1:]:
        product = product @ m
    lowered = lower([product])
    found = in_pairs(lowered, Setting())
    # From the right, each step is a matrix by a vector.
    assert multiplications(found, Setting()) <= sum(n * m for n, m in pairwise(sizes))
    assert agree(found, lowered, values_for(product))


def test_a_chain_beyond_all_bounds_is_put_in_order_in_pieces() -> None:
    product = v
    left = A
    for _ in range(300):
        left = left @ B
    product = left @ v
    lowered = lower([product])
    found = in_pairs(lowered, SQUARE)
    assert multiplications(found, SQUARE) < multiplications(lowered, SQUARE)


def test_gradients_of_a_bilinear_form_take_no_search_at_run_time() -> None:
    x, y, W = input_("x", ("N", 20)), input_("y", ("N", 30)), input_("W", (20, 30, 10))
    loss = F["mean"](F["square"](F["contract"]("ni,nj,ijk->nk", x, y, W)))
    f = compile_([loss, *gradients(loss, [x, y, W])], sizes={"N": 50})
    assert "optimize" not in f.source
    rng = np.random.default_rng(0)
    given_values = {
        "x": rng.standard_normal((7, 20)),
        "y": rng.standard_normal((7, 30)),
        "W": rng.standard_normal((20, 30, 10)),
    }
    for a, b in zip(f(**given_values), f.naive(**given_values), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_without_the_pass_the_order_is_as_written() -> None:
    f = compile_(A @ B @ v, sizes={"N": 30}, without=("order",))
    assert "order" not in [n.name for n in f.plan.notes]
    assert "order" in [n.name for n in compile_(A @ B @ v, sizes={"N": 30}).plan.notes]


SAME_BYTES = """
import graphc as g
specs = ["ab", "bc", "cd", "da", "ac", "bd", "ef", "fa", "eb", "cf"]
xs = [g.input(f"x{i}", (3, 3)) for i in range(len(specs))]
print(g.compile(g.contract(",".join(specs) + "->ad", *xs)).source)
"""


def test_the_code_is_the_same_whatever_the_hash_seed() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", SAME_BYTES],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    ]
    assert len(set(runs)) == 1


def test_opt_einsum_is_loaded_only_for_several_contractions() -> None:
    code = "import sys, graphc as g; x = g.input('x', ('N', 3)); g.compile(x @ x.T); print('opt_einsum' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_a_wrong_order_is_found() -> None:
    wrong = lower([A @ (v @ B)])
    values = {
        n: np.random.default_rng(2).standard_normal(s) for n, s in (("A", (3, 3)), ("B", (3, 3)), ("v", 3))
    }
    assert agree(in_pairs(lower([A @ B @ v]), SQUARE), lower([A @ B @ v]), values)
    assert not agree(wrong, lower([A @ B @ v]), values)
