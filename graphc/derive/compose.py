"""Composing the written derivation: definitions in forward order, then one gradient at a time, from the output back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from graphc.derive.chain import gradient_lines
from graphc.derive.indices import Entry, entry, has_sum, is_element, nodes_in
from graphc.derive.notebook import LONGEST, Notebook
from graphc.derive.standing import PRODUCTS
from graphc.derive.steps import TERMS, Line, Script, Step
from graphc.ir.node import Node, make, topological
from graphc.ops.form import form, mention, show_form
from graphc.ops.leaf import const

if TYPE_CHECKING:
    from graphc.derive.derivation import Derivation

MEANING = 60
"""What a composite means is said beside it in at most so many characters."""
WIDE, WIDEST = 88, 150
"""A gradient in index notation has at most so many characters, if there is one, and never more than the second."""


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
    book.name_standardised()
    steps = [
        _definition(book, n)
        for n in derivation.nodes
        if n.args and n in derivation.names and not _is_alias(n)
    ]
    for node in _backward(derivation):
        steps += _gradient(book, node)
    steps += [
        _no_gradient(book, t) for t in derivation.wrt if derivation.upstream and t not in derivation.upstream
    ]
    used = _used(book, steps)
    steps = [_with_meaning(book, step, used) for step in steps]
    for part in used:
        steps.insert(_place(book, steps, part), _definition(book, part))
    return Script(tuple(steps) or (_definition(book, derivation.output),), book.symbols, book.names)


def _used(book: Notebook, steps: Sequence[Step]) -> list[Node]:
    """The named parts that stand in some line, or in another such part."""
    parts = set(book.parts)
    shown = [line.expr for step in steps for line in step.lines]
    shown += [
        n for step in steps if step.kind == "gradient" and step.entry for n in nodes_in(step.entry.form)
    ]
    used = set(topological(shown, stop=parts.__contains__))
    for part in reversed(book.parts):
        if part in used:
            used.update(topological(book.definition(part).args, stop=parts.__contains__))
    return [part for part in book.parts if part in used]


def _place(book: Notebook, steps: Sequence[Step], part: Node) -> int:
    """Where a part of gradients is defined: after all that it is made of."""
    below = {
        book.names.get(n)
        for n in topological(book.definition(part).args, stop=book.is_named)
        if book.is_named(n)
    }
    places = [i for i, s in enumerate(steps) if s.kind == "definition" and book.names.get(s.head) in below]
    return max((i + 1 for i in places), default=0)


def _backward(derivation: Derivation) -> list[Node]:
    """The nodes whose gradients are written, from the output back; a leaf as soon as all its uses are, data last."""
    carrier = derivation.naming.carrier
    place = {node: i for i, node in enumerate(reversed(derivation.nodes))}
    order: dict[Node, tuple[int, ...]] = {}
    for node in derivation.nodes:
        users = [carrier.get(c.user, c.user) for c in derivation.contributions.get(node, ())]
        if node.args or not users:
            order[node] = (place[node], 0)
        else:
            order[node] = (max(place[u] for u in users), 1, node.op.name == "input", -place[node])
    written = (n for n in derivation.nodes if n in derivation.upstream and n not in carrier)
    return sorted(written, key=order.__getitem__)


def _nameless(nodes: Sequence[Node]) -> dict[Node, Node]:
    """Each operation without names inside, as rewriting sees it."""
    bare: dict[Node, Node] = {}
    for node in nodes:
        bare[node] = make(node.op, [bare[a] for a in node.args], node.attrs) if node.args else node
    return bare


def _definition(book: Notebook, node: Node) -> Step:
    given = book.definition(node)
    found = entry(node, given, book.letters, lambda n: n is not given and book.is_named(n))
    if found is None or is_element(found.form) or not (found.indices or has_sum(found.form)):
        return Step("definition", node, (Line(given),))
    short = len(show_form(found.form, book.names)) <= WIDEST
    return Step("definition", node, (Line(given),), found if short else None)


def _with_meaning(book: Notebook, step: Step, parts: Sequence[Node]) -> Step:
    """The definition of a composite with what it means in the named parts of it, `gamma*hhat + beta`."""
    if step.kind != "definition" or step.head.op.kind != "composite" or not parts:
        return step
    body = book.meaning(step.head)
    held = set(topological([body], stop=book.is_named))
    if held.isdisjoint(parts) or len(book.text(body)) > MEANING:
        return step
    return replace(step, lines=(*step.lines, Line(body)))


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
    found = _entry(book, node, lines)
    kept = [line for line in lines if found is None or _is_readable(book, line.expr)]
    return [] if same else [*parts, Step("gradient", sign, tuple(kept), found)]


def _is_readable(book: Notebook, expr: Node) -> bool:
    """Whether all contractions are products of matrices or vectors; of others index notation says more."""
    order = topological([expr], stop=book.is_named)
    return not any(n.op.name in PRODUCTS and form(n).kind == "call" and not book.is_named(n) for n in order)


def _entry(book: Notebook, node: Node, lines: Sequence[Line]) -> Entry | None:
    """The final form of a gradient in index notation: of what was asked for, and wherever there is a sum.

    Where that is too long to be read, the last line before it that is not.
    """
    if not node.shape:
        return None
    wanted = node in book.derivation.wrt
    found = [
        entry(book.sign(node), line.expr, book.letters, book.is_named)
        for line in reversed(lines)
        if not book.has_local(line.expr)
    ]
    written = [(len(show_form(f.form, book.written)), f) for f in found if f is not None]
    best = next((f for length, f in written if length <= WIDE), None)
    if best is None or (best is not found[0] and not has_sum(best.form)):
        best = next((f for length, f in written if length <= WIDEST), None)
    if best is None or has_sum(best.form) or (wanted and not is_element(best.form)):
        return best
    return None


def _no_gradient(book: Notebook, target: Node) -> Step:
    zero = book.derivation.gradient(target)
    return Step("gradient", book.sign(target), (Line(zero, "the output does not depend on it"),))
