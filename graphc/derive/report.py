"""A derivation to be written out: its steps, and with a point also the numbers there."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphc.derive.derivation import Derivation
from graphc.derive.latex_names import latex_name
from graphc.derive.numbers import format_value
from graphc.derive.text import entry_text, names_in_text
from graphc.derive.values import Values
from graphc.ir.node import Node
from graphc.ir.types import show_shape
from graphc.ops.form import mention, show

_DECIMALS = 4
_HEADINGS = ("", "value", "gradient")


@dataclass(frozen=True, slots=True)
class Report:
    """What `graphc derive` prints, in each of its formats; with `indices` definitions also in index notation."""

    derivation: Derivation
    values: Values | None = None
    indices: bool = False

    def text(self) -> str:
        """The steps as plain text, then a table of the numbers."""
        rows = [_HEADINGS, *((self._name(n), *self._numbers(n)) for n in self._named())]
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return self.derivation.text(indices=self.indices) + (
            "\n" + "\n".join(table) + "\n" if self.values else ""
        )

    def markdown(self) -> str:
        """The steps and the table as Markdown."""
        steps = self.derivation.markdown(indices=self.indices)
        if self.values is None:
            return steps
        rows = [f"| ${_safe(self._latex(n))}$ | {' | '.join(self._numbers(n))} |" for n in self._named()]
        table = "\n".join(("|  | value | gradient |", "|---|---|---|", *rows))
        return f"{steps}\n### In numbers\n\n{table}\n"

    def latex(self, *, document: bool = False) -> str:
        """The steps and the table as LaTeX."""
        text = self.derivation.latex(document=document, indices=self.indices)
        if self.values is None:
            return text
        rows = [f"  {self._latex(n)} & {' & '.join(map(_number, self._numbers(n)))}" for n in self._named()]
        heading = r"  & \text{value} & \text{gradient} \\ \hline"
        lines = (r"\paragraph{In numbers}", r"\[", r"\begin{array}{lrr}", heading, " \\\\\n".join(rows))
        table = "\n".join((*lines, r"\end{array}", r"\]")) + "\n"
        body, end, rest = text.partition("\n\\end{document}")
        return f"{body}\n{table}{end}{rest}"

    def json(self) -> str:
        """What a program may want to know: every named value with its formula, gradient and numbers."""
        entries = self._entries()
        found = {
            "output": self.derivation.names[self.derivation.output],
            "nodes": [dict(self._facts(node, entries)) for node in self._named()],
            "text": self.derivation.text(indices=self.indices),
        }
        return json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False)

    def _entries(self) -> dict[tuple[str, Node], str]:
        """Definitions and gradients in index notation, as far as they have one."""
        script, names = self.derivation.script, names_in_text(self.derivation)
        return {
            (step.kind, script.symbols[step.head].wrt if step.kind == "gradient" else step.head): entry_text(
                step.entry, names
            )
            for step in script.steps
            if step.entry is not None
        }

    def _named(self) -> list[Node]:
        return [node for node in self.derivation.nodes if node in self.derivation.names]

    def _name(self, node: Node) -> str:
        return self.derivation.names[node]

    def _latex(self, node: Node) -> str:
        return latex_name(self._name(node), node.ndim)

    def _numbers(self, node: Node) -> tuple[str, str]:
        """Value and gradient of a node; shapes stand for what is too large, a dash for what there is not."""
        gradient = self.derivation.upstream.get(node)
        return self._number(node), "—" if gradient is None else self._number(gradient)

    def _number(self, expr: Node) -> str:
        if self.values is None:
            return ""
        value = self.values.of(expr)
        rows = format_value(value, _DECIMALS)
        return " ".join(row.strip() for row in rows) if rows else f"array {show_shape(value.shape)}"

    def _facts(self, node: Node, entries: Mapping[tuple[str, Node], str]) -> Iterator[tuple[str, Any]]:
        gradient = self.derivation.upstream.get(node)
        yield "name", self._name(node)
        yield "kind", node.op.name if node.is_leaf else "expression"
        yield "shape", [d if isinstance(d, int) else str(d) for d in node.shape]
        yield "expression", None if node.is_leaf else show(node, self.derivation.names)
        yield "gradient", None if gradient is None else mention(gradient, self.derivation.names)
        yield "indices", entries.get(("definition", node))
        yield "gradient_indices", entries.get(("gradient", node))
        if self.values is not None:
            yield "value", _plain(self.values.of(node).tolist())
            yield "gradient_value", None if gradient is None else _plain(self.values.of(gradient).tolist())


def _plain(value: Any) -> Any:
    """Numbers as JSON knows them; it has no nan and no infinity, so those become words."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _number(text: str) -> str:
    """A number in mathematics; an array of them as text."""
    return text if text.replace(".", "").lstrip("-").isdecimal() else rf"\text{{{text.replace('—', '---')}}}"


def _safe(mathematics: str) -> str:
    return mathematics.replace("|", r"\vert ").replace("<", r"\lt ").replace(">", r"\gt ")
