"""What is known of expressions before any point is drawn: their leaves, sizes, conditions, and what is guarded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphc.claims.evaluate import Opened
from graphc.claims.points.draws import Leaf
from graphc.claims.points.kinks import conditions
from graphc.claims.points.labels import index_uses, label_extents
from graphc.claims.points.sizes import sizes_of
from graphc.ir.node import Node
from graphc.ops.facts import Fact
from graphc.ops.leaf import ASSUMED, constant_value, facts_of

FAR = 10**9  # constants beyond this are not drawn about


class Expressions:
    """Expressions over common leaves, opened and looked through once."""

    def __init__(self, roots: Sequence[Node]) -> None:
        self.roots = tuple(roots)
        self.opened = Opened(self.roots)
        self.order = self.opened.order
        self.sizes = sizes_of(self.order)
        self.leaves = _leaves(self.order)
        self.discrete = _discrete(self.order, self.opened, self.leaves)
        self.coarse = any(leaf.movable and leaf.discrete for leaf in self.leaves)
        self.checked = _checked(self.roots, self.opened)
        self.conditions = conditions(self.order, self.discrete)
        self.indices = index_uses(self.order)
        self.assumed = [node for node in self.order if node.op is ASSUMED]
        self.numbers = _numbers(self.order)
        self._below: dict[Node, tuple[Leaf, ...]] = {}

    def leaves_below(self, node: Node) -> tuple[Leaf, ...]:
        """The leaves a node is worked out from."""
        if node not in self._below:
            under = set(self.opened.below([node]))
            self._below[node] = tuple(leaf for leaf in self.leaves if not under.isdisjoint(leaf.nodes))
        return self._below[node]


def _leaves(order: Sequence[Node]) -> list[Leaf]:
    """The leaves by name, in order; those that share a name share their values, so all their facts hold."""
    extents = label_extents(order)
    named: dict[str, list[Node]] = {}
    for node in order:
        if node.is_leaf:
            named.setdefault(str(node.name), []).append(node)
    return [
        Leaf(name, tuple(nodes), _facts(nodes), tuple({e: None for n in nodes for e in extents.get(n, ())}))
        for name, nodes in named.items()
    ]


def _facts(nodes: Sequence[Node]) -> tuple[Fact, ...]:
    return tuple({fact: None for node in nodes for fact in facts_of(node)})


def _discrete(order: Sequence[Node], opened: Opened, leaves: Sequence[Leaf]) -> frozenset[Node]:
    """The nodes that cannot lie at a kink by chance: constants, labels, and what is made of these alone."""
    known: Mapping[Node, bool] = {node: not leaf.movable for leaf in leaves for node in leaf.nodes}
    found: set[Node] = set()
    for node in order:
        if node.op.kind == "random":
            continue
        if known.get(node, node.op.kind != "leaf") and all(a in found for a in opened.arguments(node)):
            found.add(node)
    return frozenset(found)


def _checked(roots: Sequence[Node], opened: Opened) -> frozenset[Node]:
    """The nodes that have to be finite: all that are not merely the branch of a `where`."""
    found: set[Node] = set()
    stack = [*roots]
    while stack:
        node = stack.pop()
        if node in found:
            continue
        found.add(node)
        stack.extend(node.args[:1] if node.op.name == "where" else opened.arguments(node))
    return frozenset(found)


def _numbers(order: Sequence[Node]) -> tuple[float, ...]:
    """The constants that stand in the expressions, but for 0: a domain or a condition may begin there."""
    values = (constant_value(node) for node in order if node.op.kind == "const")
    near = {sign * float(v): None for v in values if v is not None and 0 < abs(v) < FAR for sign in (1, -1)}
    return tuple(near)
