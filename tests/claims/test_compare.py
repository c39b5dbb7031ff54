"""Comparison by value: every kind of planted error is found, and no true equality is called wrong."""

import time
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import graphc as g
from graphc.claims.compare import Agreement, Disagreement, Unsettled, compare
from graphc.ir.graph import Graph
from graphc.ops.facts import Integer, OneHot, Range, SumsTo, Symmetric
from graphc.ops.leaf import assume, const, input_
from graphc.ops.naive import evaluate

x, y = input_("x", "N"), input_("y", "N")
a, b = input_("a"), input_("b")
X, W = input_("X", ("N", "D")), input_("W", ("D", "M"))
A = input_("A", ("N", "N"))


def agrees(left, right, **options):
    found = compare(left, right, **options)
    assert isinstance(found, Agreement), found
    return found


def wrong(left, right, **options):
    """The disagreement, after checking its counterexample with the reference interpreter."""
    found = compare(left, right, **options)
    assert isinstance(found, Disagreement), found
    example = found.counterexample
    leaves = Graph((left, right)).leaves
    values = {leaf.name: example.values[leaf.name] for leaf in leaves}
    one, other = (
        np.broadcast_to(v, np.broadcast_shapes(*[np.shape(v)])) for v in evaluate([left, right], values)
    )
    one, other = np.broadcast_arrays(one, other)
    assert np.isclose(float(one[example.entry]), example.left, rtol=1e-6, atol=1e-12)
    assert np.isclose(float(other[example.entry]), example.right, rtol=1e-6, atol=1e-12)
    assert example.left != example.right
    return found


def two_layers(activation):
    W1, W2 = input_("W1", ("D", "H")), input_("W2", ("H", "K"))
    t = input_("t", "N", dtype="int")
    z1 = X @ W1
    h = activation(z1)
    z2 = h @ W2
    loss = g.cross_entropy(z2, t)
    dz2 = (g.softmax(z2) - g.one_hot(t, "K")) / g.size("N")
    return loss, W1, W2, z1, h, dz2


# --- true equalities ----------------------------------------------------------------------------------------------

TRUE = [
    (g.sin(x) ** 2 + g.cos(x) ** 2, const(1)),
    ((x + y) ** 2, x**2 + 2 * x * y + y**2),
    (
        (x + y) ** 9,
        sum(const(c) * x ** (9 - i) * y**i for i, c in enumerate((1, 9, 36, 84, 126, 126, 84, 36, 9, 1))),
    ),
    (1 - g.tanh(x) ** 2, 4 / (g.exp(x) + g.exp(-x)) ** 2),
    (1 - g.tanh(40 * x) ** 2, 4 / (g.exp(40 * x) + g.exp(-40 * x)) ** 2),
    (g.sigmoid(30 * x) - 1, -g.sigmoid(-30 * x)),
    (g.log(x) + g.log(y), g.log(x * y)),
    (g.softplus(x), g.log(1 + g.exp(x))),
    (g.logsumexp(x), g.log(g.sum(g.exp(x)))),
    (g.softmax(x + 3), g.softmax(x)),
    (g.sum(g.softmax(X), axis=1) - 1, 0 * g.sum(X, axis=1)),
    ((x + const(10) ** 20) - const(10) ** 20, x),
    ((x + const(10) ** 200) - const(10) ** 200, x),
    (g.exp(x) * g.exp(y), g.exp(x + y)),
    (g.sqrt(x**2), g.abs(x)),
    (g.maximum(x, y) + g.minimum(x, y), x + y),
    ((X @ W).T, W.T @ X.T),
    (g.trace(A @ A), g.sum(A * A.T)),
    (g.prod(x) * g.prod(y), g.prod(x * y)),
    (x - x, 0 * x),
    (g.cumsum(x) - g.cumsum(x, exclusive=True), x),
    (g.erf(x), -g.erf(-x)),
    (x * const(Decimal("1e-300")) * y, (x * y) * const(Decimal("1e-300"))),
    (g.exp(-1000 * g.square(x)) * g.exp(-1000 * g.square(y)), g.exp(-1000 * (x * x + y * y))),
]


@pytest.mark.parametrize(("left", "right"), TRUE, ids=str)
def test_true_equalities_agree(left, right):
    found = agrees(left, right)
    assert found.points >= 4


@pytest.mark.parametrize(("left", "right"), TRUE, ids=str)
@pytest.mark.parametrize("part", [Fraction(1, 10**7), Fraction(1, 10**12), Fraction(1, 10**18)], ids=str)
def test_a_relative_error_is_found_however_small(left, right, part):
    if isinstance(compare(left, right), Agreement) and compare(left, right).trivial:
        return
    assert isinstance(compare(left * (1 + const(part)), right), Disagreement) or _is_zero(right)


def _is_zero(right):
    return right.op.name == "mul" and right.args[0] is const(0)


