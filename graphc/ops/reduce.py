"""Reductions over axes: sum, max, min, prod; mean is a sum divided by a size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node, make
from graphc.ir.op import FUNCTIONS, Attrs, Op, function, register
from graphc.ir.types import DType, Shape, product, show_shape
from graphc.ops.composite import composite, normal_axis
from graphc.ops.index import argmax, argmin, one_hot
from graphc.ops.leaf import as_node, size
from graphc.ops.move import broadcast, reshape, transpose
from graphc.ops.pointwise import cast, sqrt, square
from graphc.ops.scan import cumprod

Axis = int | Sequence[int] | None


def _infer(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    axes, keepdims = attrs
    shape = args[0].shape
    kept = [1 if i in axes else d for i, d in enumerate(shape) if keepdims or i not in axes]
    return tuple(kept), "int" if args[0].dtype == "bool" else args[0].dtype


def _keep(node: Node, value: Node) -> Node:
    """A result of the reduction `node` with the reduced axes back in place, at size 1."""
    axes = node.attrs[0]
    shape = node.args[0].shape
    return reshape(value, tuple(1 if i in axes else d for i, d in enumerate(shape)))


def _sum_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    return (broadcast(_keep(node, g), node.args[0].shape),)


def _along_last(node: Node) -> tuple[Node, tuple[int, ...]]:
    """The operand with the reduced axes merged into one, the last; and the order that was used."""
    x, axes = node.args[0], node.attrs[0]
    order = (*(i for i in range(x.ndim) if i not in axes), *axes)
    moved = transpose(x, order)
    kept = moved.shape[: x.ndim - len(axes)]
    return reshape(moved, (*kept, product(moved.shape[len(kept) :]))), order


def _back(node: Node, value: Node, order: tuple[int, ...]) -> Node:
    x = node.args[0]
    moved = reshape(value, tuple(x.shape[i] for i in order))
    return transpose(moved, tuple(sorted(range(x.ndim), key=order.__getitem__)))


def _winner(node: Node) -> Node:
    """1 where the extreme is taken, at the first place in logical index order; 0 elsewhere."""
    if len(node.attrs[0]) > 1:
        return (is_max if node.op.name == "max" else is_min)(node.args[0], axis=node.attrs[0])
    return _first(node, argmax if node.op.name == "max" else argmin)


def _first(node: Node, arg: Any) -> Node:
    flat, order = _along_last(node)
    return _back(node, one_hot(arg(flat, axis=-1), flat.shape[-1]), order)


def _all_but_one(node: Node) -> Node:
    """For each entry the product of all the others, right also where entries are 0."""
    flat, order = _along_last(node)
    before = cumprod(flat, axis=-1, exclusive=True)
    after = cumprod(flat, axis=-1, exclusive=True, reverse=True)
    return _back(node, before * after, order)


def _routed(factor: Any) -> tuple[Any, Any]:
    """Reverse and forward mode of a reduction whose local derivative is the array `factor(node)`."""

    def vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
        return (_keep(node, g) * factor(node),)

    def jvp(node: Node, tangents: tuple[Node | None, ...]) -> Node:
        product_: Node = tangents[0] * factor(node)
        return make(SUM, (product_,), node.attrs)

    return vjp, jvp


def _reduction(name: str, symbol: str, vjp: Any, jvp: Any = None) -> Op:
    return register(
        Op(
            name,
            "reduce",
            _infer,
            ("axes", "keepdims"),
            evaluate=lambda node, arrays, sizes, xp: xp.reduce(name, arrays[0], *node.attrs),
            vjp=vjp,
            jvp=jvp,
            linear="all" if name == "sum" else (),
            symbol=symbol,
        )
    )


SUM = _reduction("sum", "Σ", _sum_vjp)
MAX = _reduction("max", "max", *_routed(_winner))
MIN = _reduction("min", "min", *_routed(_winner))
PROD = _reduction("prod", "Π", *_routed(_all_but_one))


def normal_axes(op: str, axis: Axis, x: Node) -> tuple[int, ...]:
    """Axes counted from 0, in order; None means all."""
    if axis is None:
        return tuple(range(x.ndim))
    given = list(axis) if isinstance(axis, Iterable) else [axis]
    axes = sorted(normal_axis(op, a, x) for a in given)
    if len(set(axes)) < len(axes):
        raise ShapeError(f"{op}: an axis is named twice in {axis}")
    return tuple(axes)


def _reduce(op: Op, operand: Any, axis: Axis, keepdims: bool) -> Node:
    x = as_node(operand)
    axes = normal_axes(op.name, axis, x)
    if not axes:
        return x
    if op is not SUM and any(x.shape[i] == 0 for i in axes) and op is not PROD:
        raise ShapeError(f"{op.name}: an axis of shape {show_shape(x.shape)} is empty")
    return make(op, (cast(x, "int") if x.dtype == "bool" else x,), (axes, bool(keepdims)))


@function
def sum_(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Node:
    """The sum over `axis` (all axes without it)."""
    return _reduce(SUM, x, axis, keepdims)


@function
def prod(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Node:
    """The product over `axis` (all axes without it)."""
    return _reduce(PROD, x, axis, keepdims)


@function
def max_(*xs: Any, axis: Axis = None, keepdims: bool = False) -> Node:
    """The largest entry over `axis`; of two or more operands, elementwise. The gradient goes to the first winner."""
    return _extreme("max", xs, axis, keepdims)


@function
def min_(*xs: Any, axis: Axis = None, keepdims: bool = False) -> Node:
    """The smallest entry over `axis`; of two or more operands, elementwise. The gradient goes to the first winner."""
    return _extreme("min", xs, axis, keepdims)


def _extreme(name: str, xs: tuple[Any, ...], axis: Axis, keepdims: bool) -> Node:
    if len(xs) == 1:
        return _reduce(MAX if name == "max" else MIN, xs[0], axis, keepdims)
    if not xs or axis is not None or keepdims:
        raise TypeError(f"{name} takes one operand with an axis, or two operands without")
    result = as_node(xs[0])
    for x in xs[1:]:
        result = FUNCTIONS[f"{name}imum"](result, x)
    return result


@composite(name="mean")
def _mean(x: Node, *, axes: tuple[int, ...], keepdims: bool) -> Node:
    return _reduce(SUM, x, axes, keepdims) / size(product(x.shape[i] for i in axes))


@function
def mean(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Node:
    """The sum over `axis` (all axes without it) divided by the number of entries summed."""
    x = as_node(x)
    axes = normal_axes("mean", axis, x)
    return _mean(x, axes=axes, keepdims=bool(keepdims)) if axes else x


@function
def norm(x: Any) -> Node:
    """The square root of the sum of squares; of a matrix the Frobenius norm."""
    return sqrt(sum_(square(as_node(x))))


@composite(name="is_max")
def _is_max(x: Node, *, axes: tuple[int, ...]) -> Node:
    return _first(make(MAX, (x,), (axes, False)), argmax)


@composite(name="is_min")
def _is_min(x: Node, *, axes: tuple[int, ...]) -> Node:
    return _first(make(MIN, (x,), (axes, False)), argmin)


@function
def is_max(x: Any, *, axis: Axis = None) -> Node:
    """1 at the largest entry over `axis` (all axes without it), the first in index order at a tie; 0 elsewhere."""
    x = as_node(x)
    return _is_max(x, axes=normal_axes("is_max", axis, x))


@function
def is_min(x: Any, *, axis: Axis = None) -> Node:
    """1 at the smallest entry over `axis` (all axes without it), the first in index order at a tie; 0 elsewhere."""
    x = as_node(x)
    return _is_min(x, axes=normal_axes("is_min", axis, x))
