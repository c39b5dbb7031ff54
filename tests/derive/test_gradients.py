"""Reverse and forward mode of every case against difference quotients in mpmath, and in float64."""

from __future__ import annotations

import pytest

from tests.cases import CASES
from tests.checking import check_gradients

SMOOTH = [case for case in CASES if case.smooth]


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_gradient_is_the_derivative_of_the_definition(case):
    check_gradients(case.node(), case.values())
