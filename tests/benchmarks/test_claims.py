"""Planted errors are what they are said to be, in arrays and as text, and the benchmark of claims runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import graphc as g
from benchmarks.claims import cli, shown
from benchmarks.gradient_checks import CHECKS
from benchmarks.planted import FUNCTIONS, SIZE, Case, cases
from graphc.ops.naive import evaluate

ROOT = Path(__file__).parent.parent.parent
EVERY = list(cases())
X = g.input("x", SIZE)


def gradient_of(case: Case) -> g.Node:
    return g.grad(g.expression(case.function.text, x=X), X)


@pytest.mark.parametrize(
    "case", [c for c in EVERY if c.dtype == "float64"], ids=lambda c: f"{c.function.name}, {c.error}"
)
def test_text_and_arrays_say_the_same(case: Case) -> None:
    point = case.point()
    given = case.gradient(point)
    written, true = evaluate([g.expression(case.gradient_text, x=X), gradient_of(case)], {"x": point})
    np.testing.assert_allclose(written, given, rtol=1e-12)
    assert np.allclose(true, given, rtol=1e-12, atol=0) is case.right


def test_functions_are_those_of_the_text() -> None:
    point = EVERY[0].point()
    for f in FUNCTIONS:
        (value,) = evaluate([g.expression(f.text, x=X)], {"x": point})
        assert np.isclose(f.value(np, point), value, rtol=1e-12)


def test_every_dtype_keeps_its_own() -> None:
    assert all(case.gradient(case.point()).dtype == case.dtype for case in EVERY)


@pytest.mark.parametrize("name", CHECKS)
def test_each_check_finds_a_wrong_sign(name: str, require_peer: Any) -> None:
    """In a process of its own: the libraries do not go well together."""
    if not name.startswith("graphc"):
        require_peer(name)
    own = name.startswith("graphc")
    function = "scale 1e-8" if own else "cubes"
    right, wrong = (
        next(c for c in EVERY if c.function.name == function and c.error == e) for e in ("", "sign")
    )
    program = f"""
from benchmarks.gradient_checks import CHECKS
from benchmarks.planted import cases
every = list(cases())
print(*[CHECKS[{name!r}](every[i]) for i in {[EVERY.index(right), EVERY.index(wrong)]}])
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    said = run.stdout.split()
    assert said[1:] == ["True"], run.stderr
    assert said[0] != "True" or not own


def test_the_benchmark_prints_rates(tmp_path: Path) -> None:
    path = tmp_path / "claims.json"
    run = CliRunner().invoke(cli, ["--only", "recurrent", "--no-planted", "--json", str(path), "-v"])
    assert run.exit_code == 0, run.output
    assert "true claims" in run.output
    assert json.loads(path.read_text())["corpus"]["true"]["proved"] >= 1


def test_the_table_shows_what_was_found() -> None:
    groups = {"right": {"passed": 2}, "every entry, float64": {"found": 3, "open": 1}}
    table = shown({"graphc": {"groups": groups, "seconds": 1.0}})
    assert [list(c.cells) for c in table.columns] == [
        ["right (false alarms)", "every entry, float64"],
        ["0/2", "3/4 (1 open)"],
    ]
