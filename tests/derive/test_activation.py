"""What is found of an activation is what a dense grid of numbers shows."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from graphc.derive import grad
from graphc.derive.activation import Activation, activation
from graphc.derive.curve import End, Interval
from graphc.derive.vector_activation import vector_activation
from graphc.ir.errors import GraphcError
from graphc.ir.op import FUNCTIONS, OPS
from graphc.ops.composite import composite
from graphc.ops.leaf import input_
from graphc.ops.naive import evaluate
from graphc.ops.pointwise import abs_, exp, where

F = FUNCTIONS
x = input_("x", "N")
SCALARS = (
    *(
        "identity",
        "step",
        "sigmoid",
        "hard_sigmoid",
        "tanh",
        "relu",
        "leaky_relu",
        "prelu",
        "elu",
        "selu",
        "gelu",
    ),
    *("gelu_tanh", "silu", "softplus", "softsign", "log_sigmoid", "clip", "abs", "sin", "erf", "sign", "neg"),
)
GRID = np.unique(np.concatenate([np.linspace(-60, 60, 24001), np.linspace(-4, 4, 16001)]))
FAR = np.array([-1e9, -1e6, -1e3, 1e3, 1e6, 1e9])


def found(name: str, **given: object) -> Activation:
    return activation(OPS[name], given)


def curve(record: Activation):
    """The function and its derivative as the interpreter computes them."""
    options = {n: v for n, v in record.options if n in OPS[record.name].attr_names}
    further = [v for n, v in record.options if n not in options]
    output = F[record.name](x, *further, **options)
    slope = grad(F["sum"](output), x) if output.dtype == "real" else 0 * x

    def at(node, points):
        return np.broadcast_to(evaluate([node], {"x": points}, sizes={"N": len(points)})[0], points.shape)

    return lambda p: at(output, p), lambda p: at(slope, p)


def agrees(record: Activation) -> None:
    """Assert that both intervals hold all that the grid shows, reach no further, and are reached where they say."""
    for interval, f in zip((record.range, record.slopes), curve(record), strict=True):
        shown = f(np.concatenate([GRID, FAR]))
        low, high = interval.low, interval.high
        assert shown.min() >= low.value - 1e-12
        assert shown.max() <= high.value + 1e-12
        for end, extreme in ((low, shown.min()), (high, shown.max())):
            if math.isfinite(end.value):
                assert abs(extreme - end.value) <= 1e-6 * max(1, abs(end.value)), (record.name, end)
            else:
                assert abs(extreme) > 1e6
            for a, b in end.places if end.attained else ():
                inside = a if a == b else max(a, min(b, 0)) + (1 if a > -np.inf else -1) * 0.5
                assert abs(f(np.array([float(inside)]))[0] - end.value) < 1e-9, (record.name, end, inside)


@pytest.mark.parametrize("name", SCALARS)
def test_a_dense_grid_shows_the_same_ranges(name):
    agrees(found(name))


@pytest.mark.parametrize("name", SCALARS)
def test_a_dense_grid_shows_the_same_saturation_direction_and_mean(name):
    record = found(name)
    f, slope = curve(record)
    assert ("left" in record.saturates) == bool(abs(slope(np.array([-1e9]))[0]) < 1e-6) or name == "sin"
    assert ("right" in record.saturates) == bool(abs(slope(np.array([1e9]))[0]) < 1e-6) or name == "sin"
    differences = np.diff(f(GRID))
    rises, falls = (differences >= -1e-12).all(), (differences <= 1e-12).all()
    assert record.monotonic == ("increasing" if rises else "decreasing" if falls else "")
    assert record.odd == np.allclose(f(GRID), -f(-GRID), atol=1e-12)
    nodes, weights = np.polynomial.hermite_e.hermegauss(180)
    rough = (f(nodes) * weights).sum() / weights.sum()
    assert record.mean == pytest.approx(rough, abs=5e-2)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda r: replace(r, slopes=Interval(r.slopes.low, End(0.26, "", True, ((0, 0),)))),
        lambda r: replace(r, slopes=Interval(r.slopes.low, End(0.24, "", True, ((0, 0),)))),
        lambda r: replace(r, slopes=Interval(r.slopes.low, replace(r.slopes.high, places=((1, 1),)))),
        lambda r: replace(r, range=Interval(End(-1, "-1", False, ()), r.range.high)),
    ],
)
def test_a_planted_error_is_seen(wrong):
    agrees(found("sigmoid"))
    with pytest.raises(AssertionError):
        agrees(wrong(found("sigmoid")))


def test_the_greatest_slopes_of_the_textbook():
    for name, exact, place in (("sigmoid", "1/4", 0), ("tanh", "1", 0), ("softsign", "1", 0)):
        steepest = found(name).slopes.high
        assert (steepest.exact, steepest.attained, steepest.places) == (exact, True, ((place, place),)), name
    softplus = found("softplus").slopes.high
    assert (softplus.exact, softplus.attained) == ("1", False)
    silu = found("silu").slopes.high
    ((place, _),) = silu.places
    assert place * math.tanh(place / 2) == pytest.approx(2, rel=1e-14)  # where silu'' is 0
    assert silu.value == pytest.approx(1 / 2 + place / 4, rel=1e-14) == pytest.approx(1.0998, abs=5e-5)
    gelu = found("gelu").slopes.high
    assert gelu.exact == "exp(-1)/sqrt(pi) + erf(1)/2 + 1/2"
    assert gelu.places == ((math.sqrt(2), math.sqrt(2)),)


def test_ranges_have_open_and_closed_ends():
    texts = {
        name: str(found(name).range)
        for name in ("sigmoid", "tanh", "relu", "hard_sigmoid", "elu", "step", "silu")
    }
    assert texts == {
        "sigmoid": "(0, 1)", "tanh": "(-1, 1)", "relu": "[0, ∞)", "hard_sigmoid": "[0, 1]", "elu": "(-1, ∞)",
        "step": "[0, 1]", "silu": "[-0.27846, ∞)",
    }  # fmt: skip
    assert 0 not in found("sigmoid").range
    assert 0.5 in found("sigmoid").range
    assert 0 in found("relu").range


def test_what_saturates_and_what_is_zero_centred():
    assert {n for n in SCALARS if found(n).saturates == ("left", "right")} == {
        "step", "sigmoid", "hard_sigmoid", "tanh", "softsign", "clip", "erf", "sign",
    }  # fmt: skip
    assert [n for n in SCALARS if not found(n).saturates] == [
        "identity",
        "leaky_relu",
        "prelu",
        "abs",
        "sin",
        "neg",
    ]
    assert {n for n in SCALARS if found(n).zero_centred} == {
        "identity", "tanh", "selu", "softsign", "clip", "sin", "erf", "sign", "neg",
    }  # fmt: skip


def test_options_are_taken_exactly_and_change_the_facts():
    assert found("leaky_relu", slope=1 / 4).options == (("slope", Fraction(1, 4)),)
    assert str(found("leaky_relu", slope=1 / 4).slopes) == "[1/4, 1]"
    assert str(found("leaky_relu", slope=-1).range) == "[0, ∞)"
    assert found("elu", alpha=2).slopes.high.value == 2
    assert not found("elu", alpha=2).slopes.high.attained
    assert str(found("clip", low=0, high=6).range) == "[0, 6]"
    assert found("prelu", alpha=1).odd
    agrees(found("elu", alpha=2))


def test_the_derivative_is_a_graph_too():
    for name in ("silu", "gelu", "tanh"):
        record = found(name)
        at = {"x": 0.7}
        assert evaluate([record.slope], at)[0] == pytest.approx(curve(record)[1](np.array([0.7]))[0])


def test_what_is_defined_on_a_part_of_the_line():
    log = found("log")
    assert log.domain == ((0, math.inf),)
    assert (str(log.range), str(log.slopes), log.mean) == ("(-∞, ∞)", "(0, ∞)", None)
    assert found("reciprocal").domain == ((-math.inf, 0), (0, math.inf))
    assert found("reciprocal").monotonic == ""


@pytest.fixture
def declared():
    """Activations of a user; their names are taken out of the tables again."""

    @composite(elementwise=True)
    def own_bump(x):
        return where(x > 0, x * exp(-x), x * exp(x))

    @composite(elementwise=True)
    def own_shrink(x, *, width=Fraction(1, 2)):
        return where(abs_(x) > width, x, 0)

    yield own_bump, own_shrink
    for name in ("own_bump", "own_shrink"):
        del OPS[name], FUNCTIONS[name]


def test_an_activation_of_ones_own(declared):
    bump = found("own_bump")
    assert (bump.slopes.high.exact, bump.slopes.high.attained) == ("1", True)
    assert (bump.range.high.exact, bump.range.high.places) == ("exp(-1)", ((1, 1),))
    assert bump.odd
    agrees(bump)
    shrink = found("own_shrink", width=2)
    assert (str(shrink.range), str(shrink.slopes), shrink.odd) == ("(-∞, ∞)", "[0, 1]", True)
    assert shrink.monotonic == "increasing"


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("relu", {"slope": 1}, "relu has no option 'slope'; it has none"),
        ("elu", {"alhpa": 1}, "elu has no option 'alhpa'; it has alpha"),
        ("elu", {"alpha": "a"}, "alpha is a number, not 'a'"),
        ("maximum", {}, 'give the others as numbers, as in describe\\("maximum"'),
    ],
)
def test_what_cannot_be_described_is_refused_in_a_sentence(name, given, message):
    with pytest.raises(GraphcError, match=message):
        found(name, **given)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "maxout"])
def test_a_vector_activation_keeps_to_its_range_and_slopes(name):
    record = vector_activation(name, {})
    z = input_("z", (2000, 3))
    y = F[name](z, **dict(record.options))
    at = {"z": np.random.default_rng(0).normal(0, 6, (2000, 3))}
    outputs, slopes = evaluate([y, grad(F["sum"](y[:, 0]), z)[:, 0]], at)
    for interval, shown in ((record.range, outputs), (record.slopes, slopes)):
        assert shown.min() >= interval.low.value - 1e-12
        assert shown.max() <= interval.high.value + 1e-12
    if name != "maxout":
        moved = evaluate([y], {"z": at["z"] + 3})[0]
        assert record.shift == "unchanged"
        np.testing.assert_allclose(moved, outputs, atol=1e-9)


def test_softmax_sums_to_one_and_has_the_jacobian_of_the_textbook():
    softmax, log_softmax, maxout = (vector_activation(n, {}) for n in ("softmax", "log_softmax", "maxout"))
    assert (softmax.jacobian, softmax.total) == ("diag(y) - outer(y, y)", "1")
    assert softmax.gradient == "(v - sum(v*y))*y"
    assert (str(softmax.range), str(softmax.slopes)) == ("(0, 1)", "(0, 1/4]")
    assert (log_softmax.jacobian, log_softmax.total) == ("eye(K) - outer(ones(K), exp(y))", "")
    assert (str(log_softmax.range), str(log_softmax.slopes)) == ("(-∞, 0)", "(0, 1)")
    assert str(maxout.range) == "(-∞, ∞)"
    assert vector_activation("maxout", {"pieces": 2}).options == (("pieces", 2),)
    for given in ({"pieces": 0}, {"pieces": 1.5}, {"axis": 1}):
        with pytest.raises(GraphcError):
            vector_activation("maxout", given)


@pytest.mark.parametrize(
    ("name", "bound"), [("sigmoid", 0.25), ("tanh", 1.0), ("relu", 1.0), ("softsign", 1.0)]
)
def test_the_maximum_of_the_derivative_is_at_hand(name, bound):
    assert activation(OPS[name], {}).max_derivative == bound
