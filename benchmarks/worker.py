"""One peer on one workload in a process of its own: answers requests, one line of JSON each."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import data, peers, workloads

LEAST, MOST = 3, 2000
CHECKED = 5


class Worker:
    """A started peer, and how many steps make a round."""

    def __init__(self, peer: str, workload: str) -> None:
        self.workload = workloads.find(workload)
        params, batches = data.initial(self.workload), data.batches(self.workload)
        self.count = len(batches)
        start = peers.find(peer).prepare(self.workload)
        begin = time.perf_counter()
        self.run = start(self.workload, params, batches)
        self.losses = [self.run.step(0)]
        self.first = time.perf_counter() - begin
        self.losses += [self.run.step(i % self.count) for i in range(1, CHECKED)]

    def started(self) -> dict[str, Any]:
        """What the first steps gave."""
        return {"losses": self.losses, "first": self.first, "peak": peak_memory()}

    def values(self, path: str) -> dict[str, Any]:
        """Write the parameters to a file."""
        np.savez(path, **{name.replace("/", "|"): value for name, value in self.run.values().items()})
        return {}

    def round(self, seconds: float) -> dict[str, Any]:
        """The times of a round's steps, from the start again, so that every round sees the same numbers."""
        self.run.reset()
        times: list[float] = []
        left = seconds
        for i in range(MOST + 1):
            begin = time.perf_counter()
            self.run.step(i % self.count)
            taken = time.perf_counter() - begin
            if i:  # the first after waiting for others is warm-up
                times.append(taken)
            left -= taken
            if left < 0 and len(times) >= LEAST:
                break
        return {"median": float(np.median(times)), "steps": len(times), "peak": peak_memory()}

    def kernels(self) -> dict[str, Any]:
        """Which kernels each OpenBLAS of this process uses, as in "SkylakeX"."""
        try:
            from threadpoolctl import threadpool_info
        except ImportError:
            return {"kernels": ""}
        found = [library.get("architecture", "") for library in threadpool_info()]
        return {"kernels": ", ".join(dict.fromkeys(name for name in found if name))}


def peak_memory() -> int | None:
    """The most memory this process has held, in bytes; None where the system does not say it per program."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)


def main() -> None:
    """Requests on standard input until it closes; what libraries print goes to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    cores = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    worker = Worker(*sys.argv[1:3])
    print(json.dumps(worker.started()), file=out, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        match request["do"]:
            case "values":
                answer = worker.values(request["path"])
            case "round":
                answer = worker.round(request["seconds"])
            case "kernels":
                answer = worker.kernels()
            case _:
                return
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
