"""The README keeps its word: its commands and examples run, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from graphc import cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURE = ROOT / "docs" / "images" / "circuit.svg"


def fences(language: str) -> list[str]:
    """The fenced blocks of the README in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in fences("sh") for line in block.splitlines()]
INSTALLING = [line for line in COMMANDS if line.startswith("python -m pip install ")]


def words_after_installation(command: str) -> list[str]:
    """The words `graphc` would be called with, without what installs it."""
    return shlex.split(re.sub(r"^(.* && )?(python -m )?graphc ", "", command))


def test_the_readme_opens_with_a_picture_and_two_commands() -> None:
    assert README.splitlines()[2].startswith("![")
    assert COMMANDS[:2] == INSTALLING
    assert ["graphc draw" in line for line in INSTALLING] == [True, False]
    assert ["pytest" in line for line in INSTALLING] == [False, True]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_can_be_typed_on_windows_too(command: str) -> None:
    assert not set(command) & set("'\\`$^%")


@pytest.mark.parametrize("command", [line for line in COMMANDS if "graphc " in line])
def test_a_command_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = words_after_installation(command)
    assert cli.run(words) == 0
    if "-o" in words:
        assert (tmp_path / words[words.index("-o") + 1]).stat().st_size > 0


def test_the_picture_is_what_the_first_command_draws(
    golden: Callable[[str, bytes], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(words_after_installation(INSTALLING[0])) == 0
    golden(str(PICTURE), (tmp_path / "circuit.svg").read_bytes())


@pytest.mark.parametrize("program", fences("python"))
def test_a_python_example_runs(program: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("program", fences("graphc"))
@pytest.mark.parametrize("command", ["draw", "derive", "compile"])
def test_a_graph_example_is_understood(
    command: str, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("example.graph").write_text(program, encoding="utf-8")
    assert cli.run([command, "example.graph"]) == 0


def test_links_lead_to_files() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [target for target in targets if not (ROOT / target).is_file()] == []
