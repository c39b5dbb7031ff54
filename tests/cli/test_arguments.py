"""What is typed reaches the pipeline as it was meant; what was mistyped is named."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("args", "source"),
    [
        (["x*y"], "x*y"),
        (["-t*log(p)"], "-t*log(p)"),
        (["-t"], "-t"),
        (["--", "-t*log(p)"], "-t*log(p)"),
        (["-t*log(p)", "--at", "t=-2"], "-t*log(p)"),
        (["--at", "t=-2", "-t*log(p)"], "-t*log(p)"),
        (["--at=t=-2", "-t*log(p)"], "-t*log(p)"),
        (["-(1-t)*log(1-p) - t*log(p)"], "-(1-t)*log(1-p) - t*log(p)"),
        (["--x*y"], "--x*y"),
        (["-h*x"], "-h*x"),
        (["-o*x"], "-o*x"),
        (["-ocircuit.svg", "-t*log(p)"], "-t*log(p)"),
        (["-x", "-ocircuit.svg"], "-x"),
        (["-ocircuit.svg", "x*y"], "x*y"),
        (["-o", "-", "--format", "svg", "-x"], "-x"),
        (["-1/x - y", "--roles"], "-1/x - y"),
    ],
)
def test_the_source_is_found(args: list[str], source: str, pipeline: Any, graphc_run: Any) -> None:
    outcome = graphc_run("draw", *args)
    assert (outcome.code, outcome.err) == (0, "")
    assert pipeline.asked["source"] == source


def test_draw_passes_every_option_on(pipeline: Any, graphc_run: Any) -> None:
    outcome = graphc_run(
        *["draw", "x*y", "--at", "x=-2", "--at", "y=5", "--expand", "sigmoid", "--expand", "tanh"],
        *["--fold", "net/dense1", "--roles", "--wrt", "x", "--digits", "3"],
    )
    assert outcome.code == 0
    assert pipeline.asked == {
        "source": "x*y",
        "at": {"x": -2.0, "y": 5.0},
        "expand": ("sigmoid", "tanh"),
        "fold": ("net/dense1",),
        "roles": True,
        "wrt": ("x",),
        "digits": 3,
    }


def test_compile_passes_every_option_on(pipeline: Any, graphc_run: Any) -> None:
    args = ["--wrt", "x", "--wrt", "y", "--dtype", "float32", "--costs", "machine.json"]
    args += ["--size", "N=128", "--memory", "64MB", "--target", "numba"]
    assert graphc_run("compile", "x*y", *args).code == 0
    assert pipeline.asked == {
        "source": "x*y",
        "wrt": ("x", "y"),
        "dtype": "float32",
        "sizes": {"N": 128},
        "memory": 64_000_000,
        "costs": "machine.json",
        "target": "numba",
    }


@pytest.mark.parametrize(
    ("text", "count"),
    [("1000", 1000), ("64MB", 64 * 10**6), ("1.5 kB", 1500), ("2MiB", 2**21), ("1g", 10**9), ("7B", 7)],
)
def test_memory_is_given_in_bytes(text: str, count: int, pipeline: Any, graphc_run: Any) -> None:
    assert graphc_run("compile", "x*y", "--memory", text).code == 0
    assert pipeline.asked["memory"] == count


def test_profile_passes_every_option_on(pipeline: Any, graphc_run: Any) -> None:
    args = ["--wrt", "x", "--at", "x=2", "--size", "N=128", "--size", "M=3", "--repeat", "5"]
    outcome = graphc_run("profile", "x*y", *args)
    assert (outcome.code, outcome.out) == (0, "step  measured\n")
    assert pipeline.asked == {
        "source": "x*y",
        "at": {"x": 2.0},
        "sizes": {"N": 128, "M": 3},
        "wrt": ("x",),
        "dtype": "float64",
        "costs": None,
        "repeat": 5,
    }


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["draw", "x*y", "--formt", "svg"], "--formt"),
        (["draw", "-t*log(p)", "--formt=svg"], "--formt"),
        (["draw", "x*y", "-f", "svg"], "-f"),
        (["draw", "-f", "svg", "x*y"], "-f"),
        (["draw"], "SOURCE"),
        (["draw", "x", "y"], "unexpected extra argument"),
        (["draw", "-x", "-y"], "-y"),
        (["draw", "x*y", "--at"], "--at"),
        (["draw", "x*y", "--digits", "many"], "many"),
        (["draw", "x*y", "--digits", "99"], "99"),
        (["draw", "x*y", "--format", "bmp"], "bmp"),
        (["drw", "x*y"], "drw"),
        (["--formt"], "--formt"),
        (["compile", "x", "--dtype", "int8"], "int8"),
        (["derive", "x", "--json", "--format", "text"], "--json"),
        (["compile", "x", "--memory", "lots"], "64MB"),
        (["compile", "x", "--memory", "0"], "64MB"),
        (["profile", "x", "--size", "N"], "NAME=NUMBER"),
        (["profile", "x", "--size", "N=-1"], "NAME=NUMBER"),
        (["profile", "x", "--size", "N=1.5"], "NAME=NUMBER"),
        (["profile", "x", "--size", "N=1", "--size", "N=2"], "N twice"),
        (["profile", "x", "--repeat", "0"], "--repeat"),
        (["tune", "-o", "costs.txt"], ".txt"),
        (["tune", "x"], "unexpected extra argument"),
        (["draw", "x*y", "--at", "x"], "NAME=VALUE"),
        (["draw", "x*y", "--at", "x=one"], "'one'"),
        (["draw", "x*y", "--at", "x=1", "--at", "x=2"], "x twice"),
        (["draw", "1 +"], "line 1, column 4"),
    ],
)
def test_a_slip_is_one_sentence_and_exit_code_2(
    args: list[str], part: str, pipeline: Any, graphc_run: Any
) -> None:
    outcome = graphc_run(*args)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("graphc: ")
    assert outcome.err.count("\n") == 1
    assert part in outcome.err


def test_a_mistyped_option_gets_a_suggestion(pipeline: Any, graphc_run: Any) -> None:
    assert "--format" in graphc_run("draw", "x*y", "--formt", "svg").err


@pytest.mark.parametrize("args", [[], ["--help"], ["-h"], ["draw", "--help"], ["derive", "-h"]])
def test_help_is_shown(args: list[str], graphc_run: Any) -> None:
    outcome = graphc_run(*args)
    assert outcome.code == 0
    assert "Usage: graphc" in outcome.out
    assert "'" not in outcome.out  # examples are quoted as Windows understands it


def test_version(graphc_run: Any) -> None:
    outcome = graphc_run("--version")
    assert outcome.code == 0
    assert outcome.out.startswith("graphc ")


def test_an_empty_output_name_is_refused(graphc_run: Any) -> None:
    outcome = graphc_run("draw", "x*y", "-o", "")
    assert (outcome.code, outcome.err) == (2, "graphc: -o names no file\n")
