"""The numeric gradient check: right gradients pass, every planted error is found, kinks are told from errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as g
from graphc.claims.gradcheck import check as module
from graphc.claims.gradcheck.complex import Complex, allows, complex_slope
from graphc.claims.gradcheck.graph import Deadline, place_at
from graphc.claims.gradcheck.noise import noise_of
from graphc.claims.gradcheck.report import Outcome
from graphc.claims.gradcheck.slope import slope_of
from graphc.claims.gradcheck.tape import Tape
from graphc.ir.errors import BindError, DTypeError, GradientError, GraphcError
from graphc.ops.naive import Arithmetic, evaluate
from tests.cases import CASES, Case
from tests.checking import real_leaves, weighted_sum, weights_for

RNG = np.random.default_rng(4)
X = RNG.normal(size=(20, 30))
W = RNG.normal(size=30)


def loss(w: Any) -> Any:
    return np.sum(np.tanh(X.astype(w.dtype) @ w) ** 2) / w.dtype.type(20)


def slope(w: Any) -> Any:
    y = np.tanh(X.astype(w.dtype) @ w)
    return 2 * X.astype(w.dtype).T @ (y * (1 - y**2)) / w.dtype.type(20)


def changed(index: int, factor: float) -> Callable[[Any], Any]:
    """The gradient with one entry wrong."""

    def wrong(w: Any) -> Any:
        found = slope(w)
        found[index] *= factor
        return found

    return wrong


# --- Python functions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e-8, 1e-150, 1e150])
@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_a_right_gradient_passes_at_every_scale(scale: float, offset: float) -> None:
    if offset and scale < 1e-8:
        pytest.skip("below the last digit of the function")
    report = g.gradcheck(lambda w: offset + scale * loss(w), lambda w: scale * slope(w), W)
    assert report, str(report)
    assert report.exit_code == 0
    assert report.parameters[0].error < 1e-3


@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e-150])
@pytest.mark.parametrize("factor", [-1.0, 2.0, 0.5, 0.0, 1.01])
def test_one_wrong_entry_is_found_at_every_scale(scale: float, factor: float) -> None:
    offset = 1.0 if scale > 1e-100 else 0.0
    wrong = changed(17, factor)
    report = g.gradcheck(lambda w: offset + scale * loss(w), lambda w: scale * wrong(w), W)
    assert report.exit_code == 1
    (check,) = report.parameters
    assert check.counts[Outcome.WRONG] == 1
    assert check.worst[0].index == (17,)


def test_one_wrong_entry_in_a_thousand_is_found() -> None:
    x = RNG.normal(size=(40, 25))

    def wrong(x: Any) -> Any:
        found = np.cos(x)
        found[31, 7] += 1e-5
        return found

    report = g.gradcheck(lambda x: np.sum(np.sin(x)), wrong, x)
    assert [e.index for e in report.parameters[0].worst if e.outcome is Outcome.WRONG] == [(31, 7)]


def test_a_wrong_sign_of_one_small_entry_is_found() -> None:
    x = np.array([1.0, 2.0, 3.0])
    weights = np.array([1.0, 1e-6, 1.0])
    report = g.gradcheck(lambda x: np.sum(weights * x**2), lambda x: 2 * weights * x * [1, -1, 1], x)
    assert report.parameters[0].worst[0].index == (1,)
    assert not report


@pytest.mark.parametrize("factor", [1.0, -1.0, 1.05])
def test_float32_is_judged_by_its_own_rounding(factor: float) -> None:
    report = g.gradcheck(loss, changed(5, factor), W.astype(np.float32))
    assert report.ok is (factor == 1.0), str(report)
    assert report.noise < 1e-12  # the function is measured in float64
    if factor != 1.0:
        assert report.parameters[0].worst[0].index == (5,)


def test_small_entries_beside_large_ones_are_judged_in_float32_too() -> None:
    x = np.array([0.5, 1.5, 2.5], np.float32)
    weights = np.array([1e-8, 1.0, 1e4], np.float32)

    def right(x: Any) -> Any:
        return weights * np.cos(x)

    assert g.gradcheck(lambda x: np.sum(weights * np.sin(x)), right, x)
    wrong = g.gradcheck(lambda x: np.sum(weights * np.sin(x)), lambda x: right(x) * [1.01, 1, 1], x)
    assert wrong.parameters[0].worst[0].index == (0,)


def test_rounding_to_float32_inside_a_function_is_noticed() -> None:
    report = g.gradcheck(lambda w: float(loss(w.astype(np.float32))), slope, W)
    assert report, str(report)
    assert report.noise > 1e-9


@pytest.mark.parametrize(
    ("wrong", "mistake"),
    [
        (lambda w: -slope(w), "the sign is the opposite"),
        (lambda w: 2 * slope(w), "it is 2 times the slope"),
        (lambda w: slope(w) / 2, "it is 1/2 times the slope"),
        (lambda w: -3 * slope(w), "it is -3 times the slope"),
        (lambda w: 20 * slope(w), "it is 20 times the slope"),
        (lambda w: 0 * w, "the gradient is 0: nothing arrives there"),
        (lambda w: slope(w) - 0.3 * w, "it lacks 0.3 times the parameter, the gradient of a penalty"),
        (changed(3, -1.0), "in 1 of 30 entries the sign is the opposite"),
        (lambda w: np.sin(w), ""),
    ],
)
def test_a_simple_mistake_is_named(wrong: Callable[[Any], Any], mistake: str) -> None:
    assert g.gradcheck(loss, wrong, W).parameters[0].mistake == mistake


def test_a_gradient_below_the_rounding_of_the_function_is_undecided() -> None:
    report = g.gradcheck(lambda w: 1 + 1e-17 * loss(w), lambda w: 1e-17 * slope(w), W)
    assert report.outcome is Outcome.UNDECIDED
    assert report.exit_code == 3
    assert "too small beside the rounding" in str(report)


def test_entries_below_the_rounding_are_settled_by_complex_numbers_where_others_confirm_them() -> None:
    x = np.array([0.5, 1.5, 2.5])
    weights = np.array([1e-14, 1.0, 1e4])

    def right(x: Any) -> Any:
        return weights * np.cos(x)

    report = g.gradcheck(lambda x: np.sum(weights * np.sin(x)), right, x)
    assert report.outcome is Outcome.OK, str(report)
    assert "complex step" in report.parameters[0].method
    wrong = g.gradcheck(lambda x: np.sum(weights * np.sin(x)), lambda x: right(x) * [1.01, 1, 1], x)
    assert wrong.parameters[0].worst[0].index == (0,)
    refused = g.gradcheck(lambda x: float(np.sum(weights * np.sin(x))), right, x)
    assert refused.outcome is Outcome.UNDECIDED


def test_complex_slopes_of_a_function_that_drops_imaginary_parts_are_not_believed() -> None:
    x = np.array([0.5, 1.5, 2.5])
    weights = np.array([1e-17, 1.0, 1.0])
    for f in (
        lambda x: np.sum(weights * x * np.conj(x)),
        lambda x: np.sum(weights * np.abs(x) ** 2 + 0j).real,
    ):
        report = g.gradcheck(f, lambda x: 2 * weights * x * [0, 1, 1], x)
        assert report.outcome is not Outcome.WRONG
        assert "complex" not in report.parameters[0].method


def test_true_zeros_pass() -> None:
    x = np.array([1.0, 2.0])
    assert g.gradcheck(lambda x: float(x[0]), lambda x: np.array([1.0, 0.0]), x)
    shifted = g.gradcheck(
        lambda z: float(np.log(np.sum(np.exp(z))) - np.mean(z)),
        lambda z: np.exp(z) / np.sum(np.exp(z)) - 1 / len(z),
        np.array([0.3, 0.3, 0.3]),
    )
    assert shifted, str(shifted)


# --- kinks and edges ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [0.0, 0.5, 1.0])
def test_every_slope_between_the_sides_of_a_kink_is_allowed(given: float) -> None:
    report = g.gradcheck(lambda x: max(x, 0.0), lambda x: given, 0.0)
    assert report.outcome is Outcome.KINK
    assert report
    assert report.parameters[0].worst[0].sides == (0.0, 1.0)


@pytest.mark.parametrize("given", [-0.5, 2.0])
def test_no_other_slope_is_right_at_a_kink(given: float) -> None:
    assert g.gradcheck(lambda x: max(x, 0.0), lambda x: given, 0.0).exit_code == 1


@pytest.mark.parametrize("distance", 10.0 ** -np.arange(1, 11))
@pytest.mark.parametrize("side", [-1, 1])
def test_beside_a_kink_there_is_one_slope(distance: float, side: int) -> None:
    x = np.array([3.0, side * distance])
    right = g.gradcheck(lambda x: np.sum(np.maximum(x, 0)), lambda x: (x > 0) * 1.0, x)
    assert right.outcome is Outcome.OK, str(right)
    half = g.gradcheck(lambda x: np.sum(np.maximum(x, 0)), lambda x: np.array([1.0, 0.5]), x)
    assert half.outcome is Outcome.WRONG, str(half)


def test_a_kink_far_from_one_is_told_from_steep_curvature() -> None:
    x = np.array([1e-3])
    report = g.gradcheck(lambda x: np.sum(np.sqrt(x**2 + 1e-12)), lambda x: x / np.sqrt(x**2 + 1e-12), x)
    assert report.outcome is Outcome.OK, str(report)


def test_at_a_jump_or_an_edge_nothing_is_decided() -> None:
    jump = g.gradcheck(lambda x: float(x > 0), lambda x: 0.0, 0.0)
    assert "jumps" in jump.parameters[0].worst[0].reason
    with np.errstate(all="ignore"):
        edge = g.gradcheck(lambda x: float(np.sqrt(x)), lambda x: np.inf, np.float64(0.0))
    assert jump.exit_code == edge.exit_code == 3


@pytest.mark.parametrize("x", [1.0, 1e-3, 1e-8, 1e8])
def test_steps_stay_within_the_domain(x: float) -> None:
    array = np.array([1.0, x])
    assert g.gradcheck(lambda x: np.sum(np.log(x)), lambda x: 1 / x, array)
    assert not g.gradcheck(lambda x: np.sum(np.log(x)), lambda x: 1.001 / x, array)


# --- structures ---------------------------------------------------------------------------------------------------


def test_arguments_come_as_they_were_given() -> None:
    values = {"W": W.reshape(5, 6), "b": 0.5}

    def by_name(W: Any, b: float) -> float:
        return float(np.sum(W**2) * b)

    def in_one(p: dict[str, Any]) -> float:
        return by_name(p["W"], p["b"])

    for f in (by_name, in_one):
        report = g.gradcheck(f, lambda p: {"dW": 2 * p["W"] * p["b"], "b": np.sum(p["W"] ** 2)}, values)
        assert [p.name for p in report.parameters] == ["W", "b"]
        assert report
    assert g.gradcheck(lambda x, y: x * y, lambda x, y: (y, x), (2.0, 3.0))
    assert not g.gradcheck(lambda x, y: x * y, lambda x, y: (x, y), (2.0, 3.0))
    nested = {"layers": [{"W": np.ones(2)}, {"W": np.full(3, 2.0)}]}
    report = g.gradcheck(
        lambda p: sum(float(np.sum(layer["W"] ** 2)) for layer in p["layers"]),
        lambda p: {"layers": [{"W": 2 * layer["W"]} for layer in p["layers"]]},
        nested,
    )
    assert [p.name for p in report.parameters] == ["layers[0]['W']", "layers[1]['W']"]
    assert report


def test_a_function_may_spoil_its_argument() -> None:
    def spoils(w: Any) -> Any:
        w *= 2
        return np.sum(w**2)

    before = W.copy()
    assert g.gradcheck(spoils, lambda w: 8 * w, W)
    assert np.array_equal(W, before)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (lambda a: np.exp(a).T, "right when transposed"),
        (lambda a: np.stack([np.exp(a), 0 * a]), "right when summed over its first axis, the batch"),
        (lambda a: np.exp(a).ravel(), "right in that shape"),
        (lambda a: np.ones(3), "has the shape (3,), and the parameter (3, 2)"),
    ],
)
def test_a_gradient_of_another_shape_is_wrong(given: Callable[[Any], Any], told: str) -> None:
    report = g.gradcheck(lambda a: np.sum(np.exp(a)), given, RNG.normal(size=(3, 2)))
    assert report.exit_code == 1
    assert told in report.parameters[0].reason


def test_bad_input_is_a_sentence() -> None:
    with pytest.raises(DTypeError, match="one real number, and gave an array of shape"):
        g.gradcheck(lambda x: x, lambda x: x, np.ones(2))
    with pytest.raises(GraphcError, match="another value when it is called again"):
        g.gradcheck(lambda x: float(RNG.normal()), lambda x: x, 1.0)
    with pytest.raises(GraphcError, match="another one when it is asked for again"):
        g.gradcheck(lambda x: x, lambda x: float(RNG.normal()), 1.0)
    with pytest.raises(BindError, match="has no b; it has: a"):
        g.gradcheck(lambda p: p["b"], lambda p: {"a": 1.0}, {"b": 1.0})
    with pytest.raises(BindError, match="not an array of real numbers"):
        g.gradcheck(lambda x: 1.0, lambda x: "no", 1.0)
    with pytest.raises(BindError, match="take another point"):
        g.gradcheck(lambda x: float("nan"), lambda x: x, 1.0)
    with pytest.raises(BindError, match="takes a node of a graph, or a function"):
        g.gradcheck(3, lambda x: x, 1.0)  # type: ignore[arg-type]
    with pytest.raises(BindError, match="x has an entry that is not finite"):
        g.gradcheck(np.sum, np.ones_like, np.array([1.0, np.nan]))
    with pytest.raises(BindError, match="1 or more"):
        g.gradcheck(lambda x: x, lambda x: 1.0, 1.0, entries=0)


def test_a_gradient_that_is_no_number_is_wrong_there_alone() -> None:
    report = g.gradcheck(np.sum, lambda x: np.array([1.0, np.nan]), np.ones(2))
    assert report.parameters[0].counts == {Outcome.OK: 1, Outcome.WRONG: 1}


def test_what_underflows_is_undecided_and_what_is_empty_is_right() -> None:
    assert g.gradcheck(lambda x: x * x, lambda x: 2 * x, 1e-200).outcome is Outcome.UNDECIDED
    assert g.gradcheck(lambda x: float(np.sum(x)), np.ones_like, np.zeros((0, 3)))


def test_entries_bounds_the_work_and_is_repeatable() -> None:
    calls: list[int] = []

    def counted(w: Any) -> Any:
        calls.append(1)
        return loss(w)

    first = g.gradcheck(counted, slope, W, entries=3)
    assert first.parameters[0].checked == 3
    assert len(calls) < 80
    assert first == g.gradcheck(counted, slope, W, entries=3)


# --- the parts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e-12, 1e-7, 1e-3])
def test_noise_is_found_within_a_small_factor(size: float) -> None:
    rng = np.random.default_rng(0)
    found = [noise_of(lambda t: float(np.sin(1 + t) + size * rng.normal())) for _ in range(20)]
    assert size / 5 < np.median(found) < 5 * size


@pytest.mark.parametrize(
    ("f", "at", "right"),
    [
        (np.exp, 1.0, np.exp(1.0)),
        (lambda x: np.sin(1000 * x), 1.0, 1000 * np.cos(1000.0)),
        (lambda x: 1 / x, 1e-5, -1e10),
        (lambda x: x**9, 0.0, 0.0),
        (lambda x: 1e8 + x, 1.0, 1.0),
    ],
)
def test_a_slope_lies_within_its_stated_error(f: Callable[[float], float], at: float, right: float) -> None:
    noise = 1e-16 * abs(f(at))
    found = slope_of(lambda h: ((at + h) - at, float(f(at + h))), float(f(at)), 1.0, noise)
    assert found.kind == "smooth"
    assert abs(found.value - right) <= 4 * found.error + 1e-12 * abs(right)
    assert found.error <= 1e-5 * abs(right) + 1e-12


# --- graphs -------------------------------------------------------------------------------------------------------


def network() -> Any:
    x, t = g.input("x", ("N", "D")), g.input("t", ("N",), dtype="int")
    w, b = g.param("W", ("D", "H")), g.param("b", ("H",))
    v = g.param("V", ("H", 3))
    return g.cross_entropy(g.relu(x @ w + b).named("h") @ v, t).named("loss")


AT = {
    "x": RNG.normal(size=(7, 4)),
    "W": RNG.normal(size=(4, 5)),
    "b": RNG.normal(size=5),
    "V": RNG.normal(size=(5, 3)),
    "t": RNG.integers(0, 3, 7),
}


def backward(x: Any, W: Any, b: Any, V: Any, t: Any) -> dict[str, Any]:
    z = x @ W + b
    h = np.maximum(z, 0)
    p = np.exp(h @ V)
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(t)), t] -= 1
    dz = p @ V.T * (z > 0)
    return {"dW": x.T @ dz / len(t), "db": dz.sum(axis=0) / len(t), "dV": h.T @ p / len(t)}


def test_derived_gradients_pass_at_a_point_and_at_random_ones() -> None:
    at = g.gradcheck(network(), at=AT)
    assert [(p.name, p.outcome, p.method) for p in at.parameters] == [
        (name, Outcome.OK, "complex step") for name in ("W", "b", "V")
    ]
    assert at.points == ()
    drawn = g.gradcheck(network(), seed=3)
    assert drawn, str(drawn)
    assert len(drawn.points) == 3


@pytest.mark.parametrize("factor", [-1.0, 2.0, 1 + 1e-8])
def test_a_wrong_derived_gradient_is_found(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    plant(monkeypatch, lambda gradient: gradient * g.const(factor))
    for output in (network(), g.sum(g.gelu(g.param("u", ("N",))))):
        report = g.gradcheck(output)
        assert all(p.outcome is Outcome.WRONG for p in report.parameters), str(report)


def test_a_wrong_derived_gradient_of_scale_1e_300_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    x = g.param("x")
    tiny = g.const(1e-300) * x**2
    assert g.gradcheck(tiny, at={"x": 1e-3})
    plant(monkeypatch, lambda gradient: gradient * g.const(1.001))
    assert g.gradcheck(tiny, at={"x": 1e-3}).exit_code == 1


def plant(monkeypatch: pytest.MonkeyPatch, wrong: Callable[[Any], Any]) -> None:
    real = module.gradients
    monkeypatch.setattr(module, "gradients", lambda f, targets: [wrong(d) for d in real(f, targets)])


def test_a_hand_written_gradient_is_judged_beside_the_derived_one() -> None:
    assert g.gradcheck(network(), backward, at=AT)
    assert g.gradcheck(network(), backward)
    assert g.gradcheck(network(), backward(**AT), at=AT)

    def wrong(**values: Any) -> dict[str, Any]:
        found = backward(**values)
        found["dW"][1, 2] *= -1
        return {"dW": found["dW"], "db": found["db"] * len(values["t"]), "dV": found["dV"].T}

    report = g.gradcheck(network(), wrong, at=AT)
    assert report["W"].worst[0].index == (1, 2)
    assert report["W"].counts[Outcome.WRONG] == 1
    assert report["b"].mistake == "it is N times the slope: a division by N is missing"
    assert "right when transposed" in report["V"].reason
    lost = g.gradcheck(
        network(), lambda **values: {"db": backward(**values)["db"] * len(values["t"])}, wrt="b"
    )
    assert lost["b"].mistake == "it is N times the slope: a division by N is missing"


def test_a_gradient_in_float32_is_judged_by_that_precision() -> None:
    coarse = {name: d.astype(np.float32) for name, d in backward(**AT).items()}
    assert g.gradcheck(network(), coarse, at=AT)
    coarse["dW"][0, 0] *= 1.001
    assert g.gradcheck(network(), coarse, at=AT)["W"].counts[Outcome.WRONG] == 1


def test_intermediates_count_the_ways_through_them() -> None:
    x, y = g.input("x"), g.input("y")
    q = (x + y).named("q")
    report = g.gradcheck(q * (x + y), at={"x": 2, "y": 3}, wrt="q")
    assert report["q"].worst[0].slope == pytest.approx(5)
    assert report


@pytest.mark.parametrize(
    ("build", "outcome"),
    [
        (g.relu, Outcome.KINK),
        (abs, Outcome.KINK),
        (g.softplus, Outcome.OK),
        (g.silu, Outcome.OK),
        (lambda x: g.max(g.stack([x, -x])), Outcome.KINK),
        (lambda x: x * g.stop_gradient(x + 1), Outcome.OK),
        (lambda x: g.logsumexp(g.stack([x, -x])), Outcome.OK),
        (lambda x: g.where(x > 0, x**2, -(x**2)), Outcome.OK),
    ],
)
def test_at_zero_kinks_are_told_from_smooth_functions(build: Callable[[Any], Any], outcome: Outcome) -> None:
    report = g.gradcheck(build(g.input("x")), at={"x": 0.0})
    assert report.outcome is outcome, str(report)


def test_a_wrong_slope_at_a_kink_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, lambda gradient: gradient - 1)
    assert g.gradcheck(g.relu(g.input("x")), at={"x": 0.0}).exit_code == 1


def test_time_that_is_up_leaves_entries_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, lambda gradient: 2 * gradient)
    report = g.gradcheck(network(), at=AT, seconds=0)
    assert report.exit_code == 3
    assert "no time was left" in str(report)


@pytest.mark.parametrize("case", [case for case in CASES if case.smooth], ids=str)
def test_every_operation_passes(case: Case) -> None:
    node, values = case.node(), case.values()
    targets = real_leaves(node)
    if targets:
        values["weights"] = weights_for(evaluate([node], values)[0].shape)
        output = weighted_sum(node)
        at = {leaf.name: values[leaf.name] for leaf in g.Graph((output,)).leaves}
        report = g.gradcheck(output, at=at, wrt=targets, entries=4)
        assert report.outcome is Outcome.OK, str(report)


def test_complex_numbers_give_the_slope_to_the_last_digits() -> None:
    u = g.input("u", (3,))
    f = g.sum(g.exp(g.sin(u)) / g.log1p(u**2) + abs(u) * g.tanh(u) ** 3 + g.maximum(u, 0.3) * g.sqrt(u + 2))
    values = {"u": np.array([0.5, -0.7, 1.3])}
    (gradient,) = g.gradients(f, [u])
    place = place_at(Tape((f, gradient)), values, {}, Deadline(float("inf")))
    assert allows(place.tape.below(u))
    for i in range(3):
        found = complex_slope(lambda a, xp: place.changed(u, a, xp), place.arrays[u], (i,), Complex())
        assert found == pytest.approx(float(place.arrays[gradient][i]), rel=1e-13)


def test_the_complex_step_stops_at_a_tie() -> None:
    u = g.input("u", (2,))
    for f in (g.max(u), g.sum(g.maximum(u, 1)), g.sum(abs(u - 1)), g.sum(u * (u > 1))):
        place = place_at(Tape((f,)), {"u": np.ones(2)}, {}, Deadline(float("inf")))
        found = complex_slope(
            lambda a, xp, place=place: place.changed(u, a, xp), place.arrays[u], (0,), Complex()
        )
        assert found is None


def test_a_tape_says_what_the_interpreter_says() -> None:
    output = network()
    place = place_at(Tape((output,)), AT, {}, Deadline(float("inf")))
    target = next(leaf for leaf in g.Graph((output,)).leaves if leaf.name == "W")
    moved = place.changed(target, AT["W"] + 0.1, Arithmetic())
    again = place_at(Tape((output,)), {**AT, "W": AT["W"] + 0.1}, {}, Deadline(float("inf")))
    assert float(moved) == again.value


def test_bad_input_for_a_graph_is_a_sentence() -> None:
    output = network()
    with pytest.raises(BindError, match="no value for V"):
        g.gradcheck(output, at={k: v for k, v in AT.items() if k != "V"})
    with pytest.raises(BindError, match="there is no input 'w'"):
        g.gradcheck(output, at={**AT, "w": 1})
    with pytest.raises(GradientError, match="has no 'w' to differentiate by"):
        g.gradcheck(output, at=AT, wrt="w")
    with pytest.raises(GradientError, match="a gradient is of a scalar"):
        g.gradcheck(g.input("a", (2,)) * 2)
    with pytest.raises(BindError, match="take another point"):
        g.gradcheck(g.log(g.input("a")), at={"a": -1})
    with pytest.raises(BindError, match="no point was found"):
        g.gradcheck(g.log(-(g.input("a") ** 2)))
    with pytest.raises(BindError, match="by name"):
        g.gradcheck(output, lambda **k: 1.0, at=AT)
    with pytest.raises(BindError, match="there is no gradient by V"):
        g.gradcheck(output, {"dW": AT["W"]}, at=AT, wrt="V")


# --- the report ---------------------------------------------------------------------------------------------------


def test_the_report_reads_well_and_is_json_too() -> None:
    report = g.gradcheck(loss, changed(3, -1.0), W)
    text = str(report).splitlines()
    assert text[0].split() == ["shape", "entries", "largest", "error", "method", "verdict"]
    assert text[1].split() == ["x", "30", "30", "2.0e+00", "differences", "wrong"]
    assert text[2].strip() == "in 1 of 30 entries the sign is the opposite"
    assert text[4].strip().startswith("x[3]: given ")
    found = json.loads(report.json())
    assert (found["ok"], found["verdict"]) == (False, "wrong")
    assert found["parameters"][0]["worst"][0]["index"] == [3]
    drawn = json.loads(g.gradcheck(network()).json())
    assert g.gradcheck(network(), at=drawn["points"][2])
    kink = json.loads(g.gradcheck(g.relu(g.input("x")), at={"x": 0}).json())
    assert kink["parameters"][0]["worst"][0]["sides"] == [0, 1]
