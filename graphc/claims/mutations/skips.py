"""A whole layer left out of the chain: what comes from above is handed on below it as it is."""

from __future__ import annotations

from collections.abc import Iterator

from graphc.claims import mistakes
from graphc.claims.mistakes import Mistake
from graphc.claims.mutations.backward import Backward
from graphc.claims.mutations.edges import Attempt
from graphc.claims.mutations.words import label

LONGEST = 6


def skipped(backward: Backward) -> Iterator[Attempt]:
    """The stretches without branches between two nodes of one shape that hold a product of matrices."""
    for start in backward.nodes:
        if start is backward.by or start is backward.of:
            continue
        node, factors = start, list[str]()
        for length in range(LONGEST):
            edges = [backward.edges[i] for i in backward.into[node]] if node is not backward.by else []
            if len(edges) != 1 or len(backward.uses[edges[0].operand]) != 1:
                break
            if node.op.name == "contract":
                factors += [label(a) for a in node.args if a is not edges[0].operand]
            node = edges[0].operand
            if length and factors and node.shape == start.shape:
                detail = f"the layer {' and '.join(factors)}"
                yield Attempt(Mistake(mistakes.CHAIN, label(start), detail), {}, (start, node))
