"""Which of its kernels OpenBLAS is told to use, for every peer that multiplies with NumPy's.

OpenBLAS picks kernels by the model of the processor, unless `OPENBLAS_CORETYPE` names others. A model it does not
know gets those of an older one, though the processor has wider registers, which other libraries use. `choose`
measures them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "OPENBLAS_CORETYPE"
WIDE = ("SkylakeX", "Cooperlake")  # OpenBLAS's names of kernels for AVX-512
GAIN = 1.05  # how much faster others have to be to be taken

RATE = """
import time
import numpy as np
n, seconds, best = 768, 1.0, 1e9
a, b, c = (np.ones((n, n), "float32") for _ in range(3))
end = time.perf_counter() + seconds
while (begin := time.perf_counter()) < end:
    np.dot(a, b, out=c)
    best = min(best, time.perf_counter() - begin)
print(2e-9 * n**3 / best)
"""


@dataclass(frozen=True, slots=True)
class Kernels:
    """The kernels to use: None leaves the environment as it is, "" is OpenBLAS's own choice, others go by name.

    `inherited` is what the environment says; `rates` are GFLOP/s of one core with each choice that was tried.
    """

    chosen: str | None = None
    inherited: str = ""
    rates: tuple[tuple[str, float], ...] = ()

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process that is to use them."""
        if self.chosen is None:
            return dict(given)
        return {k: v for k, v in given.items() if k != VARIABLE} | (
            {VARIABLE: self.chosen} if self.chosen else {}
        )

    def sentence(self) -> str:
        """What was chosen, and what was measured."""
        said = "; ".join(f"{rate:.0f} GFLOP/s with {name or 'its own choice'}" for name, rate in self.rates)
        measured = f" (one core, float32: {said})" if said else ""
        if self.chosen is None and self.inherited:
            return f"OpenBLAS runs with {VARIABLE}={self.inherited}, as the environment says{measured}"
        if self.chosen:
            return f"OpenBLAS runs with {VARIABLE}={self.chosen} in every peer that uses NumPy's{measured}"
        without = f", without the environment's {VARIABLE}={self.inherited}," if self.inherited else ""
        return f"OpenBLAS runs{without} with the kernels it chooses itself{measured}"


def wide_registers() -> bool:
    """Whether the processor has AVX-512, as far as the system says."""
    try:
        return " avx512f" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def rate(name: str) -> float:
    """GFLOP/s of one core in single precision with the kernels `name` ("": OpenBLAS's own); 0 where that fails."""
    environment = Kernels(name).environment(os.environ) | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", RATE], env=environment, capture_output=True, text=True, check=False
    )
    return float(done.stdout) if not done.returncode else 0.0


def choose(
    wanted: str,
    *,
    environment: Mapping[str, str] = os.environ,
    wide: Callable[[], bool] = wide_registers,
    rate: Callable[[str], float] = rate,
) -> Kernels:
    """The kernels for `wanted`: "default" (what the environment says), "auto" (the fastest), or a name of OpenBLAS.

    "auto" takes OpenBLAS's own choice unless another is clearly faster.
    """
    inherited = environment.get(VARIABLE, "")
    if wanted == "default":
        return Kernels(None, inherited)
    if wanted != "auto":
        return Kernels(wanted, inherited)
    tried = dict.fromkeys(("", *([inherited] if inherited else ()), *(WIDE if wide() else ())))
    rates = {name: rate(name) for name in tried}
    chosen = ""
    for name, measured in rates.items():
        if measured > GAIN * rates[chosen]:
            chosen = name
    return Kernels(chosen, inherited, tuple((name, round(r, 1)) for name, r in rates.items()))
