"""Activations: composites of elementwise primitives."""

from __future__ import annotations

from fractions import Fraction

from graphc.ir.node import Node
from graphc.ops.composite import composite
from graphc.ops.pointwise import abs_, exp, expm1, log, log1p, maximum, minimum, where


def _stable_sigmoid(x: Node) -> Node:
    return exp(minimum(x, 0)) / (1 + exp(-abs_(x)))


def _stable_softplus(x: Node) -> Node:
    return maximum(x, 0) + log1p(exp(-abs_(x)))


def _stable_log_sigmoid(x: Node) -> Node:
    return minimum(x, 0) - log1p(exp(-abs_(x)))


def _stable_elu(x: Node, *, alpha: Fraction) -> Node:
    return where(x > 0, x, alpha * expm1(minimum(x, 0)))


@composite(symbol="σ", elementwise=True, stable=_stable_sigmoid, derivatives=(lambda y, x: y * (1 - y),))
def sigmoid(x: Node) -> Node:
    """The logistic function `1 / (1 + exp(-x))`, in (0, 1)."""
    return 1 / (1 + exp(-x))


@composite(elementwise=True, stable=_stable_log_sigmoid, derivatives=(lambda y, x: sigmoid(-x),))
def log_sigmoid(x: Node) -> Node:
    """`log(sigmoid(x))`, finite for every finite `x`."""
    return -log(1 + exp(-x))


@composite(elementwise=True, stable=_stable_softplus, derivatives=(lambda y, x: sigmoid(x),))
def softplus(x: Node) -> Node:
    """`log(1 + exp(x))`, finite for every finite `x`."""
    return log(1 + exp(x))


@composite(elementwise=True)
def relu(x: Node) -> Node:
    """`max(x, 0)`, with slope 0 at 0."""
    return maximum(x, 0)


@composite(elementwise=True)
def leaky_relu(x: Node, *, slope: Fraction = Fraction(1, 100)) -> Node:
    """`x` where positive, `slope * x` elsewhere."""
    return where(x > 0, x, slope * x)


def _elu_derivative(y: Node, x: Node, *, alpha: Fraction) -> Node:
    return where(x > 0, 1, y + alpha)


@composite(elementwise=True, stable=_stable_elu, derivatives=(_elu_derivative,))
def elu(x: Node, *, alpha: Fraction = Fraction(1)) -> Node:
    """`x` where positive, `alpha * (exp(x) - 1)` elsewhere (Clevert et al. 2016)."""
    return where(x > 0, x, alpha * (exp(x) - 1))


@composite(elementwise=True)
def clip(x: Node, low: Node, high: Node) -> Node:
    """`x` kept between `low` and `high`."""
    return minimum(maximum(x, low), high)
