"""How a run may end: interrupted, by a mistake of graphc's own, or by one of the person's."""

from __future__ import annotations

from typing import Any

import pytest

from graphc.ir.errors import ShapeError


def test_bad_input_is_one_line_however_long_the_message(pipeline: Any, graphc_run: Any) -> None:
    pipeline.raises = ShapeError("(2,) and (3,)\ndo not\n  broadcast")
    outcome = graphc_run("draw", "x")
    assert (outcome.code, outcome.err) == (2, "graphc: (2,) and (3,) do not broadcast\n")


def test_characters_no_terminal_can_show_do_no_harm(pipeline: Any, graphc_run: Any) -> None:
    pipeline.raises = ShapeError("unknown name \udcff")
    outcome = graphc_run("draw", "x")
    assert (outcome.code, outcome.err) == (2, "graphc: unknown name \\udcff\n")


def test_a_file_that_cannot_be_read(pipeline: Any, graphc_run: Any) -> None:
    pipeline.raises = FileNotFoundError(2, "No such file or directory", "net.graph")
    outcome = graphc_run("draw", "net.graph")
    assert outcome.code == 2
    assert outcome.err == "graphc: cannot read or write net.graph: No such file or directory\n"


def test_an_interrupt_ends_quietly(pipeline: Any, graphc_run: Any) -> None:
    pipeline.raises = KeyboardInterrupt()
    assert graphc_run("draw", "x").code == 130


@pytest.mark.parametrize("error", [ZeroDivisionError("oh"), RecursionError("deep")])
def test_a_mistake_of_graphc_is_not_blamed_on_the_person(
    error: Exception, pipeline: Any, graphc_run: Any
) -> None:
    pipeline.raises = error
    outcome = graphc_run("draw", "x")
    assert outcome.code == 70
    assert "Traceback" in outcome.err
    assert "please report" in outcome.err
