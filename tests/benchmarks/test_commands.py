"""The command line of the benchmarks, on tiny workloads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import workloads
from benchmarks.__main__ import listed, main, staged, varied
from benchmarks.report import STAGES

FAST = ["--rounds", "1", "--seconds", "0.001", "--cores", "1", "--openblas", "default"]


def test_step_prints_a_table_and_saves_what_report_reads(
    tmp_path: Path, require_extra: Any, capsys: Any
) -> None:
    require_extra("matplotlib", "bench")
    saved = tmp_path / "out.json"
    peers = ["--peers", "course,graphc", "--json", str(saved)]
    assert main(["step", "--workloads", "1", "--vary", "batch=1,2", *peers, *FAST]) == 0
    printed = capsys.readouterr().out
    assert "graphc / peer" in printed
    assert "OpenBLAS runs" in printed
    assert [r["workload"] for r in json.loads(saved.read_text())["records"]] == ["1:batch=1", "1:batch=2"]
    page = tmp_path / "performance.md"
    assert main(["report", str(saved), str(saved), "-o", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "2 runs" in text
    assert "| 1:batch=2 MLP 2-16-16-1 tanh |" in text
    assert (tmp_path / "images" / "performance.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_the_page_has_what_is_asked_growth_other_shapes_and_stages(
    tmp_path: Path, require_extra: Any
) -> None:
    require_extra("matplotlib", "bench")
    results = [result("graphc", 2.0), result("jax", 4.0), result("hand", 1.0), result("torch", 1.0)]
    keys = ("1", "6", "9:depth=50", workloads.GENERAL[0])
    records = [{"workload": k, "name": "some", "batch": 1, "results": results} for k in keys]
    settings = {"cores": 0, "kernels": {"chosen": "", "inherited": "Haswell", "rates": [["", 230.0]]}}
    run = {"machine": {"cores": 2, "cpu": "", "date": "2000-01-01"}, "settings": settings, "records": records}
    stages = [dict.fromkeys((*STAGES, "nodes"), 0.5) | {"workload": "3", "nodes": 500}]
    for name, content in (("run", run), ("stages", stages)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    page = tmp_path / "performance.md"
    files = [str(tmp_path / f"{name}.json") for name in ("run", "run", "stages")]
    assert main(["report", *files, "-o", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "| 1 | step: graphc / jax | 0.80 | 0.60 | 0.50 (0.50 to 0.50) | met, and the goal | 0.25 |" in text
    assert "| 6 | step: graphc / torch | 0.75 | 0.50 | 2.00 (2.00 to 2.00) | not met | 1.00 |" in text
    assert f"| {workloads.GENERAL[0]} | step: graphc / jax | 0.92 | 0.69 |" in text
    assert "Growth" in text
    assert "OPENBLAS_CORETYPE=Haswell" in text
    assert "| 3 | 500 | 500 |" in text


def result(peer: str, seconds: float) -> dict[str, Any]:
    return {"peer": peer, "rounds": [seconds] * 3, "first": seconds, "peak": 2**20, "skipped": "", "wrong": "",
            "note": "", "kernels": ""}  # fmt: skip


def test_general_stands_for_many_shapes() -> None:
    assert listed("1,general") == ["1", *workloads.GENERAL]
    for key in workloads.GENERAL:
        assert workloads.find(key).params or key.startswith("8")


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
