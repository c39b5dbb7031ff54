"""Second derivatives against PyTorch: Hessians, Jacobians, products with them, and gradients of gradient penalties."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import grad, gradients, hessian, hessian_vector_product, jacobian, jvp
from graphc.emit import compile_
from graphc.ops.activations import gelu, relu, sigmoid, softplus
from graphc.ops.attention import scaled_dot_product_attention
from graphc.ops.convolution import avg_pool2d, conv1d, conv2d, flatten, max_pool2d
from graphc.ops.losses import cross_entropy
from graphc.ops.naive import evaluate
from graphc.ops.normalize import batch_norm, layer_norm
from graphc.ops.pointwise import sqrt, tanh
from graphc.ops.recurrent import gru, lstm
from graphc.ops.reduce import mean, sum_
from tests.peers.agreement import assert_per_entry, check_network, leaves_for

pytestmark = pytest.mark.peers


def normal(**shapes):
    rng = np.random.default_rng(sum(map(len, shapes)))
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


# name: values, our network, theirs. Each gives an array; penalties and products are taken of them below.
NETWORKS = {
    "tanh": (
        normal(x=(3, 2), W=(2, 4), b=(4,), V=(4, 3)),
        lambda x, W, b, V: tanh(x @ W + b) @ V,
        lambda t, x, W, b, V: t.tanh(x @ W + b) @ V,
    ),
    "tanh, one of everything": (
        normal(x=(1, 1), W=(1, 1), b=(1,), V=(1, 1)),
        lambda x, W, b, V: tanh(x @ W + b) @ V,
        lambda t, x, W, b, V: t.tanh(x @ W + b) @ V,
    ),
    "relu": (
        normal(x=(3, 2), W=(2, 4), b=(4,), V=(4, 3)),
        lambda x, W, b, V: relu(x @ W + b) @ V,
        lambda t, x, W, b, V: t.relu(x @ W + b) @ V,
    ),
    "gelu and softplus": (
        normal(x=(3, 2), W=(2, 4), b=(4,), V=(4, 3)),
        lambda x, W, b, V: softplus(gelu(x @ W + b) @ V),
        lambda t, x, W, b, V: t.nn.functional.softplus(t.nn.functional.gelu(x @ W + b) @ V),
    ),
    "convolutions": (
        normal(x=(2, 2, 8, 7), K=(3, 2, 3, 2), b=(3,), L=(2, 3, 2, 2), V=(8, 3)),
        lambda x, K, b, L, V: (
            flatten(tanh(conv2d(avg_pool2d(tanh(conv2d(x, K, b, padding=1))), L, stride=2))) @ V
        ),
        lambda t, x, K, b, L, V: (
            t.tanh(
                t.conv2d(t.nn.functional.avg_pool2d(t.tanh(t.conv2d(x, K, b, padding=1)), 2), L, stride=2)
            ).flatten(1)
            @ V
        ),
    ),
    "a convolution and max pooling": (
        normal(x=(1, 1, 4, 4), K=(2, 1, 3, 3), V=(8, 3)),
        lambda x, K, V: flatten(max_pool2d(sigmoid(conv2d(x, K, padding=1)))) @ V,
        lambda t, x, K, V: t.nn.functional.max_pool2d(t.conv2d(x, K, padding=1).sigmoid(), 2).flatten(1) @ V,
    ),
    "a convolution in one dimension, in groups, dilated": (
        normal(x=(2, 4, 7), K=(4, 2, 2), V=(4, 3)),
        lambda x, K, V: mean(tanh(conv1d(x, K, groups=2, dilation=2)), axis=2) @ V,
        lambda t, x, K, V: t.tanh(t.conv1d(x, K, groups=2, dilation=2)).mean(2) @ V,
    ),
    "batch norm": (
        normal(x=(4, 2), W=(2, 3), gamma=(3,), beta=(3,), V=(3, 3)),
        lambda x, W, gamma, beta, V: tanh(batch_norm(x @ W, gamma, beta)) @ V,
        lambda t, x, W, gamma, beta, V: (
            t.tanh(t.nn.functional.batch_norm(x @ W, None, None, gamma, beta, training=True)) @ V
        ),
    ),
    "layer norm": (
        normal(x=(3, 4), gamma=(4,), beta=(4,), V=(4, 3)),
        lambda x, gamma, beta, V: tanh(layer_norm(x, gamma, beta)) @ V,
        lambda t, x, gamma, beta, V: t.tanh(t.nn.functional.layer_norm(x, (4,), gamma, beta)) @ V,
    ),
    "attention": (
        normal(x=(2, 3, 4), Q=(4, 4), K=(4, 4), V=(4, 3)),
        lambda x, Q, K, V: scaled_dot_product_attention(x @ Q, x @ K, x @ V, causal=True),
        lambda t, x, Q, K, V: (
            ((x @ Q @ (x @ K).transpose(1, 2) / 2).masked_fill(~t.ones(3, 3).tril().bool(), -t.inf)).softmax(
                2
            )
            @ x
            @ V
        ),
    ),
    "lstm": (
        normal(x=(2, 4, 3), W=(3, 8), U=(2, 8), b=(8,)),
        lambda x, W, U, b: lstm(x, W, U, b)[0],
        lambda t, x, W, U, b: t.func.functional_call(
            t.nn.LSTM(3, 2, batch_first=True, dtype=t.float64),
            {"weight_ih_l0": W.T, "weight_hh_l0": U.T, "bias_ih_l0": b, "bias_hh_l0": b * 0},
            (x,),
        )[0],
    ),
    "gru": (
        normal(x=(2, 3, 3), W=(3, 6), U=(2, 6), b=(6,)),
        lambda x, W, U, b: gru(x, W, U, b)[0],
        lambda t, x, W, U, b: t.func.functional_call(
            t.nn.GRU(3, 2, batch_first=True, dtype=t.float64),
            {"weight_ih_l0": W.T, "weight_hh_l0": U.T, "bias_ih_l0": b, "bias_hh_l0": b * 0},
            (x,),
        )[0],
    ),
}
EACH = pytest.mark.parametrize("name", NETWORKS)


@EACH
def test_the_gradient_of_a_gradient_penalty(name, require_peer):
    """d/dW of |d loss/dx|**2, and of the way it is written for Wasserstein critics, (|d out/dx| - 1)**2."""
    torch = require_peer("torch")
    values, ours, theirs = NETWORKS[name]

    def penalised(**leaves):
        out = ours(**leaves)
        dx = grad(mean(out**2), leaves["x"])
        score = grad(sum_(out), leaves["x"])
        lengths = sqrt(sum_(score**2, axis=tuple(range(1, score.ndim))))
        return mean(out) + 3 * sum_(dx**2) + mean((lengths - 1) ** 2)

    def reference(**leaves):
        out = theirs(torch, **leaves)
        x = leaves["x"]
        (dx,) = torch.autograd.grad((out**2).mean(), x, create_graph=True)
        (score,) = torch.autograd.grad(out.sum(), x, create_graph=True)
        lengths = (score**2).sum(tuple(range(1, x.ndim))).sqrt()
        return out.mean() + 3 * (dx**2).sum() + ((lengths - 1) ** 2).mean()

    check_network(torch, values, penalised, reference, float32=False)


@EACH
def test_hessian_vector_products(name, require_peer):
    torch = require_peer("torch")
    values, ours, theirs = NETWORKS[name]
    first = next(iter([n for n in values if n != "x"]))
    direction = np.linspace(-1, 2, values[first].size).reshape(values[first].shape)
    nodes = leaves_for({**values, "direction": direction})
    along = nodes.pop("direction")
    found = hessian_vector_product(mean(ours(**nodes) ** 2), nodes[first], along)
    tensors = {n: torch.tensor(v) for n, v in values.items()}

    def loss(w):
        return (theirs(torch, **{**tensors, first: w}) ** 2).mean()

    _, expected = torch.autograd.functional.hvp(loss, tensors[first], torch.tensor(direction))
    actual = evaluate([found], {**values, "direction": direction})[0]
    assert_per_entry(actual, expected, name, scale=float(expected.abs().max()))


@EACH
def test_jacobians(name, require_peer):
    torch = require_peer("torch")
    values, ours, theirs = NETWORKS[name]
    nodes = leaves_for(values)
    out = ours(**nodes)
    tensors = {n: torch.tensor(v) for n, v in values.items()}
    names = [n for n in values if n in ("x", "b", "K", "gamma", "U")]
    f = compile_([jacobian(out, nodes[n]) for n in names])
    by_name = torch.autograd.functional.jacobian(
        lambda *at: theirs(torch, **{**tensors, **dict(zip(names, at, strict=True))}),
        tuple(tensors[n] for n in names),
    )
    for n, actual, expected in zip(names, f(**values), by_name, strict=True):
        assert actual.shape == tuple(expected.shape)
        assert_per_entry(actual, expected, f"{name}: d/d{n}", scale=float(expected.abs().max()))


SMALL = ("tanh", "tanh, one of everything", "relu", "gelu and softplus", "batch norm", "layer norm", "lstm")


@pytest.mark.parametrize("name", SMALL)
def test_hessians_and_mixed_partials(name, require_peer):
    torch = require_peer("torch")
    values, ours, theirs = NETWORKS[name]
    nodes = leaves_for(values)
    loss = mean(ours(**nodes) ** 2)
    tensors = {n: torch.tensor(v) for n, v in values.items()}
    names = [n for n in values if n not in ("x", "V")]
    blocks = torch.autograd.functional.hessian(
        lambda *at: (theirs(torch, **{**tensors, **dict(zip(names, at, strict=True))}) ** 2).mean(),
        tuple(tensors[n] for n in names),
    )
    scale = max(float(block.abs().max()) for row in blocks for block in row)
    found = [
        [hessian(loss, nodes[a]) if a == b else jacobian(grad(loss, nodes[a]), nodes[b]) for b in names]
        for a in names
    ]
    arrays = iter(compile_([h for row in found for h in row])(**values))
    for a, row in zip(names, blocks, strict=True):
        for b, expected in zip(names, row, strict=True):
            assert_per_entry(next(arrays), expected, f"{name}: d2/d{a}d{b}", scale)


def test_cross_entropy_of_labels_twice(require_peer):
    """The Hessian of cross-entropy by the logits, diag(p) - p p^T for each row."""
    torch = require_peer("torch")
    values = {**normal(z=(3, 4)), "t": np.array([0, 3, 1])}
    nodes = leaves_for(values)
    found = hessian(cross_entropy(nodes["z"], nodes["t"]), nodes["z"])
    expected = torch.autograd.functional.hessian(
        lambda z: torch.nn.functional.cross_entropy(z, torch.tensor(values["t"])), torch.tensor(values["z"])
    )
    assert_per_entry(compile_(found)(values["z"]), expected, "cross-entropy", scale=1)


def test_third_derivatives(require_peer):
    torch = require_peer("torch")
    values, ours, theirs = NETWORKS["tanh"]

    def thrice(**leaves):
        loss = mean(ours(**leaves) ** 2)
        dx = grad(loss, leaves["x"])
        return sum_(grad(sum_(dx**2), leaves["W"]) ** 2)

    def reference(**leaves):
        loss = (theirs(torch, **leaves) ** 2).mean()
        (dx,) = torch.autograd.grad(loss, leaves["x"], create_graph=True)
        (dW,) = torch.autograd.grad((dx**2).sum(), leaves["W"], create_graph=True)
        return (dW**2).sum()

    check_network(torch, values, thrice, reference, float32=False)


def test_forward_over_forward(require_peer):
    torch = require_peer("torch")
    values, ours, theirs = NETWORKS["tanh"]
    nodes = leaves_for(values)
    ones = nodes["x"] * 0 + 1
    (once,) = jvp([ours(**nodes)], {nodes["x"]: ones})
    (twice,) = jvp([once], {nodes["x"]: ones})
    tensors = {n: torch.tensor(v) for n, v in values.items()}
    along = torch.ones_like(tensors["x"])

    def first(x):
        return torch.func.jvp(lambda y: theirs(torch, **{**tensors, "x": y}), (x,), (along,))[1]

    _, expected = torch.func.jvp(first, (tensors["x"],), (along,))
    assert_per_entry(compile_(twice)(**values), expected, "forward over forward", scale=1)


def test_a_wrong_second_derivative_is_noticed(require_peer):
    torch = require_peer("torch")
    values, ours, theirs = NETWORKS["tanh"]

    def reference(**leaves):
        (dx,) = torch.autograd.grad(
            (theirs(torch, **leaves) ** 2).mean(), leaves["x"]
        )  # held, not differentiated
        return (dx**2).sum() + (theirs(torch, **leaves) * 0).sum()

    with pytest.raises(AssertionError, match="derived: d/dx"):
        check_network(
            torch,
            values,
            lambda **leaves: sum_(gradients(mean(ours(**leaves) ** 2), [leaves["x"]])[0] ** 2),
            reference,
        )
