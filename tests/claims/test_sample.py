"""Points: legal shapes, exact facts, domains that are found, kinks that are kept away from."""

from decimal import Decimal
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

import graphc as g
from graphc.claims.sample import points
from graphc.ops.facts import Integer, OneHot, Range, SumsTo, Symmetric
from graphc.ops.leaf import assume, const, input_
from tests.cases.case import CASES


def first(roots, count=6, **options):
    stream = points(roots, **options)
    return list(islice(stream, count)), stream


def values_of(leaf, *, count=8, whole=False):
    found, _ = first([leaf * 1 if leaf.dtype == "real" else leaf + 0], count, whole=whole)
    assert len(found) == count
    return [p.values[leaf.name] for p in found]


# --- shapes -------------------------------------------------------------------------------------------------------


def test_the_stream_is_the_same_again_and_another_with_another_seed():
    x = input_("x", ("N", "D"))
    one, two, other = (first([g.exp(x)], seed=seed)[0] for seed in (0, 0, 1))
    assert all(np.array_equal(p.values["x"], q.values["x"]) for p, q in zip(one, two, strict=True))
    assert not all(np.array_equal(p.values["x"], q.values["x"]) for p, q in zip(one, other, strict=True))


def test_sizes_are_different_from_each_other_and_from_the_numbers_in_shapes():
    x, W = input_("x", ("N", "D")), input_("W", ("D", 3))
    for p in first([x @ W], 20)[0]:
        assert len({*p.sizes.values(), 3}) == 3
        assert p.arrays[x @ W].shape == (p.sizes["N"], 3)


def test_sizes_vary():
    assert len({p.sizes["N"] for p in first([input_("x", "N") * 2], 12)[0]}) >= 3


def test_sizes_implied_by_a_convolution_are_legal():
    x, w = input_("x", ("N", "C", "H", "H")), input_("w", ("M", "C", "K", "K"))
    y = g.conv2d(x, w)
    for p in first([y], 12)[0]:
        assert min(p.arrays[y].shape) >= 1
        assert p.sizes["H"] >= p.sizes["K"]


def test_slices_lie_within_their_axis():
    x = input_("x", "N")
    y = x[4] + x[-6]
    assert all(p.sizes["N"] >= 6 for p in first([y], 6)[0])


def test_a_large_fixed_shape_and_many_sizes():
    leaves = [input_(f"x{i}", (f"N{i}", 50)) for i in range(12)]
    found, _ = first([sum(g.sum(x) for x in leaves)], 3)
    assert all(len(set(p.sizes.values())) == 12 for p in found)


def test_whole_points_are_small():
    x, W = input_("x", ("N", "D")), input_("W", ("D", "M"))
    for p in first([x @ W], 10, whole=True)[0]:
        assert set(p.sizes.values()) == {1, 2, 3}
        assert np.array_equal(p.values["x"], np.rint(p.values["x"]))
        assert np.abs(p.values["x"]).max() <= 8


# --- facts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("value", [Fraction(1), Fraction(0), Fraction(-5, 4), Fraction(1, 3)])
def test_sums_are_exact(value, whole):
    t = assume(input_("t", ("N", "K")), SumsTo(1, value))
    for array in values_of(t, whole=whole):
        for row in array:
            assert sum(map(Fraction, row)) == value


@pytest.mark.parametrize("whole", [False, True])
def test_probabilities(whole):
    t = assume(input_("t", ("N", "K")), SumsTo(1), Range(Fraction(0), Fraction(1), True, True))
    for array in values_of(t, whole=whole):
        assert ((array > 0) & ((array < 1) | (array.shape[1] == 1))).all()
        assert all(sum(map(Fraction, row)) == 1 for row in array)


def test_whole_numbers_in_a_range_with_a_sum():
    t = assume(input_("t", ("N", 6)), SumsTo(1, Fraction(4)), Range(Fraction(0), Fraction(2)), Integer())
    for array in values_of(t):
        assert (array.sum(axis=1) == 4).all()
        assert set(np.unique(array)) <= {0, 1, 2}


