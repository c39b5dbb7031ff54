"""A pipeline that only remembers what it was asked for, to test the command line by itself."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import graphc
from graphc import cli
from graphc.ir.errors import BindError, GraphcError, ParseError


@dataclass
class Outcome:
    """What a run of the command line came to."""

    code: int
    out: str
    err: str


@dataclass
class FakePicture:
    svg: str = "<svg>σ 그림</svg>\n"
    dot: str = "digraph {}\n"
    png: bytes = b"\x89PNG\r\n"


class FakeDerivation:
    def text(self) -> str:
        return "y*(1 - y)"

    def markdown(self) -> str:
        return "**y*(1 - y)**"

    def latex(self, *, document: bool = False) -> str:
        return "\\documentclass{article}" if document else "y(1-y)"

    def json(self) -> str:
        return "{}"


@dataclass
class FakeFunction:
    source: str = "import numpy as np\n"


@dataclass
class FakeProfile:
    def table(self) -> str:
        return "step  measured"


@dataclass
class FakePipeline:
    """Stands in for `graphc.pipeline`; `asked` holds the last source and the options it came with."""

    asked: dict[str, Any] = field(default_factory=dict)
    raises: BaseException | None = None

    def load(self, source: str, given: object = None) -> str:
        if self.raises is not None:
            raise self.raises
        if source == "1 +":
            raise ParseError("the expression ends too early", line=1, column=4)
        self.asked["source"] = source
        return source

    def draw(self, program: str, **options: Any) -> FakePicture:
        self.asked |= options
        return FakePicture()

    def derive(self, program: str, **options: Any) -> FakeDerivation:
        self.asked |= options
        return FakeDerivation()

    def compile(self, program: str, **options: Any) -> FakeFunction:
        self.asked |= options
        return FakeFunction()

    def profile(self, program: str, **options: Any) -> FakeProfile:
        self.asked |= options
        return FakeProfile()


def parse_binding(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BindError(f"--at {text}: a value is written NAME=VALUE")
    try:
        return name, float(value)
    except ValueError as error:
        raise GraphcError(f"{value!r} is not a number") from error


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    fake = FakePipeline()
    values = ModuleType("graphc.lang.values")
    values.parse_binding = parse_binding  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "graphc.pipeline", fake)  # type: ignore[arg-type]
    monkeypatch.setattr(graphc, "pipeline", fake, raising=False)
    monkeypatch.setitem(sys.modules, "graphc.lang.values", values)
    return fake


@pytest.fixture
def graphc_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    """`graphc_run("draw", "x*y")`: run the command line in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> Outcome:
        capfd.readouterr()
        code = cli.run(args)
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run
