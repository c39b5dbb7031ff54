"""The written derivation as LaTeX: a fragment for one's own text, or a document that compiles as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from graphc.derive.breaks import broken_latex, seen
from graphc.derive.latex_forms import latex_definition, latex_entry, latex_mention, latex_shape
from graphc.derive.latex_names import latex_name
from graphc.derive.steps import TERMS, Step
from graphc.derive.text import derivative_form, given_leaves
from graphc.ir.node import Node
from graphc.ops.form import Form, Names

if TYPE_CHECKING:
    from graphc.derive.derivation import Derivation

WIDEST = 72
"""A line is broken where it would show more characters, if there is a place for it."""
ROWS = 36
"""So many lines are aligned with each other; then alignment starts anew."""


def to_latex(derivation: Derivation, *, document: bool = False, indices: bool = False) -> str:
    """The derivation in `align*` environments, which need amsmath and amssymb; or a whole document.

    With `indices` the definitions are in index notation as well.
    """
    body = "\n\n".join(_sections(derivation, indices))
    if not document:
        return f"% needs the packages amsmath and amssymb\n{body}\n"
    return f"{_preamble(body)}\\begin{{document}}\n\n{body}\n\n\\end{{document}}\n"


def _sections(derivation: Derivation, indices: bool) -> Iterator[str]:
    names = latex_names(derivation)
    given = given_latex(derivation)
    if given:
        yield f"Given {given}."
    for title, steps in sections(derivation):
        yield f"\\paragraph{{{title}}}"
        for block in blocks(steps, names, indices=indices):
            yield _display(block)


def sections(derivation: Derivation) -> list[tuple[str, Sequence[Step]]]:
    """The definitions and the gradients, under their titles; an empty one is left out."""
    steps = derivation.script.steps
    first = next((i for i, s in enumerate(steps) if s.kind == "gradient"), len(steps))
    return [(t, s) for t, s in (("Forward", steps[:first]), ("Backward", steps[first:])) if s]


def latex_names(derivation: Derivation) -> dict[Node, str | Form]:
    """The names of nodes, and derivatives for signs."""
    script = derivation.script
    signs = {s: derivative_form(derivation, s) for s in script.symbols}
    return {**script.names, **signs}


def given_latex(derivation: Derivation) -> str:
    """The arrays the derivation starts from, with their spaces; nothing where all is scalar."""
    names = derivation.names
    return ", ".join(
        f"${latex_name(names[n], n.ndim)} \\in {latex_shape(n.shape, n.dtype)}$"
        for n in given_leaves(derivation)
        if n.shape
    )


class Row(NamedTuple):
    """One line: what is on the left of the sign of equality, the formula, and a note, words then mathematics."""

    head: str
    expr: str
    words: str
    about: str
    goes_on: bool = False

    @property
    def sides(self) -> str:
        """Both sides with the mark they are aligned at; a line that goes on has no sign of equality."""
        return f"&\\phantom{{=}} {self.expr}" if self.goes_on else f"{self.head} &= {self.expr}"


def blocks(steps: Sequence[Step], names: Names, *, indices: bool) -> Iterator[list[list[Row]]]:
    """The steps of one alignment after the other, each step its rows."""
    block: list[list[Row]] = []
    heads = max((seen(latex_mention(s.head, names).rpartition("}{")[2]) for s in steps), default=0)
    for step in steps:
        rows = list(_rows(step, names, indices or step.kind == "gradient", WIDEST - heads))
        if block and sum(map(len, block)) + len(rows) > ROWS:
            yield block
            block = []
        block.append(rows)
    if block:
        yield block


def _rows(step: Step, names: Names, indices: bool, width: int) -> Iterator[Row]:
    head = latex_mention(step.head, names)
    definition = step.kind == "definition"
    for i, line in enumerate(step.lines):
        expr = (latex_definition if definition else latex_mention)(line.expr, names, TERMS)
        if definition and step.head.shape and line is step.lines[-1]:
            expr += rf" \in {latex_shape(step.head.shape)}"
        words = "; ".join(p for p in (line.note, ", ".join(line.rules)) if p)
        about = latex_definition(line.about, names) if line.about is not None else ""
        start, *rest = broken_latex(expr, width)
        yield Row(head if i == 0 else "", start, "" if rest else _plain(words), about)
        for more in rest:
            last = more is rest[-1]
            yield Row(
                "", rf"\quad {more}", _plain(words) if last else "", about if last else "", goes_on=True
            )
    if step.entry is not None and indices:
        first, *rest = broken_latex(latex_entry(step.entry.form, names), width)
        yield Row(latex_entry(step.entry.head, names), first, "", "")
        for more in rest:
            yield Row("", rf"\quad {more}", "", "", goes_on=True)


def _display(block: list[list[Row]]) -> str:
    """An alignment with the notes at the right margin, more room between steps than within."""
    steps = []
    for rows in block:
        lines = [f"  {r.sides}{_tag(r)}" for r in rows]
        steps.append(" \\\\\n".join(lines))
    between = (
        " \\\\[1.5ex]\n" if any(sum(not row.goes_on for row in rows) > 1 for rows in block) else " \\\\\n"
    )
    return f"\\begin{{align*}}\n{between.join(steps)}\n\\end{{align*}}"


def _tag(row: Row) -> str:
    if not row.words:
        return ""
    about = f" ${row.about}$" if row.about else ""
    return rf" \tag*{{\small {row.words}{about}}}"


def _plain(text: str) -> str:
    """A note as text, names of functions as words."""
    text = re.sub("(?<=[a-z])_(?=[a-z])", " ", text)
    return re.sub(r"([#$%&_{}])", r"\\\1", text)


def _preamble(body: str) -> str:
    lines = [r"\documentclass[11pt, fleqn]{article}", r"\usepackage[margin=25mm]{geometry}"]
    lines += [r"\usepackage{amsmath, amssymb}"]
    if re.search("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]", body):
        lines += [
            "% Korean names: the package kotex is in texlive-lang-korean, for pdflatex, xelatex and lualatex",
            r"\usepackage{kotex}",
        ]
    elif not body.isascii():
        lines += [
            "% names beyond ASCII: compile with xelatex or lualatex, and choose a font that has them",
            r"\usepackage{iftex}",
            r"\iftutex \usepackage{fontspec} \fi",
        ]
    lines += [r"\allowdisplaybreaks", r"\setlength{\parindent}{0pt}", r"\raggedright"]
    return "\n".join(lines) + "\n"
