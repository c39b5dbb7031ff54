"""Which parts of a long line are best named: what stands there more than once, then what is longest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from graphc.ir.node import Node, topological

SHORTEST = 14
"""A part of fewer characters is not worth a name."""

SMALL = ("broadcast", "one_hot")
"""Nor are repeated numbers, and labels."""


def part_to_name(
    expr: Node,
    settled: Callable[[Node], bool],
    signs: Collection[Node],
    length: Callable[[Node], int],
    widest: int,
) -> Node | None:
    """A part of `expr` without gradients in it (`signs`) that can be written in `widest` characters; None if none can.

    `settled` nodes are written by a name, `length` is the number of characters of a node written out.
    """
    order = topological([expr], stop=settled)
    gradients = _reached(order, signs)
    uses = Counter(a for node in order if not settled(node) for a in dict.fromkeys(node.args))
    best: tuple[bool, int] = (False, 0)
    found: Node | None = None
    for node in order:
        if node is expr or settled(node) or node in gradients or node.op.name in SMALL or not node.ndim:
            continue
        size = length(node)
        if SHORTEST <= size <= widest and (uses[node] > 1, size) > best:
            best, found = (uses[node] > 1, size), node
    return found


def _reached(order: list[Node], signs: Collection[Node]) -> set[Node]:
    """The nodes that depend on a sign."""
    found: set[Node] = set()
    for node in order:
        if node in signs or not found.isdisjoint(node.args):
            found.add(node)
    return found


def part_name(part: Node, taken: Collection[str], counted: str) -> str:
    """`xhat` for x standardised, else the next of the counted names."""
    if part.op.name == "standardize" and part.args[0].name is not None:
        name = f"{part.args[0].name}hat"
        if name.isidentifier() and name not in taken:
            return name
    return counted
