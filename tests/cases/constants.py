"""Cases: constants, sizes, filled arrays."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from graphc.ops.leaf import const, param, state
from tests.cases.case import F, case

case("const", lambda x: x * const("pi") + const(0.1), numpy=lambda x: x * np.pi + 0.1, x=(2,))
case("const", lambda x: x * Fraction(1, 3) - 10**20, numpy=lambda x: x / 3 - 1e20, x=(2,), note="exact")
case("const", lambda x: F["minimum"](x, const("inf")), numpy=np.positive, x=(2,), note="inf")
case("size", lambda x: x / F["size"]("N") + F["size"]("2*N + 1"), numpy=lambda x: x / 3 + 7, x=("N",))
case("arange", lambda x: x * F["arange"]("N"), numpy=lambda x: x * np.arange(3), x=("N",))
case("eye", lambda x: x + F["eye"]("N"), numpy=lambda x: x + np.eye(3), x=("N", "N"))
case("eye", lambda x: x * F["eye"](2, 3), numpy=lambda x: x * np.eye(2, 3), x=(2, 3))
case(
    "full",
    lambda x, y: F["full"]((2, "N"), x) * y,
    numpy=lambda x, y: np.full((2, 3), x) * y,
    x=(),
    y=("N",),
    note="of x",
)
case("full", lambda x: F["full"]((2, 3), 0.5) * x, numpy=lambda x: 0.5 * x, x=(2, 3))
case("zeros", lambda x: F["zeros"](3) + x, numpy=np.positive, x=(3,))
case("ones", lambda x: F["ones"](("N", 2)) * x, numpy=np.positive, x=("N", 2))
case("param", lambda x: x * param("w", 3), numpy=None, x=(3,), smooth=False)
case("state", lambda x: x * state("v", 3), numpy=None, x=(3,), smooth=False)
