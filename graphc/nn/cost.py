"""The cost of a graph in floating-point operations, counted node by node.

| node | operations |
|---|---|
| elementwise | one per entry of the result |
| contraction | per point of all its indices: one multiplication less than operands, and one addition where it sums |
| reduction, scan, argmax | one per entry of the operand; a linear recurrence two |
| scatter-add, overlap-add | one per entry that is added |
| random draw | one per entry |
| move, gather, change of dtype, leaf, constant | none |
| composite | what its definition comes to |

An entry that two operations of the graph share is counted once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from graphc.ir.node import Node, expect_nodes, topological
from graphc.ir.types import DimLike, product
from graphc.ops.composite import open_composite

_FREE = ("cast", "assumed")


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


def own_flops(node: Node) -> DimLike:
    """The operations of one node alone, its operands given; of a composite none, which its definition has."""
    if node.constant or node.op.name in _FREE:
        return 0
    if node.op.name in _BY_NAME:
        return _BY_NAME[node.op.name](node)
    if node.op.kind in ("pointwise", "random"):
        return product(node.shape)
    if node.op.kind in ("reduce", "scan"):
        return product(node.args[-1].shape)
    return 0


def _contraction(node: Node) -> DimLike:
    spec: str = node.attr("spec")
    inputs, output = spec.split("->")
    extents: dict[str, DimLike] = dict(node.attr("outer"))
    for indices, operand in zip(inputs.split(","), node.args, strict=True):
        extents.update(zip(indices, operand.shape, strict=True))
    inner = {i: d for i, d in extents.items() if i in inputs or i in output}
    summed = any(i not in output for i in inner)
    return (len(node.args) - 1 + summed) * product(inner.values())


_BY_NAME: dict[str, Callable[[Node], DimLike]] = {
    "contract": _contraction,
    "recurrence": lambda node: 2 * product(node.shape),
    "argmax": lambda node: product(node.args[0].shape),
    "argmin": lambda node: product(node.args[0].shape),
    "scatter_add": lambda node: product(node.args[0].shape),
    "overlap_add": lambda node: product(node.args[0].shape),
}
