"""Results land where they were asked for, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graphc.cli import output
from graphc.ir.errors import OutputError


def test_draw_without_a_file_writes_circuit_svg_and_says_so(
    pipeline: Any, graphc_run: Any, tmp_path: Path
) -> None:
    outcome = graphc_run("draw", "x*y")
    assert outcome.out == "wrote circuit.svg\n"
    assert (tmp_path / "circuit.svg").read_text(encoding="utf-8") == "<svg>σ 그림</svg>\n"


def test_the_default_name_follows_the_format(pipeline: Any, graphc_run: Any, tmp_path: Path) -> None:
    assert graphc_run("draw", "x*y", "--format", "dot").out == "wrote circuit.dot\n"
    assert (tmp_path / "circuit.dot").is_file()


@pytest.mark.parametrize(
    ("args", "name", "content"),
    [
        (["draw"], "회로.svg", "<svg>σ 그림</svg>\n".encode()),
        (["draw"], "a.SVG", "<svg>σ 그림</svg>\n".encode()),
        (["draw"], "a.dot", b"digraph {}\n"),
        (["draw"], "a.gv", b"digraph {}\n"),
        (["draw"], "a.png", b"\x89PNG\r\n"),
        (["draw", "--format", "dot"], "a.svg", b"digraph {}\n"),
        (["derive"], "a.txt", b"y*(1 - y)\n"),
        (["derive"], "a.md", b"**y*(1 - y)**\n"),
        (["derive"], "a.tex", b"\\documentclass{article}\n"),
        (["derive"], "a.json", b"{}\n"),
        (["compile"], "a.py", b"import numpy as np\n"),
    ],
)
def test_the_suffix_says_the_format(
    args: list[str], name: str, content: bytes, pipeline: Any, graphc_run: Any, tmp_path: Path
) -> None:
    assert graphc_run(*args, "x*y", "-o", name).code == 0
    assert (tmp_path / name).read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("args", "content"),
    [
        (["draw", "--format", "svg", "-o", "-"], "<svg>σ 그림</svg>\n"),
        (["derive"], "y*(1 - y)\n"),
        (["derive", "-o", "-"], "y*(1 - y)\n"),
        (["derive", "--format", "latex"], "y(1-y)\n"),
        (["derive", "--json"], "{}\n"),
        (["compile"], "import numpy as np\n"),
        (["compile", "-o", "-"], "import numpy as np\n"),
    ],
)
def test_standard_output_holds_the_result_alone(
    args: list[str], content: str, pipeline: Any, graphc_run: Any
) -> None:
    outcome = graphc_run(*args, "x*y")
    assert (outcome.code, outcome.out, outcome.err) == (0, content, "")


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["draw", "-o", "a.bmp"], ".bmp"),
        (["draw", "-o", "a"], "without a suffix"),
        (["draw", "-o", "-"], "--format"),
        (["derive", "-o", "a.svg"], ".svg"),
        (["compile", "-o", "a.c"], ".c"),
        (["draw", "-o", "nowhere/a.svg"], "nowhere/a.svg"),
        (["draw", "-o", "."], "without a suffix"),
        (["draw", "-o", "x\0.svg"], "cannot write"),
        (["draw", "-o", "a" * 300 + ".svg"], "cannot write"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(
    args: list[str], part: str, pipeline: Any, graphc_run: Any
) -> None:
    outcome = graphc_run(*args, "x*y")
    assert (outcome.code, outcome.out) == (2, "")
    assert part in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_directory_is_not_overwritten(pipeline: Any, graphc_run: Any, tmp_path: Path) -> None:
    (tmp_path / "a.svg").mkdir()
    assert graphc_run("draw", "x*y", "-o", "a.svg").code == 2


def test_a_failed_write_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "a.svg"
    file.write_text("old", encoding="utf-8")
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match="no space left"):
        output.write_output(str(file), "new")
    assert file.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]


@pytest.mark.skipif(os.name != "posix", reason="modes and links as POSIX has them")
def test_the_mode_and_the_link_of_an_old_file_stay(tmp_path: Path) -> None:
    file, link = tmp_path / "a.svg", tmp_path / "link.svg"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o640)
    link.symlink_to(file)
    output.write_output(str(link), "new")
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == "new\n"
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="no /dev/null here")
def test_a_device_is_written_to(capfd: pytest.CaptureFixture[str]) -> None:
    output.write_output("/dev/null", "text")
    assert capfd.readouterr().out == "wrote /dev/null\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_standard_output_is_one_sentence() -> None:
    with open("/dev/full", "wb") as full:
        run = subprocess.run(
            [sys.executable, "-m", "graphc", "--help"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert run.returncode == 2
    assert run.stderr.startswith(b"graphc: cannot read or write standard output")
    assert b"Traceback" not in run.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes as POSIX has them")
def test_a_reader_that_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        run = subprocess.run(
            [sys.executable, "-m", "graphc", "--help"], stdout=pipe, stderr=subprocess.PIPE, check=False
        )
    assert (run.returncode, run.stderr) == (141, b"")
