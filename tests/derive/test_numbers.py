"""Numbers stay short and never say 0 of what is not 0."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphc.derive.numbers import format_number, format_value
from graphc.draw.textwidth import elide, text_width


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"), (-12.0, "-12"), (0.36787944, "0.37"), (-0.53, "-0.53"), (0.7310585, "0.73"), (0, "0"),
        (-0.0, "0"), (0.004999, "0.005"), (-0.001, "-0.001"), (1e-5, "1e-05"), (-5e-324, "-4.9e-324"),
        (0.999, "1.00"), (-2.004, "-2.00"), (999999.5, "999999.50"), (2.5e9, "2.5e+09"), (10**30, "1e+30"),
        (10**400, "inf"), (-(10**400), "-inf"), (float("nan"), "nan"), (float("inf"), "inf"),
        (float("-inf"), "-inf"), (True, "1"), (Fraction(1, 3), "0.33"), (np.float32(0.1), "0.10"),
        (np.int64(-7), "-7"), (1234567, "1234567"),
    ],
)  # fmt: skip
def test_numbers(value: object, text: str) -> None:
    assert format_number(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 6))
def test_only_zero_shows_as_zero(value: float, precision: int) -> None:
    text = format_number(value, precision)
    assert (float(text) == 0) == (value == 0)
    assert len(text) < 20


@given(st.floats(-1e300, 1e300))
def test_what_is_shown_is_near(value: float) -> None:
    assert float(format_number(value)) == pytest.approx(value, rel=0.06, abs=0.00501)


def test_precision() -> None:
    assert format_number(0.123456, 4) == "0.1235"
    assert format_number(0.4, 0) == "0.4"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2.5, ("2.50",)),
        ([1, -2, 3], ("[1, -2, 3]",)),
        (np.array([[1.0, 0.5], [0.0, -1.0]]), ("[[1, 0.50],", " [0, -1]]")),
        (np.array(4.0), ("4",)),
        ([], ("[]",)),
        (np.zeros((100, 100)), ()),
        (np.zeros((2, 2, 2)), ()),
        ([[[1]]], ()),
        (np.zeros((0, 3)), ("[]",)),
        (range(3), ("[0, 1, 2]",)),
    ],
)
def test_small_arrays_show_their_numbers(value: object, shown: tuple[str, ...]) -> None:
    assert format_value(value) == shown


def test_widths_do_not_depend_on_fonts() -> None:
    assert text_width("가", 10) == 11
    assert text_width("e\u0301", 10) == text_width("e", 10)
    assert text_width("", 10) == 0


@given(st.text(), st.integers(20, 200))
def test_elided_text_fits(text: str, limit: int) -> None:
    assert text_width(elide(text, limit, 10), 10) <= max(limit, text_width("…", 10))
