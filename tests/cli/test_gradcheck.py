"""`graphc gradcheck` through the real pipeline: its table, its JSON, its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MODEL = "X = input(N, D); w = param(D); t = input(N)\nloss = mean((X @ w - t)**2)\n"


def test_right_gradients_exit_with_0(graphc_run: Any, tmp_path: Path) -> None:
    (tmp_path / "model.graph").write_text(MODEL, encoding="utf-8")
    outcome = graphc_run("gradcheck", "model.graph")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[1].split()[0] == "w"
    assert outcome.out.rstrip().endswith("ok")
    assert graphc_run("gradcheck", "model.graph").out == outcome.out
    assert graphc_run("gradcheck", "model.graph", "--wrt", "X", "--entries", "2").out.split()[6:9] == [
        "X",
        "4×5",
        "6",
    ]


def test_values_and_json(graphc_run: Any) -> None:
    outcome = graphc_run("gradcheck", "relu(x)*y", "--at", "x=0", "--at", "y=2", "--json")
    assert outcome.code == 0
    found = {p["name"]: p for p in json.loads(outcome.out)["parameters"]}
    assert found["x"]["verdict"] == "kink"
    assert found["x"]["worst"][0]["sides"] == [0, 2]
    assert found["y"]["verdict"] == "ok"


def test_an_expression_may_begin_with_a_minus(graphc_run: Any) -> None:
    assert graphc_run("gradcheck", "-t*log(p)", "--wrt", "p").code == 0


def test_undecided_exits_with_3(graphc_run: Any) -> None:
    outcome = graphc_run("gradcheck", "sqrt(x)", "--at", "x=0")
    assert outcome.code == 3
    assert "undecided" in outcome.out


def test_bad_input_exits_with_2(graphc_run: Any) -> None:
    for words in (
        ("x*y", "--at", "x=1"),
        ("x*y", "--wrt", "z"),
        ("x +", "--at", "x=1"),
        ("log(x)", "--at", "x=-1"),
        ("a = input(3); a*2",),
        ("x*y", "--entries", "0"),
    ):
        outcome = graphc_run("gradcheck", *words)
        assert (outcome.code, outcome.out) == (2, ""), words
        assert outcome.err.startswith("graphc: ")
        assert len(outcome.err.splitlines()) == 1
