"""The written derivation as data, in a reader's order: definitions, then gradients from the output backwards.

Every line is an expression, a node over the forward nodes and over placeholders for gradients and local derivatives
(`Symbol`s), and each line of a step equals the next. Text, Markdown and LaTeX only print these lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from graphc.derive.indices import Entry
from graphc.ir.node import Node, substitute

TERMS = 8
"""A sum of more terms is abbreviated where it is printed."""
SHORT = 40
"""A definition of more characters does not stand within a derivative."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A derivative as a sign of its own, d(of)/d(wrt): of the output, or of an operation by its operand."""

    kind: Literal["gradient", "local"]
    of: Node
    wrt: Node
    value: Node


@dataclass(frozen=True, slots=True)
class Line:
    """One member of a chain of equalities and why it equals the one before.

    `note` is a phrase, `about` an expression the phrase ends with, `rules` the simplifications that led here.
    """

    expr: Node
    note: str = ""
    about: Node | None = None
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A definition of `head`, or the gradient that the symbol `head` stands for, line by line.

    `entry` is the last line, or the definition, in index notation, where it has one; definitions are printed with it
    when that is asked for.
    """

    kind: Literal["definition", "gradient"]
    head: Node
    lines: tuple[Line, ...]
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A derivation as it is written: the steps, what their symbols stand for, and the names of nodes."""

    steps: tuple[Step, ...]
    symbols: Mapping[Node, Symbol]
    names: Mapping[Node, str]

    def value(self, expr: Node) -> Node:
        """An expression of a line with every symbol replaced by what it stands for."""
        return substitute([expr], {s: symbol.value for s, symbol in self.symbols.items()})[0]
