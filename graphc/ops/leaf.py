"""Leaves: inputs, parameters, states, exact constants, and sizes used as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from numbers import Integral, Rational, Real
from typing import Any, Literal

from graphc.ir.errors import DTypeError, ShapeError
from graphc.ir.node import Node, make
from graphc.ir.op import FUNCTIONS, Attrs, Op, function, plainly_called, register
from graphc.ir.types import DTYPES, Dim, DimLike, DType, Shape, dim, shape_of
from graphc.ops.facts import Fact, check_fact

Number = int | Fraction | Decimal
ConstKind = Literal["int", "rational", "decimal", "symbol"]
LARGEST_EXPONENT = 5000  # of a decimal that is still worked with exactly
SYMBOLS = ("pi", "inf", "-inf")


def _infer_leaf(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    return attrs[0], attrs[1]


def _infer_const(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    kind, value = attrs
    return (), "int" if kind == "int" and -(2**63) <= value < 2**63 else "real"


INPUT = register(Op("input", "leaf", _infer_leaf, ("shape", "dtype", "facts")))
PARAM = register(Op("param", "leaf", _infer_leaf, ("shape", "dtype", "facts", "init")))
STATE = register(Op("state", "leaf", _infer_leaf, ("shape", "dtype", "facts", "init")))
CONST = register(
    Op(
        "const",
        "const",
        _infer_const,
        ("kind", "value"),
        evaluate=lambda node, arrays, sizes, xp: xp.number(*node.attrs),
    )
)
SIZE = register(
    Op(
        "size",
        "const",
        lambda args, attrs: ((), "int"),
        ("dim",),
        evaluate=lambda node, arrays, sizes, xp: xp.size(node.attrs[0], sizes),
    )
)


@plainly_called
def input_(name: str, shape: Sequence[str | DimLike] | str | int = (), *, dtype: str = "real") -> Node:
    """An input: a value given at each call.

    `shape` is a tuple of sizes, each a number or a name: `("N", 784)`; `()` is a scalar. `dtype` is `"real"`
    (float32 or float64 when lowered), `"int"` or `"bool"`.

    >>> input_("x", ("N", 784))
    <x (N, 784) real>
    """
    return make(INPUT, (), (shape_of(shape), _dtype(dtype), ()), _leaf_name(name))


def param(name: str, shape: Sequence[str | DimLike] | str | int = (), *, init: Any = None) -> Node:
    """A parameter: a real value that training changes; `init` says how it starts."""
    return make(PARAM, (), (shape_of(shape), "real", (), _start(init, name)), _leaf_name(name))


def state(name: str, shape: Sequence[str | DimLike] | str | int = (), *, init: Any = None) -> Node:
    """A state: a real value a step owns and updates, such as a momentum; it starts at zero unless `init` says else."""
    return make(STATE, (), (shape_of(shape), "real", (), _start(init, name)), _leaf_name(name))


def _start(init: Any, name: str) -> Any:
    """An initial value: anything that gives arrays of a shape by `sample(shape, rng)`."""
    if init is not None and (isinstance(init, type) or not callable(getattr(init, "sample", None))):
        raise DTypeError(
            f"the init of {name} says how it starts, as init.he() or init.zeros() do, not {init!r}"
        )
    return init


def _dtype(dtype: str) -> DType:
    if dtype not in DTYPES:
        raise DTypeError(f"dtype {dtype!r} is not known; use 'real', 'int' or 'bool'")
    return dtype


def _leaf_name(name: str) -> str:
    if not isinstance(name, str) or not name:
        raise DTypeError(f"a leaf needs a name, a non-empty string, not {name!r}")
    return name


def const(value: Number | float | str | Real) -> Node:
    """An exact constant: a whole number, a fraction, a decimal as typed, or `"pi"`, `"inf"`, `"-inf"`.

    A float stands for the decimal it prints as: `const(0.1)` is exactly 1/10.
    """
    return make(CONST, (), _exact(value))


def _exact(value: Any) -> tuple[ConstKind, Number | str]:
    if type(value) is int:
        return "int", value
    if isinstance(value, str) and value in SYMBOLS:
        return "symbol", value
    if isinstance(value, bool | Integral):
        return "int", int(value)
    if isinstance(value, Rational):
        exact = Fraction(int(value.numerator), int(value.denominator))
        return ("int", int(exact)) if exact.denominator == 1 else ("rational", exact)
    if isinstance(value, Real) or (hasattr(value, "dtype") and getattr(value, "shape", None) == ()):
        value = Decimal(repr(float(value)))
    if isinstance(value, Decimal):
        if value.is_nan():
            raise DTypeError("nan is not a constant: graphs are over the reals")
        if value.is_infinite():
            return "symbol", "inf" if value > 0 else "-inf"
        return "decimal", value
    raise DTypeError(f"{value!r} is not a number")


def constant_value(node: Node) -> Fraction | None:
    """The exact rational a constant node stands for, else None; of a decimal such as 1e-99999, None too."""
    if node.op is not CONST or node.attrs[0] == "symbol":
        return None
    value = node.attrs[1]
    if isinstance(value, Decimal) and abs(value.adjusted()) > LARGEST_EXPONENT:
        return None
    return _fraction(value)


@lru_cache(4096)
def _fraction(value: Number) -> Fraction:
    return Fraction(value)


def as_decimal(value: Fraction) -> Decimal | None:
    """A fraction whose denominator has no prime but 2 and 5, as the decimal it is, to the last digit; else None."""
    rest, digits = value.denominator, 0
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    while rest == 1 and 10**digits % value.denominator:
        digits += 1
    return Decimal(f"{value.numerator * 10**digits // value.denominator}e-{digits}") if rest == 1 else None


@function
def size(d: str | DimLike) -> Node:
    """A size used as a number, the N of `/ N`."""
    d = dim(d)
    return make(SIZE, (), (d,)) if isinstance(d, Dim) else const(d)


def as_node(value: Any) -> Node:
    """A node from what a user passes where a node is wanted: a node, a number, or a nested list of them."""
    if isinstance(value, Node):
        return value
    if isinstance(value, Dim):
        return size(value)
    if isinstance(value, list | tuple):
        if not value:
            raise ShapeError("an empty list has no shape: use zeros((0,))")
        return FUNCTIONS["stack"]([as_node(v) for v in value])
    if getattr(value, "shape", ()) != ():
        raise DTypeError(
            "an array is a value, not a part of the graph: declare an input and pass the array at the call"
        )
    return const(value)


def assume(node: Node, *facts: Fact) -> Node:
    """The same leaf, or named intermediate, with facts that rewriting may use.

    Facts belong to the node that carries them; nothing is checked at run time, but sampling obeys them.
    """
    if not isinstance(node, Node):
        raise DTypeError(f"facts are assumed of a node, as in assume(x, Range(low=0)), not of {node!r}")
    for fact in facts:
        check_fact(node, fact)
    if node.is_leaf:
        shape, dtype, known, *rest = node.attrs
        added = tuple(f for f in facts if f not in known)
        return make(node.op, (), (shape, dtype, (*known, *added), *rest), node.name)
    return make(ASSUMED, (node,), (tuple(facts),), node.name)


ASSUMED = register(
    Op(
        "assumed",
        "pointwise",
        lambda args, attrs: (args[0].shape, args[0].dtype),
        ("facts",),
        evaluate=lambda node, arrays, sizes, xp: arrays[0],
        formula=lambda sp, attrs, x: x,
        elementwise=True,
    )
)


def facts_of(node: Node) -> tuple[Fact, ...]:
    """The facts a node carries."""
    known: tuple[Fact, ...] = node.attr("facts") if node.is_leaf or node.op is ASSUMED else ()
    return known


def pi() -> Node:
    """The number π."""
    return const("pi")
