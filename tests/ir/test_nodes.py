"""Nodes are immutable and interned; a name takes part in identity; graphs are read in one fixed order."""

from __future__ import annotations

import copy
import gc
from decimal import Decimal
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest

from graphc.ir import node
from graphc.ir.errors import DTypeError, GraphcError, LegalityError
from graphc.ir.graph import Graph, params
from graphc.ir.legal import CORE, SURFACE, check_stage
from graphc.ir.node import rebuild, substitute, topological, users
from graphc.ir.op import FUNCTIONS
from graphc.ops.composite import open_composite
from graphc.ops.facts import SumsTo
from graphc.ops.leaf import as_node, assume, const, facts_of, input_, param, state

F = FUNCTIONS
x, y = input_("x"), input_("y")


def test_equal_expressions_are_one_object():
    assert x + y is x + y
    assert input_("x") is x
    assert F["softmax"](input_("z", 3), axis=0) is F["softmax"](input_("z", 3), axis=-1)
    assert F["leaky_relu"](x, slope=0.5) is F["leaky_relu"](x, slope=Fraction(1, 2))
    assert x + 1 is x + 1
    assert hash(x + y) == hash(x + y)


def test_what_nobody_holds_is_forgotten_at_any_depth():
    gc.collect()
    before, deep = len(node._interned), input_("only here")
    for _ in range(100_000):
        deep = -deep
    assert len(node._interned) == before + 100_001
    assert -deep is -deep
    del deep
    assert len(node._interned) == before


def test_different_expressions_are_different_objects():
    distinct = [
        x + y,
        y + x,
        x,
        y,
        input_("x", 1),
        input_("x", dtype="int"),
        param("x"),
        state("x"),
        x * y,
        x + 0,
        F["neg"](F["neg"](x)),
    ]
    assert len(set(distinct)) == len(distinct)


def test_constants_are_keyed_by_type_and_value():
    assert const(1) is const(1)
    assert const(0.5) is const(0.5)
    assert const(0.1) is const(Decimal("0.1"))
    assert const(Fraction(4, 2)) is const(2)
    assert const(np.int64(3)) is const(3)
    assert const(np.float64(0.25)) is const(0.25)
    distinct = [const(v) for v in (1, 1.0, Fraction(1, 2), 0.5, 0, -1, 10**30, "pi", "inf", "-inf")]
    assert len(set(distinct)) == len(distinct)
    assert const(float("inf")) is const("inf")
    assert const(0.1).attrs[1] == Decimal("0.1")


@pytest.mark.parametrize("value", [float("nan"), Decimal("nan"), "e", None, 1j, object()])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(DTypeError):
        const(value)


def test_an_array_is_not_part_of_a_graph():
    for use in (
        lambda: as_node(np.ones(3)),
        lambda: x + np.ones(3),
        lambda: np.ones(3) + x,
        lambda: np.ones(3) @ x,
    ):
        with pytest.raises(DTypeError, match="declare an input"):
            use()


def test_numbers_of_numpy_stand_on_either_side():
    assert np.float64(2) * x is const(2.0) * x
    assert x + np.int32(3) is x + 3


def test_names_take_part_in_identity():
    q = (x + y).named("q")
    assert q is (x + y).named("q")
    assert q is not x + y
    assert q is not (x + y).named("r")
    assert q * q is not q * (x + y)
    assert (q.shape, q.dtype, q.args) == ((), "real", (x, y))


def test_nodes_cannot_be_changed_nor_iterated_nor_asked_for_truth():
    q = x + y
    with pytest.raises(AttributeError, match="immutable"):
        q.name = "q"
    with pytest.raises(AttributeError):
        q.colour = "red"
    with pytest.raises(TypeError, match="no truth value"):
        bool(q > 0)
    with pytest.raises(TypeError):
        list(input_("v", 3))
    assert copy.copy(q) is q
    assert copy.deepcopy({"a": [q]})["a"][0] is q


def test_facts_belong_to_the_node_that_carries_them():
    t = input_("t", ("N", 3))
    certain = assume(t, SumsTo(1))
    assert certain is not t
    assert assume(certain, SumsTo(1)) is certain
    assert facts_of(certain) == (SumsTo(1),)
    assert facts_of(t) == ()
    assert facts_of(assume(t * 2, SumsTo(1, Fraction(2)))) == (SumsTo(1, Fraction(2)),)


