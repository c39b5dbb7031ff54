"""Where expressions are defined, in words a student understands: found by trying."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphc.claims.expressions import Expressions
from graphc.claims.points.attempt import Kind, attempt
from graphc.claims.points.draws import Leaf
from graphc.ir.node import Node
from graphc.ops.form import brief

_REGIONS = (
    (-8.3, -3.1, -1.9, -1.15),
    (-0.9, -0.6, -0.3, -0.12),
    (0.12, 0.3, 0.6, 0.9),
    (1.15, 1.9, 3.1, 8.3),
)
_WORDS: Mapping[tuple[bool, ...], str] = {
    (False, False, True, True): "{x} > 0",
    (True, True, False, False): "{x} < 0",
    (False, False, True, False): "0 < {x} < 1",
    (False, True, False, False): "-1 < {x} < 0",
    (False, True, True, False): "-1 < {x} < 1",
    (False, False, False, True): "{x} > 1",
    (True, False, False, False): "{x} < -1",
    (False, True, True, True): "{x} > -1",
    (True, True, True, False): "{x} < 1",
    (True, False, False, True): "|{x}| > 1",
}


def in_words(
    expressions: Expressions, culprits: Iterable[Node], values: Mapping[str, Any], sizes: Mapping[str, int]
) -> str:
    """The domain as far as `culprits`, nodes that were not defined somewhere, restrict it."""
    found: dict[str, None] = {}
    for node in culprits:
        leaves = expressions.leaves_below(node)
        words = _of_leaf(expressions, leaves[0], values, sizes) if len(leaves) == 1 else None
        if words is None:
            text = brief(node, most=40)
            words = f"where {text} is defined" if text else ""
        if words:
            found[words] = None
    return ", ".join(found)


def _of_leaf(
    expressions: Expressions, leaf: Leaf, values: Mapping[str, Any], sizes: Mapping[str, int]
) -> str | None:
    """The range of one leaf, the others held; the empty text for all of it, None where it is no simple one."""
    if leaf.discrete or not leaf.free:
        return None
    rng = np.random.default_rng(1)
    pattern = []
    for region in _REGIONS:
        seen = {_defined(expressions, leaf, place, values, sizes, rng) for place in region}
        if len(seen) > 1:
            return None
        pattern.append(seen.pop())
    if all(pattern):
        return ""
    words = _WORDS.get(tuple(pattern))
    return None if words is None else words.format(x=leaf.name)


def _defined(
    expressions: Expressions,
    leaf: Leaf,
    place: float,
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> bool:
    shape = np.shape(values[leaf.name])
    moved = place * (1 + 0.02 * rng.uniform(-1, 1, shape))
    troubles = attempt(expressions, {**values, leaf.name: moved}, sizes).troubles
    return not any(t.kind is Kind.UNDEFINED for t in troubles)