@pytest.mark.parametrize("activation", [g.relu, g.tanh, g.sigmoid, g.gelu, g.softplus])
def test_gradients_of_two_layers(activation):
    loss, W1, W2, z1, h, dz2 = two_layers(activation)
    slope = g.grad(g.sum(activation(z1)), z1)
    right = X.T @ ((dz2 @ W2.T) * slope)
    dW1 = g.grad(loss, W1)
    start = time.perf_counter()
    agrees(dW1, right * (1 + 0 * W1))
    agrees(g.grad(loss, W2), h.T @ dz2)
    mistakes = [
        -right,
        2 * right,
        right * g.size("N"),
        X.T @ (dz2 @ W2.T),
        X.T @ ((dz2 @ W2.T) * slope * slope * 2 / 3),
        X.T @ ((dz2 @ W2.T) * slope) + W1,
        X.T @ (((g.softmax(h @ W2) - 1) / g.size("N") @ W2.T) * slope),
    ]
    for mistake in mistakes:
        wrong(dW1, mistake)
    assert time.perf_counter() - start < 30


# --- planted errors -----------------------------------------------------------------------------------------------


def test_one_wrong_entry_in_a_thousand():
    v = input_("v", (10, 100))
    place = np.zeros((10, 100), int)
    place[7, 31] = 1
    mask = g.equal(g.reshape(g.arange(1000), (10, 100)), 731)
    found = wrong(v * v, v * v * (1 + mask * const(Decimal("1e-6"))))
    assert found.counterexample.entry == (7, 31)


@pytest.mark.parametrize("scale", ["1e-8", "1e-100", "1e-300"])
def test_gradients_of_any_scale_are_judged(scale):
    tiny = const(Decimal(scale))
    agrees(tiny * x * (y + 1), tiny * x * y + tiny * x)
    wrong(tiny * x * (y + 1), tiny * x * y - tiny * x)
    wrong(tiny * x, 0 * x)
    wrong(1 + tiny * x - 1, 0 * x)


def test_a_wrong_sign_beside_something_larger():
    wrong(x + const(Decimal("1e-6")) * y, x - const(Decimal("1e-6")) * y)
    wrong(g.stack([a, const(Decimal("1e-6")) * b]), g.stack([a, -const(Decimal("1e-6")) * b]))


def test_large_terms_on_both_sides_hide_nothing():
    for large in (const(10) ** 25, const(10) ** 300, g.exp(600 + 0 * x)):
        assert isinstance(compare(x + large, 2 * x + large), Disagreement)
        agrees(x + large + y, large + (y + x))


def test_rounding_as_in_float32():
    wrong(x * const(1) / 3, x * const(Decimal("0.33333334")))
    wrong(x / 3, x * const(Decimal("0.3333333333333333")))


def test_an_error_on_one_side_of_a_kink():
    wrong(g.where(x > 0, x, 0), g.where(x > 0, x, const(Decimal("1e-3")) * x))
    wrong(g.where(x > 100, x, 0), 0 * x)
    wrong(g.where(x < -3, x * x, x), x)
    wrong(g.relu(g.sum(x * x) - 500), 0 * g.sum(x))
    wrong(g.clip(x, -20, 20), x)


def test_an_error_that_square_shapes_hide():
    wrong(g.sum(X, axis=1) / g.size("N"), g.sum(X, axis=1) / g.size("D"))
    wrong(g.mean(X), g.sum(X) / g.size("N") ** 2)
    wrong(A @ A.T, A.T @ A)
    symmetric = assume(input_("S", ("N", "N")), Symmetric())
    agrees(symmetric @ symmetric.T, symmetric.T @ symmetric)


def test_right_only_where_x_is_positive():
    found = wrong(g.sqrt(a * a), a)
    assert found.counterexample.values["a"] < 0
    assert found.points_right > 0
    positive = assume(input_("q"), Range(Fraction(0), None, True))
    agrees(g.sqrt(positive * positive), positive)


def test_right_only_because_of_a_fact():
    plain = input_("t", ("N", "K"))
    sums = assume(plain, SumsTo(1))
    hot = assume(plain, OneHot(1))
    for t, fits in ((plain, False), (sums, True), (hot, True)):
        (agrees if fits else wrong)(g.sum(t, axis=1) * 1, g.sum(t, axis=1) ** 2 - g.sum(t, axis=1) + 1)
    agrees(hot * hot, hot)
    wrong(sums * sums, sums)
    third = assume(plain, SumsTo(1, Fraction(1, 3)))
    agrees(g.sum(third, axis=1) * 3, g.ones(("N",)) + 0 * g.sum(third, axis=1))


def test_random_draws_are_the_same_on_both_sides():
    kept = g.dropout(x, rate=Fraction(1, 2), key="a", step=0)
    other = g.dropout(x, rate=Fraction(1, 2), key="b", step=0)
    agrees(kept * 2, kept + kept)
    wrong(kept, other)


# --- what is said about it ----------------------------------------------------------------------------------------


