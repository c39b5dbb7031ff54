"""The syntax tree of the graph language: small frozen records, each knowing where it was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a source; both count from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Number:
    """An exact literal: `3` is the integer, `0.3333` the decimal as typed."""

    value: int | Decimal
    at: Place


@dataclass(frozen=True, slots=True)
class Name:
    """A name, NFKC-normalised; `written` is the spelling in the source."""

    id: str
    at: Place
    written: str


@dataclass(frozen=True, slots=True)
class Flag:
    """`True`, `False` or `None`: values of keywords, and a new axis in an index."""

    value: bool | None
    at: Place


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `+x`."""

    op: str
    operand: Expr
    at: Place


@dataclass(frozen=True, slots=True)
class Binary:
    """`left op right` with op one of `+ - * / @ **`."""

    op: str
    left: Expr
    right: Expr
    at: Place


@dataclass(frozen=True, slots=True)
class Compare:
    """`a < b <= c`; `==` appears only inside `assume`."""

    ops: tuple[str, ...]
    operands: tuple[Expr, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Call:
    """`function(args, keyword=value)`; `opening` is the place of the function's name."""

    function: str
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Transpose:
    """`x.T`."""

    operand: Expr
    at: Place


@dataclass(frozen=True, slots=True)
class Slice:
    """`start:stop:step` inside an index."""

    start: Expr | None
    stop: Expr | None
    step: Expr | None
    at: Place


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[items]`."""

    operand: Expr
    items: tuple[Expr | Slice, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    """`(a, b)` or `[a, b]`: a shape, axes, or operands to stack."""

    items: tuple[Expr, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class IndexSum:
    """`sum(body for n in N for m in M)`."""

    body: Expr
    clauses: tuple[tuple[Name, Expr], ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Derivative:
    """`d(of)/d(by)`, one atom."""

    of: Expr
    by: Expr
    at: Place


Expr = (
    Number
    | Name
    | Flag
    | Unary
    | Binary
    | Compare
    | Call
    | Transpose
    | Index
    | Sequence
    | IndexSum
    | Derivative
)


def parts(expr: Expr) -> Iterator[object]:
    """The expression and everything written within it."""
    stack: list[object] = [expr]
    while stack:
        part = stack.pop()
        yield part
        if isinstance(part, tuple):
            stack.extend(part)
        elif is_dataclass(part) and not isinstance(part, Place):
            stack.extend(getattr(part, field.name) for field in fields(part))


@dataclass(frozen=True, slots=True)
class Definition:
    """`name = value`, or the chain `name = value == other == …`, which also claims."""

    name: Name
    sides: tuple[Expr, ...]
    at: Place
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """`a == b == c` on a line of its own."""

    sides: tuple[Expr, ...]
    at: Place
    text: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """`assume(fact, …)`."""

    facts: tuple[Expr, ...]
    at: Place
    text: str


@dataclass(frozen=True, slots=True)
class Target:
    """`target(name)`: whose gradient `dNAME` means."""

    name: Name
    at: Place
    text: str


@dataclass(frozen=True, slots=True)
class Bare:
    """An expression on a line of its own."""

    value: Expr
    at: Place
    text: str


Statement = Definition | Claim | Assumption | Target | Bare
