"""The stages of compiling a workload's step with graphc, timed one by one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import graphc as g
from benchmarks import workloads
from benchmarks.peers.graphc_step import build, updates_of
from graphc.emit import compile as compiling
from graphc.ir.node import topological


@dataclass(frozen=True, slots=True)
class Stages:
    """Seconds of each stage, and the nodes of loss, gradients and updates as they were written.

    What compiling does beside simplifying and planning counts as emission.
    """

    workload: str
    nodes: int
    build: float
    derive: float
    simplify: float
    plan: float
    emit: float

    @property
    def total(self) -> float:
        return self.build + self.derive + self.simplify + self.plan + self.emit


@contextmanager
def timed(module: Any, name: str, spent: dict[str, float]) -> Iterator[None]:
    """While this holds, calls of `module.name` add to `spent[name]`."""
    original = getattr(module, name)

    def call(*args: Any, **options: Any) -> Any:
        begin = time.perf_counter()
        try:
            return original(*args, **options)
        finally:
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - begin

    setattr(module, name, call)
    try:
        yield
    finally:
        setattr(module, name, original)


def measure(key: str) -> Stages:
    """Compile the step of a workload once, in a fresh process: each operation meets SymPy for the first time."""
    workload = workloads.find(key)
    begin = time.perf_counter()
    loss, leaves = build(workload)
    built = time.perf_counter()
    targets = list(leaves.values())
    slopes = g.gradients(loss, targets)
    derived = time.perf_counter()
    updates = None if workload.optimiser == "none" else updates_of(workload, targets, slopes)
    outputs = [loss, *slopes] if updates is None else [loss]
    spent: dict[str, float] = {}
    with timed(compiling, "simplify_all", spent), timed(compiling, "make_plan", spent):
        start = time.perf_counter()
        options: dict[str, Any] = {"dtype": workload.dtype, "sizes": {"N": workload.batch}}
        if updates is None:
            g.compile(outputs, **options)
        else:
            g.compile(outputs, updates=updates, **options)
        whole = time.perf_counter() - start
    simplify, plan = spent["simplify_all"], spent["make_plan"]
    nodes = sum(1 for _ in topological([*outputs, *(updates or {}).values()]))
    return Stages(key, nodes, built - begin, derived - built, simplify, plan, whole - simplify - plan)
