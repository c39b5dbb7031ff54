"""Deep, wide and repeated graphs: nothing recurses over depth, nothing is visited twice. No timing is
asserted here.
"""

from __future__ import annotations

import gc

import pytest

from graphc.derive import grad, gradients, jvp
from graphc.ir.graph import Graph
from graphc.ir.node import substitute, topological, users
from graphc.ir.op import FUNCTIONS
from graphc.ir.text import from_text, to_text
from graphc.ops.form import show
from graphc.ops.leaf import const, input_
from graphc.ops.naive import evaluate
from graphc.rewrite.simplify import simplify_all

F = FUNCTIONS
x, y = input_("x"), input_("y")
DEEP = 100_000
SIMPLIFIED = 4_000
WIDE = 50_000


def ladder(rungs: int = 60):
    node = x
    for _ in range(rungs):
        node = node + node
    return node


def chain(length: int = DEEP):
    node = x
    for _ in range(length // 2):
        node = F["sin"](node) * y
    return node


def test_a_ladder_sixty_deep():
    f = ladder()
    assert len(topological([f])) == 61
    assert len(to_text([f]).splitlines()) == 62
    assert from_text(to_text([f])) == [f]
    assert evaluate([f], {"x": 1.0})[0] == 2.0**60
    for simplify in (False, True):
        (df,) = gradients(f, [x], simplify=simplify)
        assert evaluate([df], {"x": 3.0})[0] == 2.0**60
    assert evaluate(jvp([f], {x: const(1)}), {"x": 3.0})[0] == 2.0**60
    (simple,) = simplify_all([f])
    assert evaluate([simple], {"x": 1.5})[0] == 1.5 * 2.0**60


def test_a_ladder_of_products():
    node = x
    for _ in range(60):
        node = node * node
    assert evaluate([grad(node, x)], {"x": 1.0})[0] == 2.0**60


@pytest.mark.parametrize(
    ("simplify", "uses"),
    [(False, WIDE), (True, SIMPLIFIED), pytest.param(True, WIDE, marks=pytest.mark.fuzz)],
)
def test_one_leaf_used_many_times(simplify, uses):
    terms = [x * const(i) for i in range(1, uses // 2 + 1)]
    total = terms[0]
    for term in terms[1:]:
        total = total + term * x
    (dx,) = gradients(total, [x], simplify=simplify)
    n = uses // 2
    assert evaluate([dx], {"x": 2.0})[0] == 1 + 2 * 2.0 * (n * (n + 1) // 2 - 1)
    assert len(users([total])[x]) == uses - 1


def test_one_leaf_added_fifty_thousand_times():
    total = x
    for _ in range(WIDE):
        total = total + x
    assert evaluate([grad(total, x)], {"x": 2.0})[0] == WIDE + 1
    (simple,) = simplify_all([total])
    assert evaluate([simple], {"x": 2.0})[0] == 2.0 * (WIDE + 1)


def test_a_chain_of_a_hundred_thousand_nodes():
    f = chain()
    assert len(Graph((f,)).nodes) == DEEP + 2
    (dx, dy) = gradients(f, [x, y], simplify=False)
    small, (sx, sy) = chain(200), gradients(chain(200), [x, y], simplify=False)
    assert evaluate([small, sx, sy], {"x": 0.3, "y": 1.0})[0] != 0
    values = evaluate([f, dx, dy], {"x": 0.3, "y": 1.0})
    assert all(v == v for v in values)
    assert len(to_text([f]).splitlines()) == DEEP + 3
    (moved,) = substitute([f], {y: x})
    assert Graph((moved,)).leaves == (x,)


@pytest.mark.parametrize("length", [SIMPLIFIED, pytest.param(DEEP, marks=pytest.mark.fuzz)])
def test_a_deep_chain_simplifies_in_both_modes(length):
    f, at = chain(length), {"x": 0.3, "y": 1.0}
    (simple,) = simplify_all([f])
    assert evaluate([simple], at)[0] == pytest.approx(float(evaluate([f], at)[0]), rel=1e-9)
    plain = float(evaluate(gradients(f, [x], simplify=False), at)[0])
    (dx,) = gradients(f, [x])
    (moved,) = jvp([f], {x: const(1)})
    assert [float(v) for v in evaluate([dx, moved], at)] == pytest.approx([plain, plain], rel=1e-9)


def test_a_deep_chain_is_shown_and_reads_back():
    assert from_text(to_text([chain(5_000)])) == [chain(5_000)]
    assert show(chain(2_000)).startswith("sin(sin(")


@pytest.mark.parametrize("build", [chain, lambda: ladder(5_000)])
def test_letting_go_of_a_deep_graph(build):
    gc.collect()
    f = build()
    gradient = gradients(f, [x], simplify=False)
    del f, gradient
    gc.collect()
    assert evaluate([x + y], {"x": 1.0, "y": 2.0})[0] == 3.0