def test_sums_along_both_axes_and_symmetry():
    a = assume(input_("a", ("N", "N")), SumsTo(0), SumsTo(1), Symmetric())
    for array in values_of(a):
        assert (array == array.T).all()
        assert all(sum(map(Fraction, row)) == 1 for row in array)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    ("low", "high"),
    [(0, None), (None, 0), (0, 1), (2, None), (-1, 1), (-7, -6), (None, -3), (Fraction(1, 3), 1)],
)
def test_open_ranges(low, high, whole):
    bounds = [None if end is None else Fraction(end) for end in (low, high)]
    x = assume(input_("x", ("N", 4)), Range(*bounds, low_open=True, high_open=True))
    for array in values_of(x, whole=whole):
        assert low is None or (array > low).all()
        assert high is None or (array < high).all()


def test_ranges_meet():
    x = assume(
        input_("x", 5), Range(Fraction(0), None), Range(None, Fraction(2), False, True), Range(Fraction(1))
    )
    assert all(((a >= 1) & (a < 2)).all() for a in values_of(x))


def test_one_hot_and_symmetric_and_integer():
    t = assume(input_("t", ("N", "K")), OneHot(1), SumsTo(1))
    assert all((a.sum(axis=1) == 1).all() and set(np.unique(a)) <= {0, 1} for a in values_of(t))
    s = assume(input_("s", ("N", "N")), Symmetric(), Range(Fraction(0), None, True))
    assert all((a == a.T).all() and (a > 0).all() for a in values_of(s))
    n = assume(input_("n"), Integer(), Range(Fraction(1), None))
    assert all(a == np.rint(a) and a >= 1 for a in values_of(n))


def test_facts_that_contradict_each_other_leave_no_point():
    x = assume(input_("x", 3), SumsTo(0, Fraction(5)), Range(Fraction(0), Fraction(1)))
    assert first([x * 2])[0] == []
    y = assume(input_("y", 3), SumsTo(0, Fraction(1)), SumsTo(0, Fraction(2)))
    assert first([y * 2])[0] == []


def test_facts_of_an_intermediate_are_obeyed():
    x, y = input_("x"), input_("y")
    q = assume((x * y).named("q"), Range(Fraction(0), None, True))
    assert all(p.values["x"] * p.values["y"] > 0 for p in first([q + 1], 8)[0])


# --- labels -------------------------------------------------------------------------------------------------------


def test_labels_stay_within_what_they_index():
    z, t = input_("z", ("N", "K")), input_("t", "N", dtype="int")
    for root in (z[g.arange("N"), t], g.one_hot(t, "K") * z, g.cross_entropy(z, t), g.gather(z, t, axis=1)):
        found, _ = first([root], 8)
        assert all(((p.values["t"] >= 0) & (p.values["t"] < p.sizes["K"])).all() for p in found)
        assert any(p.values["t"].max() == p.sizes["K"] - 1 for p in found)


def test_labels_that_are_reckoned_with():
    z, t = input_("z", "K"), input_("t", "N", dtype="int")
    found, _ = first([g.gather(z, t - 1)], 5)
    assert found
    assert all((p.values["t"] >= 1).all() for p in found)


# --- domains ------------------------------------------------------------------------------------------------------

x, y = input_("x", ("N", 4)), input_("y", ("N", 4))


@pytest.mark.parametrize(
    ("root", "words", "inside"),
    [
        (g.log(x), "x > 0", lambda v: v > 0),
        (g.sqrt(-x), "x < 0", lambda v: v < 0),
        (g.log(x) + g.log(1 - x), "0 < x < 1", lambda v: (v > 0) & (v < 1)),
        (g.sqrt(1 - x**2), "-1 < x < 1", lambda v: abs(v) < 1),
        (g.log(x - 1), "x > 1", lambda v: v > 1),
        (g.log(x + g.sqrt(x**2 - 1)), "x > 1", lambda v: v > 1),
        (g.log(1 + x), "x > -1", lambda v: v > -1),
        (g.sqrt(x**2 - 1), "|x| > 1", lambda v: abs(v) > 1),
        (g.exp(x) * g.tanh(x) / (1 + x**2), "", lambda v: v == v),
        (1 / x, "", lambda v: v != 0),
    ],
)
def test_a_domain_is_found_and_told(root, words, inside):
    found, stream = first([root], 8)
    assert len(found) == 8
    assert stream.domain == words
    assert found[-1].domain == words
    assert all(inside(p.values["x"]).all() for p in found)
    assert all(np.isfinite(p.arrays[root]).all() for p in found)


