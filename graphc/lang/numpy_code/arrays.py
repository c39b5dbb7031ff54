"""NumPy arrays and what they share: an array is a view of a cell, and a write through one view is seen by all.

`Cell` is a block of memory: its current graph node, and the kind of its numbers. `Array` is a cell seen through view
steps (a transpose, a reshape, a cut); each step can be read through, and written through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from graphc.ir.node import Node, make
from graphc.ir.types import Dim, DimLike, Shape
from graphc.lang.numpy_code.errors import Broken
from graphc.lang.numpy_code.numbers import Kind
from graphc.ops.index import ones
from graphc.ops.leaf import constant_value
from graphc.ops.move import PAD, SLICE, Slices, reshape, transpose
from graphc.ops.pointwise import cast, where

Region = tuple[tuple[DimLike, DimLike], ...]  # per axis: first entry, and the one after the last


class Step(Protocol):
    """One way of seeing part of an array: `get` reads it, `put` writes it, `lift` puts it among fill elsewhere."""

    def get(self, base: Node) -> Node: ...

    def put(self, base: Node, part: Node) -> Node: ...

    def lift(self, base: Shape, part: Node, fill: int) -> Node: ...


@dataclass(frozen=True, slots=True)
class Turned:
    """The axes in another order."""

    axes: tuple[int, ...]

    def get(self, base: Node) -> Node:
        return transpose(base, self.axes)

    def put(self, base: Node, part: Node) -> Node:
        return transpose(part, tuple(sorted(range(len(self.axes)), key=self.axes.__getitem__)))

    def lift(self, base: Shape, part: Node, fill: int) -> Node:
        return transpose(part, tuple(sorted(range(len(self.axes)), key=self.axes.__getitem__)))


@dataclass(frozen=True, slots=True)
class Shaped:
    """The same entries under another shape."""

    shape: Shape

    def get(self, base: Node) -> Node:
        return reshape(base, self.shape)

    def put(self, base: Node, part: Node) -> Node:
        return reshape(part, base.shape)

    def lift(self, base: Shape, part: Node, fill: int) -> Node:
        return reshape(part, base)


@dataclass(frozen=True, slots=True)
class Cut:
    """A block of entries: per axis the first, the step and how many."""

    slices: Slices

    def get(self, base: Node) -> Node:
        return base if self._whole(base.shape) else make(SLICE, (base,), (self.slices,))

    def put(self, base: Node, part: Node) -> Node:
        if self._whole(base.shape):
            return part
        inside = self.lift(base.shape, ones(part.shape), 0)
        return where(inside, self.lift(base.shape, part, 0), base)

    def lift(self, base: Shape, part: Node, fill: int) -> Node:
        return part if self._whole(base) else make(PAD, (part,), (base, self.slices, Fraction(fill)))

    def _whole(self, shape: Shape) -> bool:
        return self.slices == tuple((0, 1, d) for d in shape)

    @property
    def region(self) -> Region | None:
        """The entries from first to last, where none is left out."""
        if any(step != 1 for _, step, _ in self.slices):
            return None
        return tuple((start, start + length) for start, _, length in self.slices)


class Cell:
    """A block of memory. `written` lists the blocks that are no longer zero, of an array that began as zeros."""

    __slots__ = ("broken", "contiguous", "doubt", "kind", "node", "readonly", "version", "written")

    def __init__(self, node: Node, kind: Kind, *, contiguous: bool = True) -> None:
        self.node = cast(node, "real") if kind == "float" else node
        self.kind = kind
        self.contiguous = contiguous
        self.version = 0
        self.written: list[Region] | None = [] if is_zero(node) else None
        self.doubt = self.readonly = ""
        self.broken: Broken | None = None

    def set(self, node: Node) -> None:
        """Write the whole cell."""
        self.node = cast(node, "real") if self.kind == "float" else node
        self.version += 1


class Array:
    """A cell seen through view steps."""

    __slots__ = ("cell", "steps")

    def __init__(self, cell: Cell, steps: Sequence[Step] = ()) -> None:
        self.cell = cell
        self.steps = tuple(steps)

    @property
    def node(self) -> Node:
        """What the array holds now."""
        if self.cell.broken is not None:
            raise self.cell.broken
        node = self.cell.node
        for step in self.steps:
            node = step.get(node)
        return node

    @property
    def kind(self) -> Kind:
        """Whether it holds truth values, whole numbers or reals."""
        return self.cell.kind

    @property
    def shape(self) -> Shape:
        """Its shape."""
        return self.node.shape

    @property
    def contiguous(self) -> bool:
        """Whether its entries surely lie in row-major order, so that a reshape is a view."""
        return self.cell.contiguous and all(isinstance(s, Shaped) for s in self.steps)

    def seen(self, step: Step) -> Array:
        """The same memory seen through one more step."""
        return Array(self.cell, (*self.steps, step))


@dataclass(frozen=True, slots=True)
class Selection:
    """`x[mask]`: the entries of `full` at which `mask` is 1, in order. Only elementwise arithmetic is known."""

    full: Node
    mask: Node
    kind: Kind


def fresh(node: Node, kind: Kind, *, contiguous: bool = True) -> Array:
    """An array of its own memory."""
    return Array(Cell(node, kind, contiguous=contiguous))


def is_zero(node: Node) -> bool:
    """Whether every entry is the constant 0."""
    while node.op.name in ("broadcast", "cast", "reshape"):
        node = node.args[0]
    return constant_value(node) == 0


def disjoint(a: Region, b: Region) -> bool:
    """Whether two blocks surely have no entry in common."""
    return any(
        _not_after(stop, start) or _not_after(other_stop, first)
        for (first, stop), (start, other_stop) in zip(a, b, strict=True)
    )


def _not_after(a: DimLike, b: DimLike) -> bool:
    gap = b - a
    if isinstance(gap, Dim):
        return all(coefficient >= 0 for _, coefficient in gap.terms)
    return gap >= 0
