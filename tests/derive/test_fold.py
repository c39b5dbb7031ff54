"""Folding a scope changes what is seen and nothing else: same values, same gradients, one gate."""

from __future__ import annotations

import numpy as np
import pytest

from graphc import pipeline
from graphc.derive import derive
from graphc.derive.fold import fold_scopes, scopes_of
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, topological
from graphc.nn import Activation, BatchNorm, Dense, Dropout, Residual, Sequential, initial_values
from graphc.ops import FUNCTIONS, input_, param
from graphc.ops.naive import evaluate

F = FUNCTIONS
x = input_("x", ("N", 4))
t = input_("t", ("N",), dtype="int")
MODEL = Sequential(
    Dense(5),
    BatchNorm(),
    Activation("relu"),
    Dropout(0.25),
    Residual(Dense(5, activation="tanh"), Dense(5)),
    Dense(3),
)


def loss_of(model: Sequential = MODEL) -> Node:
    return F["cross_entropy"](model.train(x)[0], t).named("loss")


def values_of(loss: Node) -> dict:
    rng = np.random.default_rng(2)
    return {"x": rng.normal(size=(6, 4)), "t": rng.integers(0, 3, 6), "step": 1, **initial_values(loss)}


@pytest.mark.parametrize(
    "scopes",
    [
        ["net"],
        ["net/dense1"],
        ["net/dense1", "net/dense2"],
        ["net/batchnorm1", "net/relu1"],
        ["net/dropout1"],
        ["net/residual1"],
        ["net/residual1/dense1"],
        ["net/residual1", "net/residual1/dense1"],
    ],
    ids=" ".join,
)
def test_values_and_gradients_stay_what_they_were(scopes: list[str]) -> None:
    loss = loss_of()
    values = values_of(loss)
    plain, folded = derive(loss), derive(loss, fold=scopes)
    gates = [n for n in folded.nodes if n.op.name in [s.rpartition("/")[2] for s in scopes]]
    outermost = [s for s in scopes if not any(s.startswith(f"{o}/") for o in scopes)]
    assert len(gates) == len(outermost)
    assert not any(
        (n.name or "").startswith(tuple(f"{s}/" for s in scopes)) and n.is_leaf for n in folded.nodes
    )
    before, after = plain.at(values), folded.at(values)
    np.testing.assert_allclose(after.of(folded.output), before.of(loss), rtol=1e-14)
    kept = [n for n in folded.upstream if n.is_leaf]
    assert x in kept
    for leaf in kept:
        np.testing.assert_allclose(after.upstream[leaf], before.upstream[leaf], rtol=1e-10, atol=1e-16)


def test_a_wrong_body_would_be_seen() -> None:
    loss = loss_of()
    values = values_of(loss)
    folded = derive(loss, fold=["net"])
    other = derive(loss_of(Sequential(*MODEL.layers[:-2], Dense(3, name="dense2"))), fold=["net"])
    assert not np.allclose(folded.at(values).upstream[x], other.at(values_of(other.source)).upstream[x])


def test_a_parameter_that_is_asked_for_enters_the_gate_from_outside() -> None:
    loss = loss_of()
    W = next(n for n in topological([loss]) if n.name == "net/dense2/W")
    folded = derive(loss, [W], fold=["net/dense2"])
    (gate,) = [n for n in folded.nodes if n.op.name == "dense2"]
    assert W in gate.args
    values = values_of(loss)
    expected = derive(loss, [W]).at(values).upstream[W]
    np.testing.assert_allclose(folded.at(values).upstream[W], expected, rtol=1e-12)


def test_a_parameter_that_is_used_outside_too_enters_as_well() -> None:
    z = Dense(3, name="net").test(x)
    W = next(n for n in topological([z]) if n.name == "net/W")
    loss = F["sum"](z * z) + F["sum"](W * W)
    folded = derive(loss, fold=["net"])
    values = {"x": np.ones((2, 4)), **initial_values(loss)}
    expected = derive(loss).at(values).upstream[W]
    np.testing.assert_allclose(folded.at(values).upstream[W], expected, rtol=1e-12)


def test_a_way_out_of_a_scope_and_back_in_makes_two_gates_and_no_circle() -> None:
    W, V = param("s/W", (4, 4)), param("s/V", (4, 4))
    first = (x @ W).named("s/first")
    outside = F["exp"](first).named("outside")
    second = (outside @ V + first).named("s/second")
    loss = F["sum"](second * outside)
    folded = derive(loss, fold=["s"])
    assert [n.op.name for n in folded.nodes if n.op.kind == "composite"] == ["first", "second"]
    rng = np.random.default_rng(0)
    values = {"x": rng.normal(size=(2, 4)), "s/W": rng.normal(size=(4, 4)), "s/V": rng.normal(size=(4, 4))}
    np.testing.assert_allclose(folded.at(values).upstream[x], derive(loss).at(values).upstream[x], rtol=1e-12)


def test_what_comes_before_a_layer_is_not_drawn_into_it() -> None:
    z = Dense(3, name="net").test(x * 2)
    (gate,) = fold_scopes([z], ["net"])[z].args
    assert gate.op.name == "mul"


def test_folding_is_not_recursive_over_the_depth_of_a_scope() -> None:
    y = x
    for _ in range(3000):
        y = F["tanh"](y)
    y = (y @ param("deep/W", (4, 4))).named("deep/a")
    for _ in range(3000):
        y = F["tanh"](y)
    y = y.named("deep")
    became = fold_scopes([y], ["deep"])[y]
    assert len(topological([became])) == 3002
    given = {"x": np.ones((1, 4)), "deep/W": np.eye(4)}
    body = became.op.body(*became.args)
    np.testing.assert_array_equal(evaluate([body], given)[0], evaluate([y], given)[0])


def test_scopes_are_listed_and_an_unknown_one_is_refused_with_the_nearest() -> None:
    loss = loss_of()
    assert scopes_of([loss])[:3] == ("net", "net/batchnorm1", "net/dense1")
    with pytest.raises(GraphcError, match=r"no scope 'net/dens1'.*did you mean `net/dense1`"):
        pipeline.draw(loss, fold="net/dens1")
    with pytest.raises(GraphcError, match=r"no scope 'net'.*it has none"):
        pipeline.draw(F["sum"](x), fold=["net"])


def test_a_picture_shows_one_gate_for_a_scope() -> None:
    picture = pipeline.draw(loss_of(), fold="net")
    assert sorted(g.symbol for g in picture.circuit.gates) == ["CE", "net", "one_hot"]
    assert [leaf.out.name for leaf in picture.circuit.leaves] == ["x", "step", "t"]
    assert picture.svg == pipeline.draw(loss_of(), fold="net").svg


def test_a_model_applied_twice_is_twice_the_gate_of_its_name() -> None:
    y = input_("y", ("N", 4))
    model = Sequential(Dense(3), Activation("tanh"), name="critic")
    derivation = derive(F["sum"](model(x)) - F["sum"](model(y)), fold=["critic"])
    assert [n.op.name for n in derivation.nodes].count("critic") == 2
