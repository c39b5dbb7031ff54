"""The libraries compared, one module each, and how they are found."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from benchmarks.workloads import BenchmarkError, Workload


class Run(Protocol):
    """A training step ready to run: what every peer's `start(workload, params, batches)` gives."""

    def step(self, i: int) -> float:
        """One step on batch `i`; the loss before the update, all work done when it is there."""

    def values(self) -> Mapping[str, Any]:
        """The parameters now as NumPy arrays by name; without optimiser the gradient by the input, "dx"."""

    def reset(self) -> None:
        """Parameters and optimiser as at the start."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer: the module with its `start`, the package it needs, its options, and whether NumPy multiplies for it."""

    name: str
    module: str
    needs: str
    options: tuple[tuple[str, Any], ...] = ()
    by_numpy: bool = True

    def installed(self) -> bool:
        return importlib.util.find_spec(self.needs) is not None

    def prepare(self, workload: Workload) -> Callable[..., Run]:
        """Import the library, do what is not part of the time to the first step, and give the `start`."""
        module = importlib.import_module(self.module)
        options = dict(self.options)
        if hasattr(module, "prepare"):
            options["prepared"] = module.prepare(workload)
        return partial(module.start, **options)


PEERS = {
    peer.name: peer
    for peer in (
        Peer("torch", "benchmarks.peers.torch_eager", "torch", by_numpy=False),
        Peer("torch_fused", "benchmarks.peers.torch_eager", "torch", (("fused", True),), False),
        Peer("torch_compile", "benchmarks.peers.torch_eager", "torch", (("compiled", True),), False),
        Peer("jax", "benchmarks.peers.jax_jit", "jax", by_numpy=False),
        Peer("autograd", "benchmarks.peers.hips_autograd", "autograd"),
        Peer("pytensor", "benchmarks.peers.pytensor_function", "pytensor"),
        Peer("course", "benchmarks.peers.course_numpy", "numpy"),
        Peer("hand", "benchmarks.peers.hand", "numpy"),
        Peer("graphc", "benchmarks.peers.graphc_step", "graphc"),
        Peer("graphc_half", "benchmarks.peers.graphc_step", "graphc", (("share", 0.5),)),
        Peer("graphc_saved", "benchmarks.peers.graphc_saved", "graphc"),
    )
}


def find(name: str) -> Peer:
    """The peer called `name`."""
    if name not in PEERS:
        raise BenchmarkError(f"there is no peer {name!r}; there are {', '.join(PEERS)}")
    return PEERS[name]
