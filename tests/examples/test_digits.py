"""The example that trains on real data: it learns, and what it leaves behind runs on its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits.py"

ALONE = """
import sys
import numpy as np
from digits_step import DigitsStep

step = DigitsStep()
rng = np.random.default_rng(0)
for value in step.params.values():
    value[...] = rng.normal(scale=0.1, size=value.shape)
x, t = rng.normal(size=(32, 64)), rng.integers(10, size=32)
losses = [float(step(x=x, t=t, lr=0.05)) for _ in range(50)]
assert losses[-1] < losses[0] / 2, losses
assert "graphc" not in sys.modules
"""


def test_it_reads_the_digits(tmp_path: Path, require_extra: Callable[[str, str], object]) -> None:
    require_extra("sklearn", "examples")
    require_extra("matplotlib", "examples")
    command = [sys.executable, str(EXAMPLE), "--seeds", "5", "--out", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert run.returncode == 0, run.stderr
    median = re.search(r"median validation accuracy (\d\.\d+)", run.stdout)
    assert median is not None
    assert float(median[1]) >= 0.967
    assert (tmp_path / "digits_loss.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")
    module = (tmp_path / "digits_step.py").read_text(encoding="utf-8")
    assert "import graphc" not in module
    (tmp_path / "alone.py").write_text(ALONE, encoding="utf-8")
    alone = subprocess.run(
        [sys.executable, "alone.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert alone.returncode == 0, alone.stderr
