"""HIPS autograd: the gradient traced anew at each step, the update in NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import autograd.numpy as anp
from autograd import value_and_grad

from benchmarks.data import Batch
from benchmarks.network import loss_of
from benchmarks.peers.array_kit import ArrayKit
from benchmarks.peers.update import Update
from benchmarks.workloads import Workload


class AutogradRun:
    """Parameters in a dict, and the prepared batches."""

    def __init__(self, workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> None:
        self.workload, self.initial, self.given = workload, dict(params), list(batches)
        self.by_input = workload.optimiser == "none"
        kit = ArrayKit(anp)

        def loss(wrt: Any, batch: Batch) -> Any:
            params, x = (self.params, wrt) if self.by_input else (wrt, batch.x)
            return loss_of(kit, workload, params, x, batch.t)

        self.slopes = value_and_grad(loss)
        self.reset()

    def step(self, i: int) -> float:
        batch = self.given[i]
        if self.by_input:
            value, self.dx = self.slopes(batch.x, batch)
        else:
            value, slopes = self.slopes(self.params, batch)
            self.update(self.params, slopes)
        return float(value)

    def values(self) -> dict[str, Any]:
        return {"dx": self.dx} if self.by_input else self.params

    def reset(self) -> None:
        self.params = {name: value.copy() for name, value in self.initial.items()}
        self.update = Update(self.workload.optimiser, self.workload.rate)


def start(workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> AutogradRun:
    return AutogradRun(workload, params, batches)