@pytest.mark.parametrize(
    "root",
    [
        g.log(x - y),
        g.sqrt(x * y - 1),
        g.log(g.log(g.log(x))),
        g.sqrt(y**2 - 4 * x),
        (x * x - 3) ** 1.5,
        g.sum(g.log(g.sum(x, axis=1))) + g.log(-g.sum(y, axis=0)),
        g.exp(g.exp(g.exp(x))),
        g.log(x @ y.T),
        x**y,
        g.log(x - 1000),
        g.sqrt(x - 5) * g.sqrt(const(Decimal("5.1")) - x),
        g.log(g.sum(x) - 30),
    ],
    ids=str,
)
def test_harder_domains_are_found_too(root):
    found, _ = first([root], 6)
    assert len(found) == 6
    assert all(np.isfinite(p.arrays[root]).all() for p in found)


def test_an_entry_by_entry_domain_is_not_told_as_a_range():
    assert first([g.log(x - y)])[1].domain == "where log(x - y) is defined"


def test_what_is_defined_nowhere_has_no_point():
    for root in (g.log(-1 - x**2), g.sqrt(x) * g.sqrt(-x), 0 * x / (x - x), g.log(g.const(-1)) + x):
        assert first([root])[0] == []


def test_a_branch_that_is_not_taken_need_not_be_defined():
    found, stream = first([g.where(x > 0, g.log(x), 0)], 5)
    assert len(found) == 5
    assert stream.domain == ""
    assert any((p.values["x"] < 0).any() for p in found)


def test_infinite_constants_are_no_overflow():
    root = g.softmax(g.where(x > 0, x, g.const("-inf")) + 0 * y)
    masked = g.exp(g.where(x > 0, x, g.const("-inf")))
    assert len(first([masked], 4)[0]) == 4
    assert all(np.isfinite(p.arrays[root]).all() for p in first([root], 2)[0])


# --- kinks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    "root",
    [
        g.relu(x),
        g.abs(x),
        g.maximum(x, y),
        g.sign(x),
        g.where(x > y, x, y),
        g.clip(x, -1, 1),
        g.max(x, axis=1),
    ],
    ids=str,
)
def test_no_point_lies_at_a_kink(root, whole):
    found, _ = first([root], 6, whole=whole)
    assert len(found) == 6
    for p in found:
        a, b = p.values["x"], p.values.get("y", np.zeros(()))
        if root.op.name in ("relu", "abs", "sign"):
            assert (a != 0).all()
        if root.op.name in ("maximum", "where"):
            assert (a != b).all()
        if root.op.name == "clip":
            assert (abs(a) != 1).all()
        if root.op.name == "max":
            assert all(len(set(row[row == row.max()])) == 1 and (row == row.max()).sum() == 1 for row in a)


def test_ties_for_a_reason_are_no_kinks():
    for root in (g.relu(g.relu(x)), g.maximum(x, x), g.abs(g.relu(x)), g.maximum(g.log(g.exp(x)), x)):
        assert len(first([root], 4)[0]) == 4
    assert len(first([g.relu(g.relu(x))], 4, whole=True)[0]) == 4


def test_one_hot_reals_may_be_compared_with_0():
    t = assume(input_("t", ("N", "K")), OneHot(1))
    assert len(first([g.where(g.equal(t, 0), 0, t * 2)], 4)[0]) == 4


@pytest.mark.parametrize(
    "root", [g.where(x > 50, x, 0), g.relu(g.sum(x**2) - 1000), g.clip(x, -300, 300)], ids=str
)
def test_both_sides_of_a_far_condition_are_met(root):
    found, stream = first([root], 8)
    assert len(found) == 8
    assert stream.one_sided == ()


def test_a_condition_with_one_side_is_reported():
    _, stream = first([g.relu(1 + x**2)], 6)
    assert stream.one_sided == ("1 + x**2 > 0",)


# --- every operation ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_every_operation_has_points(case):
    root = case.node()
    found, _ = first([root], 2)
    assert len(found) == 2
    assert all(np.isfinite(np.asarray(p.arrays[root], float)).all() for p in found)
