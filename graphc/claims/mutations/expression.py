"""Mistakes in a formula itself: one of its parts with another sign, a term or a factor less, another axis."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import combinations, product

from graphc.claims import mistakes
from graphc.claims.mistakes import Mistake
from graphc.claims.mutations.factors import below_bars, share_of
from graphc.claims.mutations.lazy import just
from graphc.claims.mutations.products import contractions
from graphc.claims.mutations.words import label
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, make, rebuild, topological, users
from graphc.ops.leaf import as_node, constant_value
from graphc.ops.move import broadcast
from graphc.ops.reduce import sum_

AXED = ("sum", "mean", "softmax", "log_softmax", "logsumexp", "standardize")
LINEAR = (
    "add", "sub", "mul", "div", "neg", "sum", "mean", "broadcast", "reshape", "transpose", "contract", "cast", "slice",
)  # fmt: skip
NUMBERS = (mistakes.TWICE, mistakes.HALF, mistakes.MISSING_SHARE, mistakes.EXTRA_SHARE)
Made = tuple[Mistake, Callable[[], Node]]


def variants(root: Node, settled: Collection[Node]) -> Iterator[tuple[Mistake, Node]]:
    """The formula with one mistake in it; `settled` parts, those of the forward pass, are taken as right.

    A part that is used more than once is changed everywhere, and then at each use.
    """
    order = _order(root, settled)
    inside = _inside(order)
    below, uses, parts = below_bars(order), users([root]), set(order)
    for node in reversed(order):
        free = node not in settled or node is root
        for mistake, build in _parts(node, node in below) if free else _axes(node):
            if mistake.name in NUMBERS and node in inside:
                continue
            try:
                part = build()
                yield mistake, replaced(root, node, part, order)
                within = [(u, i) for u, i in uses[node] if u in parts]
                for user, index in within if free and len(within) > 1 else ():
                    args = [part if i == index else a for i, a in enumerate(user.args)]
                    yield mistake, replaced(root, user, _again(user, args), order)
            except (GraphcError, TypeError):  # the shapes do not allow this mistake
                continue


def _inside(order: list[Node]) -> set[Node]:
    """The parts that stand in a function that is not linear: a number there is no factor of the gradient."""
    found: set[Node] = set()
    for node in reversed(order):
        if node in found or node.op.name not in LINEAR:
            found.update(node.args)
    return found


def _order(root: Node, settled: Collection[Node]) -> list[Node]:
    """The parts of a formula, operands first, without what stands in an exponent."""
    order = topological([root], stop=lambda n: n in settled and n is not root)
    inside = set(topological([n.args[1] for n in order if n.op.name == "pow"]))
    outside = set(topological([root], stop=lambda n: n in inside))
    return [n for n in order if n in outside and n not in inside]


def everywhere(root: Node, settled: Collection[Node]) -> Iterator[tuple[Mistake, Node]]:
    """All sums and means of the formula along another axis than the one they share."""
    order = _order(root, settled)
    reductions = [n for n in order if n.op.name in ("sum", "mean", "standardize") and len(n.attrs[0]) == 1]
    for axes in dict.fromkeys(n.attrs[0] for n in reductions):
        for other in dict.fromkeys((i,) for n in reductions for i in range(n.args[0].ndim)):
            chosen = {n for n in reductions if n.attrs[0] == axes and other != axes}
            if len(chosen) < 2:
                continue
            try:
                yield (
                    Mistake(mistakes.AXIS, "", f"{other[0]}, not {axes[0]}"),
                    _along(root, order, chosen, other),
                )
            except (GraphcError, TypeError, IndexError):
                continue


def untransposed(root: Node, settled: Collection[Node]) -> Iterator[tuple[Mistake, Node]]:
    """All uses of a square matrix in products transposed: `inv(A) @ b @ inv(A)` for two that should be inv(A).T."""
    order = _order(root, settled)
    products_ = [n for n in order if n.op.name == "contract"]
    factors = dict.fromkeys(a for n in products_ for a in n.args if a.ndim == 2 and a.shape[0] == a.shape[1])
    for factor in factors:
        if sum(a is factor for n in products_ for a in n.args) < 2:
            continue
        done: dict[Node, Node] = {}
        for node in order:
            now = _again(node, [done.get(a, a) for a in node.args])
            done[node] = _turned(node, now, factor) if node in products_ else now
        yield Mistake(mistakes.TRANSPOSE, label(root), label(factor)), done[root]


def _turned(node: Node, now: Node, factor: Node) -> Node:
    """A contraction that reads `factor` with its axes exchanged."""
    spec, outer = node.attrs
    inputs, output = spec.split("->")
    parts = [o[::-1] if a is factor else o for o, a in zip(inputs.split(","), node.args, strict=True)]
    return make(node.op, now.args, (",".join(parts) + "->" + output, outer))


def _along(root: Node, order: list[Node], chosen: Collection[Node], axes: tuple[int, ...]) -> Node:
    done: dict[Node, Node] = {}
    for node in order:
        now = _again(node, [done.get(a, a) for a in node.args])
        done[node] = make(now.op, now.args, (axes, *now.attrs[1:]), now.name) if node in chosen else now
    return done[root]


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


def _parts(node: Node, below: bool) -> Iterator[Made]:
    args = node.args
    match node.op.name:
        case "add" | "sub":
            yield from _term(args[0], args[1], node.op.name == "add")
        case "mul":
            yield from _factor(node, 0, below)
            yield from _factor(node, 1, below)
        case "div":
            yield from _divisor(*args)
        case "neg":
            yield Mistake(mistakes.SIGN, label(args[0])), lambda: args[0]
        case "pow" | "square":
            yield from _power(node)
        case "sum" | "mean":
            yield from _axes(node) if below else _reduction(node)
        case "softmax" | "log_softmax" | "logsumexp" | "standardize":
            yield from _axes(node)
        case "transpose":
            yield Mistake(mistakes.TRANSPOSE, label(args[0])), lambda: args[0]
        case "contract":
            yield from _contraction(node)
        case "greater" | "less" | "greater_equal" | "less_equal" if not node.constant:
            yield Mistake(mistakes.WRONG_SIDE, label(node)), lambda: 1 - node
        case "where":
            yield (
                Mistake(mistakes.WRONG_SIDE, label(args[0])),
                lambda: make(node.op, (args[0], args[2], args[1])),
            )


def _term(one: Node, other: Node, added: bool) -> Iterator[Made]:
    """A term with another sign, or left out, doubled or halved where it is no number, such as the 1 of 1 - p."""
    signed: Callable[[Node], Node] = (lambda x: x) if added else (lambda x: -x)
    shape = (one + other).shape
    yield Mistake(mistakes.SIGN, label(other)), lambda: one - signed(other)
    yield Mistake(mistakes.SIGN, label(one)), lambda: signed(other) - one
    if one.constant or other.constant:  # the 1 is no term to be left with: then the factor is missing
        return
    yield Mistake(mistakes.BRANCH, label(other), label(other)), lambda: broadcast(one, shape)
    yield Mistake(mistakes.BRANCH, label(one), label(one)), lambda: broadcast(signed(other), shape)
    for name, k in ((mistakes.TWICE, as_node(2)), (mistakes.HALF, as_node(1) / 2)):
        yield Mistake(name, label(other)), just(one + signed(k * other))
        yield Mistake(name, label(one)), just(k * one + signed(other))


def _factor(node: Node, index: int, below: bool) -> Iterator[Made]:
    factor, other = node.args[index], node.args[1 - index]
    shape = node.shape
    yield _lost(factor, below), lambda: broadcast(other, shape)
    if factor.op.name == "neg":
        yield _lost(factor.args[0], below), lambda: broadcast(-other, shape)
    if not factor.constant:
        yield Mistake(mistakes.CHAIN_TWICE, label(factor), label(factor)), lambda: node * factor


def _lost(factor: Node, below: bool) -> Mistake:
    value = constant_value(factor)
    if value is not None and value == -1:
        return Mistake(mistakes.SIGN)
    if value is not None and value == 2:
        return Mistake(mistakes.TWICE if below else mistakes.HALF)
    if _is_eye(factor):
        return Mistake(mistakes.NO_DIAGONAL, label(factor), label(factor))
    if factor.op.name == "size":
        name = mistakes.MISSING_SHARE if below else mistakes.EXTRA_SHARE
        return Mistake(name, label(factor), share_of(factor.attr("dim")))
    return Mistake(mistakes.CHAIN, label(factor), label(factor))


def _is_eye(node: Node) -> bool:
    while node.op.name in ("cast", "mul") and any(a.ndim == 2 for a in node.args):
        node = next(a for a in node.args if a.ndim == 2)
    return node.op.name == "equal" and all(
        n.op.name in ("equal", "reshape", "iota") for n in topological([node])
    )


def _divisor(above: Node, below: Node) -> Iterator[Made]:
    shape = (above / below).shape
    if not above.constant:
        yield Mistake(mistakes.CHAIN, label(above), label(above)), lambda: broadcast(1 / below, shape)
    if below.op.name == "size":
        lost = Mistake(mistakes.MISSING_SHARE, label(above), share_of(below.attr("dim")))
        yield lost, lambda: broadcast(above, shape)
    else:
        factor = f"1/{label(below)}"
        two = constant_value(below) == 2
        lost = Mistake(mistakes.TWICE if two else mistakes.CHAIN, label(above), "" if two else factor)
        yield lost, lambda: broadcast(above, shape)
        yield Mistake(mistakes.INVERTED, label(above), factor), lambda: above * below


def _power(node: Node) -> Iterator[Made]:
    base = node.args[0]
    exponent = as_node(2) if node.op.name == "square" else node.args[1]
    number = constant_value(exponent)
    for step in (-1, 1):
        changed = exponent + step if number is None else as_node(number + step)
        other = base if number is not None and number + step == 1 else base**changed
        detail = f"{label(node)}, not {label(other)}"
        yield Mistake(mistakes.POWER, label(base), detail), just(other)


def _reduction(node: Node) -> Iterator[Made]:
    yield from _axes(node)
    (x,) = node.args
    by_many = sum_(x, axis=node.attrs[0], keepdims=node.attrs[1])
    count = as_node(1)
    for i in node.attrs[0]:
        count = count * as_node(x.shape[i])
    if node.op.name == "sum":
        yield Mistake(mistakes.MEAN_FOR_SUM, label(node)), lambda: node / count
        if not node.attrs[1] and 0 in node.attrs[0]:
            yield Mistake(mistakes.BATCH_SUM, label(x)), lambda: x
    else:
        yield Mistake(mistakes.SUM_FOR_MEAN, label(node)), lambda: by_many


def _axes(node: Node) -> Iterator[Made]:
    """The same along any other axes, as many."""
    if node.op.name not in AXED:
        return
    x = node.args[0]
    place = next(i for i, name in enumerate(node.op.attr_names) if name in ("axis", "axes"))
    now = node.attrs[place]
    several = isinstance(now, tuple)
    ways = [
        *combinations(range(x.ndim), len(now) if several else 1),
        *([tuple(range(x.ndim))] if several else []),
    ]
    for axes in ways:
        chosen = axes if several else axes[0]
        if chosen != now:
            attrs = (*node.attrs[:place], chosen, *node.attrs[place + 1 :])
            where = Mistake(mistakes.AXIS, label(node))
            yield where, partial(make, node.op, node.args, attrs)


def _contraction(node: Node) -> Iterator[Made]:
    for mistake, value in contractions(node):
        detail = f"{label(node)}, not {label(value)}"
        yield Mistake(mistake.name, label(node), detail), just(value)
    if len(node.args) == 2:
        for one, other in product(*(_either_way(a) for a in node.args)):
            by_entry = Mistake(mistakes.ELEMENTWISE, label(node))
            yield by_entry, partial(_times, one, other)
    for i, lost in enumerate(node.args if len(node.args) > 1 else ()):
        yield Mistake(mistakes.CHAIN, label(node), label(lost)), partial(_without, node, i)


def _either_way(x: Node) -> tuple[Node, ...]:
    return (x, x.T) if x.ndim == 2 else (x,)


def _without(node: Node, index: int) -> Node:
    """A contraction with one operand left out."""
    spec, outer = node.attrs
    inputs, output = spec.split("->")
    kept = [(o, a) for i, (o, a) in enumerate(zip(inputs.split(","), node.args, strict=True)) if i != index]
    if len(kept) == 1 and kept[0][0] == output:
        return kept[0][1]
    left = "".join(o for o, _ in kept)
    lost = dict(zip(inputs.split(",")[index], node.args[index].shape, strict=True))
    wider = {**dict(outer), **{i: d for i, d in lost.items() if i in output and i not in left}}
    spec = ",".join(o for o, _ in kept) + "->" + output
    return make(node.op, [a for _, a in kept], (spec, tuple(sorted(wider.items()))))


def _times(one: Node, other: Node) -> Node:
    return one * other
