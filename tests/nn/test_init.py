"""Initial values have the distribution they name, and are part of the printed graph."""

from __future__ import annotations

import math

import numpy as np
import pytest

from graphc.ir.text import from_text, to_text
from graphc.nn import init
from graphc.ops import param

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


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, second = (init.he().sample((4, 5), np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
