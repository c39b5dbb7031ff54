r"""Index notation in LaTeX: `X_{nk}`, `\sum_{n}`, and `[\,t_n = k\,]` for a one-hot vector."""

from __future__ import annotations

from graphc.derive.latex_names import latex_name
from graphc.ir.node import Node
from graphc.ops.form import Form, Names


def entries(part: Node | Form, names: Names) -> Node | Form:
    r"""A notation with the entries of named arrays in italics, and of a gradient as \partial L/\partial z_{nk}."""
    if isinstance(part, Node):
        return part
    kept = (p for p in part.parts if part.kind != "element" or isinstance(p, Node) or p.kind != "first")
    parts = tuple(entries(p, names) for p in kept)
    base = part.parts[0] if part.kind == "element" else None
    if not isinstance(base, Node):
        return Form(part.kind, parts, part.text, part.options)
    name = names.get(base, base.name)
    if name is None:
        return Form(part.kind, parts, part.text, part.options)
    if isinstance(name, str):
        return Form("element", (_scalar(name), *parts[1:]))
    of, wrt = name.parts
    assert isinstance(wrt, Form)
    return Form(name.kind, (of, Form("element", (_scalar(wrt.text), *parts[1:]))), name.text)


def _scalar(name: str) -> Form:
    return Form("name", (), name, (("axes", "0"),))


def subscript(array: str, indices: list[str]) -> str:
    r"""An entry of an array: `X_{nk}`, `E_{t_{n},k}`."""
    separator = "" if all(len(i) == 1 for i in indices) else ","
    return f"{array}_{{{separator.join(indices)}}}"


def sum_sign(letters: list[str]) -> str:
    """The sign of a sum over indices."""
    return rf"\sum_{{{','.join(map(latex_name, letters))}}}"
