"""The reference interpreter at the ends of floating point."""

from __future__ import annotations

import math

import pytest

from graphc.ops.leaf import const, input_
from graphc.ops.naive import Precise, evaluate


@pytest.mark.parametrize("sign", [1, -1])
def test_a_constant_beyond_floating_point_is_infinite(sign):
    x = input_("x")
    (value,) = evaluate([x * const(sign * 10**5000)], {"x": 2.0})
    assert value == sign * math.inf
    (exact,) = evaluate([x * const(sign * 10**5000)], {"x": 2.0}, Precise(30))
    assert exact[()] * sign > Precise(30).mp.mpf(10) ** 5000
