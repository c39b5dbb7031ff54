"""What names stand for besides arrays and numbers: NumPy itself, functions of the file, ranges, the unknown."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from graphc.ir.types import DimLike
from graphc.lang.numpy_code.arrays import Array
from graphc.lang.numpy_code.errors import Broken
from graphc.lang.numpy_code.numbers import Kind

Value = (
    Any  # an Array, a number, a string, None, a tuple, list or dict of values, or one of the objects below
)


@dataclass(frozen=True, slots=True)
class External:
    """Something of a library by its full name: `numpy`, `numpy.sum`, `numpy.add.at`."""

    path: str


@dataclass(frozen=True, slots=True)
class Builtin:
    """One of Python's own functions."""

    name: str


@dataclass(frozen=True, slots=True)
class Inlined:
    """A function of the file. `scope` holds the names around a nested one, `owner` the class of a method."""

    name: str
    tree: ast.FunctionDef | ast.Lambda
    scope: Any
    owner: str | None = None
    bound: Value = None


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a value, such as `x.sum`."""

    value: Value
    name: str


@dataclass(frozen=True, slots=True)
class Range:
    """`range(start, stop, step)` with sizes for bounds."""

    start: DimLike
    stop: DimLike
    step: int = 1


@dataclass(frozen=True, slots=True)
class Places:
    """`np.where(mask)` or `np.nonzero(mask)`: the places at which a mask is 1."""

    mask: Array


@dataclass(frozen=True, slots=True)
class NumberType:
    """A type of numbers: `float`, `np.float32`, `int`, `bool`, or `x.dtype`."""

    kind: Kind


@dataclass(eq=False, slots=True)
class Unknown:
    """An argument the model does not name, such as `cache` or `self`: what is taken out of it is found by name.

    `path` is how it is written, `names` what its value may be called in the model. What the code itself stores in it
    is kept in `entries`.
    """

    path: str
    names: tuple[str, ...] = ()
    direct: bool = True
    entries: dict[Any, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Poison:
    """The value of a line that fails in NumPy: using it fails for the same reason."""

    problem: Broken
    name: str
