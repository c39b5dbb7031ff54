"""Expressions evaluated by their definitions: every composite opened, and what is known already kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from graphc.ir.node import Node, topological
from graphc.ops.composite import open_composite
from graphc.ops.naive import Arithmetic

Arrays = MutableMapping[Node, Any]
LARGE = 100_000  # from so many products on, the order of a contraction is worth thinking about


class Quick(Arithmetic):
    """float64, with NumPy's own contraction: for the many small evaluations of judging."""

    def apply(self, node: Node, arrays: list[Any]) -> Any:
        name = node.op.array_function
        return np.asarray((self.functions.get(name) or getattr(np, name))(*arrays))

    def contract(self, spec: str, arrays: list[Any], outer: Mapping[str, int]) -> Any:
        inputs, output = spec.split("->")
        if len(set(output)) < len(output) or not set(output) <= set(inputs):
            return super().contract(spec, arrays, outer)
        return np.einsum(spec, *arrays, optimize=products(spec, arrays) > LARGE)


def products(spec: str, arrays: Sequence[Any]) -> int:
    """How many products a contraction adds up."""
    extents: dict[str, int] = {}
    for indices, array in zip(spec.split("->")[0].split(","), arrays, strict=True):
        extents.update(zip(indices, array.shape, strict=True))
    return math.prod(extents.values())


class Opened:
    """The order in which expressions are worked out, composites opened into their definitions and shared.

    `order` lists every node, arguments before users; `meaning` maps a composite to the node of its definition.
    """

    def __init__(self, roots: Iterable[Node] = ()) -> None:
        self.order: list[Node] = []
        self.meaning: dict[Node, Node] = {}
        self._known: set[Node] = set()
        self.add(roots)

    def add(self, roots: Iterable[Node]) -> list[Node]:
        """Enter expressions; returns the nodes that are new, in order."""
        start = len(self.order)
        stack = [iter(topological(roots, stop=self._known.__contains__))]
        opened: list[Node] = []
        while stack:
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
                if stack:
                    self._enter(opened.pop())
            elif node in self._known:
                continue
            elif node.op.kind == "composite":
                self.meaning[node] = body = open_composite(node)
                opened.append(node)
                stack.append(iter(topological([body], stop=self._known.__contains__)))
            else:
                self._enter(node)
        return self.order[start:]

    def _enter(self, node: Node) -> None:
        self._known.add(node)
        self.order.append(node)

    def below(self, roots: Iterable[Node]) -> list[Node]:
        """What `roots`, known already, are worked out from, in order."""
        wanted: set[Node] = set()
        stack = [*roots]
        while stack:
            node = stack.pop()
            if node not in wanted:
                wanted.add(node)
                stack.extend(self.arguments(node))
        return [node for node in self.order if node in wanted]

    def arguments(self, node: Node) -> tuple[Node, ...]:
        """What a node is worked out from: its definition if it is a composite, else its operands."""
        return (self.meaning[node],) if node in self.meaning else node.args

    def fill(
        self,
        order: Iterable[Node],
        arrays: Arrays,
        sizes: Mapping[str, int],
        xp: Arithmetic,
        late: Callable[[], bool] | None = None,
    ) -> bool:
        """Work out what is missing of `order`; False if `late` says so on the way."""
        for node in order:
            if node in arrays:
                continue
            if node in self.meaning:
                arrays[node] = arrays[self.meaning[node]]
                continue
            if late is not None and late():
                return False
            assert node.op.evaluate is not None
            given = xp.operands(node, [arrays[a] for a in node.args])
            arrays[node] = node.op.evaluate(node, given, sizes, xp)
        return True
