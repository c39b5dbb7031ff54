"""Arrays with their axes in another order: the order chosen where an array is made anyway."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar

from graphc.ir.node import Node, make
from graphc.ir.types import DimLike, Shape
from graphc.ops.move import PAD, RESHAPE, SLICE, TRANSPOSE, transpose

T = TypeVar("T")


def ordered(x: Node, order: tuple[int, ...]) -> Node:
    """`x` with its axes in `order`; of what is padded or cut, what is below is turned."""
    if order == tuple(range(x.ndim)):
        return x
    if x.op is PAD:
        shape, places, fill = x.attrs
        inner = ordered(x.args[0], order)
        return make(PAD, (inner,), (permuted(shape, order), permuted(places, order), fill))
    if x.op is SLICE:
        return make(SLICE, (ordered(x.args[0], order),), (permuted(x.attrs[0], order),))
    return turned(x, order)


def turned(x: Node, order: tuple[int, ...]) -> Node:
    """`x` with its axes in `order`; a reshape where only axes of size 1 change places."""
    kept = [i for i in order if x.shape[i] != 1]
    return reshaped(x, permuted(x.shape, order)) if kept == sorted(kept) else transpose(x, order)


def reshaped(x: Node, shape: Shape) -> Node:
    """`x` under another shape; of a reshape, what is below it."""
    while x.op is RESHAPE:
        x = x.args[0]
    return x if x.shape == shape else make(RESHAPE, (x,), (shape,))


def copied(x: Node) -> Node:
    """`x` in memory of its own, in the order of its axes: a padding of no width."""
    return make(PAD, (x,), (x.shape, whole(x.shape), Fraction(0)))


def is_copy(x: Node) -> bool:
    """Whether `x` is a padding of no width."""
    return x.op is PAD and x.attrs[1] == whole(x.shape)


def is_scattered(x: Node) -> bool:
    """Whether `x` is a view with its axes in another order than in memory."""
    while x.op is SLICE:
        x = x.args[0]
    return x.op is TRANSPOSE


def whole(shape: Shape) -> tuple[tuple[int, int, DimLike], ...]:
    """The slices of a whole array."""
    return tuple((0, 1, d) for d in shape)


def permuted(values: Sequence[T], order: tuple[int, ...]) -> tuple[T, ...]:
    """The values, one for each axis, in the order of the axes."""
    return tuple(values[i] for i in order)


def inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    """The order that takes `order` back."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))
