"""Cases: elementwise: two and three operands, broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from graphc.ops.facts import Range, SumsTo
from graphc.ops.leaf import assume
from tests.cases.case import F, Leaf, case, positive, truth, whole

_BINARY: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any], Leaf]]] = {
    "add": (np.add, Leaf),
    "sub": (np.subtract, Leaf),
    "mul": (np.multiply, Leaf),
    "div": (np.divide, positive),
    "pow": (np.power, positive),
    "maximum": (np.maximum, Leaf),
    "minimum": (np.minimum, Leaf),
    "less": (np.less, Leaf),
    "less_equal": (np.less_equal, Leaf),
    "greater": (np.greater, Leaf),
    "greater_equal": (np.greater_equal, Leaf),
    "equal": (np.equal, Leaf),
    "not_equal": (np.not_equal, Leaf),
}
_PAIRS: tuple[tuple[Any, Any], ...] = (
    ((), ()),
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((2, 1), (3,)),
    ((1, 3), (2, 1)),
    (("N", "M"), ("M",)),
    (("N", 1), (1, "M")),
    ((), ("N", 2)),
)
for _name, (_reference, _leaf) in _BINARY.items():
    for _left, _right in _PAIRS:
        _smooth = np.issubdtype(np.asarray(_reference(1.5, 0.5)).dtype, np.floating)
        case(
            _name,
            lambda x, y, f=_name: F[f](x, y),
            numpy=_reference,
            smooth=_smooth,
            x=_leaf(_left),
            y=_leaf(_right),
        )
for _exponent in (0, 1, 2, 3, -1, -2):
    case(
        "pow",
        lambda x, e=_exponent: x**e,
        numpy=lambda x, e=_exponent: x ** float(e),
        x=Leaf(4),
        note=f"to {_exponent}",
    )
case("pow", lambda x: x ** Fraction(1, 2), numpy=np.sqrt, x=positive(3), note="to 1/2")
case("pow", lambda x: x**2.5, numpy=lambda x: x**2.5, x=positive(3), note="to 2.5")
case("pow", lambda x: 2**x, numpy=lambda x: 2**x, x=(3,), note="of 2")
case("pow", lambda x: x**2, numpy=np.square, x=Leaf(3, given=[0.0, 1.5, -2.0]), note="square of 0")
case("pow", lambda x: x**0, numpy=np.ones_like, x=Leaf(2, given=[0.0, 1.5]), note="0 to 0")
case("pow", lambda x: x**1, numpy=np.positive, x=Leaf(2, given=[0.0, 1.5]), note="0 to 1")
case("mul", lambda x: x * x, numpy=np.square, x=(3,), note="x*x")
case("mul", lambda b, x: b * x, numpy=np.multiply, b=truth(4), x=(4,), note="bool*real")
case(
    "add",
    lambda b, c: b + c,
    numpy=lambda b, c: b.astype(int) + c,
    smooth=False,
    b=truth(4),
    c=truth(4),
    note="bools",
)
case("div", lambda i, j: i / j, numpy=np.divide, smooth=False, i=whole(4), j=whole(4, 1, 5), note="ints")
case("sub", lambda i, x: i - x, numpy=np.subtract, i=whole((2, 1)), x=(3,), note="int-real")
for _left, _right in _PAIRS:
    case("logaddexp", lambda x, y: F["logaddexp"](x, y), numpy=np.logaddexp, x=Leaf(_left), y=Leaf(_right))
case("maximum", lambda x: F["maximum"](x, 0), numpy=lambda x: np.maximum(x, 0), x=(4,), note="with 0")
case("minimum", lambda x: F["minimum"](1, x), numpy=lambda x: np.minimum(1, x), x=(4,), note="with 1")
case("where", lambda c, x, y: F["where"](c, x, y), numpy=np.where, c=truth((2, 3)), x=(3,), y=(2, 1))
case(
    "where",
    lambda c, x, y: F["where"](c, x, y),
    numpy=lambda c, x, y: np.where(c != 0, x, y),
    c=Leaf((2, 3)),
    x=(3,),
    y=(2, 1),
    note="real condition",
)
case(
    "where",
    lambda c, x, y: F["where"](c, x, y),
    numpy=np.where,
    c=whole(4),
    x=(4,),
    y=(),
    note="int condition",
)
case("where", lambda x: F["where"](x > 0, x, -x), numpy=np.abs, x=(2, 3), note="as abs")
case(
    "where",
    lambda c: F["where"](c, 2, 3),
    numpy=lambda c: np.where(c, 2, 3),
    smooth=False,
    c=truth(4),
    note="numbers",
)
case("clip", lambda x: F["clip"](x, -1, 1), numpy=lambda x: np.clip(x, -1, 1), x=(2, 3))
case(
    "clip",
    lambda x, a, b: F["clip"](x, a, b),
    numpy=np.clip,
    x=(2, 3),
    a=Leaf(3, -2, -0.5),
    b=Leaf((), 0.5, 2),
    note="tensors",
)
case("cast", lambda b: F["sum"](b), numpy=np.sum, smooth=False, b=truth((2, 3)), note="bool sum")
case("assume", lambda x: assume(F["exp"](x), Range(Fraction(0))), numpy=np.exp, x=(3,))
case(
    "assume", lambda x: assume(x, SumsTo(1, Fraction(1, 3))) * 2, numpy=lambda x: 2 * x, x=(2, 3), note="leaf"
)
