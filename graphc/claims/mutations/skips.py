"""More than one edge left out: a whole layer of the chain, or all ways to a node but one."""

from __future__ import annotations

from collections.abc import Iterator

from graphc.claims import mistakes
from graphc.claims.mistakes import Mistake
from graphc.claims.mutations.backward import Backward
from graphc.claims.mutations.edges import Attempt
from graphc.claims.mutations.words import label
from graphc.ops.leaf import const

LONGEST = 6


def skipped(backward: Backward) -> Iterator[Attempt]:
    """The stretches between two nodes of one shape, without branches, that hold several factors or a matrix product."""
    for start in backward.nodes:
        if start is backward.by or start is backward.of:
            continue
        node, factors, layers = start, list[str](), list[str]()
        for length in range(LONGEST):
            edges = [backward.edges[i] for i in backward.into[node]] if node is not backward.by else []
            if len(edges) != 1 or len(backward.uses[edges[0].operand]) != 1:
                break
            local = edges[0].local
            if node.op.name == "contract":
                layers += [label(a) for a in node.args if a is not edges[0].operand]
            elif local is not None and not local.constant:
                factors.append(label(local))
            node = edges[0].operand
            if length and node.shape == start.shape and (layers or len(factors) > 1):
                detail = f"the layer {' and '.join(layers)}" if layers else " and ".join(factors)
                yield Attempt(Mistake(mistakes.CHAIN, label(start), detail), {}, (start, node))


def alone(backward: Backward) -> Iterator[Attempt]:
    """Of three ways to a node, or more, one alone."""
    for node, uses in backward.uses.items():
        for kept in uses if len(uses) > 2 else ():
            way = label(backward.edges[kept].user)
            mistake = Mistake(mistakes.BRANCH, label(node), f"all ways to {label(node)} but that from {way}")
            yield Attempt(mistake, {i: (None, const(0)) for i in uses if i != kept})
