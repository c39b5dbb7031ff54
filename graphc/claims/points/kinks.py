"""Where expressions have kinks and jumps: the pairs that are compared, whether they tie, and which side is met."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.ops.form import brief
from graphc.ops.leaf import constant_value

NEAR = 1e-6
_COMPARING = ("maximum", "minimum", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
_OF_SIGN = ("abs", "sign", "step")
_OF_WINNER = ("max", "min", "argmax", "argmin")


def conditions(order: Sequence[Node], discrete: Collection[Node]) -> list[Node]:
    """The nodes that compare reals which can move: at a tie of these a derivative jumps or is a convention."""
    return [
        node
        for node in order
        if node.op.name in (*_COMPARING, *_OF_SIGN, *_OF_WINNER)
        and any(a.dtype == "real" and a not in discrete for a in node.args)
        and not _endless(node)
    ]


def ties(node: Node, arrays: Mapping[Node, Any]) -> Any:
    """Which entries of a condition tie, or nearly: 2 where the two are the very same, 1 where they are near."""
    if node.op.name in _OF_WINNER:
        gap, scale = _winners(node, arrays[node.args[0]])
    else:
        x = arrays[node.args[0]]
        y = arrays[node.args[1]] if node.op.name in _COMPARING else 0.0
        gap = np.abs(np.subtract(x, y, dtype=np.float64))
        scale = np.maximum(
            _scale(node.args[0], arrays), _scale(node.args[1], arrays) if len(node.args) > 1 else 0
        )
    return np.where(gap == 0, 2, np.where(gap <= NEAR * scale, 1, 0))


def _winners(node: Node, array: Any) -> tuple[Any, Any]:
    """The distance of the two first of each group, and their size."""
    axes = node.attr("axes") if node.op.kind == "reduce" else (node.attr("axis"),)
    kept = [i for i in range(array.ndim) if i not in axes]
    rows = array.transpose([*kept, *axes]).reshape([array.shape[i] for i in kept] + [-1])
    if rows.shape[-1] < 2:
        return np.ones(()), np.ones(())
    if node.op.name in ("min", "argmin"):
        rows = -rows
    two = np.partition(rows, rows.shape[-1] - 2)[..., -2:]
    return two[..., 1] - two[..., 0], np.abs(two).max(axis=-1)


def _scale(node: Node, arrays: Mapping[Node, Any]) -> Any:
    """The magnitude of the terms a value is made of, as far as one look shows them."""
    size = np.abs(arrays[node])
    if node.op.name in ("add", "sub"):
        for argument in node.args:
            size = np.maximum(size, np.abs(arrays[argument]))
    return size


def side(node: Node, arrays: Mapping[Node, Any]) -> int:
    """Which sides of a condition are met: bit 1 where the first is larger, bit 2 where the second is, else 4."""
    if node.op.name in _OF_WINNER:
        return 7
    x = arrays[node.args[0]]
    y = arrays[node.args[1]] if node.op.name in _COMPARING else 0
    return int(np.any(x > y)) + 2 * int(np.any(x < y)) + 4 * int(np.any(x == y))


@dataclass(slots=True)
class Sides:
    """Which sides of each condition have been met so far."""

    conditions: Sequence[Node]
    seen: dict[Node, int] = field(default_factory=dict)

    def meet(self, arrays: Mapping[Node, Any]) -> bool:
        """Enter what is met at a point; whether a side was met for the first time."""
        before = dict(self.seen)
        for node in self.conditions:
            if self.seen.get(node, 0) in (0, 1, 2, 4) and node in arrays:
                self.seen[node] = self.seen.get(node, 0) | side(node, arrays)
        return self.seen != before

    def missing(self) -> list[Node]:
        """The conditions with only one side met."""
        return [node for node in self.conditions if self.seen.get(node, 0) in (1, 2)]

    def told(self) -> tuple[str, ...]:
        """These conditions in words."""
        return tuple(dict.fromkeys(_told(node, self.seen[node]) for node in self.missing()))


def _told(node: Node, seen: int) -> str:
    left = brief(node.args[0], most=40) or "…"
    right = (brief(node.args[1], most=40) or "…") if node.op.name in _COMPARING else "0"
    return f"{left} {'>' if seen == 1 else '<'} {right}"


def threshold(node: Node) -> float:
    """The constant a condition compares with, or 0."""
    for argument in node.args:
        value = constant_value(_bare(argument))
        if value is not None:
            return float(value)
    return 0.0


def _bare(node: Node) -> Node:
    while node.op.name in ("cast", "broadcast"):
        node = node.args[0]
    return node


def _endless(node: Node) -> bool:
    """Whether a condition compares with infinity."""
    return any(
        _bare(a).op.name == "const" and _bare(a).attrs[0] == "symbol" and "inf" in str(_bare(a).attrs[1])
        for a in node.args
    )
