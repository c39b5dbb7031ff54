"""The README keeps its word: its commands and examples run and show what they print, its links lead somewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from graphc import cli
from tests.docs.pages import ROOT, blocks, broken_links, check_page, run_command, words_of

PAGE = ROOT / "README.md"
README = PAGE.read_text(encoding="utf-8")


def bodies(language: str) -> list[str]:
    """The fenced blocks of the README in one language."""
    return [block.body for block in blocks(README) if block.language == language]


COMMANDS = [line for body in bodies("sh") for line in body.splitlines()]
INSTALLING = [line for line in COMMANDS if line.startswith("python -m pip install ")]


def test_the_readme_opens_with_a_picture_and_two_commands() -> None:
    assert README.splitlines()[2].startswith("![")
    assert COMMANDS[:2] == INSTALLING
    assert ["graphc draw" in line for line in INSTALLING] == [True, False]
    assert ["pytest" in line for line in INSTALLING] == [False, True]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_can_be_typed_on_windows_too(command: str) -> None:
    assert not set(command) & set("'\\`$^%")


@pytest.mark.parametrize("command", [line for line in COMMANDS if words_of(line)])
def test_a_command_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = words_of(command)
    code, printed = run_command(words)
    assert code == 0, printed
    if "-o" in words:
        assert (tmp_path / words[words.index("-o") + 1]).stat().st_size > 0


def test_the_readme_shows_what_its_examples_print_and_draw(
    golden: Callable[[str, str | bytes], None], tmp_path: Path
) -> None:
    check_page(PAGE, tmp_path, golden)


@pytest.mark.parametrize("program", bodies("graphc"))
@pytest.mark.parametrize("command", ["draw", "derive", "compile"])
def test_a_graph_example_is_understood(
    command: str, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("example.graph").write_text(program, encoding="utf-8")
    assert cli.run([command, "example.graph"]) == 0


def test_links_lead_to_files() -> None:
    assert broken_links(PAGE) == []