def test_a_small_counterexample():
    found = wrong(a * b, a + b).counterexample
    assert all(abs(v) <= 3 and isinstance(v, int) for v in found.values.values())
    found = wrong(g.sum(x * y), g.sum(x) * g.sum(y)).counterexample
    assert max(np.size(v) for v in found.values.values()) <= 2
    assert sum(np.count_nonzero(v) for v in found.values.values()) <= 2
    found = wrong((X @ W).T @ X, W.T @ X.T @ X * 2).counterexample
    assert sum(np.count_nonzero(v) for v in found.values.values()) <= 3


def test_a_counterexample_in_a_domain_obeys_it():
    p = assume(input_("p"), Range(Fraction(0), Fraction(1), True, True))
    assert 0 < wrong(g.log(p) - g.log(1 - p), g.log(p)).counterexample.values["p"] < 1
    assert wrong(g.log(a), a).counterexample.values["a"] > 0
    t = assume(input_("t", ("N", "K")), OneHot(1))
    assert (np.sum(wrong(t, 1 - t).counterexample.values["t"], axis=1) == 1).all()


def test_the_evidence():
    found = agrees(g.log(x) * 2, g.log(x * x))
    assert (found.points, found.domain, found.trivial) == (8, "x > 0", False)
    assert 0 < found.error < 1e-12
    assert len({s["N"] for s in found.sizes}) >= 3
    assert agrees(g.relu(x * x + 1), x * x + 1).one_sided == ("x*x + 1 > 0",)


def test_zero_on_both_sides_is_said():
    assert agrees(0 * x, x - x).trivial
    assert agrees(g.grad(g.sum(g.sign(x)), x), 0 * x).trivial
    assert not agrees(g.relu(x), (x + g.abs(x)) / 2).trivial
    nothing = (x + y) ** 2 - x**2 - 2 * x * y - y**2
    assert agrees(nothing, nothing * x).trivial
    assert agrees(g.grad(g.sum(g.softmax(x)), x), 2 * g.grad(g.sum(g.softmax(x, axis=0)), x)).trivial


def test_what_cannot_be_judged():
    nowhere = compare(g.log(-1 - x * x), x)
    assert isinstance(nowhere, Unsettled)
    assert "defined" in nowhere.reason
    shapes = compare(x, X)
    assert isinstance(shapes, Unsettled)
    assert "shapes" in shapes.reason


def test_the_time_is_kept():
    big = input_("big", (40, 40, 40))
    out = big
    for _ in range(30):
        out = g.tanh(out) + big * big
    start = time.perf_counter()
    compare(g.sum(out) * (1 + const(Decimal("1e-14"))), g.sum(out), seconds=1.0)
    assert time.perf_counter() - start < 5


def test_a_deep_graph():
    out = x
    for i in range(3000):
        out = out * const(Decimal("1.0001")) + y / (i + 2)
    found = compare(out, out + 0 * x, points=2, seconds=20)
    assert isinstance(found, Agreement)


def test_two_leaves_of_one_name():
    other = assume(x, Range(Fraction(0), None, True))
    agrees(g.sqrt(other * other), x * 1)
    clash = compare(x * 1, input_("x", ("N",), dtype="int") * 1)
    assert isinstance(clash, Unsettled)


def test_whole_numbers_at_a_kink_prove_nothing():
    n = assume(input_("n", "N"), Integer())
    agrees(n >= 0, n > 0)
    agrees(g.grad(g.sum(g.abs(n)), n), g.where(n > 0, 1, -1))
    wrong(g.abs(n), n)
    t = assume(input_("t", ("N", "K")), OneHot(1))
    agrees(t > 0, t * 1)
    wrong(t >= 0, t * 1)


def test_shapes_as_in_homework():
    images, labels = input_("images", ("N", 784)), input_("labels", "N", dtype="int")
    W1, W2 = input_("W1", (784, 128)), input_("W2", (128, 10))
    z1 = images @ W1
    h = g.relu(z1)
    loss = g.cross_entropy(h @ W2, labels)
    dz2 = (g.softmax(h @ W2) - g.one_hot(labels, 10)) / g.size("N")
    right = images.T @ ((dz2 @ W2.T) * (z1 > 0))
    dW1 = g.grad(loss, W1)
    start = time.perf_counter()
    agrees(dW1, (3 * images.T) @ ((dz2 @ W2.T) * (z1 > 0) / 3))
    for mistake in (-right, right * const(Decimal("1.0000001")), images.T @ (dz2 @ W2.T)):
        assert isinstance(compare(dW1, mistake), Disagreement)
    assert time.perf_counter() - start < 20


def test_what_is_too_large_is_refused():
    big = input_("big", (100000, 100000))
    found = compare(big * 2, big + big)
    assert isinstance(found, Unsettled)
    assert "too large" in found.reason


@pytest.mark.parametrize("threshold", [1e4, 1e9, 1e20])
def test_what_a_far_condition_lets_in_is_seen_beside_large_values(threshold: float) -> None:
    X, W = input_("X", ("N", "D")), input_("W", ("D", "K"))
    z = X @ W
    assert isinstance(compare(z, z + g.where(z > threshold, 1, 0)), Disagreement)
