"""`graphc draw --check`: claims of a text, judged and marked in its picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

MODEL = """x = input(N, D); W = param(D, H); b = param(H); V = param(H, K); t = input(N, K)
assume(sum(t, axis=1) == 1)
h = tanh(x @ W + b)
y = h @ V
loss = -sum(t*log_softmax(y))/N
"""
RIGHT = "dy = (softmax(y) - t)/N\ndV = h.T @ dy\n"
LOST = "dh = dy @ V\n"


def draw(graphc_run: Any, tmp_path: Path, text: str, *words: str) -> tuple[int, str, str]:
    (tmp_path / "notes.graph").write_text(text, encoding="utf-8")
    outcome = graphc_run("draw", "--check", "notes.graph", *words, "-o", "-", "--format", "svg")
    return outcome.code, outcome.out, outcome.err


def test_right_claims_are_marked_and_exit_with_0(graphc_run: Any, tmp_path: Path) -> None:
    code, svg, err = draw(graphc_run, tmp_path, MODEL + RIGHT)
    assert (code, err) == (0, "")
    assert svg.count("✓") == 3
    assert "✗" not in svg


def test_a_wrong_claim_exits_with_1_also_where_its_shapes_do_not_fit(graphc_run: Any, tmp_path: Path) -> None:
    code, svg, _ = draw(graphc_run, tmp_path, MODEL + RIGHT + LOST)
    assert code == 1
    assert "claimed: dy @ V" in svg
    assert "missing transpose" in svg
    assert svg.count("✗") == 2


def test_the_picture_is_written_before_the_exit(graphc_run: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text(f"# Notes\n\n```graphc\n{MODEL}{RIGHT}{LOST}```\n", encoding="utf-8")
    outcome = graphc_run("draw", "--check", "notes.md", "-o", "marked.svg")
    assert (outcome.code, outcome.out) == (1, "wrote marked.svg\n")
    assert "✗" in (tmp_path / "marked.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", [MODEL, MODEL + "dW = x.T @\n", "d(x*y)/d(x) == y"])
def test_what_cannot_be_judged_or_drawn_exits_with_2(graphc_run: Any, tmp_path: Path, text: str) -> None:
    code, svg, err = draw(graphc_run, tmp_path, text)
    assert (code, svg) == (2, "")
    assert len(err.splitlines()) == 1


def test_without_the_option_claims_are_not_judged(graphc_run: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.graph").write_text(MODEL + RIGHT, encoding="utf-8")
    outcome = graphc_run("draw", "notes.graph", "-o", "-", "--format", "svg")
    assert outcome.code == 0
    assert "✓" not in outcome.out
