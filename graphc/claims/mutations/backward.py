"""The reverse pass in single edges, each a linear map of the upstream gradient, and with some of them changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from graphc.claims.mutations.at import Action, Array, At
from graphc.derive.edge import placeholder
from graphc.derive.reverse import accumulate, active_nodes, contributions_of
from graphc.ir.node import Node, topological
from graphc.ir.types import evaluate_dim
from graphc.ops.index import zeros


@dataclass(frozen=True, slots=True)
class Edge:
    """One use of a node: what it passes back, `value`, of the user's upstream gradient, the placeholder `upstream`."""

    user: Node
    index: int
    local: Node | None
    upstream: Node
    value: Node

    @property
    def operand(self) -> Node:
        """The node the contribution goes to."""
        return self.user.args[self.index]


class Backward:
    """The edges of d(of)/d(by), from the output backwards; `of` is a scalar."""

    def __init__(self, of: Node, by: Node) -> None:
        self.of, self.by = of, by
        order = topological([of])
        active = active_nodes(order, [by])
        self.nodes = [n for n in reversed(order) if n in active]
        self.edges: list[Edge] = []
        for i, user in enumerate(n for n in self.nodes if n is not by):
            place = placeholder(f"up{i}", user.shape)
            for c in reversed(contributions_of(user, place, active)):
                self.edges.append(Edge(user, c.index, c.local, place, c.value))
        self.uses: dict[Node, list[int]] = {n: [] for n in self.nodes}
        self.into: dict[Node, list[int]] = {n: [] for n in self.nodes}
        for i, edge in enumerate(self.edges):
            self.uses[edge.operand].append(i)
            self.into[edge.user].append(i)


def transposed(value: Node, place: Node, by: Node) -> Node:
    """The adjoint of a linear expression in `place`, a linear expression in the placeholder `by` of its result."""
    return accumulate(value, [place], by).upstream.get(place, zeros(place.shape))


Change = tuple[Node | None, Node | None]
Changes = Mapping[int, Change]
"""For an edge by its number: what is passed back instead, None for what was; and a factor before it, None for 1."""

Skip = tuple[Node, Node]
"""A node and one that lies below it: the upstream gradient of the first is taken for that of the second."""


class Pass:
    """The reverse pass at a point: the upstream gradients there, and what changes on edges make of them."""

    def __init__(self, backward: Backward, at: At) -> None:
        self.backward, self.at = backward, at
        self._actions: dict[tuple[Node, Node], Action] = {}
        self.upstream = self.run({})

    def passed(self, edge: Edge, upstream: Array, change: Change | None = None) -> Array:
        """What an edge passes back of an upstream gradient."""
        value, factor = change or (None, None)
        found = self.action(edge.value if value is None else value, edge.upstream)(upstream)
        return found if factor is None else found * self.at.value(factor)

    def action(self, value: Node, place: Node) -> Action:
        """An expression as a function of an upstream gradient."""
        key = (value, place)
        if key not in self._actions:
            self._actions[key] = Action(self.at, value, place)
        return self._actions[key]

    def run(self, changes: Changes, skip: Skip | None = None) -> dict[Node, Array]:
        """The upstream gradients of all nodes with some edges changed, and one handed down past what lies between."""
        return self.onward({self.backward.of: np.ones(())}, changes, skip)

    def onward(
        self, given: Mapping[Node, Array], changes: Changes, skip: Skip | None = None
    ) -> dict[Node, Array]:
        """What gradients that arise at some nodes become at all nodes below them."""
        found: dict[Node, Array] = {k: np.asarray(v) for k, v in given.items()}
        for node in self.backward.nodes:
            if node is self.backward.by or node not in found:
                continue
            if skip is not None and skip[0] is node:
                found[skip[1]] = found[node]
                continue
            for i in self.backward.into[node]:
                edge = self.backward.edges[i]
                value = self.passed(edge, found[node], changes.get(i))
                found[edge.operand] = found[edge.operand] + value if edge.operand in found else value
        return found

    def gradient(self, changes: Changes, skip: Skip | None = None) -> Array:
        """d(of)/d(by) here with some edges changed."""
        by = self.backward.by
        found = self.run(changes, skip) if changes or skip else self.upstream
        shape = tuple(evaluate_dim(d, self.at.sizes) for d in by.shape)
        return np.broadcast_to(found[by], shape) if by in found else np.zeros(shape)

    def tangents(self, direction: Array) -> dict[Node, Array]:
        """How every node moves when `by` moves along `direction`: each edge taken the other way round."""
        found: dict[Node, Array] = {self.backward.by: direction}
        for node in reversed(self.backward.nodes):
            for i in self.backward.into[node] if node is not self.backward.by else ():
                edge = self.backward.edges[i]
                if edge.operand in found:
                    value = self.pulled(edge, edge.value, found[edge.operand])
                    found[node] = found[node] + value if node in found else value
        return found

    def pulled(self, edge: Edge, value: Node, tangent: Array) -> Array:
        """The adjoint of what an edge, or what stands in its place, does, applied to a change of its operand."""
        place = placeholder(f"t{edge.index}", value.shape)
        key = (value, place)
        if key not in self._actions:
            self._actions[key] = Action(self.at, transposed(value, edge.upstream, place), place)
        return self._actions[key](tangent)
