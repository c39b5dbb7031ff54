"""Points at which derivations are compared: a value for every leaf, one by one different sizes, facts kept."""

from __future__ import annotations

import numpy as np

from graphc.ir.graph import Graph
from graphc.ir.node import Node
from graphc.ir.types import Dim, evaluate_dim
from graphc.ops.facts import SumsTo
from graphc.ops.leaf import facts_of

SIZES = {"N": 4, "K": 3, "D": 2, "H": 5, "B": 2, "S": 3, "M": 6}


def point(output: Node, seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    values: dict[str, object] = {}
    for leaf in Graph((output,)).leaves:
        shape = tuple(evaluate_dim(d, SIZES) if isinstance(d, Dim) else d for d in leaf.shape)
        value = rng.uniform(0.2, 0.9, shape) if leaf.dtype == "real" else rng.integers(0, 2, shape)
        for fact in facts_of(leaf):
            if isinstance(fact, SumsTo):
                value = value / value.sum(axis=fact.axis, keepdims=True)
        values[leaf.name or ""] = value
    return values
