"""Mistakes in a formula itself: one of its parts with another sign, a term or a factor less, another axis."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import combinations

from graphc.claims import mistakes
from graphc.claims.mistakes import Mistake
from graphc.claims.mutations.products import contractions
from graphc.claims.mutations.words import label
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, make, rebuild, topological
from graphc.ops.leaf import as_node, constant_value
from graphc.ops.move import broadcast
from graphc.ops.reduce import sum_

Made = tuple[Mistake, Callable[[], Node]]


def variants(root: Node, settled: Collection[Node]) -> Iterator[tuple[Mistake, Node]]:
    """The formula with one mistake in it; `settled` parts, those of the forward pass, are taken as right."""
    order = topological([root], stop=lambda n: n in settled and n is not root)
    for node in reversed(order):
        if node in settled and node is not root:
            continue
        for mistake, build in _parts(node):
            try:
                yield mistake, replaced(root, node, build(), order)
            except (GraphcError, TypeError):  # the shapes do not allow this mistake
                continue


def replaced(root: Node, old: Node, new: Node, order: list[Node]) -> Node:
    """The root with one of its parts exchanged, of another shape perhaps."""
    done = {old: new}
    for node in order:
        if node not in done and any(a in done for a in node.args):
            done[node] = _again(node, [done.get(a, a) for a in node.args])
    return done[root]


def _again(node: Node, args: list[Node]) -> Node:
    """The operation on other operands; a broadcast or reshape that only followed the old shape is left out."""
    if node.op.name in ("broadcast", "reshape") and args[0].shape == node.shape:
        return args[0]
    return rebuild(node, args)


def _parts(node: Node) -> Iterator[Made]:
    args = node.args
    match node.op.name:
        case "add" | "sub":
            yield from _term(*args, node.op.name == "add")
        case "mul":
            yield from _factor(node, 0)
            yield from _factor(node, 1)
        case "div":
            yield from _divisor(*args)
        case "neg":
            yield Mistake(mistakes.SIGN, label(args[0])), lambda: args[0]
        case "pow" | "square":
            yield from _power(node)
        case "sum" | "mean":
            yield from _reduction(node)
        case "softmax" | "log_softmax" | "logsumexp" | "standardize":
            yield from _axes(node)
        case "transpose":
            yield Mistake(mistakes.TRANSPOSE, label(args[0])), lambda: args[0]
        case "contract":
            yield from _contraction(node)
        case "greater" | "less" | "greater_equal" | "less_equal":
            yield Mistake(mistakes.WRONG_SIDE, label(node)), lambda: 1 - node
        case "where":
            yield (
                Mistake(mistakes.WRONG_SIDE, label(args[0])),
                lambda: make(node.op, (args[0], args[2], args[1])),
            )


def _term(one: Node, other: Node, added: bool) -> Iterator[Made]:
    yield Mistake(mistakes.SIGN, label(other)), lambda: one - other if added else one + other
    yield Mistake(mistakes.SIGN, label(one)), lambda: other - one if added else -one - other
    signed: Callable[[Node], Node] = (lambda x: x) if added else (lambda x: -x)
    shape = (one + other).shape
    yield Mistake(mistakes.TERM, label(other), label(other)), lambda: broadcast(one, shape)
    yield Mistake(mistakes.TERM, label(one), label(one)), lambda: broadcast(signed(other), shape)
    for name, k in ((mistakes.TWICE, as_node(2)), (mistakes.HALF, as_node(1) / 2)):
        yield Mistake(name, label(other)), lambda k=k: one + signed(k * other)
        yield Mistake(name, label(one)), lambda k=k: k * one + signed(other)


def _factor(node: Node, index: int) -> Iterator[Made]:
    factor, other = node.args[index], node.args[1 - index]
    shape = node.shape
    yield _lost(factor), lambda: broadcast(other, shape)
    if not factor.constant:
        yield Mistake(mistakes.CHAIN_TWICE, label(factor), label(factor)), lambda: node * factor


def _lost(factor: Node) -> Mistake:
    value = constant_value(factor)
    if value is not None and value == -1:
        return Mistake(mistakes.SIGN)
    if value is not None and value == 2:
        return Mistake(mistakes.HALF)
    if factor.op.name == "size":
        return Mistake(mistakes.EXTRA_SHARE, label(factor), f"1/{label(factor)}")
    return Mistake(mistakes.CHAIN, label(factor), label(factor))


def _divisor(above: Node, below: Node) -> Iterator[Made]:
    shape = (above / below).shape
    if below.op.name == "size":
        yield (
            Mistake(mistakes.MISSING_SHARE, label(above), f"1/{label(below)}"),
            lambda: broadcast(above, shape),
        )
    else:
        factor = f"1/{label(below)}"
        two = constant_value(below) == 2
        lost = Mistake(mistakes.TWICE if two else mistakes.CHAIN, label(above), "" if two else factor)
        yield lost, lambda: broadcast(above, shape)
        yield Mistake(mistakes.INVERTED, label(above), factor), lambda: above * below


def _power(node: Node) -> Iterator[Made]:
    base = node.args[0]
    exponent = as_node(2) if node.op.name == "square" else node.args[1]
    yield Mistake(mistakes.EXPONENT, label(base)), lambda: node * base
    yield Mistake(mistakes.CHAIN, label(base), label(base)), lambda: base ** (exponent - 1)


def _reduction(node: Node) -> Iterator[Made]:
    yield from _axes(node)
    (x,) = node.args
    by_many = sum_(x, axis=node.attrs[0], keepdims=node.attrs[1])
    count = as_node(1)
    for i in node.attrs[0]:
        count = count * as_node(x.shape[i])
    if node.op.name == "sum":
        yield Mistake(mistakes.MEAN_FOR_SUM, label(node)), lambda: node / count
        if not node.attrs[1]:
            yield Mistake(mistakes.BATCH_SUM, label(x)), lambda: x
    else:
        yield Mistake(mistakes.SUM_FOR_MEAN, label(node)), lambda: by_many


def _axes(node: Node) -> Iterator[Made]:
    """The same along any other axes, as many."""
    x = node.args[0]
    place = next(i for i, name in enumerate(node.op.attr_names) if name in ("axis", "axes"))
    now = node.attrs[place]
    for axes in combinations(range(x.ndim), len(now) if isinstance(now, tuple) else 1):
        chosen = axes if isinstance(now, tuple) else axes[0]
        if chosen != now:
            attrs = (*node.attrs[:place], chosen, *node.attrs[place + 1 :])
            where = Mistake(mistakes.AXIS, label(node))
            yield where, lambda attrs=attrs: make(node.op, node.args, attrs)


def _contraction(node: Node) -> Iterator[Made]:
    for mistake, value in contractions(node):
        detail = f"{label(node)}, not {label(value)}"
        yield Mistake(mistake.name, label(node), detail), lambda value=value: value
    if len(node.args) == 2:
        one, other = node.args
        yield Mistake(mistakes.ELEMENTWISE, label(node)), lambda: one * other
        for lost, kept in ((one, other), (other, one)):
            if kept.shape == node.shape:
                yield Mistake(mistakes.CHAIN, label(node), label(lost)), lambda kept=kept: kept
