"""Composing the written derivation: definitions in forward order, then one gradient at a time, from the output back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphc.derive.chain import gradient_lines
from graphc.derive.indices import Entry, entry, has_sum
from graphc.derive.notebook import LONGEST, Notebook
from graphc.derive.steps import TERMS, Line, Script, Step
from graphc.ir.node import Node, make
from graphc.ops.form import mention
from graphc.ops.leaf import const

if TYPE_CHECKING:
    from graphc.derive.derivation import Derivation


def compose(derivation: Derivation) -> Script:
    """The steps of a derivation, with the signs and names they are written in."""
    names = {t: mention(t) for t in derivation.wrt} | dict(derivation.names)
    for node, simple in derivation.simplified.items():
        if node in names and simple.args:
            names.setdefault(simple, names[node])
    written = set(derivation.nodes)
    for node, bare in _nameless(derivation.nodes).items():
        if node in names and bare not in written:
            names.setdefault(bare, names[node])
    book = Notebook(derivation, names)
    steps = [
        _definition(n) for n in derivation.nodes if n.args and n in derivation.names and not _is_alias(n)
    ]
    for node in reversed(derivation.nodes):
        if node in derivation.upstream and node not in derivation.naming.carrier:
            steps += _gradient(book, node)
    steps += [
        _no_gradient(book, t) for t in derivation.wrt if derivation.upstream and t not in derivation.upstream
    ]
    return Script(tuple(steps) or (_definition(derivation.output),), book.symbols, book.names)


def _nameless(nodes: Sequence[Node]) -> dict[Node, Node]:
    """Each operation without names inside, as rewriting sees it."""
    bare: dict[Node, Node] = {}
    for node in nodes:
        bare[node] = make(node.op, [bare[a] for a in node.args], node.attrs) if node.args else node
    return bare


def _definition(node: Node) -> Step:
    return Step("definition", node, (Line(node),))


def _is_alias(node: Node) -> bool:
    """Whether a node only puts facts on another of the same name."""
    return node.op.name == "assumed" and node.args[0].name == node.name


def _gradient(book: Notebook, node: Node) -> list[Step]:
    sign = book.sign(node)
    if node is book.derivation.output:
        return [Step("gradient", sign, (Line(const(1)),))]
    lines = gradient_lines(book, node)
    parts: list[Step] = []
    summed = len(book.derivation.contributions.get(node, ())) > TERMS
    if not lines or (not summed and all(book.length(line.expr) > LONGEST for line in lines)):
        parts, final = book.in_pieces(book.derivation.rewritten[node])
        lines = [Line(final)]
    book.remember(node)
    same = len(lines) == 1 and any(_is_alias(c.user) for c in book.derivation.contributions[node])
    return [] if same else [*parts, Step("gradient", sign, tuple(lines), _entry(book, node, lines))]


def _entry(book: Notebook, node: Node, lines: Sequence[Line]) -> Entry | None:
    """The final form of a gradient in index notation: of what was asked for, and wherever there is a sum."""
    if not node.shape:
        return None
    found = entry(book.sign(node), lines[-1].expr, book.letters, book.is_named)
    wanted = node in book.derivation.wrt
    return found if found is not None and (wanted or has_sum(found.form)) else None


def _no_gradient(book: Notebook, target: Node) -> Step:
    zero = book.derivation.gradient(target)
    return Step("gradient", book.sign(target), (Line(zero, "the output does not depend on it"),))
