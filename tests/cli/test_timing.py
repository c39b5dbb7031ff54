"""`tune` and `profile` through the real pipeline; what is measured is made up, so that nothing waits for a clock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphc.emit import kernels, measure
from graphc.emit.kernels import Rates
from graphc.plan.costs import SHIPPED, load_table

HASWELL = Rates(120.0, 60.0, 50.0, "Haswell")
WIDE = Rates(210.0, 100.0, 90.0, "SkylakeX")
MEASURED = replace(SHIPPED, gemm=(120.0, 60.0), cores=3)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose BLAS could do better."""
    monkeypatch.delenv(kernels.CORE_TYPE, raising=False)
    monkeypatch.setattr(
        kernels, "measure_rates", lambda environment: WIDE if kernels.CORE_TYPE in environment else HASWELL
    )
    monkeypatch.setattr(kernels, "has_avx512", lambda: True)
    monkeypatch.setattr(measure, "measure", lambda alone, together, say: MEASURED)


def test_tune_shows_what_it_found_and_writes_it(machine: None, graphc_run: Any, tmp_path: Path) -> None:
    outcome = graphc_run("tune", "-o", "machine.json")
    assert (outcome.code, outcome.err) == (0, "")
    assert "GFLOP/s" in outcome.out
    assert "120 / 60" in outcome.out
    assert "wrote machine.json\n" in outcome.out
    assert load_table(tmp_path / "machine.json") == MEASURED


def test_tune_writes_nothing_unless_asked(machine: None, graphc_run: Any, tmp_path: Path) -> None:
    assert graphc_run("tune").code == 0
    assert list(tmp_path.iterdir()) == []


def test_standard_output_is_the_table_alone(machine: None, graphc_run: Any, tmp_path: Path) -> None:
    outcome = graphc_run("tune", "-o", "-")
    assert outcome.out == MEASURED.json()
    assert "advice" in outcome.err


def test_code_planned_with_a_table_says_so(machine: None, graphc_run: Any) -> None:
    graphc_run("tune", "-o", "machine.json")
    source = graphc_run("compile", "x = input(N); sum(exp(x))", "--costs", "machine.json").out
    assert f"Planned with cost table {MEASURED.digest()}." in source
    missing = graphc_run("compile", "exp(x)", "--costs", "nowhere.json")
    assert missing.code == 2
    assert missing.err == "graphc: the cost table nowhere.json cannot be read: No such file or directory\n"


def test_profile_shows_each_step(graphc_run: Any) -> None:
    outcome = graphc_run("profile", "x = input(N, 3); loss = sum(exp(x))", "--size", "N=5", "--repeat", "2")
    assert (outcome.code, outcome.err) == (0, "")
    head, *rows = outcome.out.splitlines()
    assert head.split() == ["step", "measured", "predicted", "share", "mathematics"]
    assert any("exp(x)" in row for row in rows)
    assert rows[-1].endswith("in all, median of 2")


def test_an_input_may_be_called_like_an_option(graphc_run: Any) -> None:
    source = "repeat = input(N); sizes = input(N); sum(repeat*sizes)"
    assert graphc_run("profile", source, "--at", "repeat=[1, 2]", "--repeat", "1").code == 0
