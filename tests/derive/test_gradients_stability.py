"""Gradients at logits of ±1e4: finite, and right to a few roundings, in float32 and float64."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.ir.op import FUNCTIONS
from graphc.ops.leaf import input_
from graphc.ops.naive import Arithmetic, Precise, evaluate
from tests.checking import definition, weighted_sum

F = FUNCTIONS
FLOATS = [np.float32, np.float64]
z, s = input_("z", (5, 3)), input_("s", (5, 3))
t = input_("t", 5, dtype="int")
LOGITS = [[1e4, -1e4, 0.0], [1e4, 1e4, -1e4], [-1e4, -1e4, -1e4], [0.0, 1e-3, -1e-3], [1e3, 1e3 - 1, 1e3 - 2]]
VALUES = {
    "z": np.array(LOGITS),
    "t": np.array([0, 2, 1, 0, 1]),
    "s": np.eye(3)[[1, 0, 2, 2, 0]],
}
OUTPUTS = {
    "logsumexp": F["logsumexp"](z),
    "softmax": F["softmax"](z),
    "log_softmax": F["log_softmax"](z),
    "softplus": F["softplus"](z),
    "sigmoid": F["sigmoid"](z),
    "log_sigmoid": F["log_sigmoid"](z),
    **{
        name: F[name](z)
        for name in ("elu", "selu", "gelu", "gelu_tanh", "silu", "softsign", "hard_sigmoid", "identity")
    },
    "tanh": F["tanh"](z),
    "prelu": F["prelu"](z, 0.25),
    "maxout": F["maxout"](z, pieces=3),
    "cross_entropy of labels": F["cross_entropy"](z, t),
    "cross_entropy of rows": F["cross_entropy"](z, s),
    "binary_cross_entropy": F["binary_cross_entropy"](z, s),
    # As people write them, unstable until rules make them stable.
    "log of softmax": F["log"](F["softmax"](z)),
    "log of a sum of exps": F["log"](F["sum"](F["exp"](z), axis=1)),
    "log of sigmoid": F["log"](F["sigmoid"](z)),
    "log of 1 / (1 + exp)": F["log"](1 / (1 + F["exp"](-z))),
    "log of 1 + exp": F["log"](1 + F["exp"](z)),
    "cross-entropy from primitives": F["mean"](-F["sum"](s * F["log"](F["softmax"](z)), axis=1)),
    "binary cross-entropy from primitives": F["mean"](
        -s * F["log"](F["sigmoid"](z)) - (1 - s) * F["log"](1 - F["sigmoid"](z))
    ),
}


@pytest.mark.parametrize("real", FLOATS)
@pytest.mark.parametrize("name", OUTPUTS)
def test_gradient_is_finite_and_right(name, real):
    """Against the unsimplified gradient of the definition, in numbers of ten thousand digits' range."""
    output = OUTPUTS[name]
    loss = weighted_sum(output)
    weights = np.linspace(-1, 2, int(np.prod(output.shape))).reshape(output.shape)
    at = {"weights": weights.astype(real), **VALUES, "z": VALUES["z"].astype(real)}
    (found,) = evaluate(gradients(loss, [z]), at, Arithmetic(real))
    plain = gradients(definition(loss), [z], simplify=False)
    (expected,) = evaluate([definition(p) for p in plain], at, Precise(9000))
    expected = expected.astype(np.float64)
    assert np.isfinite(found).all()
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        found, expected, rtol=200 * np.finfo(real).eps, atol=20 * np.finfo(real).eps * scale
    )
