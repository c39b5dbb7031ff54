"""The command line of the benchmarks, on tiny workloads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main, staged, varied

FAST = ["--rounds", "1", "--seconds", "0.001", "--cores", "1"]


def test_step_prints_a_table_and_saves_what_report_reads(
    tmp_path: Path, require_extra: Any, capsys: Any
) -> None:
    require_extra("matplotlib", "bench")
    saved = tmp_path / "out.json"
    peers = ["--peers", "course,graphc", "--json", str(saved)]
    assert main(["step", "--workloads", "1", "--vary", "batch=1,2", *peers, *FAST]) == 0
    assert "graphc / peer" in capsys.readouterr().out
    assert [r["workload"] for r in json.loads(saved.read_text())["records"]] == ["1:batch=1", "1:batch=2"]
    page = tmp_path / "performance.md"
    assert main(["report", str(saved), str(saved), "-o", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "2 runs" in text
    assert "| 1:batch=2 MLP 2-16-16-1 tanh |" in text
    assert (tmp_path / "images" / "performance.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_stages_are_all_there() -> None:
    stages = staged("9:depth=3:width=4")
    assert stages["nodes"] > 20
    assert all(stages[name] > 0 for name in ("build", "derive", "simplify", "plan", "emit"))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["step", "--workloads", "11"], "there is no workload '11'"),
        (["step", "--peers", "tinygrad"], "there is no peer 'tinygrad'; there are torch"),
        (["step", "--vary", "depth"], "--vary takes a name and values, as in depth=50,200, not 'depth'"),
        (["step", "--vary", "depth=1", "--workloads", "3"], "workload 3 has no parameter 'depth'"),
        (["compile", "--workloads", "3:x=1"], "workload 3 has no parameter 'x'"),
        (["report", "nowhere.json"], "File 'nowhere.json' does not exist"),
        (["step", "--rounds", "0"], "0 is not in the range"),
        (["nonsense"], "No such command 'nonsense'"),
    ],
)
def test_bad_input_is_one_sentence(args: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(args) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_file_without_results_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    other.write_text("[]")
    assert main(["report", str(other)]) == 2
    assert "holds no results" in capsys.readouterr().err


def test_one_parameter_over_several_values() -> None:
    assert varied(["9", "3"], "batch=1,2") == ["9:batch=1", "9:batch=2", "3:batch=1", "3:batch=2"]
