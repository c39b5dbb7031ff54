"""Values of many expressions at one point, each worked out once; and linear maps between gradients there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphc.claims.evaluate import Quick
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, substitute, topological
from graphc.ops.composite import open_composite
from graphc.ops.naive import run

Array = np.ndarray[Any, np.dtype[Any]]
CLOSE = 1e-8
NEGLIGIBLE = 1e-13


QUICK = Quick()


class At:
    """One point: the leaves' arrays, the sizes, and the arrays of all that has been asked for."""

    def __init__(self, arrays: Mapping[Node, Array], sizes: Mapping[str, int]) -> None:
        self.arrays: dict[Node, Any] = dict(arrays)
        self.sizes = sizes

    def value(self, node: Node) -> Array:
        """The array of an expression; nan or inf where it is not defined."""
        found = self.arrays.get(node)
        if found is None:
            try:
                run(topological([node], stop=self.arrays.__contains__), self.arrays, self.sizes, QUICK)
                found = self.arrays[node]
            except (GraphcError, IndexError, ValueError):  # an index beyond its axis: no value at all
                found = self.arrays[node] = np.asarray(np.nan)
        return np.asarray(found)


class Action:
    """An expression as a function of the array of one placeholder in it, at a point; all else is worked out before."""

    def __init__(self, at: At, value: Node, place: Node) -> None:
        value = _without_composites(value, place)
        self.at, self.result, self.place = at, value, place
        moved = {place}
        self.steps: list[Node] = []
        order = topological([value], stop=lambda n: n is place or n in at.arrays)
        for node in order:
            if not moved.isdisjoint(node.args):
                moved.add(node)
                self.steps.append(node)
        for node in order:
            if node not in moved and (node is value or node.op.kind != "leaf"):
                at.value(node)

    def __call__(self, array: Array) -> Array:
        here: dict[Node, Any] = {self.place: array}
        known = self.at.arrays
        for node in self.steps:
            given = [here[a] if a in here else known[a] for a in node.args]
            assert node.op.evaluate is not None
            here[node] = node.op.evaluate(node, QUICK.operands(node, given), self.at.sizes, QUICK)
        return np.asarray(here[self.result] if self.result in here else known[self.result])


def _without_composites(value: Node, place: Node) -> Node:
    """The same with every composite above the placeholder opened."""
    while True:
        moved = {place}
        closed: dict[Node, Node] = {}
        for node in topological([value]):
            if not moved.isdisjoint(node.args):
                moved.add(node)
                if node.op.kind == "composite" and closed.keys().isdisjoint(node.args):
                    closed[node] = open_composite(node, stable=True)
        if not closed:
            return value
        (value,) = substitute([value], closed)


def close(one: Array, other: Array) -> bool:
    """Whether two arrays are equal up to rounding: entry by entry, or next to the largest of them."""
    if one.shape != other.shape:
        return False
    one, other = one.astype(np.float64), other.astype(np.float64)
    larger = np.maximum(np.abs(one), np.abs(other))
    if not np.all(np.isfinite(larger)):
        return False
    largest = float(larger.max(initial=0.0))
    return bool(np.all(np.abs(one - other) <= np.maximum(CLOSE * larger, NEGLIGIBLE * largest)))
