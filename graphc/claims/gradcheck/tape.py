"""A graph as a list of plain operations, run again and again with one value changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from graphc.ir.graph import Graph
from graphc.ir.node import Node, topological
from graphc.ops.composite import open_composite
from graphc.ops.naive import Arithmetic, bind

Arrays = Mapping[Node, Any]


@dataclass(frozen=True)
class Tape:
    """The operations below `outputs`, operands before users; a composite stands for what it was opened into."""

    outputs: tuple[Node, ...]

    @cached_property
    def _opened(self) -> tuple[tuple[Node, ...], dict[Node, Node]]:
        order: dict[Node, None] = {}
        meaning: dict[Node, Node] = {}
        stack = [*reversed(topological(self.outputs))]
        while stack:
            node = stack.pop()
            if node in order:
                continue
            if node.op.kind == "composite" and node not in meaning:
                meaning[node] = open_composite(node, stable=True)
                inside = topological([meaning[node]], stop=order.__contains__)
                stack += [node, *reversed([n for n in inside if n not in order])]
            else:
                order[node] = None
        return tuple(order), meaning

    @property
    def order(self) -> tuple[Node, ...]:
        return self._opened[0]

    def run(
        self, values: Mapping[str, Any], arithmetic: Arithmetic, sizes: Mapping[str, int]
    ) -> tuple[dict[Node, Any], dict[str, int]]:
        """The array of every node, given the leaves by name, and the sizes that follow."""
        arrays, known = bind(Graph(self.outputs).leaves, values, arithmetic)
        known.update({name: n for name, n in sizes.items() if name not in known})
        self._fill(self.order, arrays, {}, known, arithmetic)
        return arrays, known

    def _operands(self, node: Node) -> tuple[Node, ...]:
        meaning = self._opened[1]
        return (meaning[node],) if node in meaning else node.args

    @cached_property
    def _needed(self) -> set[Node]:
        """What the first output is worked out from."""
        needed = {self.outputs[0]}
        for node in reversed(self.order):
            if node in needed:
                needed.update(self._operands(node))
        return needed

    def below(self, target: Node) -> tuple[Node, ...]:
        """What of the first output changes with `target`, in order; where a gradient is stopped, nothing does."""
        changing = {target}
        found: list[Node] = []
        for node in self.order:
            stopped = node is target or node.op.kind == "stop" or node not in self._needed
            if stopped or changing.isdisjoint(self._operands(node)):
                continue
            changing.add(node)
            found.append(node)
        return tuple(found)

    def changed(
        self,
        below: Sequence[Node],
        given: Arrays,
        base: Arrays,
        sizes: Mapping[str, int],
        arithmetic: Arithmetic,
    ) -> Any:
        """The first output, with other arrays `given` for some nodes and what is below them worked out again."""
        arrays = dict(given)
        self._fill(below, arrays, base, sizes, arithmetic)
        output = self.outputs[0]
        return arrays[output] if output in arrays else base[output]

    def _fill(
        self,
        order: Sequence[Node],
        arrays: dict[Node, Any],
        base: Arrays,
        sizes: Mapping[str, int],
        arithmetic: Arithmetic,
    ) -> None:
        meaning = self._opened[1]

        def array(node: Node) -> Any:
            return arrays[node] if node in arrays else base[node]

        with np.errstate(all="ignore"):
            for node in order:
                if node in meaning:
                    arrays[node] = array(meaning[node])
                elif node not in arrays:
                    assert node.op.evaluate is not None
                    operands = arithmetic.operands(node, [array(a) for a in node.args])
                    arrays[node] = node.op.evaluate(node, operands, sizes, arithmetic)
