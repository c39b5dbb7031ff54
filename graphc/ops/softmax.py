"""Softmax and its family: composites with a stable form."""

from __future__ import annotations

from graphc.ir.node import Node
from graphc.ops.composite import composite
from graphc.ops.pointwise import exp, log
from graphc.ops.reduce import max_, sum_


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
