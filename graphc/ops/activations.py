"""Activations: composites of elementwise primitives, and maxout, which takes the largest of several pieces."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from numbers import Real
from typing import Any

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node
from graphc.ir.op import function
from graphc.ir.types import divide, show_shape
from graphc.ops.composite import composite, normal_axis
from graphc.ops.leaf import as_node, const
from graphc.ops.move import reshape
from graphc.ops.pointwise import abs_, erf, exp, expm1, log, log1p, maximum, minimum, sqrt, tanh, where
from graphc.ops.reduce import max_

# Klambauer et al. (2017), equation 14, to the digits that PyTorch uses.
SELU_ALPHA = Decimal("1.6732632423543772848170429916717")
SELU_SCALE = Decimal("1.0507009873554804934193349852946")
SELU_FLOOR = Context(prec=80).multiply(SELU_ALPHA, SELU_SCALE)


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


def _stable_logaddexp(x: Node, y: Node) -> Node:
    return maximum(x, y) + log1p(exp(-abs_(x - y)))


@composite(
    elementwise=True,
    stable=_stable_logaddexp,
    derivatives=(lambda out, x, y: sigmoid(x - y), lambda out, x, y: sigmoid(y - x)),
)
def logaddexp(x: Node, y: Node) -> Node:
    """`log(exp(x) + exp(y))`, finite for every finite `x` and `y`."""
    return log(exp(x) + exp(y))


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


# At a bound that is a constant the slope of `x` is 0; a bound that varies leaves it 1 there, for `x` comes first.
def _clip_by_x(y: Node, x: Node, low: Node, high: Node) -> Node:
    above = low < x if low.constant and not x.constant else low <= x
    return above * (x < high if high.constant and not (x.constant and low.constant) else x <= high)


def _clip_by_low(y: Node, x: Node, low: Node, high: Node) -> Node:
    below = x <= low if low.constant and not x.constant else x < low
    return below * (low < high if high.constant and not (x.constant and low.constant) else low <= high)


def _clip_by_high(y: Node, x: Node, low: Node, high: Node) -> Node:
    kept = maximum(x, low)
    return kept >= high if high.constant and not kept.constant else kept > high


@composite(elementwise=True, derivatives=(_clip_by_x, _clip_by_low, _clip_by_high))
def clip(x: Node, low: Node, high: Node) -> Node:
    """`x` kept between `low` and `high`: `min(max(x, low), high)`."""
    return minimum(maximum(x, low), high)


@composite(elementwise=True)
def identity(x: Node) -> Node:
    """`x` itself: the activation of a linear layer."""
    return x


@composite(elementwise=True, derivatives=(lambda y, x: (abs_(x) < 3) / 6,))
def hard_sigmoid(x: Node) -> Node:
    """`clip(x/6 + 1/2, 0, 1)`: three straight pieces in place of the sigmoid, as in PyTorch."""
    return clip(x / 6 + Fraction(1, 2), as_node(0), as_node(1))


@composite(elementwise=True, derivatives=(None, lambda y, x, alpha: minimum(x, 0)))
def prelu(x: Node, alpha: Node) -> Node:
    """`x` where positive, `alpha * x` elsewhere; `alpha` is learned, and broadcasts (He et al. 2015)."""
    return where(x > 0, x, alpha * x)


@composite(
    elementwise=True,
    stable=lambda x: const(SELU_SCALE) * where(x > 0, x, const(SELU_ALPHA) * expm1(minimum(x, 0))),
    derivatives=(lambda y, x: where(x > 0, const(SELU_SCALE), y + const(SELU_FLOOR)),),
)
def selu(x: Node) -> Node:
    """`scale * elu(x, alpha)`, both fixed so that layers keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    return const(SELU_SCALE) * where(x > 0, x, const(SELU_ALPHA) * (exp(x) - 1))


def _gelu_derivative(y: Node, x: Node) -> Node:
    return (1 + erf(x / sqrt(2))) / 2 + x * exp(-(x**2) / 2) / sqrt(2 * const("pi"))


@composite(elementwise=True, derivatives=(_gelu_derivative,))
def gelu(x: Node) -> Node:
    """`x` times the normal distribution function, `x*(1 + erf(x/sqrt(2)))/2` (Hendrycks and Gimpel 2016)."""
    return x * (1 + erf(x / sqrt(2))) / 2


def _gelu_argument(x: Node) -> Node:
    return sqrt(2 / const("pi")) * (x + const(Decimal("0.044715")) * x**3)


def _gelu_tanh_derivative(y: Node, x: Node) -> Node:
    t = tanh(_gelu_argument(x))
    inner = 1 + const(Decimal("0.134145")) * x**2
    return (1 + t) / 2 + x * (1 - t**2) * sqrt(2 / const("pi")) * inner / 2


@composite(elementwise=True, derivatives=(_gelu_tanh_derivative,))
def gelu_tanh(x: Node) -> Node:
    """`x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))/2`, near gelu (Hendrycks and Gimpel 2016)."""
    return x * (1 + tanh(_gelu_argument(x))) / 2


@composite(elementwise=True, derivatives=(lambda y, x: sigmoid(x) + y * (1 - sigmoid(x)),))
def silu(x: Node) -> Node:
    """`x * sigmoid(x)`, also called swish (Ramachandran et al. 2017)."""
    return x * sigmoid(x)


@composite(elementwise=True, derivatives=(lambda y, x: 1 / (1 + abs_(x)) ** 2,))
def softsign(x: Node) -> Node:
    """`x / (1 + |x|)`, in (-1, 1)."""
    return x / (1 + abs_(x))


@composite(name="maxout")
def _maxout(x: Node, *, pieces: int, axis: int = -1) -> Node:
    units = divide(x.shape[axis], pieces)
    assert units is not None
    return max_(reshape(x, (*x.shape[:axis], units, pieces, *x.shape[axis + 1 :])), axis=axis + 1)


@function
def maxout(x: Any, *, pieces: int, axis: int = -1) -> Node:
    """The largest of each `pieces` neighbouring entries along `axis`: of shape (N, 6), with `pieces=3`, (N, 2).

    The gradient goes to the first largest. Raises ShapeError where the axis does not divide into groups of `pieces`.
    Source: Goodfellow et al., Maxout networks (2013), section 3.
    """
    x = as_node(x)
    axis = normal_axis("maxout", axis, x)
    if isinstance(pieces, bool) or not isinstance(pieces, Real) or pieces != int(pieces) or pieces < 1:
        raise ShapeError(f"maxout: pieces is a whole number from 1 on, not {pieces!r}")
    if divide(x.shape[axis], int(pieces)) is None:
        raise ShapeError(
            f"maxout: axis {axis} of shape {show_shape(x.shape)} does not divide into groups of {pieces}"
        )
    return _maxout(x, pieces=int(pieces), axis=axis)
