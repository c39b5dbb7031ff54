"""Values at the edges of the floats: nothing overflows, nothing cancels, nan stays nan, in float32 and
float64.

Gradients at logits of ±1e4 are finite and right too: see tests/derive/test_gradients_stability.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from graphc.ir.op import FUNCTIONS
from graphc.ops.leaf import input_
from graphc.ops.naive import Arithmetic, evaluate
from tests.checking import assert_close_to_exact

F = FUNCTIONS
FLOATS = [np.float32, np.float64]
x = input_("x", "N")
POINTS = [0.0, 1e-30, -1e-30, 1.0, -1.0, 30.0, -30.0, 1e3, -1e3, 1e4, -1e4]
SCALARS = (
    "sigmoid",
    "log_sigmoid",
    "softplus",
    "relu",
    "leaky_relu",
    "elu",
    "tanh",
    "erf",
    "expm1",
    "abs",
    "square",
    "identity",
    "hard_sigmoid",
    "selu",
    "gelu",
    "gelu_tanh",
    "silu",
    "softsign",
)
LIMITS = {
    "sigmoid": (0, 1),
    "log_sigmoid": (-np.inf, 0),
    "softplus": (0, np.inf),
    "relu": (0, np.inf),
    "leaky_relu": (-np.inf, np.inf),
    "elu": (-1, np.inf),
    "tanh": (-1, 1),
    "erf": (-1, 1),
    "expm1": (-1, np.inf),
    "abs": (np.inf, np.inf),
    "square": (np.inf, np.inf),
    "identity": (-np.inf, np.inf),
    "hard_sigmoid": (0, 1),
    "selu": (-1.7580993408473766, np.inf),
    "gelu": (np.nan, np.inf),  # x times a factor that tends to 0: of minus infinity it is not defined
    "gelu_tanh": (np.nan, np.inf),
    "silu": (np.nan, np.inf),
    "softsign": (np.nan, np.nan),
}


@pytest.mark.parametrize("real", FLOATS)
@pytest.mark.parametrize("name", SCALARS)
def test_right_to_a_few_roundings_at_every_size(name, real):
    points = [p for p in POINTS if name not in ("expm1", "square") or abs(p) < 80]
    for point in points:
        if (
            real is np.float32
            and name in ("sigmoid", "softplus", "square")
            and (-1e4 <= point < -80 or abs(point) < 1e-20)
        ):
            continue  # below the least normal float32: see the next test
        assert_close_to_exact(F[name](x), {"x": np.array([point])}, real, what=f"{name}({point})")


@pytest.mark.parametrize("real", FLOATS)
def test_what_is_too_small_becomes_zero_not_nan(real):
    at = {"x": np.array([-1e3, -1e4])}
    for f in ("sigmoid", "softplus", "exp"):
        assert evaluate([F[f](x)], at, Arithmetic(real))[0].tolist() == [0, 0], f
    tiny = {"x": np.array([1e-30, -1e-30])}
    for f, expected in (("sigmoid", 0.5), ("softplus", np.log(2)), ("log_sigmoid", -np.log(2))):
        np.testing.assert_allclose(evaluate([F[f](x)], tiny, Arithmetic(real))[0], expected, rtol=2e-7)
    for f in ("log1p", "expm1", "tanh", "sin", "elu", "relu"):
        first = evaluate([F[f](x)], tiny, Arithmetic(real))[0][0]
        np.testing.assert_allclose(first, 1e-30, rtol=2e-7, err_msg=f)


@pytest.mark.parametrize("real", FLOATS)
@pytest.mark.parametrize("name", SCALARS)
def test_at_infinity_the_limit_and_nan_stays_nan(name, real):
    (found,) = evaluate([F[name](x)], {"x": np.array([-np.inf, np.inf, np.nan])}, Arithmetic(real))
    assert found.dtype == real
    np.testing.assert_array_equal(found[:2], np.array(LIMITS[name], real))
    assert np.isnan(found[2])


LOGITS = [
    [1e4, -1e4, 0.0],
    [1e4, 1e4, -1e4],
    [-1e4, -1e4, -1e4],
    [1e-30, 0.0, -1e-30],
    [1e3, 1e3 - 1, 1e3 - 2],
]
z = input_("z", ("N", 3))


@pytest.mark.parametrize("real", FLOATS)
@pytest.mark.parametrize("row", LOGITS)
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_the_softmax_family_is_finite_and_right(name, row, real):
    output = F[name](z)
    assert np.isfinite(evaluate([output], {"z": [row]}, Arithmetic(real))[0]).all()
    assert_close_to_exact(output, {"z": np.array([row])}, real)
    assert_close_to_exact(F[name](z, axis=0), {"z": np.array([row, row[::-1]])}, real)


@pytest.mark.parametrize("real", FLOATS)
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_nan_logits_stay_nan(name, real):
    (found,) = evaluate([F[name](z)], {"z": [[np.nan, 1, 2], [0, 0, 0]]}, Arithmetic(real))
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


@pytest.mark.parametrize("real", FLOATS)
@pytest.mark.parametrize("label", [0, 1, 2])
def test_losses_are_finite_and_right(label, real):
    t, s = input_("t", "N", dtype="int"), input_("s", ("N", 3))
    at = {"z": np.array(LOGITS), "t": np.full(len(LOGITS), label), "s": np.eye(3)[[label] * len(LOGITS)]}
    for loss in (F["cross_entropy"](z, t), F["cross_entropy"](z, s), F["binary_cross_entropy"](z, s)):
        assert np.isfinite(evaluate([loss], at, Arithmetic(real))[0])
        assert_close_to_exact(loss, at, real)
