"""Writing into arrays: `x[...] = v`, `x += v`, `x[mask] = v`, through views, as NumPy's memory has it."""

from __future__ import annotations

from collections.abc import Sequence

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node
from graphc.ir.types import Shape, product, show_shape
from graphc.lang.numpy_code.arrays import Array, Cell, Cut, Region, disjoint, is_zero
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.numbers import Kind
from graphc.ops.move import broadcast, reshape
from graphc.ops.pointwise import add, mul, neg

ORDER: dict[Kind, int] = {"bool": 0, "int": 1, "float": 2}


def check_writable(target: Array, kind: Kind, *, in_place: bool) -> None:
    """Refuse a write whose effect is not known, or that NumPy does not allow."""
    cell = target.cell
    if cell.doubt:
        refuse(
            f"this writes into memory that may or may not be shared: {cell.doubt}; take a .copy() before it"
        )
    if cell.readonly:
        broken(f"NumPy does not write into {cell.readonly}")
    if ORDER[kind] > ORDER[cell.kind]:
        held = {"bool": "truth values", "int": "whole numbers"}[cell.kind] if cell.kind != "float" else ""
        if in_place:
            broken(f"an array of {held} cannot take the result in place; make it one of floats first")
        refuse(f"the array holds {held}, so NumPy would cut off what is written; make it one of floats first")


def replace(target: Array, value: Node) -> None:
    """Write `value`, broadcast, over all that `target` shows."""
    cell = target.cell
    value = fit(value, target.shape)
    region = _region(target)
    if cell.written is not None and region is not None and all(disjoint(region, r) for r in cell.written):
        lifted = _lift(target, value, 0)
        cell.set(lifted if is_zero(cell.node) else add(cell.node, lifted))
        cell.written = [*cell.written, region]
        return
    bases = [cell.node]
    for step in target.steps:
        bases.append(step.get(bases[-1]))
    for step, base in zip(reversed(target.steps), reversed(bases[:-1]), strict=True):
        value = step.put(base, value)
    _touch(cell, region)
    cell.set(value)


def increase(target: Array, value: Node, *, sign: int) -> None:
    """Add `value`, broadcast, to all that `target` shows, or take it away."""
    cell = target.cell
    lifted = _lift(target, fit(value, target.shape), 0)
    _touch(cell, _region(target))
    if is_zero(cell.node):
        cell.set(lifted if sign > 0 else neg(lifted))
    else:
        cell.set(add(cell.node, lifted) if sign > 0 else cell.node - lifted)


def scale(target: Array, factor: Node, *, divide: bool) -> None:
    """Multiply all that `target` shows by `factor`, broadcast, or divide it."""
    cell = target.cell
    if target.steps:
        factor = _lift(target, fit(factor, target.shape), 1)
    else:
        fit(factor, target.shape)
    cell.set(cell.node / factor if divide else mul(cell.node, factor))


def fit(value: Node, shape: Shape) -> Node:
    """`value` broadcast to `shape`, as an assignment does it: leading axes of size 1 may be left out."""
    given = value.shape
    while value.ndim > len(shape) and value.shape[0] == 1:
        value = reshape(value, value.shape[1:])
    try:
        return broadcast(value, shape)
    except ShapeError:
        broken(f"a value of shape {show_shape(given)} does not fit into the shape {show_shape(shape)}")


def _touch(cell: Cell, region: Region | None) -> None:
    if cell.written is not None:
        cell.written = [*cell.written, region] if region is not None else None


def _region(target: Array) -> Region | None:
    """The block of its cell that an array shows, where that is a block."""
    if not target.steps:
        return tuple((0, d) for d in target.cell.node.shape)
    first, *rest = target.steps
    if not isinstance(first, Cut):
        return None
    kept = first.get(target.cell.node).shape
    shape = target.shape
    return first.region if product(shape) == product(kept) and not _cuts(rest) else None


def _cuts(steps: Sequence[object]) -> bool:
    return any(isinstance(step, Cut) for step in steps)


def _lift(target: Array, value: Node, fill: int) -> Node:
    shapes = [target.cell.node.shape]
    node = target.cell.node
    for step in target.steps:
        node = step.get(node)
        shapes.append(node.shape)
    for step, shape in zip(reversed(target.steps), reversed(shapes[:-1]), strict=True):
        value = step.lift(shape, value, fill)
    return value
