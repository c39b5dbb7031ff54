"""The written derivation as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from graphc.derive.breaks import broken
from graphc.derive.indices import Entry
from graphc.derive.steps import SHORT, TERMS, Line, Script, Step
from graphc.ir.node import Node
from graphc.ir.types import show_shape
from graphc.ops.form import Form, Names, defined, mention, show, show_form

if TYPE_CHECKING:
    from graphc.derive.derivation import Derivation

COLUMNS = 100
"""A line is broken where it would be longer, if there is a place for it."""
NOTES_FROM = 60
"""A note stands at most so far right, unless its line is longer."""


def to_text(derivation: Derivation, *, indices: bool = False) -> str:
    """Definitions, a blank line, then one block per gradient, notes to the right of the lines they belong to.

    With `indices` the definitions are in index notation as well.
    """
    script = derivation.script
    short = writes_short(derivation)
    names = names_in_text(derivation)
    blocks = [_given(derivation)] if short else []
    blocks.append(_definitions(script, names, shapes=short, indices=indices))
    if derivation.upstream:
        if short:
            output = script.names[derivation.output]
            example = next((s.wrt for s in script.symbols.values() if s.wrt is not derivation.output), None)
            if example is not None:
                name = script.names[example]
                blocks.append(f"In what follows d{name} stands for d{output}/d{name}, and so on.")
        blocks.append("\n".join(_gradient(step, names) for step in _backward(script)))
    return "\n\n".join(b for b in blocks if b) + "\n"


def _backward(script: Script) -> list[Step]:
    first = next((i for i, s in enumerate(script.steps) if s.kind == "gradient"), len(script.steps))
    return list(script.steps[first:])


def writes_short(derivation: Derivation) -> bool:
    """Whether gradients are written dz, as of arrays; not where a name of the graph begins like that."""
    names = derivation.names
    taken = set(names.values())
    clash = any(f"d{names[n]}" in taken for n in derivation.upstream if n in names)
    return any(n.shape for n in derivation.upstream) and not clash


def names_in_text(derivation: Derivation) -> dict[Node, str | Form]:
    """The names of nodes and the signs of gradients."""
    return {**derivation.script.names, **signs_in_text(derivation, short=writes_short(derivation))}


def signs_in_text(derivation: Derivation, *, short: bool) -> dict[Node, Form]:
    """How each sign of the derivation is written: dL/dz, or for short dz."""
    signs: dict[Node, Form] = {}
    for sign, symbol in derivation.script.symbols.items():
        name = derivation.script.names[symbol.wrt]
        if short and symbol.kind == "gradient":
            signs[sign] = Form("sign", (), f"d{name}")
        else:
            signs[sign] = derivative_form(derivation, sign)
    return signs


def derivative_form(derivation: Derivation, sign: Node) -> Form:
    """A sign as the quotient dL/dz; a local derivative of arrays as f'(z).

    A local derivative of the output itself is written with its definition, d(q*z)/dq, if that is short, to tell it
    from the gradient.
    """
    names, symbol = derivation.script.names, derivation.script.symbols[sign]
    wrt = _name(symbol.wrt, names)
    if symbol.kind == "local" and (symbol.of.shape or symbol.of not in names):
        return Form("call", (wrt,), f"{symbol.of.op.name}'")
    if symbol.kind == "local" and symbol.of is derivation.output:
        definition = defined(symbol.of, names)
        if len(show_form(definition, names, TERMS)) <= SHORT:
            return Form("derivative", (definition, wrt))
    return Form("derivative", (_name(symbol.of, names), wrt))


def _name(node: Node, names: Mapping[Node, str]) -> Form:
    return Form("name", (), names[node], (("axes", str(node.ndim)),))


def given_leaves(derivation: Derivation) -> list[Node]:
    """The leaves as a reader meets them: data before parameters, and in the order of their uses."""
    order = (a for n in derivation.nodes for a in n.args if a.is_leaf)
    leaves = list(dict.fromkeys([*order, *(n for n in derivation.nodes if n.is_leaf)]))
    return sorted(leaves, key=lambda n: n.op.name != "input")


def _given(derivation: Derivation) -> str:
    leaves = [(derivation.names[n], n.shape) for n in given_leaves(derivation)]
    found = ", ".join(f"{name} {show_shape(shape)}" if shape else name for name, shape in leaves)
    return "\n      ".join(broken(f"given {found}", COLUMNS))


def _definitions(script: Script, names: Names, *, shapes: bool, indices: bool) -> str:
    first = [s for s in script.steps[: len(script.steps) - len(_backward(script))] if s.kind == "definition"]
    rows = [(_definition_rows(s, names), s.head) for s in first]
    width = min(NOTES_FROM, max((len(t[-1]) for t, _ in rows), default=0)) + 2
    lines: list[str] = []
    for step, ((*above, text), node) in zip(first, rows, strict=True):
        lines += above
        shape = show_shape(node.shape) if shapes and node.shape else ""
        start, *rest = broken(text, COLUMNS)
        further = " " * (len(mention(step.head, names)) + 5)
        *firsts, last = [start, *(further + more for more in rest)]
        lines += [*firsts, f"{last + '  ':<{width}}{shape}" if shape else last]
        if indices and step.entry is not None:
            lines += _entry_lines(step.entry, names, len(mention(step.head, names)))
    return "\n".join(lines)


def _equalities(step: Step, names: Names) -> str:
    return " = ".join(show(line.expr, names, terms=TERMS) for line in step.lines)


def _definition_rows(step: Step, names: Names) -> list[str]:
    """A definition on one line, or, where that is too long, each equality on a line of its own."""
    head, text = names[step.head], _equalities(step, names)
    if len(step.lines) == 1 or len(text) <= NOTES_FROM:
        return [f"{head} = {text}"]
    first, *others = (show(line.expr, names, terms=TERMS) for line in step.lines)
    return [f"{head} = {first}", *(f"{' ' * len(str(head))} = {other}" for other in others)]


def _gradient(step: Step, names: Names) -> str:
    head = mention(step.head, names)
    if step.kind == "definition":
        return f"{head} = {_equalities(step, names)}"
    rows = [mention(line.expr, names, terms=TERMS) for line in step.lines]
    notes = [_note(line, names) for line in step.lines]
    room = COLUMNS - len(head) - 6
    beside = [len(r) for r, n in zip(rows, notes, strict=True) if n and len(r) + len(n) <= room]
    width = min(NOTES_FROM, max(beside, default=0))
    written: list[str] = []
    for i, (row, note) in enumerate(zip(rows, notes, strict=True)):
        written += _noted(head if i == 0 else " " * len(head), row, note, width)
    if step.entry is not None:
        written += _entry_lines(step.entry, names, len(head))
    return "\n".join(written)


def _entry_lines(entry: Entry, names: Names, indent: int) -> list[str]:
    start, *rest = broken(entry_text(entry, names), COLUMNS)
    return [start, *(f"{' ' * indent}     {more}" for more in rest)]


def _noted(head: str, row: str, note: str, width: int) -> list[str]:
    """A line and its note; what is too long for one line goes on below, further in."""
    for room in (width, 0):
        line = f"{head} = {row:<{room}}{'   ' + note if note else ''}".rstrip()
        if len(line) <= COLUMNS:
            return [line]
    start, *rest = broken(row, COLUMNS - len(head) - 3)
    further = " " * len(head)
    return [f"{head} = {start}", *(f"{further}     {more}" for more in [*rest, note] if more)]


def entry_text(entry: Entry, names: Names) -> str:
    """A gradient in index notation, `dW[k,m] = sum(…)`."""
    return f"{show_form(entry.head, names)} = {show_form(entry.form, names)}"


def _note(line: Line, names: Names) -> str:
    about = f" {show(line.about, names)}" if line.about is not None else ""
    return "; ".join(p for p in (line.note + about, ", ".join(line.rules)) if p)
