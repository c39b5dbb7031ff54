"""Softmax and its family, and the losses written with them: all composites."""

from __future__ import annotations

from typing import Any

from graphc.ir.errors import DTypeError
from graphc.ir.node import Node, make
from graphc.ir.op import Op, function, register
from graphc.ops.activations import softplus
from graphc.ops.composite import composite
from graphc.ops.index import one_hot
from graphc.ops.leaf import as_node
from graphc.ops.pointwise import exp, log, sqrt, square
from graphc.ops.reduce import max_, mean, sum_

STOP = register(
    Op(
        "stop_gradient",
        "stop",
        lambda args, attrs: (args[0].shape, args[0].dtype),
        evaluate=lambda node, arrays, sizes, xp: arrays[0],
        vjp=lambda node, g: (None,),
    )
)


@function
def stop_gradient(x: Any) -> Node:
    """`x`, through which no gradient flows."""
    return make(STOP, (as_node(x),))


def _stable_logsumexp(z: Node, *, axis: int) -> Node:
    top = max_(z, axis=axis, keepdims=True)
    return max_(z, axis=axis) + log(sum_(exp(z - top), axis=axis))


def _stable_softmax(z: Node, *, axis: int) -> Node:
    e = exp(z - max_(z, axis=axis, keepdims=True))
    return e / sum_(e, axis=axis, keepdims=True)


def _stable_log_softmax(z: Node, *, axis: int) -> Node:
    centred = z - max_(z, axis=axis, keepdims=True)
    return centred - log(sum_(exp(centred), axis=axis, keepdims=True))


@composite(stable=_stable_logsumexp)
def logsumexp(z: Node, *, axis: int = -1) -> Node:
    """`log(sum(exp(z), axis))`, finite for every finite `z`."""
    return log(sum_(exp(z), axis=axis))


@composite(stable=_stable_softmax)
def softmax(z: Node, *, axis: int = -1) -> Node:
    """`exp(z) / sum(exp(z), axis)`: positive entries that sum to 1 along `axis`."""
    e = exp(z)
    return e / sum_(e, axis=axis, keepdims=True)


@composite(stable=_stable_log_softmax)
def log_softmax(z: Node, *, axis: int = -1) -> Node:
    """`log(softmax(z))`, finite for every finite `z`."""
    return z - log(sum_(exp(z), axis=axis, keepdims=True))


@composite(symbol="MSE")
def mean_squared_error(y: Node, t: Node) -> Node:
    """`mean((y - t)**2)` over all entries."""
    return mean(square(y - t))


@composite(name="cross_entropy", symbol="CE")
def _cross_entropy(z: Node, t: Node) -> Node:
    return mean(-sum_(t * log_softmax(z), axis=-1))


@function
def cross_entropy(z: Any, t: Any) -> Node:
    """Cross-entropy of logits `z` of shape (N, K) against `t`, averaged over the batch.

    `t` holds class labels, shape (N,) and dtype "int", or a distribution per row (one-hot), shape (N, K):
    `mean(-sum(t * log_softmax(z), axis=1))`.
    """
    z, t = as_node(z), as_node(t)
    if t.ndim == z.ndim - 1:
        if t.dtype != "int":
            raise DTypeError(
                f"cross_entropy: class labels are whole numbers; declare {t.name or 't'} with dtype 'int'"
            )
        t = one_hot(t, z.shape[-1])
    return _cross_entropy(z, t)


@composite(symbol="BCE")
def binary_cross_entropy(z: Node, t: Node) -> Node:
    """Binary cross-entropy of logits `z` against `t` in [0, 1]: `mean(softplus(z) - t*z)`.

    This equals `mean(-t*log(p) - (1-t)*log(1-p))` at `p = sigmoid(z)`, and is finite for every finite `z`.
    """
    return mean(softplus(z) - t * z)


@function
def norm(x: Any) -> Node:
    """The square root of the sum of squares; of a matrix the Frobenius norm."""
    return sqrt(sum_(square(as_node(x))))
