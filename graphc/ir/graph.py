"""A graph: what one or more outputs are computed from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, expect_nodes, topological
from graphc.ir.text import to_text
from graphc.ir.types import Dim

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True)
class Graph:
    """The nodes below `outputs`, arguments before users.

    >>> import graphc as g
    >>> x = g.input("x")
    >>> len(Graph((x * x,)).nodes)
    2
    """

    outputs: tuple[Node, ...]

    def __post_init__(self) -> None:
        # One output, or a list, is taken as well.
        object.__setattr__(self, "outputs", tuple(expect_nodes(self.outputs, "an output")))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node, in an order fixed by the outputs."""
        return tuple(topological(self.outputs))

    @cached_property
    def leaves(self) -> tuple[Node, ...]:
        """Inputs, parameters and states in order of first use; two that share a name are refused."""
        found: dict[str, Node] = {}
        for node in self.nodes:
            if node.is_leaf and found.setdefault(node.name or "", node) is not node:
                raise GraphcError(
                    f"two different leaves are called {node.name!r}: {found[node.name or '']!r} and {node!r}; "
                    "give one of them another name"
                )
        return tuple(found.values())

    @cached_property
    def sizes(self) -> tuple[str, ...]:
        """The named sizes in the shapes of the leaves."""
        named = {s: None for leaf in self.leaves for d in leaf.shape if isinstance(d, Dim) for s in d.symbols}
        return tuple(named)

    def to_networkx(self) -> nx.MultiDiGraph:
        """The graph for networkx: nodes numbered in order, an edge per use with its operand index."""
        import networkx as nx

        graph = nx.MultiDiGraph()
        number = {node: i for i, node in enumerate(self.nodes)}
        for node, i in number.items():
            graph.add_node(i, op=node.op.name, name=node.name, shape=node.shape, dtype=node.dtype)
            for index, argument in enumerate(node.args):
                graph.add_edge(number[argument], i, operand=index)
        return graph

    def __str__(self) -> str:
        return to_text(self.outputs)


def params(nodes: Node | Iterable[Node]) -> list[Node]:
    """The parameters below a node, or below several, in the order of first use.

    Raises GraphcError where two different ones share a name.

    >>> import graphc as g
    >>> x = g.input("x", 3); W = g.param("W", (3, 2)); b = g.param("b", 2)
    >>> params(g.sum(x @ W + b))
    [<W (3, 2) real>, <b (2,) real>]
    """
    roots = tuple(expect_nodes(nodes, "what parameters are asked of"))
    return [leaf for leaf in Graph(roots).leaves if leaf.op.name == "param"]
