"""What a case of the table is: a function with its data and its meaning in NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import evaluate_dim, shape_of
from graphc.ops.leaf import input_

SIZES = {"N": 3, "M": 2, "K": 4}


@dataclass(frozen=True)
class Leaf:
    """A leaf and how its values are made: spread between `low` and `high` without ties, or given."""

    shape: Any = ()
    low: float = -2
    high: float = 2
    dtype: str = "real"
    given: Any = None

    def values(self, seed: int) -> Any:
        if self.given is not None:
            return np.asarray(self.given)
        shape = tuple(evaluate_dim(d, SIZES) for d in shape_of(self.shape))
        count = math.prod(shape)
        random = np.random.default_rng([seed, *shape])
        if self.dtype != "real":
            return random.integers(self.low, self.high, shape)
        slots = random.permutation(count) + random.uniform(0.2, 0.8, count)
        return (self.low + (self.high - self.low) * slots / max(count, 1)).reshape(shape)


@dataclass(frozen=True)
class Case:
    function: str
    build: Callable[..., Node]
    leaves: Mapping[str, Leaf]
    numpy: Callable[..., Any] | None = None
    smooth: bool = True
    note: str = ""
    ops: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        shapes = ",".join(str(leaf.shape).replace(" ", "") for leaf in self.leaves.values())
        return f"{self.function}-{self.note or shapes}"

    def node(self) -> Node:
        return self.build(**{n: input_(n, leaf.shape, dtype=leaf.dtype) for n, leaf in self.leaves.items()})

    def values(self, seed: int = 0) -> dict[str, Any]:
        return {n: leaf.values(seed + i) for i, (n, leaf) in enumerate(self.leaves.items())}


CASES: list[Case] = []


def case(
    function: str,
    build: Callable[..., Node],
    *,
    numpy: Any = None,
    smooth: bool = True,
    note: str = "",
    **leaves: Any,
) -> None:
    """Enter a case; a leaf is a `Leaf` or just its shape."""
    made = {n: leaf if isinstance(leaf, Leaf) else Leaf(leaf) for n, leaf in leaves.items()}
    CASES.append(Case(function, build, made, numpy, smooth, note))


def positive(shape: Any) -> Leaf:
    return Leaf(shape, 0.3, 3)


def whole(shape: Any, low: int = 0, high: int = 3) -> Leaf:
    return Leaf(shape, low, high, "int")


def truth(shape: Any) -> Leaf:
    return Leaf(shape, 0, 2, "bool")


F = FUNCTIONS
erf = np.vectorize(math.erf, otypes=[float])


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(z: Any, axis: int = -1) -> Any:
    e = np.exp(z)
    return e / e.sum(axis, keepdims=True)
