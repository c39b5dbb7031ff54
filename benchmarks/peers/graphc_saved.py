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


def start(workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> StepRun:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "saved_step.py")
        subprocess.run([sys.executable, "-c", COMPILE, pickle.dumps(workload).hex(), str(path)], check=True)
        spec = importlib.util.spec_from_file_location("saved_step", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    made = getattr(module, "f" if workload.optimiser == "none" else "Step")
    return StepRun(made() if isinstance(made, type) else made, params, batches)
