"""The one family of errors graphc raises for a person: each message says what, where, and how to mend it."""

from __future__ import annotations


class GraphcError(Exception):
    """Something the user gave cannot be used as it is."""


class ShapeError(GraphcError):
    """Shapes do not fit; the message shows the formula and the numbers."""


class DTypeError(GraphcError):
    """An operation was given integers where it needs reals, or the reverse."""


class BindError(GraphcError):
    """A value is missing, unknown, or does not have the declared shape."""


class UnknownNameError(BindError, KeyError):
    """There is no parameter or state of that name; a KeyError too, as it is raised by a look-up in a dict."""

    __str__ = Exception.__str__  # KeyError's own puts the sentence in quotes


class GradientError(GraphcError):
    """A derivative was asked for that does not exist, or not of this thing."""


class LegalityError(GraphcError):
    """A pass produced a graph its stage does not allow."""


class OutputError(GraphcError):
    """A result cannot be written where, or in the form, it was asked for."""


class ParseError(GraphcError):
    """Text is not in the graph language; `line` and `column` count from 1, columns in characters."""

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        source: str | None = None,
    ) -> None:
        self.message = message
        self.line = line
        self.column = column
        self.source = source
        super().__init__(message)

    def __str__(self) -> str:
        place = [self.source] if self.source else []
        if self.line is not None:
            place.append(f"line {self.line}")
        if self.column is not None:
            place.append(f"column {self.column}")
        return f"{', '.join(place)}: {self.message}" if place else self.message
