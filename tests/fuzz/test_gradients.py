"""Random compositions: gradients against difference quotients, values against exact ones, text,
simplification.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, note, settings

from graphc.ir.node import Node
from graphc.ops.naive import evaluate, evaluate_all
from graphc.rewrite.simplify import simplify_all
from tests.checking import assert_close_to_exact, check_gradients, kink_distance, reproducer
from tests.fuzz.graphs import SIZES, graphs

DEEP = settings(max_examples=1500, suppress_health_check=list(HealthCheck), deadline=None)
LARGEST = 1e6


def usable(output: Node, values: dict[str, Any]) -> None:
    """Set aside points at a kink and numbers beyond what a difference quotient resolves."""
    arrays = evaluate_all([output], values, sizes=SIZES)
    assume(
        all(
            np.isfinite(a).all() and (np.abs(a) < LARGEST).all()
            for a in arrays.values()
            if a.dtype.kind == "f"
        )
    )
    assume(kink_distance(output, values) > 1e-6)


def check(output: Node, values: dict[str, Any]) -> None:
    usable(output, values)
    note(reproducer(output, values))
    assert_close_to_exact(output, values)
    if output.dtype == "real":
        check_gradients(output, values)


def simplified_is_equal(output: Node, values: dict[str, Any]) -> None:
    usable(output, values)
    note(reproducer(output, values))
    (simple,) = simplify_all([output])
    assert (simple.shape, simplify_all([simple])) == (output.shape, [simple])
    before, after = (evaluate([n], values, sizes=SIZES)[0] for n in (output, simple))
    np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-9 * max(1, np.abs(before).max(initial=0)))


@settings(max_examples=40)
@given(graphs())
def test_gradients_of_random_graphs(drawn):
    check(*drawn)


@pytest.mark.fuzz
@DEEP
@given(graphs(max_ops=10))
def test_gradients_of_many_random_graphs(drawn):
    check(*drawn)


@settings(max_examples=100)
@given(graphs())
def test_simplified_random_graphs_are_equal(drawn):
    simplified_is_equal(*drawn)


@pytest.mark.fuzz
@DEEP
@given(graphs(max_ops=12))
def test_many_simplified_random_graphs_are_equal(drawn):
    simplified_is_equal(*drawn)
