"""Initial parameters and batches of a workload, the same for every peer."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod, sqrt
from typing import Any

import numpy as np

from benchmarks.workloads import Workload

BATCHES = 4


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs, and labels or targets (None where the loss needs none)."""

    x: Any
    t: Any


def initial(workload: Workload, seed: int = 0) -> dict[str, Any]:
    """The parameters at the start, by name: He's for matrices and kernels, biases a little off zero."""
    rng = np.random.default_rng(seed)
    values = {}
    for name, shape in workload.params.items():
        last = name.rpartition("/")[2]
        if last == "gamma":
            value = 1 + 0.1 * rng.standard_normal(shape)
        elif len(shape) == 1:
            value = 0.1 * rng.standard_normal(shape)
        else:
            fan_in = prod(shape[1:]) if last == "K" else shape[0]
            value = rng.standard_normal(shape) * sqrt(2 / fan_in)
        values[name] = value.astype(workload.dtype)
    return values


def batches(workload: Workload, seed: int = 1) -> list[Batch]:
    """A few batches of noise: labels cannot be learnt quickly, so that gradients stay alive."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(BATCHES if workload.loss != "mean" else 1):
        x = rng.standard_normal((workload.batch, *workload.shape)).astype(workload.dtype)
        t: Any = None
        match workload.loss:
            case "cross_entropy":
                t = rng.integers(workload.output[-1], size=workload.batch)
            case "squared":
                t = rng.standard_normal((workload.batch, *workload.output)).astype(workload.dtype)
        found.append(Batch(x, t))
    return found
