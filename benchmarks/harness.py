"""Peers side by side: one process each, rounds in turn, the same numbers out of every one of them."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import data, peers, workloads
from benchmarks.kernels import Kernels

ROOT = Path(__file__).parent.parent
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
# How far losses, and the change of each array of parameters, may be from those of the first peer, relative to
# their size. Adam divides small gradients by themselves, so rounding weighs more.
TOLERANCE = {"float32": (1e-3, 2e-2), "float64": (1e-9, 1e-6)}
AS_IS = Kernels()
BUSY = 0.25  # the load, for each core, that a measurement should not begin with
Start = Callable[[str, str, "Settings"], "Process"]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to measure: rounds, seconds in each, seconds a peer may take to start, how many cores there are, and the
    kernels of OpenBLAS.
    """

    rounds: int = 9
    seconds: float = 0.5
    patience: float = 300
    cores: int = 0
    kernels: Kernels = AS_IS


class PeerFailed(Exception):
    """A peer's process ended, or took too long; the message says which and why."""


class Process:
    """A peer on a workload, spoken to in lines of JSON."""

    def __init__(self, peer: str, workload: str, settings: Settings) -> None:
        self.peer, self.patience = peer, settings.patience
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        environment = dict(os.environ)
        if settings.cores:
            environment |= {name: str(settings.cores) for name in THREADS}
        if peers.find(peer).by_numpy:
            environment = settings.kernels.environment(environment)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", peer, workload, str(settings.cores)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )

    def answer(self) -> dict[str, Any]:
        """The next line of the process."""
        out = self.process.stdout
        assert out is not None
        ready, _, _ = select.select([out], [], [], self.patience)
        line = out.readline() if ready else b""
        if not line:
            raise PeerFailed(f"took longer than {self.patience:g} s" if not ready else self._last_words())
        return json.loads(line)  # type: ignore[no-any-return]

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        return self.answer()

    def _last_words(self) -> str:
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "its process ended without a word"

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()


@dataclass(slots=True)
class Result:
    """What one peer did on one workload; `wrong` says where it differs from the first peer, if it does, `note` where
    it does by rounding.
    """

    peer: str
    skipped: str = ""
    wrong: str = ""
    note: str = ""
    first: float = 0.0
    peak: int | None = None
    kernels: str = ""
    losses: list[float] = field(default_factory=list)
    rounds: list[float] = field(default_factory=list)

    @property
    def step(self) -> float:
        """Seconds of a step, the median of rounds."""
        return median(self.rounds) if self.rounds else float("nan")


def ratio(one: Result, other: Result) -> float:
    """How many times as long `one` takes: the median of the ratios of rounds that were run in turn."""
    pairs = list(zip(one.rounds, other.rounds, strict=True))
    return median(a / b for a, b in pairs) if pairs else float("nan")


def compare(
    workload: str,
    names: Sequence[str],
    settings: Settings,
    *,
    start: Start = Process,
    say: Say = lambda _: None,
) -> list[Result]:
    """Measure the peers on one workload; one that is missing, fails or is slow to start is left out by name."""
    chosen = workloads.find(workload)
    results = [Result(peers.find(name).name) for name in names]
    running: list[tuple[Result, Process]] = []
    values: dict[str, dict[str, Any]] = {}
    try:
        for result in results:
            say(f"{workload}: {result.peer} starts")
            _begin(result, workload, settings, start, running, values)
        measured = [result for result, _ in running]
        _cross_check(chosen, measured, values)
        if chosen.dtype == "float32" and any(r.wrong for r in measured):
            say(f"{workload}: in float64")
            _settle(workload, [r for r in measured if r.wrong or r is measured[0]], settings, start)
        for i in range(settings.rounds):
            say(f"{workload}: round {i + 1} of {settings.rounds}")
            for result, process in running:
                said = process.ask(do="round", seconds=settings.seconds)
                result.rounds.append(said["median"])
                result.peak = said["peak"]
        for result, process in (r for r in running if peers.find(r[0].peer).by_numpy):
            result.kernels = process.ask(do="kernels")["kernels"]
    finally:
        for _, process in running:
            process.close()
    return results


