"""What rounding does to values: every operation's result disturbed in its last place, and how far the results scatter.

Source: J. Vignes, A stochastic arithmetic for reliable scientific computation (1993).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphc.claims.evaluate import Opened, Quick, products
from graphc.ir.node import Node

RUNS = 3
UNIT = 2.0**-52
WITHIN = 64.0  # of the scatter: a difference that rounding explains
COSTLY = 20  # of a product: what an elementary function costs in numbers of many digits
_CHEAP = ("add", "sub", "mul", "div", "neg", "abs", "sign", "step", "square", "cast", "where", "reciprocal")


def work(order: Sequence[Node], arrays: Mapping[Node, Any]) -> int:
    """About how many products of numbers it takes to work everything out."""
    total = 0
    for node in order:
        size = int(np.size(arrays[node]))
        if node.op.kind == "contract":
            size = products(str(node.attrs[0]), [arrays[a] for a in node.args])
        elif node.op.kind == "pointwise" and node.op.name not in _CHEAP:
            size *= COSTLY
        elif node.args:
            size = max(size, *(int(np.size(arrays[a])) for a in node.args))
        total += size
    return total


def scatter(
    opened: Opened, arrays: Mapping[Node, Any], sizes: Mapping[str, int], sides: Sequence[Node]
) -> Any:
    """For each entry how far the sides, together, move when every operation rounds otherwise."""
    rng = np.random.default_rng(0)
    xp, order = Quick(), opened.below(sides)
    total: Any = 0.0
    moved = [0.0 for _ in sides]
    for _ in range(RUNS):
        found = {node: _disturbed(node, arrays[node], rng) for node in order if not node.args}
        with np.errstate(all="ignore"):
            for node in order:
                if node not in found:
                    opened.fill([node], found, sizes, xp)
                    found[node] = _disturbed(node, found[node], rng)
            moved = [np.maximum(m, np.abs(found[s] - arrays[s])) for m, s in zip(moved, sides, strict=True)]
    for each in moved:
        total = total + each
    return total


def _disturbed(node: Node, array: Any, rng: np.random.Generator) -> Any:
    """The result of an operation that rounds, in another rounding."""
    if array.dtype.kind != "f" or node.op.kind in ("move", "composite", "index", "leaf", "random", "stop"):
        return array
    return array * (1 + UNIT * rng.uniform(-1, 1, array.shape))
