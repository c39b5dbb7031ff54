"""The comparison of forecasts with measurements, on a tiny workload; what it finds is no test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.costs import compare, forecast, spearman
from graphc.plan.costs import SHIPPED


def test_spearman_is_about_order_alone() -> None:
    assert spearman([1, 2, 3, 4], [10, 20, 500, 501]) == pytest.approx(1)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    assert spearman([1, 2, 3, 4], [2, 1, 4, 3]) == pytest.approx(0.6)
    assert spearman([1, 1, 2, 2], [1, 2, 1, 2]) == pytest.approx(0)
    assert spearman([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(0.9486832980505138)
    assert spearman([5, 5], [1, 2]) == 1


# Milliseconds of a step in the best NumPy by hand: two cores, float32 (the first in float64), medians.
BY_HAND = {
    "1": 0.0260,
    "2": 0.0571,
    "3": 1.54,
    "4": 78.3,
    "5": 5.15,
    "6": 20.1,
    "7": 195.0,
    "8": 52.0,
    "9": 4.65,
    "10": 17.5,
}


def test_what_is_predicted_to_be_slower_was_measured_to_be_slower() -> None:
    predicted = {key: 1e3 * forecast(key) for key in BY_HAND}
    assert spearman(list(predicted.values()), list(BY_HAND.values())) > 0.95
    for key, measured in BY_HAND.items():
        assert measured / 10 < predicted[key] < 10 * measured


def test_a_wrong_table_is_noticed() -> None:
    slow = replace(SHIPPED, gemm=(SHIPPED.gemm[0] / 100, SHIPPED.gemm[1] / 100))
    predicted = [1e3 * forecast(key, slow) for key in BY_HAND]
    assert spearman(predicted, list(BY_HAND.values())) < 0.95


def test_every_line_of_a_step_is_compared() -> None:
    found = compare("3:batch=4:width=8:second=8", repeat=2)
    assert len(found.predicted) == len(found.measured) > 10
    assert all(t > 0 for t in found.predicted)
    assert found.whole > 0
    assert -1 <= found.order <= 1


def test_a_gradient_alone_is_compared_too() -> None:
    assert len(compare("8:batch=4:width=8", repeat=1).predicted) > 10


def test_costs_prints_the_correlations(capsys: Any) -> None:
    assert main(["costs", "--workloads", "1,2:batch=4", "--repeat", "2"]) == 0
    out = capsys.readouterr().out
    assert "order of lines" in out
    assert "order of the workloads" in out


def test_a_table_that_is_none_is_one_sentence(capsys: Any) -> None:
    assert main(["costs", "--workloads", "1", "--costs", "nowhere.json"]) == 2
    assert "cannot be read" in capsys.readouterr().err
