"""What rewriting may not do: lose digits, run away on large numbers, mistake one array for another."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from graphc.lang import parse
from graphc.ops import input_
from graphc.ops.leaf import const, constant_value
from graphc.rewrite.engine import Engine
from graphc.rewrite.simplify import RULES, simplify


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1 + 0.2", Fraction(3, 10)),
        ("12345678901234567890.5*3", Fraction("37037036703703703671.5")),
        ("1e-20 + 1e10", Fraction("1e-20") + 10**10),
    ],
)
def test_arithmetic_of_decimals_is_exact(text: str, value: Fraction) -> None:
    assert constant_value(simplify(parse(text).require_root())) == value


@pytest.mark.parametrize("text", ["1e-300*x + x", "1e300*1e300*x", "x*1e-30*1e-30"])
def test_numbers_no_float_holds_stay_as_they_were_typed(text: str) -> None:
    root = parse(text).require_root()
    assert simplify(root) is root


def test_ladders_of_numbers_do_not_grow_beyond_bounds() -> None:
    square = power = const(2)
    for _ in range(40):
        square, power = square * square, power**8
    simplify(square)
    simplify(power)
    simplify(input_("x") * const(Decimal("1e999999999")))


@pytest.mark.parametrize("text", ["1/0", "0/0", "x/(0*y)", "A = input(N); sum(A/(sqrt(0)*sqrt(0)))", "0**-1"])
def test_a_division_by_zero_is_left_to_the_floats(text: str) -> None:
    simplify(parse(text).require_root())


def test_a_sum_of_rows_laid_on_columns_is_no_softmax() -> None:
    for text in ("exp(Z)/sum(exp(Z), axis=1)", "exp(Z)/reshape(sum(exp(Z), axis=1), (1, K))"):
        root = parse(f"Z = input(K, K); {text}").require_root()
        assert Engine(RULES).simplify([root])[0].op.name == "div"
