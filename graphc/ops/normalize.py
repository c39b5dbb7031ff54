"""Normalisation: values centred and scaled by their own statistics, and the layers built on that.

Ioffe and Szegedy, Batch Normalization (2015); Ba, Kiros and Hinton, Layer Normalization (2016).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node
from graphc.ir.op import function
from graphc.ir.types import Shape, product, show_shape
from graphc.ops.composite import composite, exact_number, normal_axis
from graphc.ops.leaf import as_decimal, as_node, const, size
from graphc.ops.move import reshape
from graphc.ops.pointwise import maximum, sqrt, square
from graphc.ops.reduce import Axis, mean, normal_axes

EPS = Fraction(1, 100_000)  # what keeps the root away from 0 where all values are equal


@composite(name="standardize")
def _standardize(x: Node, *, axes: tuple[int, ...], eps: Fraction = EPS) -> Node:
    centred = x - mean(x, axis=axes, keepdims=True)
    return centred / sqrt(mean(square(centred), axis=axes, keepdims=True) + _small(eps))


@function
def standardize(x: Any, *, axes: Axis = None, eps: Any = EPS) -> Node:
    """`(x - mean(x)) / sqrt(var(x) + eps)`, mean and (biased) variance over `axes`; all axes without it."""
    x = as_node(x)
    return _standardize(x, axes=normal_axes("standardize", axes, x), eps=small_number("standardize", eps))


@composite(name="batch_norm", symbol="BN")
def _batch_norm(x: Node, gamma: Node, beta: Node, *, axis: int = 1, eps: Fraction = EPS) -> Node:
    others = tuple(i for i in range(x.ndim) if i != axis)
    return _along(gamma, x, axis) * _standardize(x, axes=others, eps=eps) + _along(beta, x, axis)


@function
def batch_norm(x: Any, gamma: Any, beta: Any, *, axis: int = 1, eps: Any = EPS) -> Node:
    """`gamma * xhat + beta` with `xhat` the values of each channel standardised over the batch.

    `x` has its channels along `axis`, (N, C) or (N, C, H, W) for the default; `gamma` and `beta` have shape (C,). Mean
    and (biased) variance are those of the batch: the training form. `batch_norm_inference` takes them as given.
    """
    x, gamma, beta, axis = _channels("batch_norm", axis, x, gamma=gamma, beta=beta)
    return _batch_norm(x, gamma, beta, axis=axis, eps=small_number("batch_norm", eps))


@composite(name="batch_norm_inference", symbol="BN")
def _batch_norm_inference(
    x: Node, mean: Node, variance: Node, gamma: Node, beta: Node, *, axis: int = 1, eps: Fraction = EPS
) -> Node:
    scale = gamma / sqrt(variance + _small(eps))
    return _along(scale, x, axis) * (x - _along(mean, x, axis)) + _along(beta, x, axis)


@function
def batch_norm_inference(
    x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, *, axis: int = 1, eps: Any = EPS
) -> Node:
    """`gamma * (x - mean) / sqrt(variance + eps) + beta`, mean and variance of each channel given: the test form."""
    given = {"mean": mean, "variance": variance, "gamma": gamma, "beta": beta}
    x, mean, variance, gamma, beta, axis = _channels("batch_norm_inference", axis, x, **given)
    small = small_number("batch_norm_inference", eps)
    return _batch_norm_inference(x, mean, variance, gamma, beta, axis=axis, eps=small)


def batch_statistics(x: Any, *, axis: int = 1, unbiased: bool = False) -> tuple[Node, Node]:
    """The mean and the variance of each channel over the batch, both of shape (C,).

    The variance divides by the number of values n of a channel, or, `unbiased`, by n - 1, as running averages do; of a
    single value it is then 0 as well.
    """
    x = as_node(x)
    axis = normal_axis("batch_statistics", axis, x)
    others = tuple(i for i in range(x.ndim) if i != axis)
    centred = x - mean(x, axis=others, keepdims=True)
    count = product(x.shape[i] for i in others)
    variance = mean(square(centred), axis=others)
    if unbiased:
        fewer = max(count - 1, 1) if isinstance(count, int) else maximum(size(count - 1), 1)
        variance = variance * (size(count) / as_node(fewer))
    return mean(x, axis=others), variance


def running_average(old: Any, new: Any, *, momentum: Any = Fraction(1, 10)) -> Node:
    """`(1 - momentum) * old + momentum * new`: what a running mean or variance becomes after a batch."""
    share = average_share("running_average", momentum)
    return as_node(1 - share) * as_node(old) + as_node(share) * as_node(new)


def average_share(what: str, momentum: Any) -> Fraction:
    """The part of a running average that is new, exactly; raises ShapeError outside of 0 to 1."""
    share = exact_number(what, "momentum", momentum)
    if not 0 <= share <= 1:
        raise ShapeError(f"{what}: the momentum lies between 0 and 1, and {momentum} was given")
    return share


@composite(name="layer_norm", symbol="LN")
def _layer_norm(x: Node, gamma: Node, beta: Node, *, axes: int = 1, eps: Fraction = EPS) -> Node:
    return gamma * _standardize(x, axes=tuple(range(x.ndim - axes, x.ndim)), eps=eps) + beta


@function
def layer_norm(x: Any, gamma: Any, beta: Any, *, axes: int = 1, eps: Any = EPS) -> Node:
    """`gamma * xhat + beta` with `xhat` each sample standardised over its last `axes` axes.

    `gamma` and `beta` have the shape of those axes.
    """
    x, gamma, beta = as_node(x), as_node(gamma), as_node(beta)
    if isinstance(axes, bool) or not isinstance(axes, int) or not 1 <= axes <= x.ndim:
        given = f"{axes} were asked for, and x has shape {show_shape(x.shape)}"
        raise ShapeError(f"layer_norm: the number of last axes is at least 1; {given}")
    for name, node in (("gamma", gamma), ("beta", beta)):
        _expect("layer_norm", name, node, x.shape[x.ndim - axes :])
    return _layer_norm(x, gamma, beta, axes=axes, eps=small_number("layer_norm", eps))


def _small(eps: Fraction) -> Node:
    exact = as_decimal(eps)
    return const(eps if exact is None else exact)


def small_number(what: str, eps: Any) -> Fraction:
    """`eps`, exactly; raises ShapeError below 0."""
    small = exact_number(what, "eps", eps)
    if small < 0:
        raise ShapeError(f"{what}: eps is added to a variance and cannot be negative, as {eps} is")
    return small


def _channels(what: str, axis: int, x: Any, **given: Any) -> Any:
    """The operands as nodes, those along the channels of the right shape, and the axis counted from 0."""
    x = as_node(x)
    axis = normal_axis(what, axis, x)
    nodes = {name: as_node(value) for name, value in given.items()}
    for name, node in nodes.items():
        _expect(what, name, node, (x.shape[axis],))
    return x, *nodes.values(), axis


def _expect(what: str, name: str, node: Node, shape: Shape) -> None:
    if node.shape != shape:
        raise ShapeError(f"{what}: {name} has shape {show_shape(node.shape)}, expected {show_shape(shape)}")


def _along(row: Node, x: Node, axis: int) -> Node:
    """A value per channel, with the axes of `x` that come after the channels."""
    return reshape(row, (x.shape[axis], *(1 for _ in range(x.ndim - axis - 1))))
