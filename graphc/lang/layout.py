"""Inside a sum over indices a value is a scalar per choice of indices: an array with one axis for each."""

from __future__ import annotations

import string
from dataclasses import dataclass

from graphc.ir.node import Node
from graphc.ir.types import DimLike, Shape
from graphc.ops.contract import contract
from graphc.ops.index import arange
from graphc.ops.move import reshape, transpose


@dataclass(frozen=True, slots=True)
class Aligned:
    """A scalar per choice of indices; `node` has the axes of the layout, of size 1 where it does not vary."""

    node: Node


@dataclass(frozen=True, slots=True)
class Layout:
    """The indices of a sum, free ones first, each with its size; `visible` are those in force here."""

    sizes: dict[str, DimLike]
    visible: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.sizes)

    def shape(self, varying: frozenset[str] | set[str]) -> Shape:
        """The shape of what varies with the given indices."""
        return tuple(size if name in varying else 1 for name, size in self.sizes.items())

    def index(self, name: str) -> Aligned:
        """The index itself as a number: 0, 1, …"""
        return Aligned(reshape(arange(self.sizes[name]), self.shape({name})))

    def align(self, array: Node, indices: tuple[str, ...]) -> Aligned:
        """`array[indices]`, one index per axis; an index may repeat and then picks a diagonal."""
        order = [name for name in self.names if name in indices]
        if len(order) < len(indices):
            array = contract(f"{self.letters(indices)}->{self.letters(tuple(order))}", array)
        else:
            array = transpose(array, [indices.index(name) for name in order]) if len(order) > 1 else array
        return Aligned(reshape(array, self.shape(set(order))))

    def letters(self, indices: tuple[str, ...]) -> str:
        """The indices as letters of an index string: their own names where they are single letters."""
        own = {name for name in self.sizes if len(name) == 1 and name in string.ascii_letters}
        spare = iter(letter for letter in string.ascii_letters if letter not in own)
        letter = {name: name if name in own else next(spare) for name in self.sizes}
        return "".join(letter[name] for name in indices)
