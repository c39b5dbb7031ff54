"""A model of layers learns, and its test graph runs on what the training steps have left."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.nn import (
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    MaxPool2D,
    Residual,
    Sequential,
    monte_carlo,
)
from graphc.ops import FUNCTIONS, input_

F = FUNCTIONS
DENSE = Sequential(
    Dense(64, bias=False),
    BatchNorm(),
    Activation("relu"),
    Dropout(0.3),
    Residual(Dense(64, activation="relu")),
    Dense(10),
)
CONV = Sequential(
    Conv2D(8, 3, bias=False),
    BatchNorm(),
    Activation("relu"),
    MaxPool2D(2),
    Flatten(),
    Dropout(0.2),
    Dense(10),
)


@pytest.mark.parametrize(
    ("model", "shape", "epochs"), [(DENSE, (64,), 6), (CONV, (1, 8, 8), 4)], ids=["dense", "convolutional"]
)
def test_a_network_learns_digits(model: Layer, shape: tuple[int, ...], epochs: int, require_extra) -> None:
    digits = require_extra("sklearn.datasets", "examples").load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    images, labels = (digits.data[order] / 16).reshape(-1, *shape), digits.target[order]
    x, t = input_("x", ("N", *shape)), input_("t", "N", dtype="int")
    z, updates = model.train(x)
    loss = F["cross_entropy"](z, t).named("loss")
    params = model.params(x)
    new = {p: p - 0.3 * d for p, d in zip(params, gradients(loss, params), strict=True)}
    step = compile_(loss, updates={**new, **updates}, dtype="float32").initialize(0)
    number = 0
    for _ in range(epochs):
        for start in range(0, 1400, 50):
            batch = slice(start, start + 50)
            last = step(x=images[batch], t=labels[batch], step=number)
            number += 1
    assert last < 0.5
    known = {**step.params, **step.state}

    def accuracy(root) -> float:
        f = compile_(root, dtype="float32")
        given = {leaf.name: known[leaf.name] for leaf in f.plan.inputs if leaf.name != "x"}
        return float((f(x=images[1400:], **given).argmax(1) == labels[1400:]).mean())

    assert accuracy(model.test(x)) > 0.9
    assert accuracy(monte_carlo(model, x, samples=5)) > 0.9
    stale = dict(known)
    known.update({k: np.zeros_like(v) for k, v in stale.items() if k.endswith("running_mean")})
    assert accuracy(model.test(x)) < 0.9, "the test graph does not look at the running statistics"


def test_an_embedding_learns_which_words_tell_a_class() -> None:
    words, t = input_("words", ("N", 4), dtype="int"), input_("t", "N", dtype="int")
    model = Sequential(
        Embedding(12, 3), Activation(lambda e: F["mean"](e, axis=1)[:, None]), Flatten(), Dense(2)
    )
    z, _ = model.train(words)
    loss = F["cross_entropy"](z, t)
    params = model.params(words)
    updates = {p: p - 0.5 * d for p, d in zip(params, gradients(loss, params), strict=True)}
    step = compile_(loss, updates=updates).initialize(0)
    rng = np.random.default_rng(0)
    for _ in range(300):
        batch = rng.integers(0, 12, (32, 4))
        last = step(words=batch, t=((batch < 3).sum(1) > 0).astype(int))
    assert last < 0.25
