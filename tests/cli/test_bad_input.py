"""Bad input is one clear sentence and exit code 2: nothing is executed, nothing is traced back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def short(value: object) -> str:
    """A test's name, of a value that may be megabytes long."""
    return ascii(value)[:30]


def assert_refused(outcome: Any, *parts: str) -> None:
    assert (outcome.code, outcome.out) == (2, ""), outcome
    assert outcome.err.startswith("graphc: ")
    assert outcome.err.count("\n") == 1
    assert len(outcome.err) < 600
    for part in parts:
        assert part in outcome.err


@pytest.mark.parametrize("command", ["draw", "derive", "compile"])
@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("", ""),
        ("1 +", ""),
        ("(x + y", "column"),
        ("x^2", "**"),
        ("2x", "*"),
        ("lambda", "lambda"),
        ("softmx(x)", "softmx"),
        ("exp(x, y)", "exp"),
        ("exp()", "exp"),
        ('__import__("os").system("touch hacked")', ""),
        ("().__class__", ""),
        ("x.__class__", ""),
        ("가나 + $", "column 6"),
        ("(" * 5000 + "x" + ")" * 5000, ""),
        ("9" * 100_000, ""),
        ("x\0y", ""),
        ("nowhere.graph", "nowhere.graph"),
        ("nowhere.md", "nowhere.md"),
        ("nowhere.py:net", "nowhere.py"),
    ],
    ids=short,
)
def test_a_source_that_cannot_be_read(
    command: str, source: str, part: str, graphc_run: Any, tmp_path: Path
) -> None:
    assert_refused(graphc_run(command, source), part)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("shapes.graph", b"A = input(2, 3)\nB = input(2, 3)\nf = sum(A @ B)\n", ["shapes.graph", "line 3"]),
        ("slip.graph", "값 = input()\nf = 값 + (2\n".encode(), ["slip.graph", "line 2"]),
        ("twice.graph", b"x = input()\nx = x + 1\n", ["twice.graph", "line 2", "x"]),
        ("empty.graph", b"", ["empty.graph"]),
        ("latin.graph", b"f = x + \xff\n", ["latin.graph"]),
        ("huge.graph", b"f = x" + b" + x" * 2_500_000, ["huge.graph"]),
        ("plain.md", b"# No block here\n", ["plain.md"]),
        ("block.md", b"# A net\n\n```graphc\nf = exp(\n```\n", ["block.md", "line 4"]),
    ],
    ids=short,
)
def test_a_file_that_cannot_be_read(
    name: str, content: bytes, parts: list[str], graphc_run: Any, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    assert_refused(graphc_run("draw", name), *parts)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("net = 1 / 0\n", ["own.py", "ZeroDivisionError"]),
        ("net = (\n", ["own.py"]),
        ("other = 1\n", ["own.py", "net"]),
        ("net = 'text'\n", ["net"]),
    ],
)
def test_a_python_file_that_gives_no_graph(
    content: str, parts: list[str], graphc_run: Any, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(content, encoding="utf-8")
    assert_refused(graphc_run("draw", "own.py:net"), *parts)


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["draw", "x*y", "--at", "x=1"], "y"),
        (["draw", "x*y", "--at", "x=1", "--at", "y=2", "--at", "q=3"], "q"),
        (["draw", "x*y", "--at", "x"], "x"),
        (["draw", "x*y", "--at", "x=one"], "x"),
        (["draw", "x*y", "--wrt", "q"], "q"),
        (["draw", "x*y", "--expand", "sigmod"], "sigmod"),
        (["derive", "x*y", "--wrt", "q"], "q"),
        (["compile", "x*y", "--wrt", "q"], "q"),
        (["draw", "x*y", "-o", "nowhere/f.svg"], "nowhere/f.svg"),
        (["draw", "x*y", "-o", "f.bmp"], ".bmp"),
    ],
)
def test_an_option_that_cannot_be_met(args: list[str], part: str, graphc_run: Any) -> None:
    assert_refused(graphc_run(*args), part)
