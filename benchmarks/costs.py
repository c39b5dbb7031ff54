"""Predicted against measured times of the steps that graphc generates: of each line, and of whole workloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import graphc as g
from benchmarks import data, workloads
from benchmarks.peers.graphc_step import build, updates_of
from graphc.plan.costs import SHIPPED, CostTable
from graphc.plan.forecast import step_seconds


@dataclass(frozen=True, slots=True)
class Comparison:
    """One workload: seconds of each line of its step, and of the whole."""

    workload: str
    predicted: tuple[float, ...]
    measured: tuple[float, ...]
    whole: float

    @property
    def order(self) -> float:
        """Spearman's correlation over the lines."""
        return spearman(self.predicted, self.measured)


def compare(key: str, costs: CostTable = SHIPPED, repeat: int = 20) -> Comparison:
    """Compile the step of a workload, run it, and set the forecast of each line beside what it took."""
    workload, compiled = workloads.find(key), compiled_step(key, costs)
    if isinstance(compiled, g.Step):
        compiled.load(data.initial(workload))
    batch = data.batches(workload)[0]
    values = {"x": batch.x} | ({} if batch.t is None else {"t": batch.t})
    found = compiled.profile_on(values, repeat=repeat)
    predicted, measured = zip(*((r.predicted, r.measured) for r in found.rows), strict=True)
    return Comparison(key, predicted, measured, found.whole)


def forecast(key: str, costs: CostTable = SHIPPED) -> float:
    """The seconds that the step of a workload is predicted to take."""
    return sum(step_seconds(compiled_step(key, costs).plan))


def compiled_step(key: str, costs: CostTable) -> g.Function | g.Step:
    """The step of a workload, planned for its batch."""
    workload = workloads.find(key)
    loss, leaves = build(workload)
    targets = list(leaves.values())
    slopes = g.gradients(loss, targets)
    options: dict[str, Any] = {"dtype": workload.dtype, "sizes": {"N": workload.batch}, "costs": costs}
    if workload.optimiser == "none":
        return g.compile([loss, *slopes], **options)
    return g.compile([loss], updates=updates_of(workload, targets, slopes), **options)


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """The rank correlation of two samples, from -1 to 1; equal values share the mean of their ranks."""
    x, y = (_ranks(np.asarray(v, float)) for v in (a, b))
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else 1.0


def _ranks(values: Any) -> Any:
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[which]
