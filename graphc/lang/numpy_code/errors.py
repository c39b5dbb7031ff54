"""The two ways a line fails: it is not read (refused), or NumPy itself could not run it (broken)."""

from __future__ import annotations

from typing import NoReturn

from graphc.ir.errors import GraphcError


class Refused(GraphcError):
    """Code that is not read; the walk adds the place and raises ParseError."""


class Broken(GraphcError):
    """Code that would fail in NumPy too, such as a product of shapes that do not fit."""

    def __init__(self, sentence: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line
        self.column = column


def refuse(message: str) -> NoReturn:
    """Give up on a line, saying why and what to write instead."""
    raise Refused(message)


def broken(sentence: str) -> NoReturn:
    """Say that NumPy itself fails here, and why."""
    raise Broken(sentence)
