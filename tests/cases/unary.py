"""Cases: elementwise: one operand."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from tests.cases.case import F, Leaf, case, erf, positive, sigmoid, whole

_UNARY: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Leaf]]] = {
    "neg": (np.negative, Leaf),
    "exp": (np.exp, Leaf),
    "expm1": (np.expm1, Leaf),
    "log": (np.log, positive),
    "log1p": (np.log1p, lambda s: Leaf(s, -0.9, 3)),
    "sqrt": (np.sqrt, positive),
    "abs": (np.abs, Leaf),
    "sign": (np.sign, Leaf),
    "sin": (np.sin, Leaf),
    "cos": (np.cos, Leaf),
    "tanh": (np.tanh, Leaf),
    "erf": (erf, Leaf),
    "reciprocal": (lambda x: 1 / x, positive),
    "square": (np.square, Leaf),
    "step": (lambda x: (x > 0).astype(int), Leaf),
    "sigmoid": (sigmoid, Leaf),
    "log_sigmoid": (lambda x: np.log(sigmoid(x)), Leaf),
    "softplus": (lambda x: np.log(1 + np.exp(x)), Leaf),
    "relu": (lambda x: np.maximum(x, 0), Leaf),
    "leaky_relu": (lambda x: np.where(x > 0, x, x / 100), Leaf),
    "elu": (lambda x: np.where(x > 0, x, np.exp(x) - 1), Leaf),
}
for _name, (_reference, _leaf) in _UNARY.items():
    for _shape in ((), (2, 3), ("N",)):
        case(_name, lambda x, f=_name: F[f](x), numpy=_reference, smooth=_name != "step", x=_leaf(_shape))
case(
    "leaky_relu",
    lambda x: F["leaky_relu"](x, slope=0.25),
    numpy=lambda x: np.where(x > 0, x, x / 4),
    x=(4,),
    note="slope",
)
case(
    "elu",
    lambda x: F["elu"](x, alpha=Fraction(1, 2)),
    numpy=lambda x: np.where(x > 0, x, np.expm1(x) / 2),
    x=(4,),
    note="alpha",
)
case("sign", lambda x: F["sign"](x), numpy=np.sign, smooth=False, note="ints", x=whole(4, -2, 3))
case("abs", lambda x: abs(x), numpy=np.abs, smooth=False, note="ints", x=whole(4, -2, 3))
case(
    "relu",
    lambda x: F["relu"](x),
    numpy=lambda x: np.maximum(x, 0),
    smooth=False,
    note="ints",
    x=whole(4, -2, 3),
)
case("sigmoid", lambda x: F["sigmoid"](x), numpy=sigmoid, smooth=False, note="ints", x=whole(4, -2, 3))
