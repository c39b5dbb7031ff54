"""Normalisations whose statistics are taken as constants: everything that goes through mean and variance is lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from graphc.claims import mistakes
from graphc.claims.mistakes import Mistake
from graphc.claims.mutations.backward import Backward
from graphc.claims.mutations.edges import Attempt
from graphc.claims.mutations.words import label
from graphc.ir.node import Node, topological
from graphc.ir.types import Shape
from graphc.ops.leaf import const


def constant_statistics(backward: Backward) -> Iterator[Attempt]:
    """The mean and variance of each layer, and of all layers, taken as given."""
    groups: dict[tuple[tuple[int, ...], Shape], list[Node]] = defaultdict(list)
    for node in reversed(backward.nodes):
        if node.op.name in ("mean", "sum") and _returns(node, backward):
            groups[(node.attr("axes"), node.args[0].shape)].append(node)
    for (axes, _), found in groups.items():
        layers = [[one, other] for one, other in pairwise(found) if _near(one, other)]
        for layer in [*layers, *([found] if len(found) > 2 else [])]:
            where = label(layer[0].args[0])
            name = mistakes.STATISTICS if 0 in axes else mistakes.BRANCH
            mistake = Mistake(name, where, f"mean and variance of {where} are taken as constants")
            edges = [i for i, e in enumerate(backward.edges) if e.user in layer]
            yield Attempt(mistake, {i: (None, const(0)) for i in edges})


def _returns(node: Node, backward: Backward) -> bool:
    """Whether a statistic meets the array it was taken of again: `x - mean(x)`."""
    stack, seen = [node], {node}
    while stack:
        for i in backward.uses.get(stack.pop(), ()):
            user = backward.edges[i].user
            if user.shape == node.args[0].shape != node.shape and user.op.elementwise:
                return True
            if user.shape in (node.shape, _squeezed(node)) and user not in seen:
                seen.add(user)
                stack.append(user)
    return False


def _squeezed(node: Node) -> tuple[object, ...]:
    axes = node.attr("axes")
    return tuple(d for i, d in enumerate(node.args[0].shape) if i not in axes)


def _near(mean: Node, variance: Node) -> bool:
    """Whether the second is taken of the first's own operand, with nothing but elementwise steps between."""
    inside = topological(
        [variance], stop=lambda n: not (n.op.elementwise or n.op.name in ("mean", "sum", "reshape"))
    )
    return mean in inside
