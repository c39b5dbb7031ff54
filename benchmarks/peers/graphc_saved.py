"""graphc, the saved module: compiled in a process of its own, run where nothing of graphc is imported."""

from __future__ import annotations

import importlib.util
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.data import Batch
from benchmarks.workloads import Workload

COMPILE = """
import pickle, sys
from benchmarks.peers.graphc_step import compiled
compiled(pickle.loads(bytes.fromhex(sys.argv[1]))).save(sys.argv[2])
"""


class SavedRun:
    """The module's step or function, called as its own docstring says."""

    def __init__(self, module: Any, workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]):
        self.initial = dict(params)
        self.given = [{"x": b.x} if b.t is None else {"x": b.x, "t": b.t} for b in batches]
        self.owns = workload.optimiser != "none"
        made = getattr(module, "Step" if self.owns else "f")
        self.made = made() if isinstance(made, type) else made
        self.reset()

    def step(self, i: int) -> float:
        found = self.made(**self.given[i])
        if self.owns:
            return float(found)
        self.dx = found["dx"]
        return float(found["loss"])

    def values(self) -> dict[str, Any]:
        return dict(self.made.params) if self.owns else {"dx": self.dx}

    def reset(self) -> None:
        if self.owns:
            for name, view in self.made.params.items():
                view[...] = self.initial[name]
            for view in self.made.state.values():
                view[...] = 0


def start(workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> SavedRun:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "saved_step.py")
        subprocess.run([sys.executable, "-c", COMPILE, pickle.dumps(workload).hex(), str(path)], check=True)
        spec = importlib.util.spec_from_file_location("saved_step", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return SavedRun(module, workload, params, batches)
