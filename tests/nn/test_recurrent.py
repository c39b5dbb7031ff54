"""Recurrent layers and attention: shapes, parameters, what they compute, what they refuse, and that they learn."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as g
from graphc.ir.errors import ShapeError
from graphc.nn import (
    GRU,
    LSTM,
    RNN,
    Dense,
    Embedding,
    Flatten,
    LayerNorm,
    MultiHeadAttention,
    Residual,
    Sequential,
)

x = g.input("x", ("N", 4, 6))
LAYERS = [
    (RNN(5), ("N", 5), {"W": (6, 5), "U": (5, 5), "b": (5,)}),
    (
        RNN(5, activation="relu", sequences=True, reverse=True),
        ("N", 4, 5),
        {"W": (6, 5), "U": (5, 5), "b": (5,)},
    ),
    (GRU(5), ("N", 5), {"W": (6, 15), "U": (5, 15), "b": (15,), "c": (15,)}),
    (GRU(1, sequences=True), ("N", 4, 1), {"W": (6, 3), "U": (1, 3), "b": (3,), "c": (3,)}),
    (LSTM(5), ("N", 5), {"W": (6, 20), "U": (5, 20), "b": (20,)}),
    (LSTM(5, sequences=True, reverse=True), ("N", 4, 5), {"W": (6, 20), "U": (5, 20), "b": (20,)}),
    (MultiHeadAttention(2, bias=False), ("N", 4, 6), {f"W{p}": (6, 6) for p in "qkvo"}),
    (
        MultiHeadAttention(3, causal=True),
        ("N", 4, 6),
        {**{f"W{p}": (6, 6) for p in "qkvo"}, **{f"b{p}": (6,) for p in "qkvo"}},
    ),
]


@pytest.mark.parametrize(("layer", "shape", "parameters"), LAYERS, ids=str)
def test_shapes_and_parameters(layer, shape, parameters):
    y = layer(x)
    assert y.shape == (x.shape[0] if shape[0] == "N" else shape[0], *shape[1:])
    found = {p.name.rpartition("/")[2]: p.shape for p in layer.params(x)}
    assert found == parameters
    values = g.nn.initial_values(y, seed=0)
    assert all(np.isfinite(v).all() for v in values.values())
    at = {"x": np.random.default_rng(0).normal(size=(2, 4, 6)), **values}
    assert np.shape(g.compile(y)(**at)) == (2, *shape[1:])


def test_layers_are_the_functions_of_their_parameters():
    for layer, outputs in (
        (LSTM(3), lambda *p: g.lstm(*p)[1]),
        (RNN(3, sequences=True), lambda *p: g.rnn(*p)[0]),
    ):
        assert layer(x).args == outputs(x, *layer.params(x)).args
    attention = MultiHeadAttention(2)
    assert attention(x).args == g.multi_head_attention(x, x, x, *attention.params(x), heads=2).args


@pytest.mark.parametrize(
    ("layer", "given", "sentence"),
    [
        (LSTM(3), g.input("x", ("N", 6)), r"lstm: the input is a batch of sequences"),
        (LSTM(3), g.input("x", ("N", "T", 6)), r"with a number T of steps"),
        (GRU(0), x, "gru: units is a whole number from 1, not 0"),
        (MultiHeadAttention(4), x, "the 6 columns of Wq do not divide into 4 heads"),
        (MultiHeadAttention(2), g.input("x", 6), "one for each place"),
    ],
)
def test_refusals_are_sentences(layer, given, sentence):
    with pytest.raises(ShapeError, match=sentence):
        layer(given)


MODELS = {
    "rnn": Sequential(Embedding(4, 6), RNN(16), Dense(4)),
    "gru": Sequential(Embedding(4, 6), GRU(16), Dense(4)),
    "lstm": Sequential(Embedding(4, 6), LSTM(16), Dense(4)),
    "attention": Sequential(
        Embedding(4, 16),
        Residual(LayerNorm(), MultiHeadAttention(2)),
        Residual(LayerNorm(), Dense(16, activation="gelu"), Dense(16)),
        Flatten(),
        Dense(4),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_learns_the_first_of_five_symbols(name):
    ids, t = g.input("ids", ("N", 5), dtype="int"), g.input("t", "N", dtype="int")
    model = MODELS[name]
    z, _ = model.train(ids)
    loss = g.cross_entropy(z, t)
    params = model.params(ids)
    momenta = [g.state(f"m{i}", p.shape) for i, p in enumerate(params)]
    updates = {}
    for p, m, d in zip(params, momenta, g.gradients(loss, params), strict=True):
        updates |= {m: 0.9 * m + d, p: p - 0.03 * (0.9 * m + d)}
    step = g.compile(loss, updates=updates).initialize(seed=0)
    rng = np.random.default_rng(0)
    losses = []
    for _ in range(300):
        batch = rng.integers(0, 4, (32, 5))
        losses.append(step(ids=batch, t=batch[:, 0]))
    assert losses[0] > 1
    assert np.mean(losses[-5:]) < 0.2
