"""Workloads as data: shapes follow from the layers, and a wrong request is refused in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import data, workloads


def test_shapes_follow_from_the_layers() -> None:
    images = workloads.find("7")
    assert images.output == (10,)
    assert images.params["l2/K"] == (32, 32, 3, 3)
    assert images.params["l11/W"] == (64 * 8 * 8, 10)
    assert workloads.find("6").params["l7/W"] == (800, 500)


def test_parameters_of_a_workload_can_be_changed() -> None:
    deep = workloads.find("9:depth=3:batch=7:dtype=float64")
    assert (len(deep.params), deep.batch) == (8, 7)
    assert data.initial(deep)["l0/W"].dtype == np.float64
    assert data.batches(deep)[0].x.shape == (7, 64)


def test_a_bias_before_batch_norm_has_no_effect() -> None:
    assert workloads.find("5").without_effect == {"l0/b", "l3/b"}
    assert workloads.find("10").without_effect == {"l0.1/bk"}


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("0", "there is no workload '0'; there are 1, 2"),
        ("3:depth=4", "workload 3 has no parameter 'depth'; it has batch"),
        ("3:batch", "batch is a whole number from 1, not ''"),
        ("3:batch=-1", "batch is a whole number from 1, not '-1'"),
        ("3:dtype=int", "dtype is float32 or float64, not 'int'"),
    ],
)
def test_a_wrong_request_is_refused(key: str, said: str) -> None:
    with pytest.raises(workloads.BenchmarkError, match="^" + said):
        workloads.find(key)
