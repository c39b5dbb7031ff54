"""The whole way from a source to a picture, a derivation or a module, one function each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Protocol

from graphc.ir.errors import GraphcError


class Program(Protocol):
    """A graph read from a source: its root and the nodes that have names."""

    root: Any
    names: Mapping[str, Any]


class Picture(Protocol):
    svg: str
    dot: str
    png: bytes


class Derivation(Protocol):
    def text(self) -> str: ...
    def markdown(self) -> str: ...
    def latex(self, *, document: bool = False) -> str: ...
    def json(self) -> str: ...


class Function(Protocol):
    source: str


def missing(what: str) -> NoReturn:
    raise GraphcError(f"this version of graphc cannot {what} yet")


def load(source: str) -> Program:
    """Read an expression or a file."""
    missing("read a source")


def draw(
    program: Program,
    *,
    at: Mapping[str, Any],
    expand: Sequence[str],
    roles: bool,
    wrt: Sequence[str],
    digits: int,
) -> Picture:
    missing("draw")


def derive(program: Program, *, wrt: Sequence[str], at: Mapping[str, Any]) -> Derivation:
    missing("derive")


def compile(program: Program, *, wrt: Sequence[str], dtype: str) -> Function:
    missing("compile")
