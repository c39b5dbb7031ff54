"""A layer without a name is not taken for another of its kind: parameters are shared only where that is asked for."""

from __future__ import annotations

import pytest

from graphc.ir.errors import GraphcError
from graphc.ir.graph import Graph
from graphc.nn import Dense, Sequential
from graphc.ops.leaf import input_


def params(node):
    return [leaf.name for leaf in Graph((node,)).leaves if leaf.op.name == "param"]


@pytest.mark.parametrize("make", [lambda: Dense(3), lambda: Sequential(Dense(3))])
def test_two_of_a_kind_in_a_row_have_to_be_named(make):
    x = input_("x", ("N", 3))
    with pytest.raises(GraphcError, match="give the layers names of their own"):
        make()(make()(x))


def test_names_keep_them_apart_and_one_name_shares():
    x = input_("x", ("N", 3))
    apart = Dense(3, name="second")(Dense(3, name="first")(x))
    assert params(apart) == ["first/W", "first/b", "second/W", "second/b"]
    layer = Dense(3, name="both")
    assert params(layer(layer(x))) == ["both/W", "both/b"]


def test_train_and_test_graphs_share_parameters_without_a_name():
    x = input_("x", ("N", 3))
    model = Sequential(Dense(4), Dense(2))
    z, _ = model.train(x)
    assert params(z) == params(model(x))
    assert [p.name for p in model.params(("N", 3))] == params(z)
