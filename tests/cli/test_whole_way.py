"""The commands as a person types them, through the real pipeline."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

PRODUCT = ["(x + y) * z", "--at", "x=-2", "--at", "y=5", "--at", "z=-4"]
WEIGHTS = ["w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"]
AT_WEIGHTS = [word for value in WEIGHTS for word in ("--at", value)]
NEURON = "1/(1+exp(-(w0*x0 + w1*x1 + w2)))"


def texts(svg: str) -> list[str]:
    """The words a picture shows, with ASCII minus signs."""
    words = (text.strip() for text in ElementTree.fromstring(svg).itertext())
    return [word.replace("−", "-") for word in words if word]


def numbers(svg: str) -> set[float]:
    """Every number that stands by itself in a picture."""
    return {float(word) for word in texts(svg) if re.fullmatch(r"-?\d+(\.\d+)?", word)}


@pytest.fixture
def picture(graphc_run: Any) -> Callable[..., str]:
    """`picture("x*y", "--at", …)`: the SVG that `graphc draw` prints."""

    def draw(*args: str) -> str:
        outcome = graphc_run("draw", *args, "-o", "-", "--format", "svg")
        assert (outcome.code, outcome.err) == (0, "")
        return str(outcome.out)

    return draw


def test_draw_shows_values_gradients_and_local_derivatives(picture: Callable[..., str]) -> None:
    assert numbers(picture(*PRODUCT)) >= {-2, 5, -4, 3, -12, 1}


def test_an_intermediate_can_be_named(picture: Callable[..., str]) -> None:
    svg = picture("q = x + y; f = q * z", *PRODUCT[1:])
    assert {"q", "f"} <= set(texts(svg))
    assert numbers(svg) >= {3, -12}


def test_draw_of_the_textbook_neuron(picture: Callable[..., str]) -> None:
    forward = {-2, 6, 4, 1, -1, 0.37, 1.37, 0.73}
    backward = {1, -0.53, -0.2, 0.2, 0.39, -0.39, -0.59}
    assert numbers(picture(NEURON, *AT_WEIGHTS)) >= forward | backward


def test_a_sigmoid_is_one_gate_until_it_is_opened(picture: Callable[..., str]) -> None:
    source = "sigmoid(w0*x0 + w1*x1 + w2)"
    closed, opened = picture(source, *AT_WEIGHTS), picture(source, *AT_WEIGHTS, "--expand", "sigmoid")
    assert 0.37 not in numbers(closed)
    assert 0.37 in numbers(opened)


def test_without_values_the_picture_is_symbolic(picture: Callable[..., str]) -> None:
    assert {"x", "y", "z"} <= set(texts(picture("(x + y) * z")))


@pytest.mark.parametrize(
    "args",
    [
        ["draw", *PRODUCT, "-o", "-", "--format", "svg"],
        ["draw", *PRODUCT, "-o", "-", "--format", "dot"],
        ["derive", "sigmoid(x)"],
        ["compile", "mean((w*x + b - t)**2)"],
    ],
)
def test_the_same_command_gives_the_same_bytes(args: list[str]) -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-m", "graphc", *args],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout != b""


def test_dot_output_stands_on_its_own(graphc_run: Any, require_program: Callable[[str], str]) -> None:
    dot = require_program("dot")
    text = graphc_run("draw", *PRODUCT, "-o", "-", "--format", "dot").out
    rendered = subprocess.run([dot, "-Tsvg"], input=text.encode(), capture_output=True, check=True)
    assert b"<svg" in rendered.stdout
    assert rendered.stderr == b""


def test_png_is_written(graphc_run: Any, tmp_path: Path, require_extra: Callable[[str, str], object]) -> None:
    require_extra("resvg_py", "png")
    assert graphc_run("draw", *PRODUCT, "-o", "f.png").code == 0
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_derive_ends_in_terms_of_the_output(graphc_run: Any) -> None:
    outcome = graphc_run("derive", "sigmoid(x)")
    assert outcome.code == 0
    assert re.search(r"(\w+)\*\(1-\1\)", outcome.out.replace(" ", ""))


def test_derive_of_an_expression_that_begins_with_a_minus(graphc_run: Any) -> None:
    assert graphc_run("derive", "-t*log(p)").code == 0


def test_a_latex_derivation_compiles(
    graphc_run: Any, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    latex = require_program("pdflatex")
    assert graphc_run("derive", "sigmoid(w*x + b)", "-o", "steps.tex").code == 0
    run = subprocess.run(
        [latex, "-interaction=nonstopmode", "-halt-on-error", "steps.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:]


def test_a_compiled_module_needs_numpy_alone(graphc_run: Any, tmp_path: Path) -> None:
    assert graphc_run("compile", "mean((w*x + b - t)**2)", "--wrt", "w", "-o", "step.py").code == 0
    module = ast.parse((tmp_path / "step.py").read_text(encoding="utf-8"))
    imports = {
        name.partition(".")[0]
        for node in ast.walk(module)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imports <= {"__future__", "numpy", "threadpoolctl"}
    subprocess.run([sys.executable, "step.py"], cwd=tmp_path, check=True)


def test_a_list_declares_the_array_it_is_given_for(picture: Callable[..., str]) -> None:
    svg = picture("sum(w*x)", "--at", "w=[1, -2, 3]", "--at", "x=2")
    assert "[1, -2, 3]" in svg
    assert "[2, 2, 2]" in svg
