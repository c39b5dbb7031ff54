"""What SymPy derives from the formulas of the package's elementwise operations.

Written by the tests (`python -m pytest tests/derive/test_table.py --update-golden`), which derive it again and compare;
never written by hand. Each row is an operation, attributes on whose value the derivative depends, the operand it is
taken by, and the derivative in the operands `x0`, `x1`, …, the output `y` and the other attributes. Operands whose
derivative is declared beside the formula are not here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphc.ops.leaf import const
from graphc.ops.pointwise import cos, exp, sign, sin, sqrt, where

pi = const("pi")

# fmt: off
DERIVATIVES: tuple[tuple[str, dict[str, Any], int, Callable[..., Any]], ...] = (
    ("assumed", {}, 0, lambda y, x0: 1),
    ("add", {}, 0, lambda y, x0, x1: 1),
    ("add", {}, 1, lambda y, x0, x1: 1),
    ("sub", {}, 0, lambda y, x0, x1: 1),
    ("sub", {}, 1, lambda y, x0, x1: -1),
    ("mul", {}, 0, lambda y, x0, x1: x1),
    ("mul", {}, 1, lambda y, x0, x1: x0),
    ("div", {}, 0, lambda y, x0, x1: 1/x1),
    ("neg", {}, 0, lambda y, x0: -1),
    ("exp", {}, 0, lambda y, x0: y),
    ("log", {}, 0, lambda y, x0: 1/x0),
    ("log1p", {}, 0, lambda y, x0: 1/(x0 + 1)),
    ("sqrt", {}, 0, lambda y, x0: 1/(2*y)),
    ("abs", {}, 0, lambda y, x0: sign(x0)),
    ("sign", {}, 0, lambda y, x0: 0),
    ("sin", {}, 0, lambda y, x0: cos(x0)),
    ("cos", {}, 0, lambda y, x0: -sin(x0)),
    ("tanh", {}, 0, lambda y, x0: 1 - y**2),
    ("erf", {}, 0, lambda y, x0: 2*exp(-x0**2)/sqrt(pi)),
    ("square", {}, 0, lambda y, x0: 2*x0),
    ("step", {}, 0, lambda y, x0: 0),
    ("where", {}, 0, lambda y, x0, x1, x2: 0),
    ("maximum", {"tie": 0}, 0, lambda y, x0, x1: x0 >= x1),
    ("maximum", {"tie": 0}, 1, lambda y, x0, x1: x0 < x1),
    ("maximum", {"tie": 1}, 0, lambda y, x0, x1: x0 > x1),
    ("maximum", {"tie": 1}, 1, lambda y, x0, x1: x0 <= x1),
    ("minimum", {"tie": 0}, 0, lambda y, x0, x1: x0 <= x1),
    ("minimum", {"tie": 0}, 1, lambda y, x0, x1: x0 > x1),
    ("minimum", {"tie": 1}, 0, lambda y, x0, x1: x0 < x1),
    ("minimum", {"tie": 1}, 1, lambda y, x0, x1: x0 >= x1),
    ("less", {}, 0, lambda y, x0, x1: 0),
    ("less", {}, 1, lambda y, x0, x1: 0),
    ("less_equal", {}, 0, lambda y, x0, x1: 0),
    ("less_equal", {}, 1, lambda y, x0, x1: 0),
    ("greater", {}, 0, lambda y, x0, x1: 0),
    ("greater", {}, 1, lambda y, x0, x1: 0),
    ("greater_equal", {}, 0, lambda y, x0, x1: 0),
    ("greater_equal", {}, 1, lambda y, x0, x1: 0),
    ("equal", {}, 0, lambda y, x0, x1: 0),
    ("equal", {}, 1, lambda y, x0, x1: 0),
    ("not_equal", {}, 0, lambda y, x0, x1: 0),
    ("not_equal", {}, 1, lambda y, x0, x1: 0),
    ("cast", {}, 0, lambda y, x0: 1),
    ("relu", {}, 0, lambda y, x0: x0 > 0),
    ("leaky_relu", {}, 0, lambda y, x0, *, slope: where(x0 > 0, 1, slope)),
    ("identity", {}, 0, lambda y, x0: 1),
    ("prelu", {}, 0, lambda y, x0, x1: where(x0 > 0, 1, x1)),
)
# fmt: on
