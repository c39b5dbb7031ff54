"""The autograder of docs/checking.md gives points for derivations, and for nothing else."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT, blocks, write_files

PAGE = (ROOT / "docs" / "checking.md").read_text(encoding="utf-8")
RIGHT = """
dz2 = (softmax(z2) - t)/N
dW2 = h.T @ dz2
dh = dz2 @ W2.T
dz1 = dh * (z1 > 0)
dW1 = X.T @ dz1
"""
Grade = Callable[[str], list[tuple[str, int, int, str]]]


@pytest.fixture(scope="module")
def grade(tmp_path_factory: pytest.TempPathFactory) -> Grade:
    """The page's own function."""
    folder = tmp_path_factory.mktemp("page")
    write_files(PAGE, folder)
    names: dict[str, Any] = {"__name__": "page"}
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        for block in blocks(PAGE):
            if block.language == "python":
                exec(compile(block.body, "<page>", "exec", dont_inherit=True), names)
        assert Path("results.json").is_file()
    found: Grade = names["grade"]
    return found


def points(rows: list[tuple[str, int, int, str]]) -> list[int]:
    return [given for _, given, _, _ in rows]


def test_a_right_derivation_gets_every_point(grade: Grade) -> None:
    assert points(grade(RIGHT)) == [3, 2, 2, 2, 1]


def test_an_error_is_paid_for_once(grade: Grade) -> None:
    rows = grade(RIGHT.replace("W2.T", "W2.T/N"))
    assert points(rows) == [3, 2, 0, 2, 1]
    assert "1/N" in rows[2][3]


def test_what_is_missing_is_named(grade: Grade) -> None:
    assert grade("dz2 = (softmax(z2) - t)/N")[1] == ("W2", 0, 2, "missing")


@pytest.mark.parametrize(
    "submission",
    [
        "dz2 = d(loss)/d(z2)",
        "dz2 = grad(loss, z2)",
        "dz2 = ｄ(loss)/ｄ(z2)",
        "dz2 = (d # as it is\n(loss)/d # told\n(z2))",
        "g = (grad\n(loss, z2)); dz2 = g",
        "loss = sum(W2)\ndW2 = 0*W2 + 1",
        "other = sum(W2); target(other)\ndW2 = 0*W2 + 1",
        "W2 = param(2, 2); dW2 = W2",
        "assume(sum(z2) == 0, z2 >= 0)\ndz2 = 0*z2",
        "dW2 = 0*W2",
        "dz2 == dz2",
        "z2 == z2; h == h",
        "dz2 = import os",
        "",
        "#" * 300_000,
    ],
    ids=lambda text: text[:30],
)
def test_what_is_no_derivation_gets_none(submission: str, grade: Grade) -> None:
    assert points(grade(submission)) == [0, 0, 0, 0, 0]
