"""Compiled loops give what NumPy gives, to the last bit; without Numba there is one sentence."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.emit import compile as emit_compile
from graphc.emit import compile_
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.ops import FUNCTIONS as F
from graphc.ops import const, input_, param, state
from graphc.ops.leaf import size
from graphc.plan.costs import SHIPPED
from tests.plan.training import TABLES, Training, trainings

there = importlib.util.find_spec("numba") is not None
needs_numba = pytest.mark.skipif(not there, reason="needs numba, of the extra `numba`")


def both(outputs: Any, **options: Any) -> tuple[Any, Any]:
    """The same for NumPy and for Numba."""
    plain, loops = (compile_(outputs, target=target, **options) for target in ("numpy", "numba"))
    assert "numba" not in plain.source
    return plain, loops


def adam(p: Node, slope: Node, k: Node) -> dict[Node, Node]:
    m, v = state(f"{p.name}_m", p.shape), state(f"{p.name}_v", p.shape)
    new_m, new_v = 0.9 * m + 0.1 * slope, 0.999 * v + 0.001 * slope**2
    scale, root = 0.01 / (1 - F["pow"](0.9, k + 1)), F["sqrt"](1 - F["pow"](0.999, k + 1))
    return {m: new_m, v: new_v, p: p - scale * new_m / (F["sqrt"](new_v) / root + 1e-8)}


def network(widths: tuple[int, ...] = (5, 40, 3)) -> tuple[Node, dict[Node, Node]]:
    x, t = input_("x", ("N", widths[0])), input_("t", ("N", widths[-1]))
    params, h = [], x
    for i, shape in enumerate(pairwise(widths)):
        W, b = param(f"W{i}", shape), param(f"b{i}", shape[1])
        params += [W, b]
        h = F["tanh"](h @ W + b)
    loss = F["mean"]((h - t) ** 2)
    k = state("k", ())
    updates = {k: k + 1}
    for p, slope in zip(params, gradients(loss, params), strict=True):
        updates |= adam(p, slope, k)
    return loss, updates


def trained(step: Any, steps: int = 5) -> list[Any]:
    rng = np.random.default_rng(0)
    step.load({p.name: rng.standard_normal(p.shape) for p in step.plan.owned if p.op.name == "param"})
    losses = [
        step(x=rng.standard_normal((7, 5)), t=rng.standard_normal((7, 3)) * 10.0**-i) for i in range(steps)
    ]
    return [*losses, *step.params.values(), *step.state.values()]


@needs_numba
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("widths", [(5, 40, 3), (5, 4000, 3)])
def test_a_step_ends_at_the_same_bits(dtype: str, widths: tuple[int, ...]) -> None:
    loss, updates = network(widths)
    plain, loops = both(loss, updates=updates, dtype=dtype)
    assert loops.source.count("@numba.njit") == 1
    assert [n.name for n in loops.plan.notes].count("entries") == 1
    for expected, found in zip(trained(plain), trained(loops), strict=True):
        np.testing.assert_array_equal(found, expected)


# expressions ------------------------------------------------------------------------------------------------

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 3.7, 1e30, -1e30, 1e-30, 1e-42, np.inf, -np.inf, np.nan)
NAMES = ("a", "b", "c")
N = 5000


def arrays(dtype: str) -> dict[str, Any]:
    """Three arrays in which every special number meets every other."""
    rng = np.random.default_rng(1)
    return {name: rng.choice(SPECIAL, N).astype(dtype) for name in NAMES}


@st.composite
def expressions(draw: st.DrawFn) -> Node:
    """A chain of cheap operations."""
    made = [input_(name, "N") for name in NAMES]
    numbers = [F["sum"](made[0][:3]), const(0.1), const(2), input_("s", ())]
    for _ in range(draw(st.integers(3, 9))):
        x = draw(st.sampled_from(made))
        y = draw(st.sampled_from([*made, *numbers]))
        made.append(applied(draw(st.sampled_from(sorted(OPERATIONS))), x, y, draw(st.sampled_from(made))))
    return made[-1]


OPERATIONS = {
    **dict.fromkeys(("add", "sub", "mul", "div", "maximum", "minimum"), 2),
    **dict.fromkeys(("neg", "square", "reciprocal", "sqrt", "abs", "sign"), 1),
    **dict.fromkeys(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"), -2),
    "mask": 0,
}


def applied(name: str, x: Node, y: Node, z: Node) -> Node:
    match OPERATIONS[name]:
        case 1:
            return F[name](x)
        case 2:
            return F[name](x, y)
        case -2:
            return F["where"](F[name](x, y), z, y)
    return (x > y) * z


@needs_numba
@settings(max_examples=25, deadline=None)
@given(expressions(), st.sampled_from(["float32", "float64"]), st.booleans())
def test_chains_agree_to_the_last_bit(y: Node, dtype: str, reuse: bool) -> None:
    plain, loops = both({"y": y, "twice": y * 2 + y * y}, dtype=dtype, sizes={"N": 20000}, reuse=reuse)
    values = arrays(dtype) | {"s": 0.3}
    given = {name: values[name] for name in plain._names}
    with np.errstate(all="ignore"):
        expected, found = plain(**given), loops(**given)
        if "a" in given:  # every other entry of an array is an array too
            given = {k: np.repeat(v, 2)[::2] if np.ndim(v) else v for k, v in given.items()}
            np.testing.assert_array_equal(loops(**given)["y"], expected["y"])
    for key, value in expected.items():
        assert found[key].dtype == value.dtype
        np.testing.assert_array_equal(found[key], value)


@needs_numba
def test_arrays_with_several_axes_in_any_order() -> None:
    x, W = input_("x", ("N", 3)), param("W", (3, 8000))
    slope = F["transpose"](F["tanh"](F["transpose"](W)))
    updates = {W: W - 0.1 * (slope * slope + 0.5 * W * slope)}
    plain, loops = both(F["sum"](x @ W), updates=updates, dtype="float32")
    assert "@numba.njit" in loops.source
    start = np.random.default_rng(0).standard_normal((3, 8000))
    for step in (plain, loops):
        step.load({"W": start})
        for _ in range(3):
            step(x=np.ones((2, 3)))
    np.testing.assert_array_equal(loops.params["W"], plain.params["W"])


@needs_numba
def test_in_parts_each_thread_runs_its_own_rows() -> None:
    x, W = input_("x", ("N", 300)), param("W", (300, 300))
    h = F["maximum"](x, 0.1) * x - F["abs"](x) * 0.5
    y = F["square"](h @ W) - 0.5 * (h @ W) * F["sign"](h @ W)
    loss = F["sum"](y)
    (dW,) = gradients(loss, [W])
    options: dict[str, Any] = {"updates": {W: W - 0.001 * dW}, "sizes": {"N": 400}, "dtype": "float64"}
    plain, loops = both(loss, **options, costs=SHIPPED)
    rng = np.random.default_rng(0)
    start, X = rng.standard_normal((300, 300)), rng.standard_normal((400, 300))
    losses = [step.load({"W": start})(x=X) for step in (plain, loops)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-13)
    np.testing.assert_allclose(loops.params["W"], plain.params["W"], rtol=1e-11)


# whole steps ------------------------------------------------------------------------------------------------

# Runs loops as Python does: slowly, and without a wait for the compiler.
INTERPRETED = SimpleNamespace(njit=lambda **options: lambda function: function)


def results(case: Training, n: int, **options: Any) -> list[Any]:
    """All that a step or function of a random network gives, and what it holds then."""
    values = case.values(n)
    made: Any = compile_(list(case.outputs), updates=case.updates or None, sizes={"N": n}, **options)
    if case.updates:
        made.load({name: values[name] for name in (*made.params, *made.state)})
    found = list(made(**{p.name: values[str(p.name)] for p in made.plan.inputs}))
    return [*found, *made.params.values(), *made.state.values()] if case.updates else found


@settings(max_examples=40, deadline=None)
@given(trainings(), st.sampled_from(sorted(TABLES)), st.sampled_from((1, 37)))
def test_random_steps_agree_with_those_of_numpy(case: Training, table: str, n: int) -> None:
    with (
        mock.patch.dict(sys.modules, numba=INTERPRETED),
        mock.patch.object(emit_compile, "find_spec", bool),
        np.errstate(all="ignore"),
    ):
        expected, found = (results(case, n, costs=TABLES[table], target=t) for t in ("numpy", "numba"))
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-7, atol=1e-7 * np.max(np.abs(a), initial=1.0))


# what is made a loop ----------------------------------------------------------------------------------------


def squares(names: tuple[str, ...], size: int = 30000) -> tuple[Node, Mapping[Node, Node]]:
    """Parameters that are updated one by one, each by its own rule."""
    ps = [param(name, (size + i,)) for i, name in enumerate(names)]
    return F["sum"](ps[0]), {p: p - 0.1 * p * F["abs"](p) for p in ps}


@needs_numba
def test_sizes_and_whole_numbers_are_given_to_a_loop() -> None:
    x, n, W = input_("x", ("N", 3)), input_("n", (), dtype="int"), param("W", (30000,))
    total = F["sum"](x)
    updates = {W: W - (W / size("N") + W * total / n) * F["abs"](W)}
    plain, loops = both(F["sum"](x), updates=updates, dtype="float32")
    assert "@numba.njit" in loops.source
    for step in (plain, loops):
        step.load({"W": np.linspace(-1, 1, 30000)})(x=np.ones((7, 3)), n=3)
    np.testing.assert_array_equal(loops.params["W"], plain.params["W"])


@needs_numba
def test_equal_loops_are_one_function() -> None:
    loss, updates = squares(("i", "np", "numba", "abs", "float32"))
    step = compile_(loss, updates=updates, target="numba", without=("flat",))
    assert step.source.count("@numba.njit") == 1
    step.load({p.name or "": np.full(p.shape, 2.0) for p in step.plan.owned})()
    for value in step.params.values():
        np.testing.assert_array_equal(value, 2 - 0.1 * 2 * np.full(value.shape, 2.0))


@needs_numba
def test_loops_that_differ_in_a_function_or_a_number_stay_apart() -> None:
    p, q, r = (param(name, (30000,)) for name in "pqr")
    updates = {
        p: p - 0.1 * F["sqrt"](F["abs"](p)),
        q: q - 0.1 * F["sign"](F["abs"](q)),
        r: r - 0.2 * F["sqrt"](F["abs"](r)),
    }
    step = compile_(F["sum"](p), updates=updates, target="numba", without=("flat",))
    step.load(dict.fromkeys("pqr", np.full(30000, 4.0)))()
    assert [float(step.params[name][0]) for name in "pqr"] == pytest.approx([3.8, 3.9, 3.6])


@needs_numba
def test_what_is_costly_or_alone_stays_with_numpy() -> None:
    x = input_("x", (30000,))
    for y in (F["exp"](x), x + 1, F["tanh"](F["exp"](x))):
        assert "numba" not in compile_(y, target="numba").source
    chain = 0.5 * x + F["abs"](x)
    assert "numba" in compile_(chain, target="numba").source


@needs_numba
def test_a_planted_error_is_seen() -> None:
    """The comparison notices a loop that reckons in another dtype."""
    x = input_("x", (30000,))
    f = compile_(0.1 * x + F["abs"](x) * 0.7, target="numba", dtype="float32")
    values = np.random.default_rng(0).standard_normal(30000).astype(np.float32)
    wrong: dict[str, Any] = {"__name__": "wrong"}
    exec(f.source.replace("np.float32(0.1)", "0.1").replace("np.float32(0.7)", "0.7"), wrong)
    assert (wrong["f"](values) != f(values)).any()


@needs_numba
def test_a_saved_module_stands_alone(tmp_path: Any) -> None:
    x = input_("x", (30000,))
    f = compile_(0.5 * x + F["abs"](x), target="numba", name="half")
    f.save(tmp_path / "half.py")
    program = (
        "import sys, numpy as np; sys.modules['graphc'] = None; from half import half; "
        "assert (half(np.full(30000, -2.0)) == 1).all()"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    assert "and Numba" in f.source.splitlines()[0]


@needs_numba
def test_the_profile_and_the_table_show_the_loop() -> None:
    loss, updates = network((5, 4000, 3))
    step = compile_(loss, updates=updates, target="numba")
    trained(step, 1)
    assert "one entry after the other" in step.plan.table()
    assert sum(row.measured for row in step.profile(repeat=2, sizes={}).rows) > 0


# without Numba ----------------------------------------------------------------------------------------------


def test_without_numba_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emit_compile, "find_spec", lambda name: None)
    with pytest.raises(GraphcError, match=r'target "numba" needs numba: pip install "graphc\[numba\]"'):
        compile_(input_("x", 3), target="numba")


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(GraphcError, match="target 'c' is not one of numpy, numba"):
        compile_(input_("x", 3), target="c")


def test_numba_is_not_imported_unasked() -> None:
    program = (
        "import sys, graphc as g; x = g.input('x', 30000); "
        "g.compile(0.5 * x + g.abs(x)); assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
