"""Which updates are equal up to their leaves: a parameter with its own states, and what its update is made of.

The update of a parameter `P` and of the states that go with it (`m`, `v`) is walked from the new values down, through
elementwise operations of P's shape that serve nothing else. What depends on P or its states is the `cone`; the arrays
that the cone reads and that do not depend on them are its `holes`, the gradient above all. Two cones of the same
structure, with the same scalars, are the same update.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from graphc.ir.node import Node, topological
from graphc.ir.types import Shape

LONGEST = 1000  # nodes of one update; what is longer is no optimiser's rule


@dataclass(frozen=True, slots=True)
class Region:
    """Where a walk may go: elementwise nodes of `shape`, not beyond the `scalars` that updates share."""

    shape: Shape
    scalars: Set[Node]

    def holds(self, node: Node) -> bool:
        """Whether the walk goes on to the arguments of `node`."""
        own = node.op.kind == "pointwise" and node.shape == self.shape
        return own and (self.shape != () or not self.is_scalar(node))

    def is_scalar(self, node: Node) -> bool:
        """Whether `node` is a number that has to be the same in every member of a group."""
        return not node.shape and (self.shape != () or node.constant or node in self.scalars)


@dataclass(frozen=True, slots=True)
class Unit:
    """Leaves updated by one rule: `leaves` in the order of their roles, a parameter first, and their new `values`.

    `cone` are the operations that depend on them, arguments first, `holes` the arrays these read, `inside` the
    elementwise nodes of `region` that serve nothing but this update. Units of equal `key` have the same update.
    """

    leaves: tuple[Node, ...]
    values: tuple[Node, ...]
    region: Region
    cone: tuple[Node, ...]
    holes: tuple[Node, ...]
    inside: Set[Node]
    key: Hashable


def find_units(updates: Sequence[tuple[Node, Node]], uses: Mapping[Node, int]) -> list[Unit]:
    """The updates that may be compared; `uses` counts all uses of each node of the graph."""
    new = {leaf: value for leaf, value in updates if value is not leaf}
    scalars: set[Node] = set()
    regions: dict[Node, Region] = {}
    reads: dict[Node, list[Node]] = {}
    for leaf in sorted(new, key=lambda n: not n.shape):  # those of no axes last: they stop at scalars
        regions[leaf] = Region(leaf.shape, scalars)
        nodes = _walk(new[leaf], regions[leaf])
        if nodes is not None:
            reads[leaf] = [n for n in nodes if n in new and n is not leaf and n.shape == leaf.shape]
            if leaf.shape:
                scalars.update(a for n in nodes if regions[leaf].holds(n) for a in n.args if not a.shape)
    owned = _owned(reads)
    units = (_unit(leaves, new, regions[leaves[0]], uses) for leaves in owned)
    return [unit for unit in units if unit is not None]


def _walk(root: Node, region: Region) -> list[Node] | None:
    """The nodes of the region below `root`, and those they read; None if they are too many."""
    found = {root: None}
    stack = [root]
    while stack:
        node = stack.pop()
        if region.holds(node):
            fresh = [a for a in reversed(dict.fromkeys(node.args)) if a not in found]
            found.update(dict.fromkeys(fresh))
            stack += fresh
        if len(found) > LONGEST:
            return None
    return list(found)


def _owned(reads: Mapping[Node, Sequence[Node]]) -> list[tuple[Node, ...]]:
    """The updated leaves in sets of which each has at most one parameter, and the states that go with it alone."""
    links: dict[Node, dict[Node, None]] = {leaf: {} for leaf in reads}
    for leaf, others in reads.items():
        for other in others:
            if other in links and "state" in (leaf.op.name, other.op.name):
                links[leaf][other] = links[other][leaf] = None
    for leaf in [n for n in links if n.op.name == "state" and sum(map(_is_param, links[n])) > 1]:
        for other in links.pop(leaf):
            links.get(other, {}).pop(leaf, None)
        links[leaf] = {}
    sets: list[tuple[Node, ...]] = []
    seen: set[Node] = set()
    for leaf in reads:
        if leaf not in seen:
            joined = _joined(leaf, links)
            seen.update(joined)
            params = [n for n in joined if _is_param(n)]
            states = [n for n in joined if not _is_param(n)]
            # States between two parameters belong to neither.
            sets += [(*params, *states)] if len(params) < 2 else [(n,) for n in joined]
    return sets


def _is_param(leaf: Node) -> bool:
    return leaf.op.name == "param"


def _joined(leaf: Node, links: Mapping[Node, Iterable[Node]]) -> list[Node]:
    found = {leaf: None}
    stack = [leaf]
    while stack:
        fresh = [n for n in links[stack.pop()] if n not in found]
        found.update(dict.fromkeys(fresh))
        stack += fresh
    return list(found)


# the structure of an update ---------------------------------------------------------------------------------


def _unit(
    leaves: tuple[Node, ...], new: Mapping[Node, Node], region: Region, uses: Mapping[Node, int]
) -> Unit | None:
    order = topological([new[leaf] for leaf in leaves], stop=lambda n: not region.holds(n))
    inside = _inside(order, [new[leaf] for leaf in leaves], region, uses)
    depends = set(leaves)
    for node in order:
        if node in inside and not depends.isdisjoint(node.args):
            depends.add(node)
    cone = depends & inside
    ordered, nodes = _roles(leaves, new, cone)
    return _serialised(ordered, nodes, new, region, inside) if nodes else None


def _inside(
    order: Sequence[Node], roots: Sequence[Node], region: Region, uses: Mapping[Node, int]
) -> set[Node]:
    """The elementwise nodes whose every use is in this update."""
    known = dict.fromkeys(order, 0)
    for root in roots:
        known[root] += 1
    inside: set[Node] = set()
    for node in reversed(order):
        if region.holds(node) and known[node] == uses[node]:
            inside.add(node)
            for argument in node.args:
                known[argument] = known.get(argument, 0) + 1
    return inside


def _roles(
    leaves: Sequence[Node], new: Mapping[Node, Node], cone: Set[Node]
) -> tuple[tuple[Node, ...], list[Node]]:
    """The leaves as they appear in the update of the first, and the cone in that order."""
    members, roles = set(leaves), [leaves[0]]
    known, nodes = {leaves[0]}, dict[Node, None]()
    rest = iter(leaves)
    for i in range(len(leaves)):
        if i == len(roles):
            roles.append(next(n for n in rest if n not in known))
            known.add(roles[i])
        for node in topological([new[roles[i]]], stop=lambda n: n not in cone):
            if node in cone:
                nodes[node] = None
                fresh = [a for a in dict.fromkeys(node.args) if a in members and a not in known]
                roles += fresh
                known.update(fresh)
    return tuple(roles), list(nodes)


def _serialised(
    leaves: tuple[Node, ...],
    cone: Sequence[Node],
    new: Mapping[Node, Node],
    region: Region,
    inside: Set[Node],
) -> Unit | None:
    """The cone written down; None if it reads an array of another shape."""
    known: dict[Node, Hashable] = {leaf: ("leaf", i) for i, leaf in enumerate(leaves)}
    holes: dict[Node, int] = {}

    def written(node: Node) -> Hashable:
        if node in known:
            return known[node]
        if region.is_scalar(node):
            return node
        if node.shape != region.shape:
            return None
        return "hole", holes.setdefault(node, len(holes))

    parts: list[Hashable] = []
    for i, node in enumerate(cone):
        args = tuple(map(written, node.args))
        if None in args:
            return None
        parts.append((node.op.name, node.attrs, args))
        known[node] = ("node", i)
    values = tuple(new[leaf] for leaf in leaves)
    roots = tuple(map(written, values))
    if None in roots:
        return None
    key = (tuple(leaf.op.name for leaf in leaves), tuple(parts), roots)
    return Unit(leaves, values, region, tuple(cone), tuple(holes), inside, key)


def grouped(units: Iterable[Unit]) -> list[list[Unit]]:
    """The units of equal key together, in the order of the first of each."""
    groups: dict[Hashable, list[Unit]] = {}
    for unit in units:
        groups.setdefault(unit.key, []).append(unit)
    return list(groups.values())
