"""Layers and models: names, shapes, the two graphs of one definition, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, topological
from graphc.ir.text import from_text, to_text
from graphc.nn import (
    GRU,
    LSTM,
    RNN,
    Activation,
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    MaxPool2D,
    MultiHeadAttention,
    Residual,
    Sequential,
    init,
    initial_values,
    monte_carlo,
)
from graphc.ops import FUNCTIONS, input_
from graphc.ops.naive import evaluate

F = FUNCTIONS
x = input_("x", ("N", 4))
image = input_("image", ("N", 2, 6, 6))
words = input_("words", ("N", 3), dtype="int")
t = input_("t", ("N",), dtype="int")

NET = Sequential(
    Dense(5, bias=False),
    BatchNorm(),
    Activation("relu"),
    Dropout(0.25),
    Residual(Dense(5, activation="tanh"), Dense(5)),
    Sequential(Dense(5), Dropout(0.5)),
    Dense(3, name="head"),
)


def names(nodes: list[Node]) -> list[str]:
    return [n.name or "" for n in nodes]


def test_children_are_called_by_kind_and_number_or_by_their_name_under_the_path_of_their_parents() -> None:
    assert names(NET.params(x)) == [
        "net/dense1/W",
        "net/batchnorm1/gamma",
        "net/batchnorm1/beta",
        "net/residual1/dense1/W",
        "net/residual1/dense1/b",
        "net/residual1/dense2/W",
        "net/residual1/dense2/b",
        "net/block1/dense1/W",
        "net/block1/dense1/b",
        "net/head/W",
        "net/head/b",
    ]
    assert names(Dense(3).params(x)) == ["dense/W", "dense/b"]
    assert names(Sequential(Dense(3), name="actor").params(x)) == ["actor/dense1/W", "actor/dense1/b"]


def test_train_and_test_graph_have_the_same_parameter_nodes_and_only_one_has_masks_and_updates() -> None:
    (z, updates), y = NET.train(x), NET.test(x)

    def kinds(root: Node, kind: str) -> list[Node]:
        return [n for n in topological([root]) if n.op.name == kind]

    assert set(kinds(z, "param")) == set(kinds(y, "param")) == set(NET.params(x))
    assert len(kinds(z, "uniform")) == 2
    assert not kinds(y, "uniform")
    assert not kinds(z, "state")
    assert names(kinds(y, "state")) == ["net/batchnorm1/running_mean", "net/batchnorm1/running_var"]
    assert list(updates) == kinds(y, "state")
    assert NET(x) is y
    assert NET.train(x)[0] is z
    assert from_text(to_text([z, y])) == [z, y]


LAYERS: list[tuple[Layer, Node, tuple]] = [
    (Dense(7), x, ("N", 7)),
    (Dense(7), input_("a", (2, "T", 3)), (2, "T", 7)),
    (Dense(7, activation="softmax"), input_("a", (3,)), (7,)),
    (Conv1D(5, 3, padding="same"), input_("a", ("N", 2, 9)), ("N", 5, 9)),
    (Conv1D(5, 3, layout="NLC"), input_("a", ("N", 9, 2)), ("N", 7, 5)),
    (Conv2D(4, 3), image, ("N", 4, 4, 4)),
    (Conv2D(4, (1, 3), stride=(2, 1), padding=1, groups=2), input_("a", (1, 2, 7, 6)), (1, 4, 5, 6)),
    (Conv2D(4, 3, layout="NHWC", activation="relu"), input_("a", ("N", 6, 6, 2)), ("N", 4, 4, 4)),
    (MaxPool2D(2), image, ("N", 2, 3, 3)),
    (MaxPool2D(3, stride=1, padding=1), image, ("N", 2, 6, 6)),
    (AvgPool2D((2, 3)), image, ("N", 2, 3, 2)),
    (Flatten(), image, ("N", 72)),
    (BatchNorm(), image, ("N", 2, 6, 6)),
    (BatchNorm(axis=-1, scale=False, shift=False), x, ("N", 4)),
    (LayerNorm(axes=3), image, ("N", 2, 6, 6)),
    (LayerNorm(scale=False), x, ("N", 4)),
    (Dropout(0.5), image, ("N", 2, 6, 6)),
    (Activation("leaky_relu", slope=0.2), x, ("N", 4)),
    (Activation("prelu"), x, ("N", 4)),
    (Activation("maxout", pieces=2), x, ("N", 2)),
    (Activation(lambda z: z * F["sigmoid"](z)), x, ("N", 4)),
    (Embedding(10, 4), words, ("N", 3, 4)),
    (RNN(5), input_("a", ("N", 4, 3)), ("N", 5)),
    (GRU(5, sequences=True), input_("a", ("N", 4, 3)), ("N", 4, 5)),
    (LSTM(5, reverse=True), input_("a", ("N", 4, 3)), ("N", 5)),
    (MultiHeadAttention(2, causal=True), input_("a", ("N", 5, 4)), ("N", 5, 4)),
    (Residual(Dense(4)), x, ("N", 4)),
    (Residual(Conv2D(4, 3, padding="same"), shortcut=Conv2D(4, 1)), image, ("N", 4, 6, 6)),
    (Sequential(), x, ("N", 4)),
]


@pytest.mark.parametrize(("layer", "given", "shape"), LAYERS, ids=lambda v: type(v).__name__)
def test_every_layer_runs_both_ways_and_has_the_shape_it_states(
    layer: Layer, given: Node, shape: tuple
) -> None:
    for root in (layer.train(given)[0], layer.test(given)):
        assert tuple(map(str, root.shape)) == tuple(map(str, shape))
        real = tuple(5 if isinstance(d, str) else d for d in map(_plain, given.shape))
        rng = np.random.default_rng(0)
        data = rng.integers(0, 10, real) if given.dtype == "int" else rng.normal(size=real)
        values = {given.name: data, "step": 0, **initial_values([root])}
        wanted = {n.name for n in topological([root]) if n.is_leaf}
        values = {k: v for k, v in values.items() if k in wanted}
        loss = F["sum"](F["sin"](root))
        params = [p for p in layer.params(given) if p in topological([root])]
        f = compile_([root, *(gradients(loss, params) if params else [])])
        for got, expected in zip(f(**values), f.naive(**values), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


def _plain(d: object) -> object:
    return d if isinstance(d, int) else str(d)


def test_every_layer_is_tried() -> None:
    import graphc.nn as nn

    every = {v for v in vars(nn).values() if isinstance(v, type) and issubclass(v, Layer) and v is not Layer}
    assert {type(layer) for layer, *_ in LAYERS} == every


def test_named_layers_leave_the_gradient_as_compact_as_it_is_without_names() -> None:
    z = Sequential(Dense(5, activation="relu"), Dense(3)).test(x)
    W, b, V, c = (input_(n, s) for n, s in (("W", (4, 5)), ("b", (5,)), ("V", (5, 3)), ("c", (3,))))
    plain = F["relu"](x @ W + b) @ V + c
    params = Sequential(Dense(5, activation="relu"), Dense(3)).params(x)

    def count(root: Node, targets: list[Node]) -> list[str]:
        found = gradients(F["cross_entropy"](root, t), targets)
        return sorted(n.op.name for n in topological(found) if not n.is_leaf)

    assert count(z, params) == count(plain, [W, b, V, c])


def test_code_calls_what_belongs_to_a_scope_by_its_path() -> None:
    z = Sequential(Dense(3)).test(x)
    loss = F["sum"](z * z).named("loss")
    params = Sequential(Dense(3)).params(x)
    source = compile_([loss, *gradients(loss, params)]).source
    assert "net_dense1 = x.dot(net_dense1_W) + net_dense1_b" in source
    assert "# dloss/dnet_dense1_W = x.T @ dnet_dense1" in source
    assert "net/dense1.T" not in source


def test_running_statistics_follow_the_batches_with_either_variance() -> None:
    rng = np.random.default_rng(0)
    batches = rng.normal(3, 2, (4, 8, 4))
    for unbiased, ddof in ((True, 1), (False, 0)):
        layer = BatchNorm(momentum=0.25, unbiased=unbiased)
        z, updates = layer.train(x)
        step = compile_(z, updates=updates).initialize(0)
        for name in ("batchnorm/running_mean", "batchnorm/running_var"):
            assert name in step.state
        mean, var = np.zeros(4), np.ones(4)
        step.load({p.name: v for p, v in zip(layer.params(x), (np.ones(4), np.zeros(4)), strict=True)})
        for batch in batches:
            step(x=batch)
            mean = 0.75 * mean + 0.25 * batch.mean(0)
            var = 0.75 * var + 0.25 * batch.var(0, ddof=ddof)
        np.testing.assert_allclose(step.state["batchnorm/running_mean"], mean, rtol=1e-12)
        np.testing.assert_allclose(step.state["batchnorm/running_var"], var, rtol=1e-12)
        test = compile_(layer.test(x))
        given = {"batchnorm/gamma": np.ones(4), "batchnorm/beta": np.zeros(4), **step.state}
        np.testing.assert_allclose(
            test(x=batches[0], **given), (batches[0] - mean) / np.sqrt(var + 1e-5), rtol=1e-12
        )


def test_dropout_layers_have_masks_of_their_own_and_another_at_each_step() -> None:
    wide = input_("wide", ("N", 50))
    z, _ = Sequential(Dropout(0.5), Dropout(0.5)).train(wide)
    one = compile_(Sequential(Dropout(0.5)).train(wide)[0])
    two = compile_(z)
    data = np.ones((20, 50))
    assert abs((two(wide=data, step=0) > 0).mean() - 0.25) < 0.06
    masks = [one(wide=data, step=i) > 0 for i in range(2)]
    assert not np.array_equal(*masks)
    seeded = compile_(Sequential(Dropout(0.5, seed=1)).train(wide)[0])
    assert not np.array_equal(masks[0], seeded(wide=data, step=0) > 0)


def test_monte_carlo_is_the_mean_of_the_training_outputs_at_the_first_steps() -> None:
    model = Sequential(Dense(6, activation="tanh"), Dropout(0.5), Dense(2))
    mean = monte_carlo(model, x, samples=5)
    z, _ = model.train(x)
    values = {"x": np.random.default_rng(0).normal(size=(3, 4)), **initial_values(z, seed=1)}
    drawn = [evaluate([z], {**values, "step": i})[0] for i in range(5)]
    np.testing.assert_allclose(evaluate([mean], values)[0], np.mean(drawn, axis=0), rtol=1e-13)
    assert sum(n.op.name == "tanh" for n in topological([mean])) == 1


def test_monte_carlo_takes_running_statistics_and_tends_to_the_test_output_of_a_linear_model() -> None:
    model = Sequential(Dense(4), BatchNorm(), Dropout(0.2), Dense(2))
    mean, y = monte_carlo(model, x, samples=200), model.test(x)
    values = {"x": np.ones((1, 4)), **initial_values(y)}
    a, b = evaluate([mean, y], values)
    np.testing.assert_allclose(a, b, atol=5 * np.abs(b).max() * np.sqrt(0.25 * 4 / 200))


def test_a_layer_of_ones_own_is_a_record_with_a_build() -> None:
    from dataclasses import dataclass

    from graphc.nn import Scope

    @dataclass(frozen=True, slots=True)
    class Scale(Layer):
        name: str = ""

        def build(self, x: Node, scope: Scope) -> Node:
            return x * scope.param("s", (), init.ones())

    model = Sequential(Scale(), Scale())
    assert names(model.params(x)) == ["net/scale1/s", "net/scale2/s"]
    assert model.test(x).name == "net/scale2"


REFUSED = [
    (lambda: Sequential("relu"), "is none; an activation is Activation"),
    (lambda: Sequential(F["relu"]), "is none; an activation is Activation"),
    (lambda: Sequential(Embedding(3, 2)).test(x), "net/embedding1.*whole numbers"),
    (lambda: Dense(0).test(x), "dense: units is a whole number from 1, not 0"),
    (lambda: Dense(3).test(input_("s")), "takes real rows"),
    (lambda: Dense(3).test(words), "takes real rows"),
    (lambda: Dense(3).train(3), "has to be a node"),
    (lambda: Dense(3, init="he").test(x), "init.he()"),
    (
        lambda: Sequential(Activation("rleu")).test(x),
        "net/rleu1: there is no activation 'rleu'; did you mean 'relu'",
    ),
    (lambda: Activation("relu", slope=3).test(x), "no option 'slope'"),
    (lambda: Activation("sum").test(x), "sum is no activation"),
    (lambda: Activation(lambda z: 3).test(x), "gave 3"),
    (lambda: Sequential(Dense(2, name="a"), Dense(2, name="a")).test(x), "two layers are called net/a"),
    (lambda: Residual(Dense(2)).test(x), "a shortcut can make them so"),
    (lambda: Dense(3, name="a/b").test(x), "letters, digits and '_'"),
    (lambda: Conv2D(3, 3).test(x), r"the input has shape \(N, C, H, W\), not \(N, 4\)"),
    (lambda: Sequential([Dense(3)]), "the layers of a model are given one after the other"),
    (lambda: Conv2D(3, 3, groups=2).test(image), "do not divide into 2 groups"),
    (lambda: Conv2D(3, "a").test(image), "size is"),
    (lambda: Conv2D(3, 3, stride=2).test(image), "is not a whole number"),
    (lambda: Conv2D(3, 3).test(input_("a", ("N", "C", 6, 6))), "number of channels"),
    (lambda: BatchNorm(axis=9).test(x), "has no axis 9 of channels"),
    (lambda: Dropout(1.0).train(x), "from 0 to below 1"),
    (lambda: Dropout(-1).test(x), "from 0 to below 1"),
    (lambda: monte_carlo(NET, x, samples=0), "a whole number from 1"),
]


@pytest.mark.parametrize(("build", "complaint"), REFUSED, ids=lambda v: v if isinstance(v, str) else "")
def test_what_cannot_be_built_is_refused_in_a_sentence_that_says_where(build, complaint: str) -> None:
    with pytest.raises(GraphcError, match=complaint):
        build()
