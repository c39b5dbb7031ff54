"""Standardised values written out: `hbar = mean(h, axis=0)`, `s1 = sqrt(mean((h - hbar)**2, axis=0) + …)`, `hhat`.

What the user gave a name keeps it, also where rewriting has brought it to a form of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from graphc.derive.edge import placeholder
from graphc.ir.node import Node, make, substitute
from graphc.ops.composite import attributes, open_composite
from graphc.ops.move import reshape
from graphc.ops.pointwise import sqrt, square
from graphc.ops.reduce import mean
from graphc.rewrite.axes import leading_ones
from graphc.rewrite.centred import standard_root
from graphc.rewrite.simplify import simplify_all


@dataclass(frozen=True, slots=True)
class Part:
    """Something that gets a name: the forms in which it stands in gradients, what is put for them, its definition."""

    forms: tuple[Node, ...]
    instead: Node
    definition: Node
    name: str


def named_forms(names: Mapping[Node, str], simplified: Mapping[Node, Node]) -> dict[Node, Node]:
    """Forms that rewriting gives to named nodes up to axes of size 1 in front, and those nodes in that shape."""
    found: dict[Node, Node] = {}
    for node, simple in simplified.items():
        if node not in names or not simple.args:
            continue
        inner = simple.args[0] if simple.op.name == "reshape" else simple
        root = standard_root(simple)
        pairs = [(inner, node), (_nameless(inner), node), (_with_axes(inner), node), (root, node)]
        if root is not None:
            below = node.args[0] if node.op.name == "sqrt" and node.args[0] in names else square(node)
            pairs.append((root.args[0], below))
        for form, written in pairs:
            if form is not None and form not in names and _same_up_to_ones(form, written):
                found.setdefault(
                    form, written if form.shape == written.shape else reshape(written, form.shape)
                )
    return found


def _nameless(node: Node) -> Node:
    return make(node.op, node.args, node.attrs)


def _same_up_to_ones(form: Node, node: Node) -> bool:
    return form.shape == node.shape or leading_ones(form.shape, node.shape)


def _with_axes(node: Node) -> Node | None:
    """A reduction over the first axes with these kept at size 1."""
    if node.op.name not in ("sum", "mean"):
        return None
    axes, keepdims = node.attrs
    if keepdims or axes != tuple(range(len(axes))):
        return None
    return make(node.op, node.args, (axes, True))


def parts_of(
    values: Node,
    x: Node,
    name: str,
    root: str,
    taken: Collection[str],
    known: Callable[[Node], Node | None],
) -> list[Part]:
    """What gets a name in `standardize(x)`, where `x` is called `name`: mean, root mean square, the values themselves.

    `x` is the operand as the user wrote it. What is `known` already keeps its name.
    """
    axes = attributes(values)["axes"]
    keepdims = axes != tuple(range(len(axes)))
    stand_in = placeholder("x", x.shape)
    opened = open_composite(make(values.op, (stand_in,), values.attrs))
    inner = simplify_all([opened.args[0].args[1], opened.args[1]])
    given = dict.fromkeys((values.args[0], x))
    means, roots = (tuple(substitute([p], {stand_in: g})[0] for g in given) for p in inner)
    parts: list[Part] = []

    def part(forms: tuple[Node, ...], definition: Node, title: str) -> Node:
        own = next((n for n in map(known, forms) if n is not None), None)
        if own is not None:
            return own
        instead = definition if definition.shape == forms[0].shape else reshape(definition, forms[0].shape)
        parts.append(Part(forms, instead, definition, _free(title, [*taken, *(p.name for p in parts)])))
        return definition

    centre = part(means, mean(x, axis=axes, keepdims=keepdims), _accented(name, "bar"))
    centred = x - centre
    spread = mean(square(centred), axis=axes, keepdims=keepdims) + inner[1].args[0].args[1]
    below = part(roots, sqrt(spread), root)
    part(tuple(make(values.op, (g,), values.attrs) for g in given), centred / below, _accented(name, "hat"))
    return parts


def _accented(name: str, accent: str) -> str:
    """`hhat` for h, `hhat1` for h1, `hidden_hat` for hidden."""
    letter = re.fullmatch(r"([A-Za-z])(\d*)", name)
    return f"{letter[1]}{accent}{letter[2]}" if letter else f"{name}_{accent}"


def _free(wanted: str, taken: Collection[str]) -> str:
    if wanted not in taken:
        return wanted
    return next(n for i in range(1, len(taken) + 2) if (n := f"{wanted}{i}") not in taken)
