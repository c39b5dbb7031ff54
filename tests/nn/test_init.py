"""Initial values have the distribution they name, and are part of the printed graph."""

from __future__ import annotations

import math

import numpy as np
import pytest

from graphc.emit import compile_
from graphc.ir.errors import BindError, GraphcError, ShapeError
from graphc.ir.text import from_text, to_text
from graphc.nn import init
from graphc.ops import input_, param, state

EVERY = [
    init.zeros(),
    init.ones(),
    init.constant(-0.5),
    init.normal(0.01, -1.0),
    init.uniform(-2, -1.5),
    init.xavier(),
    init.xavier(2, uniform=True),
    init.he(),
    init.he(1, uniform=True),
    init.orthogonal(),
    init.orthogonal(0.5),
    *(init.units_first(start) for start in (init.xavier(), init.he(), init.orthogonal(2), init.zeros())),
]


@pytest.mark.parametrize("start", EVERY)
def test_a_graph_with_initial_values_prints_and_reads_back(start: init.Init) -> None:
    W = param("W", ("D", 3), init=start)
    assert from_text(to_text([W])) == [W]


@pytest.mark.parametrize(
    ("start", "mean", "std"),
    [
        (init.zeros(), 0, 0),
        (init.constant(2.5), 2.5, 0),
        (init.normal(0.5, 3), 3, 0.5),
        (init.uniform(-1, 3), 1, 4 / math.sqrt(12)),
        (init.xavier(), 0, math.sqrt(2 / 700)),
        (init.xavier(2, uniform=True), 0, 2 * math.sqrt(2 / 700)),
        (init.he(), 0, math.sqrt(2 / 300)),
        (init.he(uniform=True), 0, math.sqrt(2 / 300)),
    ],
)
def test_samples_have_the_stated_mean_and_deviation(start: init.Init, mean: float, std: float) -> None:
    sample = start.sample((300, 400), np.random.default_rng(0))
    assert sample.shape == (300, 400)
    assert abs(sample.mean() - mean) <= 0.02 * std
    assert abs(sample.std() - std) <= 0.01 * std


@pytest.mark.parametrize("start", EVERY)
def test_the_same_seed_gives_the_same_numbers(start: init.Init) -> None:
    first, second = (start.sample((4, 5, 2, 3), np.random.default_rng(3)) for _ in range(2))
    assert first.shape == (4, 5, 2, 3)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("shape", [(6, 6), (3, 7), (7, 3), (1, 5), (3, 3, 4, 8), (2, 2, 2, 30)])
@pytest.mark.parametrize("units_first", [False, True])
def test_orthogonal_values_have_orthonormal_rows_or_columns(
    shape: tuple[int, ...], units_first: bool
) -> None:
    start = init.units_first(init.orthogonal(1.5)) if units_first else init.orthogonal(1.5)
    sample = start.sample(shape, np.random.default_rng(0)) / 1.5
    units = sample.reshape(shape[0], -1) if units_first else sample.reshape(-1, shape[-1]).T
    gram = units @ units.T if units.shape[0] <= units.shape[1] else units.T @ units
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-13)


def test_orthogonal_values_favour_no_direction() -> None:
    rng = np.random.default_rng(0)
    entries = np.array([init.orthogonal().sample((2, 2), rng)[0, 0] for _ in range(4000)])
    assert abs(entries.mean()) < 5 * np.sqrt(
        0.5 / 4000
    )  # without the change of signs its sign would be fixed


def test_a_kernel_with_its_units_first_has_the_fans_of_the_window() -> None:
    for start, variance in ((init.he(), 2 / 72), (init.xavier(), 2 / (72 + 4500))):
        sample = init.units_first(start).sample((500, 8, 3, 3), np.random.default_rng(0))
        assert abs(sample.var() / variance - 1) < 0.03
        last = start.sample((3, 3, 8, 500), np.random.default_rng(0))
        assert abs(last.var() / variance - 1) < 0.03


def test_orthogonal_needs_two_axes() -> None:
    with pytest.raises(ShapeError, match="a matrix or a kernel"):
        init.orthogonal().sample((3,), np.random.default_rng(0))


@pytest.mark.parametrize("start", ["he", init.he, 0.1, [1]])
def test_an_init_that_gives_no_arrays_is_refused(start: object) -> None:
    for leaf in (param, state):
        with pytest.raises(GraphcError, match=r"the init of W says how it starts, as init\.he\(\)"):
            leaf("W", (2, 3), init=start)


def test_initial_values_are_those_a_step_starts_with() -> None:
    x = input_("x", ("N", "D"))
    W, b = param("W", ("D", 3), init=init.he()), param("b", 3, init=init.normal(0.1))
    free, s = param("free", 3), state("s", 3)
    y = x @ W + b * s + free
    values = init.initial_values(y, seed=5, sizes={"D": 4})
    assert list(values) == ["W", "b", "s"]
    step = compile_(y, updates={W: W}, sizes={"D": 4}).initialize(5)
    for name, value in values.items():
        np.testing.assert_array_equal(value, {**step.params, **step.state}[name])
    assert init.initial_values({"y": y}, seed=6, sizes={"D": 4})["W"][0, 0] != values["W"][0, 0]
    with pytest.raises(BindError, match="the size D"):
        init.initial_values([y])
