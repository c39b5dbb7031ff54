"""Activations against PyTorch: values, gradients and second derivatives in float64, at the kinks too where the
conventions are the same.
"""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.ops.leaf import input_
from graphc.ops.naive import evaluate
from tests.cases.case import F

pytestmark = pytest.mark.peers
RTOL = 1e-10
POINTS = [-30.0, -3.7, -3.0, -1.3, -0.4, -1e-6, 0.0, 1e-6, 0.3, 1.7, 3.0, 4.2, 30.0]
SHAPES = [(), (1,), (2, 3), (1, 4, 1)]

# name: ours, theirs of (torch.nn.functional, x)
SCALAR = {
    "identity": (lambda x: F["identity"](x), lambda f, x: x * 1),
    # The gradient of hardsigmoid itself is 1/6 rounded to float32 in every dtype (PyTorch 2).
    "hard_sigmoid": (lambda x: F["hard_sigmoid"](x), lambda f, x: f.relu6(x + 3) / 6),
    "sigmoid": (lambda x: F["sigmoid"](x), lambda f, x: x.sigmoid()),
    "log_sigmoid": (lambda x: F["log_sigmoid"](x), lambda f, x: f.logsigmoid(x)),
    "tanh": (lambda x: F["tanh"](x), lambda f, x: x.tanh()),
    "relu": (lambda x: F["relu"](x), lambda f, x: f.relu(x)),
    "leaky_relu": (lambda x: F["leaky_relu"](x), lambda f, x: f.leaky_relu(x)),
    "elu": (lambda x: F["elu"](x, alpha=0.5), lambda f, x: f.elu(x, 0.5)),
    "selu": (lambda x: F["selu"](x), lambda f, x: f.selu(x)),
    "gelu": (lambda x: F["gelu"](x), lambda f, x: f.gelu(x)),
    "gelu_tanh": (lambda x: F["gelu_tanh"](x), lambda f, x: f.gelu(x, approximate="tanh")),
    "silu": (lambda x: F["silu"](x), lambda f, x: f.silu(x)),
    "softplus": (lambda x: F["softplus"](x), lambda f, x: f.softplus(x, threshold=1000)),
    "softsign": (lambda x: F["softsign"](x), lambda f, x: f.softsign(x)),
}
# Where both cancel to nothing, by different roundings.
LEFT_OUT = {}
TWICE = ("sigmoid", "tanh", "elu", "selu", "gelu", "gelu_tanh", "silu", "softplus", "softsign")


def close(actual, expected, what):
    """Relative per entry; where both cancel towards 0, by the roundings of numbers of size 1."""
    np.testing.assert_allclose(actual, expected, rtol=RTOL, atol=1e-14, err_msg=what)


def points(name, shape=None):
    at = np.array([p for p in POINTS if p not in LEFT_OUT.get(name, ())])
    return at if shape is None else np.resize(at[2::3], shape)


@pytest.mark.parametrize("shape", [None, *SHAPES], ids=str)
@pytest.mark.parametrize("name", SCALAR)
def test_values_and_gradients(name, shape, require_peer):
    torch = require_peer("torch")
    ours, theirs = SCALAR[name]
    at = points(name, shape)
    x, weights = input_("x", at.shape), np.linspace(-1, 2, at.size).reshape(at.shape)
    given = torch.tensor(at, requires_grad=True)
    output = theirs(torch.nn.functional, given)
    (output * torch.tensor(weights)).sum().backward()
    values = {"x": at, "weights": weights}
    close(evaluate([ours(x)], values)[0], output.detach().numpy(), name)
    for simplify in (False, True):
        found = gradients(F["sum"](ours(x) * input_("weights", at.shape)), [x], simplify=simplify)
        close(evaluate(found, values)[0], given.grad.numpy(), f"gradient of {name}")


@pytest.mark.parametrize("name", TWICE)
def test_second_derivatives(name, require_peer):
    torch = require_peer("torch")
    ours, theirs = SCALAR[name]
    at = np.array([p for p in points(name) if p != 0])
    x, given = input_("x", at.shape), torch.tensor(at, requires_grad=True)
    (first,) = torch.autograd.grad(theirs(torch.nn.functional, given).sum(), given, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), given)
    (slope,) = gradients(F["sum"](ours(x)), [x])
    close(evaluate(gradients(F["sum"](slope), [x]), {"x": at})[0], second.numpy(), name)


@pytest.mark.parametrize(
    ("shape", "alpha"), [((2, 3), (1,)), ((4, 3), (3,)), ((1, 3), (3,)), ((2, 3, 4), (3,))]
)
def test_prelu_with_one_slope_or_one_per_channel(shape, alpha, require_peer):
    """PyTorch's channels are axis 1; ours broadcast."""
    torch = require_peer("torch")
    at = np.resize(np.array(POINTS), shape)
    slopes = np.linspace(0.1, 0.7, alpha[0])
    weights = np.linspace(-1, 2, at.size).reshape(shape)
    x, a = input_("x", shape), input_("a", alpha)
    channels = a.reshape((*alpha, *(1,) * (len(shape) - 2)))
    loss = F["sum"](F["prelu"](x, channels) * input_("weights", shape))
    given = [torch.tensor(v, requires_grad=True) for v in (at, slopes)]
    (torch.nn.functional.prelu(*given) * torch.tensor(weights)).sum().backward()
    values = {"x": at, "a": slopes, "weights": weights}
    for simplify in (False, True):
        for ours, theirs in zip(
            evaluate(gradients(loss, [x, a], simplify=simplify), values), given, strict=True
        ):
            np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=RTOL, atol=1e-13)


@pytest.mark.parametrize(
    ("shape", "pieces", "axis"),
    [((6,), 3, 0), ((2, 4), 2, 1), ((1, 4, 3), 4, 1), ((3, 2), 1, 1), ((6, 2), 2, 0)],
)
def test_maxout(shape, pieces, axis, require_peer):
    """PyTorch has none: its reshape and its maximum over an axis make one."""
    torch = require_peer("torch")
    at = np.random.default_rng(3).permutation(np.arange(float(np.prod(shape)))).reshape(shape)
    grouped = (*shape[:axis], shape[axis] // pieces, pieces, *shape[axis + 1 :])
    given = torch.tensor(at, requires_grad=True)
    expected = given.reshape(grouped).max(axis + 1).values
    (expected**2).sum().backward()
    x = input_("x", shape)
    ours = F["maxout"](x, pieces=pieces, axis=axis)
    close(evaluate([ours], {"x": at})[0], expected.detach().numpy(), "maxout")
    for simplify in (False, True):
        found = gradients(F["sum"](ours**2), [x], simplify=simplify)
        close(evaluate(found, {"x": at})[0], given.grad.numpy(), "gradient of maxout")


def test_a_wrong_slope_is_seen(require_peer):
    torch = require_peer("torch")
    with pytest.raises(AssertionError):
        close(
            evaluate([F["leaky_relu"](input_("x", 13), slope=0.0100001)], {"x": np.array(POINTS)})[0],
            torch.nn.functional.leaky_relu(torch.tensor(POINTS)).numpy(),
            "planted",
        )
