"""Elementwise primitives: each is its SymPy formula and the name of its array function.

Operands broadcast as in NumPy. The local derivatives are SymPy's, of the formula. Where a better form is declared
beside it (`derivatives`, in terms of the output `y` and the operands), the tests prove the two equal.

Conventions at kinks: |x|'(0) = 0, and a tie in `maximum` or `minimum` goes to a constant operand, else to the first.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

from graphc.ir.node import Node, make
from graphc.ir.op import FUNCTIONS, Attrs, Op, register
from graphc.ir.types import DType, Shape, broadcast_shapes, promote
from graphc.ops.leaf import as_node, const, constant_value

Formula = Callable[..., Any]


def _result(
    name: str, dtype: DType | Literal["same"]
) -> Callable[[tuple[Node, ...], Attrs], tuple[Shape, DType]]:
    def infer(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
        shape = broadcast_shapes([a.shape for a in args], name)
        if dtype != "same":
            return shape, dtype
        given = [a.dtype for a in args]
        return shape, "real" if "real" in given else promote(["int", *given])

    return infer


def primitive(
    name: str,
    formula: Formula,
    *,
    symbol: str = "",
    ufunc: str = "",
    dtype: DType | Literal["same"] = "real",
    attrs: tuple[str, ...] = (),
    derivatives: tuple[Callable[..., Node] | None, ...] | None = None,
) -> Op:
    """Declare an elementwise primitive: `formula(sympy, attrs, *operands)` is what it means."""
    return register(
        Op(
            name,
            "pointwise",
            _result(name, dtype),
            attrs,
            evaluate=lambda node, arrays, sizes, xp: xp.apply(node, arrays),
            array_function=ufunc or name,
            formula=formula,
            derivatives=derivatives,
            symbol=symbol or name,
            elementwise=True,
        )
    )


def apply(op: Op, *args: Any, attrs: Attrs = ()) -> Node:
    """The node for an elementwise primitive; booleans count as 0 and 1 in arithmetic."""
    nodes = [as_node(a) for a in args]
    if nodes[0].dtype == "bool" and op.name in _ARITHMETIC and all(n.dtype == "bool" for n in nodes):
        nodes = [cast(n, "int") for n in nodes]
    return make(op, nodes, attrs)


def _pow_base(y: Node, x: Node, p: Node) -> Node:
    exponent = constant_value(p)
    if exponent == 0:
        return as_node(0)
    if exponent == 2:
        return 2 * x
    return p * x ** (p - 1 if exponent is None else as_node(exponent - 1))


# fmt: off
ADD = primitive("add", lambda sp, at, x, y: x + y, symbol="+", dtype="same")
SUB = primitive("sub", lambda sp, at, x, y: x - y, symbol="-", ufunc="subtract", dtype="same")
MUL = primitive("mul", lambda sp, at, x, y: x * y, symbol="×", ufunc="multiply", dtype="same")
DIV = primitive("div", lambda sp, at, x, y: x / y, symbol="/", ufunc="divide",
                 derivatives=(None, lambda out, x, y: -out / y))
NEG = primitive("neg", lambda sp, at, x: -x, symbol="*-1", ufunc="negative", dtype="same")
POW = primitive("pow", lambda sp, at, x, y: x**y, symbol="**", ufunc="power",
                 derivatives=(_pow_base, lambda out, x, y: out * FUNCTIONS["log"](x)))
EXP = primitive("exp", lambda sp, at, x: sp.exp(x))
EXPM1 = primitive("expm1", lambda sp, at, x: sp.exp(x) - 1, derivatives=(lambda y, x: FUNCTIONS["exp"](x),))
LOG = primitive("log", lambda sp, at, x: sp.log(x))
LOG1P = primitive("log1p", lambda sp, at, x: sp.log(1 + x))
SQRT = primitive("sqrt", lambda sp, at, x: sp.sqrt(x), symbol="√")
ABS = primitive("abs", lambda sp, at, x: sp.Abs(x), symbol="|·|", ufunc="absolute", dtype="same")
SIGN = primitive("sign", lambda sp, at, x: sp.Piecewise((1, x > 0), (-1, x < 0), (0, True)), dtype="same")
SIN = primitive("sin", lambda sp, at, x: sp.sin(x))
COS = primitive("cos", lambda sp, at, x: sp.cos(x))
TANH = primitive("tanh", lambda sp, at, x: sp.tanh(x))
ERF = primitive("erf", lambda sp, at, x: sp.erf(x))
RECIPROCAL = primitive("reciprocal", lambda sp, at, x: 1 / x, symbol="1/x", derivatives=(lambda y, x: -(y * y),))
SQUARE = primitive("square", lambda sp, at, x: x**2, symbol="x²", dtype="same")
STEP = primitive("step", lambda sp, at, x: sp.Piecewise((1, x > 0), (0, True)), dtype="int")
WHERE = primitive("where", lambda sp, at, c, x, y: sp.Piecewise((x, sp.Ne(c, 0)), (y, True)), dtype="same",
                   derivatives=(None, lambda out, c, x, y: c if c.dtype == "bool" else FUNCTIONS["not_equal"](c, 0),
                                lambda out, c, x, y: FUNCTIONS["equal"](c, 0)))
MAXIMUM = primitive("maximum", lambda sp, at, x, y: sp.Piecewise((x, x >= y if at[0] == 0 else x > y), (y, True)),
                     attrs=("tie",), symbol="max", dtype="same")
MINIMUM = primitive("minimum", lambda sp, at, x, y: sp.Piecewise((x, x <= y if at[0] == 0 else x < y), (y, True)),
                     attrs=("tie",), symbol="min", dtype="same")
LESS = primitive("less", lambda sp, at, x, y: sp.Piecewise((1, x < y), (0, True)), symbol="<", dtype="bool")
LESS_EQUAL = primitive("less_equal", lambda sp, at, x, y: sp.Piecewise((1, x <= y), (0, True)), symbol="≤",
                       dtype="bool")
GREATER = primitive("greater", lambda sp, at, x, y: sp.Piecewise((1, x > y), (0, True)), symbol=">", dtype="bool")
GREATER_EQUAL = primitive("greater_equal", lambda sp, at, x, y: sp.Piecewise((1, x >= y), (0, True)), symbol="≥",
                           dtype="bool")
EQUAL = primitive("equal", lambda sp, at, x, y: sp.Piecewise((1, sp.Eq(x, y)), (0, True)), symbol="=", dtype="bool")
NOT_EQUAL = primitive("not_equal", lambda sp, at, x, y: sp.Piecewise((1, sp.Ne(x, y)), (0, True)), symbol="≠",
                       dtype="bool")
# fmt: on

CAST = register(
    Op(
        "cast",
        "pointwise",
        lambda args, attrs: (args[0].shape, attrs[0]),
        ("dtype",),
        evaluate=lambda node, arrays, sizes, xp: xp.cast(arrays[0], node.attrs[0]),
        formula=lambda sp, at, x: x,
        elementwise=True,
    )
)

_ARITHMETIC = {"add", "sub", "mul", "neg", "square", "abs", "sign", "pow", "maximum", "minimum"}


def cast(x: Any, dtype: DType) -> Node:
    """The same numbers as another dtype: booleans become 0 and 1, and a whole constant the same constant as a real."""
    node = as_node(x)
    if node.dtype == dtype:
        return node
    value = constant_value(node) if dtype == "real" else None
    if value is not None:
        return const(Decimal(int(value)))
    if node.op.name == "broadcast" and node.args[0].op.kind == "const":
        return make(node.op, (cast(node.args[0], dtype),), node.attrs)
    return make(CAST, (node,), (dtype,))


def _builder(op: Op) -> Callable[..., Node]:
    arity = op.formula.__code__.co_argcount - 2 if op.formula else 1

    def build(*args: Any) -> Node:
        if len(args) != arity:
            raise TypeError(f"{op.name} takes {arity} operand{'s' * (arity != 1)}, {len(args)} given")
        return apply(op, *args)

    build.__name__ = op.name
    build.__doc__ = f"Elementwise `{op.name}`; operands broadcast."
    FUNCTIONS[op.name] = build
    return build


# fmt: off
add, sub, mul, div, neg, pow_ = map(_builder, (ADD, SUB, MUL, DIV, NEG, POW))
exp, expm1, log, log1p, sqrt, abs_, sign = map(_builder, (EXP, EXPM1, LOG, LOG1P, SQRT, ABS, SIGN))
sin, cos, tanh, erf, reciprocal, square, step = map(_builder, (SIN, COS, TANH, ERF, RECIPROCAL, SQUARE, STEP))
where = _builder(WHERE)
less, less_equal, greater, greater_equal, equal, not_equal = map(
    _builder, (LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL))
# fmt: on


def maximum(x: Any, y: Any) -> Node:
    """Elementwise larger operand. At a tie the gradient goes to a constant operand, otherwise to the first."""
    return _extreme(MAXIMUM, as_node(x), as_node(y))


def minimum(x: Any, y: Any) -> Node:
    """Elementwise smaller operand. At a tie the gradient goes to a constant operand, otherwise to the first."""
    return _extreme(MINIMUM, as_node(x), as_node(y))


def _extreme(op: Op, x: Node, y: Node) -> Node:
    return apply(op, x, y, attrs=(1 if y.constant and not x.constant else 0,))


FUNCTIONS.update(maximum=maximum, minimum=minimum)
