"""The order of the lines: values as their arguments allow, then the stores, all reading the old values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from graphc.ir.node import Node
from graphc.plan.alias import find_roots, is_fresh, read_by
from graphc.plan.lower import Lowered

Action = Literal["compute", "copy", "store"]


@dataclass(frozen=True, slots=True)
class Line:
    """One statement: compute `node`, copy it, or store it in the leaf `target`."""

    action: Action
    node: Node
    target: Node | None = None


def order_lines(lowered: Lowered, values: Sequence[Node]) -> list[Line]:
    """Every line of the program. Outputs that would share memory with something that lasts are copied."""
    lines = [Line("compute", node) for node in values]
    homes = lowered.homes
    roots = {n: homes.get(root, root) for n, root in find_roots(list(values)).items()} | homes
    lines += [Line("copy", node) for node in _copied(lowered.outputs, roots)]
    return _store_early(lines, _stores(lowered.updates, roots), roots)


def _copied(outputs: Sequence[Node], roots: Mapping[Node, Node]) -> list[Node]:
    held: set[Node] = set()
    copied: dict[Node, None] = {}
    for node in dict.fromkeys(outputs):
        root = roots.get(node, node)
        if not is_fresh(root) or (root in held and node.ndim):
            copied[node] = None
        held.add(root)
    return list(copied)


def _stores(updates: Sequence[tuple[Node, Node]], roots: Mapping[Node, Node]) -> list[Line]:
    """Stores, none before another that reads what it writes; in a circle, values are set aside first."""
    values = dict(roots)
    waiting = {leaf: value for leaf, value in updates if leaf is not value}
    reads = {leaf: _leaves_read(value, values) for leaf, value in waiting.items()}
    readers: dict[Node, set[Node]] = {leaf: set() for leaf in waiting}
    for leaf, read in reads.items():
        for other in read - {leaf}:
            if other in readers:
                readers[other].add(leaf)
    lines: list[Line] = []
    while waiting:
        free = next((leaf for leaf in waiting if not readers[leaf]), None)
        if free is None:
            blocked = next(iter(waiting))
            # A circle, such as two parameters swapped: what the others want of this one is computed first.
            for other in sorted(readers[blocked], key=list(waiting).index):
                lines += _set_aside(waiting[other], values)
                for wanted in reads[other]:
                    readers.get(wanted, set()).discard(other)
            continue
        lines.append(Line("store", waiting.pop(free), free))
        for read_leaf in reads[free]:
            readers.get(read_leaf, set()).discard(free)
    return lines


def _set_aside(value: Node, values: dict[Node, Node]) -> list[Line]:
    known = value in values or value.is_leaf
    lines = [] if known else [Line("compute", value)]
    if known or not is_fresh(value):
        lines.append(Line("copy", value))
    values[value] = value
    return lines


def _leaves_read(value: Node, roots: Mapping[Node, Node]) -> set[Node]:
    """The leaves whose memory the store of `value` reads."""
    if value.is_leaf or value in roots:
        return {roots.get(value, value)}
    return {roots.get(v, v) for v in read_by(value, roots)}


def _store_early(lines: Sequence[Line], stores: Sequence[Line], roots: Mapping[Node, Node]) -> list[Line]:
    """Each store where its value is known and the old one no longer read: what it reads is near, and can then go.

    Where values were set aside, all stores stay at the end.
    """
    if any(line.action != "store" for line in stores):
        return [*lines, *stores]
    last: dict[Node, int] = {}
    made = {line.node: i for i, line in enumerate(lines)}
    for i, line in enumerate(lines):
        read = [line.node] if line.action == "copy" else read_by(line.node, roots)
        for n in read:
            last[roots.get(n, n)] = i
    after: dict[int, list[Line]] = {}
    for line in stores:
        assert line.target is not None
        known = line.node in roots or line.node.is_leaf
        read = [line.node] if known else read_by(line.node, roots)
        at = max([-1, last.get(line.target, -1), *(made[n] for n in read if n in made)])
        after.setdefault(at, []).append(line)
        for n in read:
            root = roots.get(n, n)
            last[root] = max(last.get(root, -1), at)
    placed = after.get(-1, [])
    for i, line in enumerate(lines):
        placed += [line, *after.get(i, [])]
    return placed
