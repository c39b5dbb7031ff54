"""Scopes: where a layer stands in a model, `net/dense1`, and what applying it leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.ir.types import DimLike
from graphc.ops import leaf

if TYPE_CHECKING:
    from graphc.nn.layer import Layer


@dataclass(frozen=True, slots=True)
class Applied:
    """A layer that was applied: at `path`, to `input`, giving `output`, with parameters of its own."""

    path: str
    layer: Layer
    input: Node
    output: Node
    params: tuple[Node, ...]
    states: tuple[Node, ...]


@dataclass(slots=True)
class Record:
    """What the layers of a model leave behind, in the order in which they are applied."""

    applied: list[Applied] = field(default_factory=list)
    updates: dict[Node, Node] = field(default_factory=dict)
    leaves: dict[str, list[Node]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scope:
    """A place in a model while its graph is built.

    `training` asks for the training form of layers that have two; `dropping` for random masks (at training time, and
    for Monte Carlo averages); `step` is the whole number, or node, that masks depend on beside their key, the input
    `step` without it. With `naming`, the output of a layer goes by its path.
    """

    path: str
    training: bool = False
    dropping: bool = False
    step: Any = None
    naming: bool = True
    record: Record = field(default_factory=Record)

    def child(self, name: str) -> Scope:
        """The scope `path/name`."""
        return replace(self, path=f"{self.path}/{name}")

    def full(self, name: str) -> str:
        """The name of something of this scope, `net/dense1/W`."""
        return f"{self.path}/{name}"

    def param(self, name: str, shape: Sequence[str | DimLike], init: Any) -> Node:
        """A parameter of this scope: the same node whenever the scope is built."""
        return self._own(leaf.param(self.full(name), shape, init=init))

    def state(self, name: str, shape: Sequence[str | DimLike], init: Any) -> Node:
        """A state of this scope, such as a running mean."""
        return self._own(leaf.state(self.full(name), shape, init=init))

    def _own(self, node: Node) -> Node:
        there = self.record.leaves.setdefault(self.path, [])
        if node not in there:
            there.append(node)
        return node

    def update(self, state: Node, new: Node) -> None:
        """Ask that a training step gives `state` the value `new`."""
        self.record.updates[state] = new

    def apply(self, layer: Layer, x: Node, name: str) -> Node:
        """A layer applied within this scope, under `name`; its output is named by its path."""
        return self.child(name).run(layer, x)

    def run(self, layer: Layer, x: Node) -> Node:
        """A layer applied at this very place."""
        if any(a.path == self.path for a in self.record.applied):
            raise GraphcError(f"two layers are called {self.path}; give one of them another name")
        output = layer.build(x, self)
        passed_on = output is x or output.is_leaf or output.name is not None
        if self.naming and not passed_on and not output.constant:
            output = output.named(self.path)
        own = self.record.leaves.get(self.path, [])
        params = tuple(n for n in own if n.op.name == "param")
        states = tuple(n for n in own if n.op.name == "state")
        self.record.applied.append(Applied(self.path, layer, x, output, params, states))
        return output
