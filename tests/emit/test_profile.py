"""The profile of compiled code: every step has its time, and nothing else is changed by looking."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import Step, compile_, profile
from graphc.emit.profile import Profile, Row, Stopwatch
from graphc.ir.errors import BindError
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param, state
from graphc.plan.table import mathematics

x = input_("x", ("N", 3))
t = input_("t", "N", dtype="int")
W, v = param("W", (3, 4)), state("v", (3, 4))
loss = F["cross_entropy"](F["tanh"](x @ W), t).named("loss")
VALUES = {"x": np.ones((5, 3)), "t": [0, 1, 2, 3, 0], "W": np.full((3, 4), 0.5)}


class Ticks:
    """A clock that goes on by one whenever it is read."""

    def __init__(self) -> None:
        self.now = 0

    def perf_counter(self) -> float:
        self.now += 1
        return float(self.now)


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ticks]:
    clock = Ticks()
    monkeypatch.setattr(profile, "time", clock)
    return clock


def training_step() -> Step:
    dW = gradients(loss, [W])[0]
    new = 0.9 * v + dW
    step = compile_(loss, updates={v: new, W: W - 0.1 * new})
    assert isinstance(step, Step)
    return step.load({"W": VALUES["W"]})


def test_each_step_has_its_time(ticks: Ticks) -> None:
    f = compile_([loss, *gradients(loss, [W])])
    found = f.profile(**VALUES, repeat=3)
    assert [r.mathematics for r in found.rows] == list(mathematics(f.plan))
    # Between two steps the clock is read once; it is read twice by each call of the stopwatch, and twice around all.
    assert [r.measured for r in found.rows] == [1.0] * len(f.plan.steps)
    assert found.repeat == 3
    assert all(r.predicted > 0 for r in found.rows)
    assert found.whole == found.rest + sum(r.measured for r in found.rows)


def test_the_table_ends_with_the_whole(ticks: Ticks) -> None:
    f = compile_(loss)
    head, *rows = f.profile(**VALUES).table().splitlines()
    assert head.split() == ["step", "measured", "predicted", "share", "mathematics"]
    assert len(rows) == len(f.plan.steps) + 2
    assert rows[-2].endswith("arguments, loops and the clock")
    assert rows[-1].endswith("in all, median of 20")


def test_a_slow_step_stands_out() -> None:
    rows = (Row(0, "a = x", 1e-3, 1e-6), Row(1, "b = a", 3e-3, 1e-6))
    lines = str(Profile(rows, 0.0, 4e-3, 5)).splitlines()
    assert "75%" in lines[2]
    assert "3 ms" in lines[2]


def test_rich_shows_the_same_cells(ticks: Ticks) -> None:
    from rich.console import Console

    found = compile_(loss).profile(**VALUES)
    console = Console(width=200, color_system=None)
    with console.capture() as captured:
        console.print(found)
    assert [line.split() for line in captured.get().splitlines()] == [
        line.split() for line in found.table().splitlines()
    ]


def test_a_step_is_as_it_was_before() -> None:
    step, other = training_step(), training_step()
    given = {k: VALUES[k] for k in ("x", "t")}
    step(**given), other(**given)
    old = {**{k: a.copy() for k, a in step.params.items()}, **{k: a.copy() for k, a in step.state.items()}}
    found = step.profile(**given, repeat=4)
    assert len(found.rows) == len(step.plan.steps)
    for name, array in {**step.params, **step.state}.items():
        np.testing.assert_array_equal(array, old[name])
    assert step(**given) == other(**given)


def test_every_run_begins_with_the_same_numbers() -> None:
    step = training_step()
    runs: list[float] = []
    clock = Stopwatch()
    call, before = step._clocked(clock)
    for _ in range(3):
        before()
        runs.append(float(call(x=VALUES["x"], t=VALUES["t"])))
    assert runs == [runs[0]] * 3 == [float(step(x=VALUES["x"], t=VALUES["t"]))] * 3


@pytest.mark.parametrize("options", [{}, {"reuse": True}, {"dtype": "float32"}], ids=str)
def test_the_timed_code_computes_the_same(options: dict[str, Any]) -> None:
    f = compile_([loss, *gradients(loss, [W])], sizes={"N": 5000}, **options)
    call, _ = f._clocked(Stopwatch())
    for timed, plain in zip(call(**VALUES), f(**VALUES), strict=True):
        np.testing.assert_array_equal(timed, plain)
    assert "clock" not in f.source


def test_inputs_that_are_not_given_are_random_where_sizes_are() -> None:
    f = compile_(loss)
    assert f.profile(sizes={"N": 7}, repeat=1).rows
    assert f.profile(sizes={}, W=VALUES["W"], repeat=1).rows
    drawn = profile.drawn(f.plan, {"W": VALUES["W"]}, {"N": 7}, "float32")
    assert drawn["W"] is VALUES["W"]
    assert drawn["x"].shape == (7, 3)
    assert drawn["x"].dtype == np.float32
    assert set(drawn["t"]) <= {0, 1, 2, 3}
    assert profile.sizes_of(f.plan, {}, {}) == {"N": 64}
    assert profile.sizes_of(f.plan, {"x": np.ones((9, 3))}, {}) == {"N": 9}


def test_predictions_are_for_the_sizes_that_ran() -> None:
    f = compile_(loss)
    few, many = (f.profile(sizes={"N": n}, repeat=1) for n in (10, 100_000))
    assert sum(r.predicted for r in many.rows) > 100 * sum(r.predicted for r in few.rows)


def test_what_does_not_fit_is_said_as_by_a_call() -> None:
    f = compile_(loss)
    with pytest.raises(BindError, match="no value for t"):
        f.profile(x=VALUES["x"], W=VALUES["W"])
    with pytest.raises(BindError, match="there is no input 'y'"):
        f.profile(**VALUES, y=1)
    with pytest.raises(BindError, match="labels from 0 to 3"):
        f.profile(**{**VALUES, "t": [9] * 5})
    with pytest.raises(BindError, match="repeat is how often to run, a whole number from 1, not 0"):
        f.profile(**VALUES, repeat=0)
    with pytest.raises(BindError, match="there is no size 'M'; there is N"):
        f.profile(sizes={"M": 3})
    with pytest.raises(BindError, match="is not an array of numbers"):
        f.profile(sizes={}, x=[[1, 2, 3], [1, 2]])
    with pytest.raises(BindError, match="the parameter W has no value yet"):
        compile_(loss, updates={W: 2 * W}).profile(x=VALUES["x"], t=VALUES["t"])


# the stopwatch ----------------------------------------------------------------------------------------------


def test_the_time_since_the_last_call_goes_to_the_step(ticks: Ticks) -> None:
    clock = Stopwatch()
    clock()
    ticks.now += 10
    clock(0)
    ticks.now += 100
    clock()
    ticks.now += 1000
    clock(0)
    assert clock.take() == {-1: 101.0, 0: 11.0 + 1001.0}
    assert clock.take() == {}


def test_each_thread_counts_for_itself() -> None:
    clock = Stopwatch()

    def work() -> None:
        clock()
        for _ in range(1000):
            clock(3)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(clock._counts) == 4
    assert set(clock.take()) == {-1, 3}
