r"""Pieces of LaTeX: what has been printed, how tightly it binds, and when it needs parentheses."""

from __future__ import annotations

import re
from typing import NamedTuple

from graphc.derive.latex_names import latex_name
from graphc.ir.node import Node
from graphc.ops.form import ATOM, Form


class Tex(NamedTuple):
    """Printed LaTeX, how tightly it binds, and the notation it came from."""

    text: str
    level: int
    kind: str


def by(extents: list[str]) -> str:
    """Sizes with the sign of a product between them."""
    return r" \times ".join(extents)


def dims_latex(text: str) -> str:
    """A polynomial in sizes: `2*N**2 + 1` as 2N^{2} + 1."""
    powers = re.sub(r"\*\*(\d+)", r"^{\1}", text)
    return re.sub(r"[^\W\d]\w*", lambda m: latex_name(m[0]), powers).replace("*", r"\,")


def wrap(part: Tex, least: int, *, after: bool = False) -> str:
    """A part, in parentheses if it binds looser than its place, or is a minus `after` another sign."""
    bare = part.level >= least and not (after and part.text.startswith("-"))
    return part.text if bare else parenthesised(part.text)


def parenthesised(text: str) -> str:
    """In parentheses as high as what stands between them."""
    tall = any(command in text for command in (r"\frac", r"\sum", r"\begin", r"\left"))
    return rf"\left({text}\right)" if tall else f"({text})"


def is_array(part: Node | Form) -> bool:
    """Whether a part of a notation is known to have axes."""
    return part.ndim > 0 if isinstance(part, Node) else False


def transposed(f: Form, parts: list[Tex]) -> Tex:
    """The first part, transposed."""
    if parts[0].kind == "inverse":
        return Tex(rf"{parts[0].text.removesuffix('^{-1}')}^{{-\top}}", ATOM, f.kind)
    bare = parts[0].kind == "name"
    return Tex(rf"{parts[0].text if bare else parenthesised(parts[0].text)}^\top", ATOM, f.kind)
