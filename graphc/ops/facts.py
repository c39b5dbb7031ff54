"""The closed list of facts that may be assumed of a node."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from graphc.ir.errors import DTypeError, ShapeError
from graphc.ir.node import Node
from graphc.ir.text import literal
from graphc.ir.types import show_shape


@literal
@dataclass(frozen=True, slots=True)
class SumsTo:
    """The sum along `axis` is `value` everywhere, such as the rows of a one-hot matrix."""

    axis: int
    value: Fraction = Fraction(1)


@literal
@dataclass(frozen=True, slots=True)
class Range:
    """Every entry lies between `low` and `high`; a bound that is open is not reached."""

    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = False
    high_open: bool = False


@literal
@dataclass(frozen=True, slots=True)
class Integer:
    """Every entry is a whole number."""


@literal
@dataclass(frozen=True, slots=True)
class Symmetric:
    """A square matrix equal to its transpose."""


@literal
@dataclass(frozen=True, slots=True)
class OneHot:
    """Along `axis` one entry is 1 and the others are 0."""

    axis: int


Fact = SumsTo | Range | Integer | Symmetric | OneHot


def check_fact(node: Node, fact: Fact) -> None:
    """Refuse a fact that cannot hold for the node's shape."""
    if not isinstance(fact, Fact):
        kinds = "Integer(), OneHot(axis), Range(low, high), SumsTo(axis, value) or Symmetric()"
        raise DTypeError(f"a fact is {kinds}, not {fact!r}")
    axis = getattr(fact, "axis", None)
    if axis is not None and not 0 <= axis < node.ndim:
        raise ShapeError(f"{node.name or node.op.name} of shape {show_shape(node.shape)} has no axis {axis}")
    if isinstance(fact, Symmetric) and (node.ndim != 2 or node.shape[0] != node.shape[1]):
        raise ShapeError(
            f"only a square matrix is symmetric, and {node.name} has shape {show_shape(node.shape)}"
        )
