"""What an operation is: one frozen record, filled in where the operation is declared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from graphc.ir.types import DType, Shape

if TYPE_CHECKING:
    from graphc.ir.node import Node

Kind = Literal[
    "leaf",
    "const",
    "pointwise",
    "contract",
    "reduce",
    "move",
    "index",
    "scan",
    "implicit",
    "random",
    "stop",
    "composite",
]
Attrs = tuple[Any, ...]  # hashable values, in the order of the op's `attr_names`
Infer = Callable[[tuple["Node", ...], Attrs], tuple[Shape, DType]]


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """An operation, declared by its mathematics.

    `infer` gives the result's shape and dtype, from those of the arguments. `evaluate(node, arrays, sizes, xp)` is the
    plain meaning on arrays, used by the reference interpreter. How the gradient comes about depends on the kind: a
    pointwise op has a SymPy `formula` (and optionally `derivatives` in better form, proved equal to the formula's
    own); a structural op has `vjp(node, upstream) -> gradient per argument`, with None where there is none; a
    composite has a `body` in other ops, and optionally a `stable` second definition that is lowered instead.
    `array_function` is the name of the NumPy function of a pointwise op, `symbol` what its gate shows.
    `linear` lists the arguments in each of which the op is linear, the others held: forward mode follows from it.
    """

    name: str
    kind: Kind
    infer: Infer
    attr_names: tuple[str, ...] = ()
    evaluate: Callable[..., Any] | None = None
    formula: Callable[..., Any] | None = None
    derivatives: tuple[Callable[..., Node] | None, ...] | None = None
    vjp: Callable[[Node, Node], tuple[Node | None, ...]] | None = None
    jvp: Callable[[Node, tuple[Node | None, ...]], Node] | None = None
    linear: tuple[int, ...] | Literal["all"] = ()
    body: Callable[..., Node] | None = None
    stable: Callable[..., Node] | None = None
    symbol: str = ""
    array_function: str = ""
    elementwise: bool = False

    def __repr__(self) -> str:
        return f"<op {self.name}>"


OPS: dict[str, Op] = {}


def register(op: Op) -> Op:
    """Enter an operation into the table; a second one of the same name is a mistake."""
    if op.name in OPS:
        raise ValueError(f"the operation {op.name!r} is declared twice")
    OPS[op.name] = op
    return op


# How a node is written, entered by the layer that knows the operations; None where it would not be one line.
NOTATIONS: list[Callable[[Node], str | None]] = []

F = TypeVar("F", bound=Callable[..., Any])
FUNCTIONS: dict[str, Callable[..., Node]] = {}


def plainly_called(f: F) -> F:
    """Let Python say `sum()` of `sum_` where arguments are missing or unknown."""
    f.__qualname__ = f.__name__.rstrip("_")
    return f


def function(f: F) -> F:
    """Offer a builder to the graph language and to the operators of `Node`, under its own name."""
    FUNCTIONS[f.__name__.rstrip("_")] = plainly_called(f)
    return f
