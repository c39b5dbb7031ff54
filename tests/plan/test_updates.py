"""Equal updates done together: which leaves go together, and that every step remains what it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.emit import Step, compile_
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param, state
from graphc.ops.naive import evaluate
from graphc.plan import alike, updates
from graphc.plan.costs import SHIPPED
from graphc.plan.lower import Lowered, lower
from graphc.plan.setting import Setting

x, t = input_("x", ("N", 5)), input_("t", ("N", 2))
W1, b1 = param("W1", (5, 4)), param("b1", 4)
W2, b2 = param("W2", (4, 2)), param("b2", 2)
PARAMS = [W1, b1, W2, b2]
LAYERS = ["W1 b1 W2 b2"]
SIZES = {"N": 3, "D": 3, "M": 2}


def loss_of(params: Sequence[Node] = PARAMS) -> Node:
    h = F["tanh"](x @ params[0] + params[1])
    return F["mean"]((h @ params[2] + params[3] - t) ** 2)


def slopes_of(params: Sequence[Node] = PARAMS, extra: Any = 0) -> list[Node]:
    return list(gradients(loss_of(params) + extra, list(params)))


def beside(p: Node, name: str) -> Node:
    return state(f"{p.name}/{name}", p.shape)


def sgd(params: Sequence[Node], slopes: Sequence[Node], rate: Any = 0.1) -> dict[Node, Node]:
    return {p: p - rate * d for p, d in zip(params, slopes, strict=True)}


def momentum(params: Sequence[Node], slopes: Sequence[Node]) -> dict[Node, Node]:
    new: dict[Node, Node] = {}
    for p, d in zip(params, slopes, strict=True):
        v = beside(p, "v")
        new[v] = 0.9 * v + d
        new[p] = p - 0.1 * new[v]
    return new


def adam(params: Sequence[Node], slopes: Sequence[Node]) -> dict[Node, Node]:
    k = state("k")
    new = {k: k + 1}
    for p, d in zip(params, slopes, strict=True):
        m, v = beside(p, "m"), beside(p, "v")
        new[m] = 0.9 * m + 0.1 * d
        new[v] = 0.99 * v + 0.01 * d**2
        m_hat, v_hat = new[m] / (1 - 0.9 ** (k + 1)), new[v] / (1 - 0.99 ** (k + 1))
        new[p] = p - 0.1 * m_hat / (F["sqrt"](v_hat) + 1e-6)
    return new


def start_of(leaves: Sequence[Node]) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    shapes = {leaf: [d if isinstance(d, int) else SIZES[str(d)] for d in leaf.shape] for leaf in leaves}
    return {leaf.name or "": abs(rng.standard_normal(shape)) for leaf, shape in shapes.items()}


def check(
    new: Mapping[Node, Node],
    outputs: Sequence[Node] = (),
    steps: int = 3,
    without: Sequence[str] = (),
    **options: Any,
) -> list[str]:
    """Run the step with the pass and without beside the reference; the groups, members of a role in a text."""
    found: list[str] = []
    for off in ((), ("flat",)):
        step = compile_(list(outputs), updates=new, without=[*without, *off], **options)
        assert isinstance(step, Step)
        values = start_of([*step.plan.owned, *step.plan.inputs])
        owned = {leaf.name or "": values[leaf.name or ""] for leaf in step.plan.owned}
        inputs = {leaf.name or "": values[leaf.name or ""] for leaf in step.plan.inputs}
        step.load(owned)
        for _ in range(steps):
            wanted = evaluate([*outputs, *new.values()], owned | inputs, sizes=SIZES)
            for got, value in zip(step(**inputs), wanted, strict=False):
                np.testing.assert_allclose(got, value, rtol=1e-9, atol=1e-12)
            for leaf, value in zip(new, wanted[len(outputs) :], strict=True):
                owned[leaf.name or ""] = np.broadcast_to(value, owned[leaf.name or ""].shape)
            for name, value in (step.params | step.state).items():
                np.testing.assert_allclose(value, owned[name], rtol=1e-9, atol=1e-12, err_msg=name)
        assert_storage(step)
        if off:
            assert not step.plan.flat
        else:
            found = [" ".join(m.name or "" for m in f.members) for f in step.plan.flat]
    return found


def assert_storage(step: Step) -> None:
    """Every view lies in its flat array, in the order of the mapping, without gaps."""
    for views, flat in ((step.params, step.flat_params), (step.state, step._storage().flat_state)):
        joined = np.concatenate([np.ravel(v) for v in views.values()] or [np.zeros(0)])
        np.testing.assert_array_equal(joined, flat)
        assert all(np.shares_memory(v, flat) for v in views.values() if v.size)


# optimisers -------------------------------------------------------------------------------------------------


def test_sgd_updates_all_parameters_together() -> None:
    assert check(sgd(PARAMS, slopes_of()), [loss_of()]) == LAYERS


def test_momentum_keeps_its_states_in_a_flat_array() -> None:
    assert check(momentum(PARAMS, slopes_of()), [loss_of()]) == [*LAYERS, "W1/v b1/v W2/v b2/v"]


def test_adam_keeps_a_flat_array_for_each_moment() -> None:
    found = check(adam(PARAMS, slopes_of()), [loss_of()])
    assert found == [*LAYERS, "W1/m b1/m W2/m b2/m", "W1/v b1/v W2/v b2/v"]


def test_weight_decay_of_matrices_alone_makes_two_groups() -> None:
    decayed = [d + 0.01 * p if p.ndim > 1 else d for p, d in zip(PARAMS, slopes_of(), strict=True)]
    assert check(sgd(PARAMS, decayed)) == ["W1 W2", "b1 b2"]
    assert check(adam(PARAMS, decayed))[::3] == ["W1 W2", "b1 b2"]


def test_weight_decay_in_the_loss_makes_two_groups() -> None:
    slopes = slopes_of(extra=0.01 * (F["sum"](W1 * W1) + F["sum"](W2 * W2)))
    assert check(momentum(PARAMS, slopes)) == ["W1 W2", "W1/v W2/v", "b1 b2", "b1/v b2/v"]


def test_one_rate_for_the_first_layer_and_another_for_the_second() -> None:
    new = momentum([W1, b1], slopes_of()[:2])
    for p, d in zip([W2, b2], slopes_of()[2:], strict=True):
        v = beside(p, "v")
        new |= {v: 0.5 * v + d, p: p - v}
    assert check(new) == ["W1 b1", "W1/v b1/v", "W2 b2", "W2/v b2/v"]


def test_rates_that_differ_only_in_what_they_scale_are_one_group() -> None:
    new = {p: p - rate * d for p, d, rate in zip(PARAMS, slopes_of(), (0.1, 0.1, 0.2, 0.1), strict=True)}
    assert check(new) == LAYERS


def test_a_rate_that_is_a_state_and_decays() -> None:
    rate = state("rate")
    assert check({rate: 0.5 * rate} | sgd(PARAMS, slopes_of(), rate)) == LAYERS


def test_moving_averages_of_the_weights_go_with_them() -> None:
    new = sgd(PARAMS, slopes_of())
    new |= {beside(p, "mean"): 0.9 * beside(p, "mean") + 0.1 * new[p] for p in PARAMS}
    assert check(new) == [*LAYERS, "W1/mean b1/mean W2/mean b2/mean"]
    old = sgd(PARAMS, slopes_of()) | {beside(p, "old"): 1 * p for p in PARAMS}
    assert check(old) == [*LAYERS, "W1/old b1/old W2/old b2/old"]


def test_gradients_clipped_by_their_norm() -> None:
    slopes = slopes_of()
    norm = F["sqrt"](sum((F["sum"](d * d) for d in slopes), F["zeros"](())))
    scale = F["minimum"](1, 0.1 / norm)
    assert check(adam(PARAMS, [scale * d for d in slopes]))[:1] == LAYERS
    clipped = [F["clip"](d, -0.1, 0.1) for d in slopes]
    assert check(momentum(PARAMS, clipped))[:1] == LAYERS


def test_running_statistics_go_together_without_a_parameter() -> None:
    mean, variance = state("mean", 5), state("variance", 5)
    new = {
        mean: 0.9 * mean + 0.1 * F["mean"](x, axis=0),
        variance: 0.9 * variance + 0.1 * F["mean"](x * x, axis=0),
    }
    assert check(new) == ["mean variance"]


# careful cases ----------------------------------------------------------------------------------------------

A, B, C = param("A", (3, 3)), param("B", (3, 3)), param("C", (3, 3))
s, scalar, gain = param("s"), state("scalar"), param("gain", ("D", 2))
X = input_("X", (3, 3))

CASES: dict[str, tuple[dict[Node, Node], list[Node], list[str]]] = {
    "swapped": ({A: B, B: A}, [], []),
    "swapped and changed": ({A: B + X, B: A + X}, [], []),
    "each reads the other": ({A: A - 0.1 * B, B: B - 0.1 * A}, [], ["A B"]),
    "in a circle": ({A: A * B + X, B: B * C + X, C: C * A + X}, [A @ B], ["A B C"]),
    "reads another's new value": ({A: A - X, B: B - (A - X)}, [], []),
    "the new value is an output": ({A: A + X, B: B + X @ X}, [A + X], []),
    "the old value is an output": ({A: A + X, B: B + X @ X}, [A, A[0], B.T], ["A B"]),
    "the leaf stays": ({A: A, B: B + X, C: C + X @ X}, [A], ["B C"]),
    "both turned": ({A: A.T - X, B: B.T - X}, [], []),
    "one turned": ({A: A - X.T, B: B - X}, [], ["A B"]),
    "tied": ({A: A - (X @ A + (A @ X).T), B: B - X @ B}, [], ["A B"]),
    "the gradient is pointwise": ({A: A - 2 * A * X, B: B - 2 * B * (X @ X)}, [], ["A B"]),
    "the same gradient": ({A: A - X, B: B - X}, [], ["A B"]),
    "a zero gradient": ({A: A - 0 * X, B: B - X, C: C - F["zeros"]((3, 3))}, [], []),
    "no gradient": ({A: 0.5 * A, B: 0.5 * B, C: 0.5 * C - X}, [], ["A B"]),
    "a constant gradient": ({A: A - F["ones"]((3, 3)), B: B - F["ones"]((3, 3)), C: C - X}, [], ["A B"]),
    "a number": ({A: F["zeros"](()) + 1, B: F["zeros"](()) + 1}, [], []),
    "rows bounded by their norm": (
        {p: p * F["minimum"](1, 1 / F["sum"]((p - X) ** 2, axis=1, keepdims=True)) for p in (A, B)},
        [],
        [],
    ),
    "a row vector is read": ({A: A - X[0], B: B - X[1]}, [], []),
    "bounded entries": ({A: F["clip"](A - X, -1, 1), B: F["clip"](B - X @ X, -1, 1)}, [], ["A B"]),
    "signs": ({A: A - 0.1 * F["sign"](X), B: B - 0.1 * F["sign"](X @ X)}, [], ["A B"]),
    "masks": ({A: F["where"](A > X, A, 0), B: F["where"](B > X.T, B, 0)}, [], ["A B"]),
    "a mask is read": ({A: A * (X > 0), B: B * (X.T > 0)}, [], ["A B"]),
    "masks and numbers are read": ({A: A + (X > 0), B: B + X}, [], ["A B"]),
    "shared with the forward pass": ({A: F["tanh"](A) - X, B: F["tanh"](B) - X}, [F["tanh"](A) @ X], []),
    "a scalar parameter": ({A: A - X, s: s - F["sum"](X)}, [s * A], ["A s"]),
    "scalar parameters": ({s: s - F["sum"](X), gain: gain - s, A: A - X}, [], ["A s"]),
    "named sizes": ({gain: gain - F["exp"](gain * s), A: A - F["exp"](A * s)}, [gain], ["gain A"]),
}


@pytest.mark.parametrize("name", CASES)
def test_careful_cases(name: str) -> None:
    new, outputs, groups = CASES[name]
    assert check(new, outputs, **({"sizes": {"D": 3}} if gain in new else {})) == groups


def test_a_state_of_two_parameters_goes_with_neither() -> None:
    both = state("both", (3, 3))
    new = {A: A - X - 0.1 * both, B: B - X.T - 0.1 * both, both: 0.9 * both + A + B}
    assert check(new) == ["A B"]


def test_a_scalar_parameter_goes_with_the_others_under_adam() -> None:
    params = [A, s]
    found = check(adam(params, [X @ A, F["sum"](X)]), without=["fold"])
    assert found == ["A s", "A/m s/m", "A/v s/v"]


def test_counters_of_their_own() -> None:
    k1, k2 = state("k1"), state("k2")
    check({k1: k1 + 1, k2: k2 + 1, A: A / (k1 + 1) - X, B: B / (k2 + 1) - X})


def test_an_update_longer_than_any_rule_is_left_as_it_is() -> None:
    new: dict[Node, Node] = {}
    for p in (A, B):
        value = p
        for i in range(alike.LONGEST):
            value = F["sin"](value) if i % 2 else value + X
        new[p] = value
    assert check(new, steps=1) == []


def test_parameters_of_a_function_are_left_alone() -> None:
    lowered = lower([loss_of()])
    assert updates.flatten_updates(lowered, Setting()) is lowered


# memory and names -------------------------------------------------------------------------------------------


def test_flat_params_holds_first_the_groups_and_then_the_others_as_they_appear() -> None:
    v1, v2 = state("v1", W1.shape), state("v2", W2.shape)
    new = {A: A.T, W1: W1 * 0.5 + v1, B: B @ B, W2: W2 * 0.5 + v2, v1: v1 + 1, scalar: scalar * 2, v2: v2 + 1}
    step = compile_([A @ B, W1 @ W2], updates=new)
    assert isinstance(step, Step)
    step.load(start_of(step.plan.owned))
    assert list(step.params) == ["W1", "W2", "A", "B"]
    assert list(step.state) == ["v1", "v2", "scalar"]
    np.testing.assert_array_equal(step.flat_params[20:28], step.params["W2"].ravel())
    assert_storage(step)


def test_initial_values_do_not_depend_on_the_pass() -> None:
    class Normal:
        def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
            return rng.standard_normal(shape)

    params = [param(f"p{i}", (2, i), init=Normal()) for i in (1, 2, 3)]
    new = {p: p - 0.1 * F["exp"](p) if i != 1 else p * 2 for i, p in enumerate(params)}
    steps = [compile_([], updates=new, without=off).initialize(5) for off in ((), ("flat",))]
    for name in steps[0].params:
        np.testing.assert_array_equal(steps[0].params[name], steps[1].params[name])


def test_names_keep_clear_of_those_of_users() -> None:
    m = param("params", (3, 2))
    new = momentum([W1, m], [W1 * 1, F["exp"](m)])
    found = F["sum"](m * 1).named("v")
    step = compile_([found], updates=momentum([W1, m, W2], [F["exp"](p) for p in (W1, m, W2)]))
    assert new
    assert [step.plan.names[f.leaf] for f in step.plan.flat] == ["params_2", "v_2"]
    assert step.plan.outputs == ("v",)


def test_the_code_reads_as_by_hand() -> None:
    step = compile_(loss_of().named("loss"), updates=momentum(PARAMS, slopes_of()), dtype="float32")
    body = step.source.partition("def __call__")[2]
    assert "params = self.flat_params" in body
    assert "v = self.flat_state" in body
    assert "params -= " in body
    assert '"W1/v"' not in body  # the moments are not used by themselves
    assert [n.text for n in step.plan.notes if n.name == "flat"] == [
        "equal updates done together: 4 of 2 arrays each"
    ]


def test_gradients_of_a_large_net_are_used_up_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "CACHED", 100)
    monkeypatch.setattr(updates, "PIECE", 20)
    assert check(sgd(PARAMS, slopes_of())) == ["W1 b1", "W2 b2"]
    assert check(momentum(PARAMS, slopes_of()))[:1] == LAYERS


def test_members_are_read_before_their_flat_leaf_is_stored() -> None:
    new = {A: A - X, B: B - X @ X, C: A + C @ B}
    assert check(new, [A @ B]) == ["A B"]
    assert check(dict(reversed(new.items())), [A @ B]) == ["B A"]
    swapped = {A: A * X + 1, B: B * (X @ X) + 1, C: A[::-1], s: B[0, 0] + s}
    assert check(swapped, [C - A]) == ["A B"]


def test_a_planted_loss_of_the_members_home_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lowered, "homes", property(lambda self: {}))
    with pytest.raises(AssertionError):
        check({A: 0.5 * A, B: 0.5 * B, C: A + C @ B})


def test_a_planted_wrong_grouping_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "grouped", lambda units: [units])
    with pytest.raises(AssertionError):
        check({A: A - X, B: B + X})


# random updates ---------------------------------------------------------------------------------------------

OWNED = (
    [param(f"P{i}", (2, 2)) for i in range(3)]
    + [state(f"S{i}", (2, 2)) for i in range(3)]
    + [param("p"), state("q")]
)
GIVEN = input_("G", (2, 2))


@st.composite
def rules(draw: st.DrawFn) -> tuple[dict[Node, Node], list[Node]]:
    """Updates by a few rules applied to several leaves, the arrays they meet drawn from all there are."""
    pool: list[Node] = [*OWNED, GIVEN, GIVEN @ OWNED[0], F["sum"](GIVEN), 0.3 * GIVEN]

    def arrays(n: int) -> list[Node]:
        return [draw(st.sampled_from(pool)) for _ in range(n)]

    new: dict[Node, Node] = {}
    shapes = draw(st.lists(st.sampled_from(range(7)), min_size=1, max_size=2))
    for leaf in draw(st.lists(st.sampled_from(OWNED), min_size=1, unique=True)):
        a, c = arrays(2)
        value = [
            leaf - 0.1 * a,
            0.9 * leaf + 0.1 * F["square"](a),
            F["tanh"](leaf) * a - c,
            leaf - c * (0.5 * leaf + a),
            F["where"](leaf > a, leaf, 0.5 * c),
            leaf / (1 + F["abs"](c)) - 0.2 * a / 3,
            a + 0,
        ][draw(st.sampled_from(shapes))]
        if value.shape in (leaf.shape, ()):
            new[leaf] = value
            pool.append(value)
    return new, [*arrays(draw(st.integers(0, 2)))]


@settings(max_examples=150)
@given(rules(), st.sampled_from([1, 10**6]))
def test_random_updates(drawn: tuple[dict[Node, Node], list[Node]], worthwhile: int) -> None:
    new, outputs = drawn
    check(new, outputs, steps=2, costs=replace(SHIPPED, worthwhile=worthwhile))


def test_a_multiple_of_a_square_is_the_square_of_a_multiple() -> None:
    """Adam where one gradient has a factor that the simplifier moved out of its square."""
    W, b, x = param("W", (3, 2)), param("b", (2,)), input_("x", ("N", 3))
    z = F["tanh"](x @ W + b)
    loss = F["sum"](z * z)
    updates: dict[Node, Node] = {}
    for p, dp in zip((W, b), gradients(loss, [W, b]), strict=True):
        dp = 0.5 * dp if p is b else dp
        m, v = state(f"m_{p.name}", p.shape), state(f"v_{p.name}", p.shape)
        updates |= {m: 0.9 * m + 0.1 * dp, v: 0.999 * v + 0.001 * dp**2}
        updates[p] = p - 0.01 * updates[m] / (F["sqrt"](updates[v]) + 1e-8)
    step = compile_(loss, updates=updates)
    assert len(step.plan.flat) == 3
    assert sum(n.op.name == "concat" for n in topological([s.node for s in step.plan.steps])) == 1
