"""What a circuit picture shows, already put into words: the drawing engine computes nothing else.

Every text is as it is to be read; a value or gradient is rows of text, one row for a scalar or a
vector, several for a small matrix. A gradient of None was not computed and shows as "—"; () shows
nothing. Names, symbols and the rest may hold any characters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Rows = tuple[str, ...]
Sign = Literal["right", "wrong", "open", "none"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A verdict on a claim, shown as a sign (✓, ✗, ?, or none), or a line of text that belongs to one."""

    sign: Sign
    text: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """What a leaf or a gate sends out: its name, shape, forward value and total gradient."""

    name: str = ""
    shape: str = ""
    value: Rows = ()
    gradient: Rows | None = ()
    marks: tuple[Mark, ...] = ()
    """Verdicts on claims about the gradient; the first is the sign."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A name (or a constant) at the left end of wires."""

    id: str
    out: Value


@dataclass(frozen=True, slots=True)
class Gate:
    """An operation: a circle with a symbol, or a pill when the symbol is wide."""

    id: str
    symbol: str
    out: Value
    title: str = ""
    """What the gate computes, in full: its tooltip."""
    ordered: bool = True
    """Whether the order of the operands matters; if not, wires come in as they cross least."""
    role: str = ""
    """A caption under the gate, such as "distributor"."""
    box: str = ""
    """The id of the innermost box the gate lies in."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One use of a value; the wires into a gate are listed in the order of its operands."""

    source: str
    target: str
    gradient: Rows | None = ()
    """The contribution that flows back along this use alone."""
    local: str = ""
    """The local derivative of the target by this operand, such as "∂f/∂q = z = -4"."""
    marks: tuple[Mark, ...] = ()
    """Verdicts on claims about the local derivative; the first is the sign."""


@dataclass(frozen=True, slots=True)
class Output:
    """A value that leaves the circuit at the right, with the gradient the chain rule starts from."""

    source: str
    gradient: Rows | None = ()


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled frame around the gates of an opened operation; boxes nest through `parent`."""

    id: str
    label: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Circuit:
    """A whole picture, in topological order or not; `title` and `description` are for readers of the SVG."""

    leaves: tuple[Leaf, ...]
    gates: tuple[Gate, ...]
    wires: tuple[Wire, ...]
    outputs: tuple[Output, ...]
    boxes: tuple[Box, ...] = ()
    title: str = ""
    description: str = ""
    verdicts: tuple[Mark, ...] = ()
    """How many claims were judged how: a line below the picture."""


def sources(circuit: Circuit) -> tuple[Leaf | Gate, ...]:
    """Everything a wire can start from."""
    return (*circuit.leaves, *circuit.gates)


def local_label(ratio: str, symbolic: str, numeric: str = "") -> str:
    """The text of a local derivative, saying nothing twice.

    >>> local_label("∂f/∂q", "z", "-4"), local_label("∂q/∂x", "1", "1"), local_label("", "z")
    ('∂f/∂q = z = -4', '∂q/∂x = 1', 'z')
    """
    parts = [ratio, symbolic, numeric if numeric != symbolic else ""]
    return " = ".join(part for part in parts if part)
