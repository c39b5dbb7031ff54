"""A few training steps that between them give every pass of the planner something to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graphc.derive import gradients
from graphc.ir.node import Node
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param
from tests.plan.training import Training, updated


def _step(loss: Node, params: list[Node], rule: str) -> Training:
    return Training((loss.named("loss"),), updated(rule, params, gradients(loss, params)))


def dense() -> Training:
    """Dense layers, batch norm, labels, Adam."""
    x, t = input_("x", ("N", 6)), input_("t", ("N",), dtype="int")
    W1, b1, gamma, beta = param("W1", (6, 5)), param("b1", (5,)), param("gamma", (5,)), param("beta", (5,))
    W2, b2, W3, b3 = param("W2", (5, 4)), param("b2", (4,)), param("W3", (4, 3)), param("b3", (3,))
    h = F["relu"](F["batch_norm"](x @ W1 + b1, gamma, beta))
    z = F["tanh"](h @ W2 + b2) @ W3 + b3
    return _step(F["cross_entropy"](z, t), [W1, b1, gamma, beta, W2, b2, W3, b3], "adam")


def images() -> Training:
    """Convolutions of several sizes and strides, pools, labels, momentum."""
    x, t = input_("x", ("N", 2, 9, 9)), input_("t", ("N",), dtype="int")
    K1, b1, K2, b2 = (
        param("K1", (4, 2, 3, 3)),
        param("b1", (4,)),
        param("K2", (3, 4, 3, 3)),
        param("b2", (3,)),
    )
    K3, b3, W, b = param("K3", (2, 3, 1, 1)), param("b3", (2,)), param("W", (2, 3)), param("b", (3,))
    h = F["relu"](F["conv2d"](x, K1, b1, padding=1))[:, :, :8, :8]
    h = F["relu"](F["conv2d"](F["max_pool2d"](h, size=2), K2, b2, padding=1))
    h = F["flatten"](F["conv2d"](h[:, :, :3, :3], K3, b3, stride=2)[:, :, :1, :1])
    return _step(F["cross_entropy"](h @ W + b, t), [K1, b1, K2, b2, K3, b3, W, b], "momentum")


def places() -> Training:
    """Attention with layer norm and a residual, squared error, decay."""
    x, y = input_("x", ("N", 3, 4)), input_("y", ("N", 3, 4))
    weights = [param(f"W{p}", (4, 4)) for p in "qkvo"]
    biases = [param(f"b{p}", (4,)) for p in "qkvo"]
    gamma, beta = param("gamma", (4,)), param("beta", (4,))
    h = F["layer_norm"](x, gamma, beta)
    h = x + F["multi_head_attention"](h, h, h, *weights, *biases, heads=2)
    return _step(F["mean_squared_error"](h, y), [*weights, *biases, gamma, beta], "decay")


def deep() -> Training:
    """Many layers of one width, SGD."""
    h, t = input_("x", ("N", 3)), input_("t", ("N",), dtype="int")
    params: list[Node] = []
    for i in range(8):
        params += [param(f"W{i}", (3, 3)), param(f"b{i}", (3,))]
        h = F["relu"](h @ params[-2] + params[-1])
    return _step(F["cross_entropy"](h, t), params, "sgd")


def chain() -> Training:
    """Elementwise operations and a product of three matrices of very different sizes."""
    x, a, b = input_("x", ("N", 5)), param("a", (5, 7)), param("b", (7, 1))
    h = F["tanh"](0.5 * x + 0.25) * x
    h = F["sqrt"](F["square"](2 * F["sigmoid"](h) - 0.5) + 0.1) * x * 0.3
    return _step(F["mean"](F["square"](F["log"](F["exp"](h) + 1) @ a @ b)), [a, b], "sgd")


def channels() -> Training:
    """A convolution with many channels on small padded images."""
    x, y = input_("x", ("N", 32, 4, 4)), input_("y", ("N", 32, 4, 4))
    K, c, b = param("K", (32, 32, 3, 3)), param("c", (32, 1, 1)), param("b", (32,))
    h = F["conv2d"](F["tanh"](x * c), K, b, padding=1)
    return _step(F["mean_squared_error"](h, y), [K, c, b], "sgd")


STEPS: Mapping[str, Callable[[], Training]] = {
    f.__name__: f for f in (dense, images, places, deep, chain, channels)
}
