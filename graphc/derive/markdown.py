"""The written derivation as Markdown with LaTeX mathematics, for GitHub and notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphc.derive.latex import Row, blocks, given_latex, latex_names, sections

if TYPE_CHECKING:
    from graphc.derive.derivation import Derivation


def to_markdown(derivation: Derivation, *, indices: bool = False) -> str:
    """A heading for the definitions and one for the gradients, the lines in `aligned` displays.

    With `indices` the definitions are in index notation as well.
    """
    names = latex_names(derivation)
    given = given_latex(derivation)
    parts = [f"Given {_safe(given)}."] if given else []
    for title, steps in sections(derivation):
        parts.append(f"### {title}")
        for block in blocks(steps, names, indices=indices):
            lines = " \\\\\n".join(_line(row) for rows in block for row in rows)
            parts.append(f"$$\n\\begin{{aligned}}\n{_safe(lines)}\n\\end{{aligned}}\n$$")
    return "\n\n".join(parts) + "\n"


def _line(row: Row) -> str:
    if not row.words:
        return row.sides
    return rf"{row.sides} &\quad& \text{{{row.words} }} {row.about}".rstrip()


def _safe(mathematics: str) -> str:
    """Without characters that HTML reads first."""
    return mathematics.replace("<", r"\lt ").replace(">", r"\gt ")
