"""Normalisation against PyTorch: values, all gradients, running statistics, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.ops.leaf import input_
from graphc.ops.naive import evaluate
from graphc.ops.normalize import batch_statistics, running_average
from tests.cases.case import F
from tests.peers.agreement import assert_per_entry, check_network

pytestmark = pytest.mark.peers
SHAPES = [(6, 3), (2, 1), (4, 3, 5), (3, 2, 4, 5), (1, 2, 3, 3), (2, 4, 1, 1)]


def values(shape, row, seed=0):
    rng = np.random.default_rng([seed, *shape])
    drawn = {name: rng.normal(size=row) for name in ("gamma", "beta")}
    return {"x": 3 + 2 * rng.normal(size=shape), **drawn, "w": rng.normal(size=shape)}


@pytest.mark.parametrize("eps", [1e-5, 0.1])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batch_norm(shape, eps, require_peer):
    torch = require_peer("torch")
    check_network(
        torch,
        values(shape, shape[1]),
        lambda x, gamma, beta, w: F["sum"](F["batch_norm"](x, gamma, beta, eps=eps) * w),
        lambda x, gamma, beta, w: (
            torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=eps) * w
        ).sum(),
        float32=False,
    )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batch_norm_with_the_channels_last(shape, require_peer):
    torch = require_peer("torch")
    order = (0, *range(2, len(shape)), 1)
    given = values(shape, shape[1])
    given |= {name: given[name].transpose(order) for name in ("x", "w")}
    check_network(
        torch,
        given,
        lambda x, gamma, beta, w: F["sum"](F["batch_norm"](x, gamma, beta, axis=-1) * w),
        lambda x, gamma, beta, w: (
            torch.nn.functional.batch_norm(x.movedim(-1, 1), None, None, gamma, beta, training=True)
            * w.movedim(-1, 1)
        ).sum(),
        float32=False,
    )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batch_norm_at_test_time(shape, require_peer):
    torch = require_peer("torch")
    given = values(shape, shape[1])
    mean, variance = given["gamma"] + 1, given["beta"] ** 2 + 0.1
    check_network(
        torch,
        given,
        lambda x, gamma, beta, w: F["sum"](
            F["batch_norm_inference"](x, list(mean), list(variance), gamma, beta) * w
        ),
        lambda x, gamma, beta, w: (
            torch.nn.functional.batch_norm(x, torch.tensor(mean), torch.tensor(variance), gamma, beta) * w
        ).sum(),
        float32=False,
    )


@pytest.mark.parametrize("momentum", [0.1, 0.25, 1.0])
@pytest.mark.parametrize("shape", [(6, 3), (3, 2, 4, 5)], ids=str)
def test_running_averages(shape, momentum, require_peer):
    torch = require_peer("torch")
    given = values(shape, shape[1])
    x, old = input_("x", shape), input_("old", shape[1])
    theirs = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    layer = theirs(shape[1], momentum=momentum, dtype=torch.float64)
    start = np.linspace(0.5, 2, shape[1])
    layer.running_mean.copy_(torch.tensor(start))
    layer.running_var.copy_(torch.tensor(start))
    layer(torch.tensor(given["x"]))
    new = batch_statistics(x, unbiased=True)
    found = [running_average(old, value, momentum=momentum) for value in new]
    mean, variance = evaluate(found, {"x": given["x"], "old": start})
    assert_per_entry(mean, layer.running_mean.numpy(), "mean")
    assert_per_entry(variance, layer.running_var.numpy(), "variance")


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("shape", [(5, 4), (2, 3, 4), (1, 1, 6), (1, 7)], ids=str)
def test_layer_norm(shape, axes, require_peer):
    torch = require_peer("torch")
    last = shape[len(shape) - axes :]
    check_network(
        torch,
        values(shape, last),
        lambda x, gamma, beta, w: F["sum"](F["layer_norm"](x, gamma, beta, axes=axes) * w),
        lambda x, gamma, beta, w: (torch.nn.functional.layer_norm(x, last, gamma, beta) * w).sum(),
        float32=False,
    )


def test_second_derivatives(require_peer):
    torch = require_peer("torch")
    from graphc.derive import grad

    def penalty(x, gamma, beta, w):
        y = F["sum"](F["tanh"](F["batch_norm"](x, gamma, beta)) * w)
        return F["sum"](F["square"](grad(y, x)))

    def theirs(x, gamma, beta, w):
        y = (torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True).tanh() * w).sum()
        (dx,) = torch.autograd.grad(y, x, create_graph=True)
        return (dx**2).sum() + 0 * beta.sum()

    check_network(torch, values((5, 3), 3), penalty, theirs, float32=False)