def _begin(
    result: Result,
    workload: str,
    settings: Settings,
    start: Start,
    running: list[tuple[Result, Process]],
    values: dict[str, dict[str, Any]],
) -> None:
    """Start one peer, and keep its losses and its parameters after the first steps."""
    if not peers.find(result.peer).installed():
        result.skipped = f"{peers.find(result.peer).needs} is not installed"
        return
    process = start(result.peer, workload, settings)
    try:
        said = process.answer()
        result.losses, result.first, result.peak = said["losses"], said["first"], said["peak"]
        values[result.peer] = _values(process)
    except PeerFailed as error:
        result.skipped = str(error)
        process.close()
        return
    running.append((result, process))


def _values(process: Process) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "values.npz"))
        process.ask(do="values", path=path)
        with np.load(path) as arrays:
            return {name.replace("|", "/"): arrays[name] for name in arrays.files}


def _cross_check(
    workload: workloads.Workload, results: Sequence[Result], values: Mapping[str, Mapping[str, Any]]
) -> None:
    """Say of each peer where its losses or its parameters are not those of the first."""
    if not results:
        return
    before = data.initial(workload)
    first = results[0]
    for result in results[1:]:
        losses = first.losses, result.losses
        result.wrong = differences(workload, before, losses, (values[first.peer], values[result.peer]))
        result.wrong += f" from {first.peer}" if result.wrong else ""


def _settle(workload: str, results: Sequence[Result], settings: Settings, start: Start) -> None:
    """Where peers differ in float32 and agree in float64, they differ by rounding: say so instead."""
    key = f"{workload}:dtype=float64"
    values: dict[str, dict[str, Any]] = {}
    running: list[tuple[Result, Process]] = []
    exact = [Result(result.peer) for result in results]
    for one in exact:
        _begin(one, key, settings, start, running, values)
        if not one.skipped:
            running.pop()[1].close()
    if exact[0].skipped:
        return
    for result, one in zip(results[1:], exact[1:], strict=True):
        if not one.skipped:
            _cross_check(workloads.find(key), [exact[0], one], values)
            if not one.wrong:
                result.note, result.wrong = f"by rounding, {result.wrong}; in float64 it agrees", ""


def differences(
    workload: workloads.Workload,
    before: Mapping[str, Any],
    losses: tuple[Sequence[float], Sequence[float]],
    values: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> str:
    """Where two peers differ, in words; nothing if they agree."""
    near, nearly = TOLERANCE[workload.dtype]
    for i, (a, b) in enumerate(zip(*losses, strict=True)):
        if not abs(a - b) <= near * max(1.0, abs(a)):
            return f"the loss of step {i + 1} is {b:.6g}, not {a:.6g}: it differs"
    if set(values[0]) != set(values[1]):
        return "its parameters have other names: it differs"
    for name, reference in values[0].items():
        if name in workload.without_effect:
            continue
        start = before.get(name, 0.0)
        change, other = (np.asarray(v, "float64") - start for v in (reference, values[1][name]))
        if change.shape != other.shape:
            return f"{name} has shape {other.shape}, not {change.shape}: it differs"
        size, apart = float(np.linalg.norm(change)), float(np.linalg.norm(change - other))
        rounding = 4 * float(np.finfo(workload.dtype).eps) * float(np.linalg.norm(start))
        if not apart <= nearly * size + rounding:
            return f"the change of {name} is {apart / max(size, 1e-30):.1e} of its size off: it differs"
    return ""


def record(workload: str, results: Sequence[Result]) -> dict[str, Any]:
    """The results as plain data for a file."""
    chosen = workloads.find(workload)
    kept = [{name: getattr(r, name) for name in Result.__slots__} for r in results]
    return {"workload": workload, "name": chosen.name, "batch": chosen.batch, "results": kept}


def machine() -> dict[str, Any]:
    """Where and when it was measured."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        "",
    )
    return {
        "cores": os.cpu_count(),
        "cpu": model,
        "load": load(),
        "numpy": np.__version__,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def load() -> float | None:
    """How many programs ran or waited in the last minute; None where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def busy(load: float | None, cores: int) -> str:
    """A warning where other programs take a good part of the machine; nothing where they do not."""
    if load is None or load <= BUSY * cores:
        return ""
    return (
        f"other programs are running (load {load:.1f} on {cores} cores before the first step): times are too long, "
        "those of peers with threads of their own most of all; measure again on an idle machine"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
