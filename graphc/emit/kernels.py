"""The rate of NumPy's matrix products, and whether its BLAS could do better on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphc.ir.errors import GraphcError

THREADS = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
ONE_THREAD = dict.fromkeys(THREADS, "1")
CORE_TYPE = "OPENBLAS_CORETYPE"
_WIDE = ("SkylakeX", "Cooperlake", "SapphireRapids")  # OpenBLAS's kernels that use AVX-512
_WORTH_SAYING = 1.15

# BLAS reads its environment once, when it is loaded: each rate is measured in a process of its own.
_PROGRAM = "from graphc.emit.kernels import print_rates; print_rates()"


@dataclass(frozen=True, slots=True)
class Rates:
    """FLOP/ns of large products in float32 and float64, of a small one in float32, and the kernels' name if known."""

    float32: float
    float64: float
    small: float
    kernels: str | None


SMALL, LARGE = 32, 768


def measure_rates(environment: Mapping[str, str | None]) -> Rates:
    """The rates of a fresh process with these variables set, or unset by None; raises `GraphcError` if it fails."""
    wanted = {**os.environ, **dict.fromkeys(THREADS), **environment}
    inherited = {name: value for name, value in wanted.items() if value is not None}
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={**inherited, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise GraphcError(f"matrix products could not be measured: {last}")
    return Rates(**json.loads(done.stdout))


def print_rates() -> None:
    """Measure in this process, and print the rates as JSON."""
    import numpy as np

    from graphc.emit.clock import least_time

    def rate(n: int, dtype: Any) -> float:
        a = np.random.default_rng(0).random((n, n)).astype(dtype)
        out = np.empty_like(a)
        return 2 * n**3 / least_time(lambda: np.dot(a, a, out=out))

    found = {
        "float32": rate(LARGE, np.float32),
        "float64": rate(LARGE, np.float64),
        "small": rate(SMALL, np.float32),
        "kernels": loaded_kernels(),
    }
    sys.stdout.write(json.dumps(found))


def loaded_kernels() -> str | None:
    """What OpenBLAS calls the kernels it chose; None for another BLAS, and without threadpoolctl."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    return next(
        (p.get("architecture") for p in threadpool_info() if p.get("internal_api") == "openblas"), None
    )


def has_avx512(file: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor says that it has AVX-512; False where it cannot be asked."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith("flags") and "avx512f" in line.split() for line in lines)


def kernel_advice(now: Rates, *, wide: bool, better: Rates | None = None) -> str | None:
    """A sentence, where BLAS runs kernels for a lesser processor and those for AVX-512 are faster here.

    `now` are the rates on one thread, `wide` whether the processor has AVX-512, `better` the rates with the other
    kernels; they are measured if they are not given.
    """
    if not wide or now.kernels is None or now.kernels in _WIDE:
        return None
    held = os.environ.get(CORE_TYPE)
    better = better or measure_rates({**ONE_THREAD, CORE_TYPE: None if held else "SkylakeX"})
    gain = better.float32 / now.float32
    if better.kernels not in _WIDE or gain < _WORTH_SAYING:
        return None
    remedy = f"without {CORE_TYPE}={held}" if held else f"with {CORE_TYPE}=SkylakeX"
    return (
        f"NumPy's BLAS runs kernels for {now.kernels}, and this processor can do more: {remedy} in the environment, "
        f"matrix products run {gain:.1f} times as fast ({better.float32:.0f} instead of {now.float32:.0f} GFLOP/s "
        "on one core)"
    )