def test_topological_order_puts_arguments_first_and_is_fixed_by_the_roots():
    q = (x + y).named("q")
    f = q * x + F["exp"](q)
    order = topological([f])
    assert len(order) == len(set(order)) == 6
    assert all(order.index(a) < order.index(n) for n in order for a in n.args)
    assert order == topological([f])
    assert topological([f, q, f]) == order


def test_substitution_rebuilds_what_stands_above():
    q = (x + y).named("q")
    f = q * x
    (g,) = substitute([f], {y: x})
    assert g is (x + x).named("q") * x
    assert substitute([f], {q: y}) == [y * x]
    assert substitute([f], {}) == [f]
    assert rebuild(f, f.args) is f


def test_users_count_every_use():
    f = x * x + x
    found = users([f])
    assert [(u.op.name, i) for u, i in found[x]] == [("mul", 0), ("mul", 1), ("add", 1)]


def test_networkx_has_an_edge_per_use():
    graph = Graph((x * x + y,)).to_networkx()
    assert isinstance(graph, nx.MultiDiGraph)
    assert nx.is_directed_acyclic_graph(graph)
    assert graph.number_of_nodes() == 4
    assert sorted(d["operand"] for _, _, d in graph.edges(data=True)) == [0, 0, 1, 1]
    assert [graph.nodes[i]["op"] for i in nx.lexicographical_topological_sort(graph)] == [
        "input",
        "mul",
        "input",
        "add",
    ]


def test_leaves_and_sizes_in_order_of_first_use():
    a, b = input_("a", ("N", "K")), param("b", ("K", "2*M"))
    graph = Graph((a @ b,))
    assert graph.leaves == (a, b)
    assert graph.sizes == ("N", "K", "M")


def test_two_leaves_of_one_name_are_refused():
    with pytest.raises(GraphcError, match="two different leaves are called 'x'"):
        _ = Graph((x + param("x"),)).leaves


def test_stages():
    f = F["sigmoid"](x).named("p") * F["stop_gradient"](y)
    check_stage(topological([f]), SURFACE)
    with pytest.raises(
        LegalityError, match=r"a composite node, .*sigmoid.* is not allowed at the core stage"
    ):
        check_stage(topological([f]), CORE)
    with pytest.raises(LegalityError, match="a stop node"):
        check_stage(topological([F["stop_gradient"](y)]), CORE)
    with pytest.raises(LegalityError, match="a named intermediate"):
        check_stage(topological([(x + y).named("q")]), CORE)
    allowed = open_composite(F["sigmoid"](x))
    check_stage(topological([allowed]), CORE)
    with pytest.raises(LegalityError, match="a stop node"):
        check_stage(topological([allowed * F["stop_gradient"](allowed)]), CORE)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: F["add"](x), "add takes 2 operands, 1 given"),
        (lambda: F["sigmoid"](x, y), r"sigmoid\(x\) takes 1 operand, 2 given"),
        (lambda: F["softmax"](input_("z", 3), dim=0), "softmax has no option 'dim'; it has axis"),
    ],
)
def test_wrong_arity_is_a_sentence(call, sentence):
    with pytest.raises(TypeError, match=sentence):
        call()


@pytest.mark.parametrize("given", ["", 3, None])
def test_a_leaf_needs_a_name_and_a_known_dtype(given):
    with pytest.raises(DTypeError, match="needs a name"):
        input_(given)
    with pytest.raises(DTypeError, match="is not known"):
        input_("x", dtype="float32")


def test_the_parameters_of_a_loss_come_in_the_order_of_first_use() -> None:
    x, W, b, c = input_("x", 3), param("W", (3, 2)), param("b", 2), param("c", 2)
    y = x @ W + b
    assert params(y.sum()) == [W, b]
    assert params([(y * c).sum(), y]) == [W, b, c]
    assert params([c, y]) == [c, W, b]
    assert params(x) == []
    with pytest.raises(GraphcError, match="two different leaves are called 'b'"):
        params(y.sum() + param("b"))
