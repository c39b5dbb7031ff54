"""The cost of a graph in floating-point operations, counted node by node; `graphc.ops.flops` says how each counts.

A composite comes to what its definition comes to. An entry that two operations of the graph share is counted once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from graphc.ir.node import Node, expect_nodes, topological
from graphc.ir.types import DimLike
from graphc.ops.composite import open_composite
from graphc.ops.flops import own_flops


def flops(outputs: Node | Iterable[Node], *, given: Collection[Node] = ()) -> DimLike:
    """The operations that compute `outputs`, as a polynomial in the named sizes; `given` nodes cost nothing.

    >>> import graphc as g
    >>> x = g.input("x", ("N", 784)); W = g.param("W", (784, 256)); b = g.param("b", (256,))
    >>> g.nn.flops(x @ W + b)  # 2*784*256 + 256 for each of N
    401664*N
    """
    roots = expect_nodes(outputs, "what is counted")
    seen = set(given)
    total: DimLike = 0
    while roots:
        order = [n for n in topological(roots, stop=seen.__contains__) if n not in seen]
        seen.update(order)
        # What a composite is made of is counted in its place, on its own operands.
        roots = [open_composite(n) for n in order if n.op.kind == "composite" and not n.constant]
        for node in order:
            total = total + own_flops(node)
    return total
