"""Products and reductions passed back wrongly: not transposed, swapped, entry by entry, without cross terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations

from graphc.claims import mistakes
from graphc.claims.mistakes import Mistake
from graphc.claims.mutations.backward import Edge
from graphc.claims.mutations.lazy import just
from graphc.claims.mutations.words import computed, label, written
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, make
from graphc.ops.contract import CONTRACT
from graphc.ops.move import broadcast, reshape, sum_to

Made = tuple[Mistake, Callable[[], Node]]


def products(edge: Edge) -> Iterator[tuple[Mistake, Node]]:
    """What an edge that is not elementwise passes back under each mistake; shapes that do not fit are left out."""
    for mistake, build in _made(edge):
        try:
            value = build()
        except GraphcError:
            continue
        yield mistake, value


def _made(edge: Edge) -> Iterator[Made]:
    if edge.user.op.name == "softmax":
        y = edge.user
        yield Mistake(mistakes.SOFTMAX, computed(y)), lambda: edge.upstream * (y * (1 - y))
        twice = Mistake(mistakes.SLOPE_TWICE, computed(y))
        yield twice, lambda: edge.value * (y * (1 - y))
        branch = Mistake(mistakes.BRANCH, computed(y), f"the sum that {computed(y)} divides by")
        yield branch, lambda: edge.upstream * y
        yield Mistake(mistakes.NO_SLOPE, computed(y)), lambda: edge.upstream
    if edge.user.op.name in ("max", "min"):
        where = computed(edge.user)
        yield Mistake(mistakes.CHAIN, where, "the entry that wins"), lambda: _to_all(edge)
    if edge.value.op is CONTRACT and edge.user.op is CONTRACT:
        for mistake, value in contractions(edge.value):
            yield _told(mistake, value, edge), just(value)
        for other in edge.user.args:
            if other is not edge.operand:
                yield Mistake(mistakes.CHAIN, computed(edge.user), label(other)), lambda: edge.upstream
                where = computed(edge.user)
                by_entry = Mistake(mistakes.ELEMENTWISE, where)
                yield by_entry, partial(_by_entry, edge, other)


def _told(mistake: Mistake, value: Node, edge: Edge) -> Mistake:
    right, wrong = written(edge.value, edge), written(value, edge)
    detail = f"{right}, not {wrong}" if right and wrong else ""
    return Mistake(mistake.name, computed(edge.user), detail)


def _to_all(edge: Edge) -> Node:
    axes = edge.user.attr("axes")
    kept = tuple(1 if i in axes else d for i, d in enumerate(edge.operand.shape))
    return broadcast(reshape(edge.upstream, kept), edge.operand.shape)


def contractions(node: Node) -> Iterator[tuple[Mistake, Node]]:
    """A contraction of two factors with one of them, or the result, transposed, or the factors in the other order."""
    spec, outer = node.attrs
    inputs, output = spec.split("->")
    operands = inputs.split(",")
    for position, letters in enumerate((*operands, output)):
        for changed in _swaps(letters):
            parts = [*operands, output]
            parts[position] = changed
            yield from _valid(node, ",".join(parts[:-1]) + "->" + parts[-1], outer, mistakes.TRANSPOSE)
    if len(operands) == 2:
        flipped = [_reversed(o) for o in operands]
        yield from _valid(node, f"{flipped[0]},{flipped[1]}->{_reversed(output)}", outer, mistakes.SWAPPED)


def _swaps(letters: str) -> Iterator[str]:
    for i, j in combinations(range(len(letters)), 2):
        changed = list(letters)
        changed[i], changed[j] = letters[j], letters[i]
        yield "".join(changed)


def _reversed(letters: str) -> str:
    """The last two axes exchanged."""
    return letters[:-2] + letters[-2:][::-1] if len(letters) > 1 else letters


def _valid(node: Node, spec: str, outer: object, name: str) -> Iterator[tuple[Mistake, Node]]:
    try:
        value = make(CONTRACT, node.args, (spec, outer))
    except GraphcError:
        return
    if value is not node:
        yield Mistake(name), value


def _by_entry(edge: Edge, other: Node) -> Node:
    return sum_to(edge.upstream * other, edge.operand.shape)
