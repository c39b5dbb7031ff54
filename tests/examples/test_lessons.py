"""The lessons: each proves its claim, says so, leaves the same picture every time, and fails where slopes are wrong."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "lessons"
SHARED = "picture"
LESSONS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != SHARED)
INDEX = ROOT / "docs" / "lessons.md"
# Lessons whose claim rests on products of arrays alone, not on the slope of an elementwise operation.
WITHOUT_SLOPES = {"linear_collapse"}
# The others are tried with a wrong slope in the longer runs.
TRIED_WRONG = {"gates", "sigmoid_mse"}

# Runs a lesson with every local derivative off by 1/7.
WRONG = """
import runpy
import sys
from pathlib import Path

import graphc as g

g.grad(g.input("x"), g.input("x"))  # loads what derives
right = sys.modules["graphc.derive.local"].local_derivative


def wrong(node, index):
    found = right(node, index)
    return None if found is None else found + 1 / 7


for module in list(sys.modules.values()):
    if getattr(module, "local_derivative", None) is right:
        module.local_derivative = wrong
sys.argv = sys.argv[1:]
sys.path.insert(0, str(Path(sys.argv[0]).parent))
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(program: Sequence[str], out: Path) -> subprocess.CompletedProcess[str]:
    """A lesson run as a reader runs it, on its own; its picture goes to `out`."""
    command = [sys.executable, *program, "-o", str(out)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def source(name: str) -> str:
    return str(FOLDER / f"{name}.py")


@pytest.fixture
def lesson(name: str, require_extra: Callable[[str, str], object]) -> str:
    """The file of a lesson; a skip where it plots and there is nothing to plot with."""
    if "picture.plot(" in Path(source(name)).read_text(encoding="utf-8"):
        require_extra("matplotlib", "examples")
    return source(name)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_shows_what_it_claims(name: str, lesson: str, tmp_path: Path) -> None:
    done = run([lesson], tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 3
    (picture,) = tmp_path.iterdir()
    assert picture.name in (f"{name}.svg", f"{name}.png")
    assert picture.stat().st_size > 2000


@pytest.mark.fuzz
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_the_same_every_time(lesson: str, tmp_path: Path) -> None:
    folders = (tmp_path / "once", tmp_path / "again")
    once, again = (run([lesson], folder).stdout for folder in folders)
    assert once == again
    first, second = ({p.name: p.read_bytes() for p in folder.iterdir()} for folder in folders)
    assert first == second


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=() if n in TRIED_WRONG else pytest.mark.fuzz)
        for n in LESSONS
        if n not in WITHOUT_SLOPES
    ],
)
def test_a_wrong_slope_makes_a_lesson_fail(lesson: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")
    done = run([str(tmp_path / "wrong.py"), lesson], tmp_path / "out")
    assert done.returncode != 0, done.stdout
    assert "AssertionError" in done.stderr


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_says_what_it_shows_and_how_to_run_it(name: str) -> None:
    said = ast.get_docstring(ast.parse(Path(source(name)).read_text(encoding="utf-8"))) or ""
    assert re.match(r"[^\n]+\.\n\n    python " + name + r"\.py \[-o DIR\]\n\n.", said)


def test_the_index_has_every_lesson() -> None:
    listed = re.findall(r"\(\.\./examples/lessons/(\w+)\.py\)", INDEX.read_text(encoding="utf-8"))
    assert sorted(listed) == LESSONS
