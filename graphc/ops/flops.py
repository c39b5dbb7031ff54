"""Floating-point operations of single nodes.

| node | operations |
|---|---|
| elementwise | one per entry of the result |
| contraction | per point of all its indices: one multiplication less than operands, and one addition where it sums |
| reduction, scan, argmax | one per entry of the operand; a linear recurrence two |
| scatter-add, overlap-add | one per entry that is added |
| inverse, determinant, solution | for n rows n³ to factorise, 2n² for each right side |
| random draw | one per entry |
| move, gather, change of dtype, leaf, constant | none |
"""

from __future__ import annotations

from collections.abc import Callable

from graphc.ir.node import Node
from graphc.ir.types import DimLike, product

_FREE = ("cast", "assumed")


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


def extents(node: Node) -> dict[str, DimLike]:
    """The extent of each index of a contraction, also of those that stand in the output only."""
    inputs, output = str(node.attr("spec")).split("->")
    found: dict[str, DimLike] = dict(node.attr("outer"))
    for indices, operand in zip(inputs.split(","), node.args, strict=True):
        found.update(zip(indices, operand.shape, strict=True))
    return {i: d for i, d in found.items() if i in inputs or i in output}


def _contraction(node: Node) -> DimLike:
    inner = extents(node)
    output = str(node.attr("spec")).partition("->")[2]
    summed = any(i not in output for i in inner)
    return (len(node.args) - 1 + summed) * product(inner.values())


def _factorisation(node: Node) -> DimLike:
    return product((*node.args[0].shape, node.args[0].shape[-1]))


def _inverse(node: Node) -> DimLike:
    return 3 * _factorisation(node)


def _solution(node: Node) -> DimLike:
    return _factorisation(node) + 2 * product((*node.shape, node.args[0].shape[-1]))


_BY_NAME: dict[str, Callable[[Node], DimLike]] = {
    "contract": _contraction,
    "det": _factorisation,
    "logdet": _factorisation,
    "inv": _inverse,
    "solve": _solution,
    "recurrence": lambda node: 2 * product(node.shape),
    "argmax": lambda node: product(node.args[0].shape),
    "argmin": lambda node: product(node.args[0].shape),
    "scatter_add": lambda node: product(node.args[0].shape),
    "overlap_add": lambda node: product(node.args[0].shape),
}
