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
from benchmarks.peers.generated import StepRun
from benchmarks.workloads import Workload

COMPILE = """
import pickle, sys
from benchmarks.peers.graphc_step import compiled
compiled(pickle.loads(bytes.fromhex(sys.argv[1]))).save(sys.argv[2])
"""


def prepare(workload: Workload) -> str:
    """The text of the saved module."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "saved_step.py")
        command = [sys.executable, "-c", COMPILE, pickle.dumps(workload).hex(), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"compiling failed: {done.stderr.strip().splitlines()[-1]}")
        return path.read_text(encoding="utf-8")


def start(workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch], prepared: str) -> StepRun:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "saved_step.py")
        path.write_text(prepared, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("saved_step", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    made = getattr(module, "f" if workload.optimiser == "none" else "Step")
    return StepRun(made() if isinstance(made, type) else made, params, batches)
