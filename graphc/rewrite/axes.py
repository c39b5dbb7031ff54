"""Axes of size 1 put in and taken out, in the form that keeps sums recognisable."""

from __future__ import annotations

from collections.abc import Callable

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node, make
from graphc.ir.types import Shape
from graphc.ops.move import broadcast, reshape
from graphc.ops.reduce import SUM


def new_axes(old: Shape, new: Shape) -> tuple[int, ...] | None:
    """The places of the axes of size 1 that lead from `old` to `new`, or None if that is not all that happens."""
    places, rest = [], list(old)
    for i, d in enumerate(new):
        if rest and rest[0] == d and (d != 1 or len(rest) == len(new) - i):
            rest.pop(0)
        elif d == 1:
            places.append(i)
        else:
            return None
    return None if rest else tuple(places)


def stretch(factor: Node, shape: Shape, places: tuple[int, ...]) -> Node:
    """A factor aligned to the shape that adding axes at `places` gives."""
    if factor.ndim == 0:
        return factor
    kept = [i for i in range(len(shape)) if i not in places]
    own = dict(zip(reversed(kept), reversed(factor.shape), strict=False))
    full = [own.get(i, 1) for i in range(len(shape))]
    first = min(i for i in own) if own else 0
    return add_axes(factor, tuple(full[first:]))


def add_axes(factor: Node, shape: Shape) -> Node:
    """`factor` reshaped by axes of size 1; of a sum without them, the sum that keeps them."""
    if factor.op is SUM and not factor.attrs[1] and factor.name is None:
        kept = make(SUM, factor.args, (factor.attrs[0], True))
        if kept.shape == shape:
            return kept
        if tuple(kept.shape[kept.ndim - len(shape) :]) == shape and all(
            d == 1 for d in kept.shape[: -len(shape)]
        ):
            return reshape(kept, shape)
    if factor.op.name == "reshape" and factor.name is None:
        return add_axes(factor.args[0], shape)
    return reshape(factor, shape)


def leading_ones(old: Shape, new: Shape) -> bool:
    """Whether `new` is `old` without some axes of size 1 in front, which broadcasting adds by itself."""
    extra = len(old) - len(new)
    return extra > 0 and old[extra:] == new and all(d == 1 for d in old[:extra])


def fit(value: Node, shape: Shape) -> Node:
    """`value` in a shape that it is equal to up to repetition and axes of size 1 in front."""
    if value.ndim > len(shape):
        value = reshape(value, value.shape[value.ndim - len(shape) :])
    return broadcast(value, shape)


def aligned(operation: Callable[[Node, Node], Node], a: Node, b: Node) -> Node:
    """An operation on two operands; where (N,) would meet (N, 1), the first is given its axes of size 1."""
    try:
        return operation(a, b)
    except ShapeError:
        rank = max(a.ndim, b.ndim)
        a, b = (reshape(x, ((1,) * (rank - x.ndim)) + x.shape) for x in (a, b))
        return operation(a, b)


def drop_axes(factor: Node, axes: tuple[int, ...]) -> Node:
    """`factor` without axes of size 1; of a sum that kept them, the sum that does not."""
    shape = tuple(d for i, d in enumerate(factor.shape) if i not in axes)
    if factor.op is SUM and factor.attrs[1] and factor.name is None and set(axes) == set(factor.attrs[0]):
        return make(SUM, factor.args, (factor.attrs[0], False))
    if factor.op.name == "reshape" and factor.args[0].shape == shape:
        return factor.args[0]
    return reshape(factor, shape)
