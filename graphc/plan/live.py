"""What lives when: the bytes in memory at each place of an order of computation, and orders that keep few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from graphc.ir.node import Node, topological
from graphc.plan.alias import is_view
from graphc.plan.lower import Lowered
from graphc.plan.predict import size_in_bytes
from graphc.plan.setting import Setting


@dataclass(frozen=True, slots=True)
class Lives:
    """An order of computation, and for each place in it the bytes that live there.

    A value is a node with memory of its own: no leaf, which is kept anyway, and no view, which keeps its source
    alive. `home` is the value or leaf a node lives in, `size` the bytes of each value, `last` the place where it is
    read last. What a place computes and what it reads live there together, unless an operand is overwritten.
    """

    order: tuple[Node, ...]
    home: dict[Node, Node]
    size: dict[Node, int]
    last: dict[Node, int]
    live: tuple[int, ...]

    @property
    def peak(self) -> int:
        """The most bytes that live at once."""
        return max(self.live, default=0)

    @property
    def place_of_peak(self) -> int:
        """The first place where the most bytes live."""
        return self.live.index(self.peak)


def lives(order: Sequence[Node], lowered: Lowered, setting: Setting) -> Lives:
    """The lives of all values of a topological `order`.

    Outputs live to the end. The new value of a leaf lives until the old one is read last, and then in its place.
    """
    home: dict[Node, Node] = {}
    size: dict[Node, int] = {}
    last: dict[Node, int] = {}
    old: dict[Node, int] = {}
    for i, node in enumerate(order):
        home[node] = home[node.args[0]] if is_view(node) else node
        if home[node] is node and not node.is_leaf and node.op.kind != "const":
            size[node] = size_in_bytes(node, setting)
            last[node] = i
        for a in node.args:
            (last if home[a] in last else old)[home[a]] = i
    for leaf, value in lowered.updates:
        if home[value] in last:
            last[home[value]] = max(last[home[value]], old.get(leaf, 0))
    for output in lowered.outputs:
        if home[output] in last:
            last[home[output]] = len(order)
    change = [0] * (len(order) + 2)
    for i, node in enumerate(order):
        if node in size:
            change[i] += size[node]
            change[last[node] + 1] -= size[node]
    live = list(accumulate(change[: len(order)]))
    found = Lives(tuple(order), home, size, last, ())
    return Lives(found.order, home, size, last, tuple(b - _spared(found, i) for i, b in enumerate(live)))


def _spared(found: Lives, i: int) -> int:
    """The bytes of an operand that nobody reads any more, where an elementwise result can take its place."""
    node = found.order[i]
    if not node.op.elementwise or node not in found.size:
        return 0
    for a in node.args:
        home = found.home[a]
        if found.last.get(home) == i and home.shape == node.shape and home.dtype == node.dtype:
            return found.size[node]
    return 0


def frugal(lowered: Lowered, setting: Setting) -> Lives:
    """Of four orders the one with the lowest peak.

    One is the order that there is: roots and arguments as they come. Two begin with the root that is ready
    first, so that the gradients of the last layer come first, and likewise within what is collected by a
    concatenation; of other arguments one begins with what takes longest, one with what is ready first. In the
    last each value comes as soon as it can: good where a mask takes less than what it is made of.
    """
    plain = lowered.order or topological(lowered.roots)
    depth: dict[Node, int] = {}
    for node in plain:
        depth[node] = 1 + max((depth[a] for a in node.args), default=0)
    ready = sorted(dict.fromkeys(lowered.roots), key=depth.__getitem__)

    def longest_first(node: Node) -> list[Node]:
        return sorted(node.args, key=depth.__getitem__, reverse=node.op.name != "concat")

    def shortest_first(node: Node) -> list[Node]:
        return sorted(node.args, key=depth.__getitem__)

    early = sorted(plain, key=depth.__getitem__)
    orders = [plain, _depth_first(ready, longest_first), _depth_first(ready, shortest_first), early]
    return min((lives(order, lowered, setting) for order in orders), key=lambda one: one.peak)


def _depth_first(roots: Sequence[Node], arguments: Callable[[Node], list[Node]]) -> list[Node]:
    """Every node below `roots`, `arguments` saying which comes before which."""
    order: list[Node] = []
    seen: set[Node] = set()
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        stack: list[tuple[Node, Iterator[Node]]] = [(root, iter(arguments(root)))]
        while stack:
            node, rest = stack[-1]
            argument = next((a for a in rest if a not in seen), None)
            if argument is None:
                order.append(node)
                stack.pop()
            else:
                seen.add(argument)
                stack.append((argument, iter(arguments(argument))))
    return order
