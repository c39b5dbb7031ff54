"""Differences settled at rising precision, or by what rounding does where digits cost too much."""

from decimal import Decimal

import numpy as np
import pytest

import graphc as g
from graphc.claims.evaluate import Opened
from graphc.claims.expressions import Expressions
from graphc.claims.rounding import scatter, work
from graphc.claims.sample import points
from graphc.claims.settle import Precisely
from graphc.ops.leaf import const, input_
from graphc.ops.naive import evaluate
from tests.cases.case import CASES
from tests.checking import definition

x = input_("x")
BIG = const(10) ** 20


def settled(left, right, value=0.7, *, deep=False):
    precisely = Precisely(Opened([left, right]), {x: value}, {})
    found = precisely.settle(left, right, np.ones((), np.bool_), deep=deep)
    return "differ" if found.differ.any() else "open" if found.open.any() else "same"


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (g.sin(x) ** 2 + g.cos(x) ** 2, 1 + 0 * x, "same"),
        (g.sin(x) ** 2 + g.cos(x) ** 2 - 1, 0 * x, "same"),
        ((x + BIG) - BIG, x, "same"),
        ((x + BIG**10) - BIG**10, x, "same"),
        ((x + BIG**10) - BIG**10, 2 * x, "differ"),
        (1 - g.tanh(100 * x) ** 2, 4 / (g.exp(100 * x) + g.exp(-100 * x)) ** 2, "same"),
        (1 - g.tanh(100 * x) ** 2, 5 / (g.exp(100 * x) + g.exp(-100 * x)) ** 2, "differ"),
        (x * const(Decimal("1e-300")), 0 * x, "differ"),
        (x * const(Decimal("1e-300")), x * const(Decimal("1.0000000001e-300")), "differ"),
        (x * const(Decimal("1e-400")), 0 * x, "open"),
        (x, x * (1 + 1 / BIG), "differ"),
        (g.sqrt(-x), 0 * x, "open"),
        (g.log(0 * x), 0 * x, "open"),
    ],
    ids=str,
)
def test_what_stays_differs_and_what_shrinks_does_not(left, right, expected, deep):
    assert settled(left, right, deep=deep) == expected


def test_deep_sees_what_a_large_term_hides():
    assert settled(x + BIG**10, 2 * x + BIG**10) == "same"
    assert settled(x + BIG**10, 2 * x + BIG**10, deep=True) == "differ"


def test_no_time_leaves_it_open():
    late = Precisely(Opened([x, 2 * x]), {x: 1.0}, {}, deadline=0.0)
    assert late.settle(x, 2 * x, np.ones((), np.bool_)).open.all()


def test_the_scatter_of_rounding_tells_noise_from_a_difference():
    u, v = input_("u", 200), input_("v", 200)
    zero = (u + v) ** 2 - u**2 - 2 * u * v - v**2
    expressions = Expressions([zero, zero + u * const(Decimal("1e-6"))])
    point = next(points(expressions.roots))
    spread = scatter(expressions.opened, point.arrays, point.sizes, expressions.roots[:1])
    noise, other = (np.abs(point.arrays[root]) for root in expressions.roots)
    assert (noise <= 64 * spread).all()
    assert (other > 1e6 * spread).mean() > 0.9


def test_work_grows_with_the_shapes():
    def of(n):
        a = input_("a", (n, n))
        expressions = Expressions([a @ a])
        return work(expressions.order, next(points(expressions.roots)).arrays)

    assert of(20) > 7 * of(10) > 0


@pytest.mark.parametrize("case", CASES[::5], ids=str)
def test_composites_are_worked_out_by_their_definitions(case):
    root = case.node()
    point = next(points([root]))
    (expected,) = evaluate([definition(root)], point.values, sizes=point.sizes)
    assert np.allclose(
        np.asarray(point.arrays[root], float), np.asarray(expected, float), rtol=1e-9, atol=1e-12
    )
