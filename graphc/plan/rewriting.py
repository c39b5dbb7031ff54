"""What a pass is made of: a rewriting of the core graph that carries names and marks along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from graphc.ir.node import Node, rebuild
from graphc.ir.op import Op
from graphc.plan.lower import Lowered
from graphc.plan.setting import Setting


@dataclass(frozen=True, slots=True)
class Pass:
    """A rewriting of the core graph: `name` switches it off, `what` is what it does, in a line."""

    name: str
    what: str
    run: Callable[[Lowered, Setting], Lowered]


def rewritten(lowered: Lowered, at: Collection[Op], rule: Callable[[Node], Node]) -> Lowered:
    """The graph with `rule` applied to the nodes of operations `at`, arguments first; names and marks follow."""
    if lowered.ops.isdisjoint(at):
        return lowered
    changed: dict[Node, Node] = {}
    before = changed.keys()
    for node in lowered.nodes:
        same = not changed or before.isdisjoint(node.args)
        now = node if same else rebuild(node, [changed.get(a, a) for a in node.args])
        if now.op in at:
            now = rule(now)
        if now is not node:
            changed[node] = now
    return replaced(lowered, changed)


def counted(lowered: Lowered, at: Collection[Op], rule: Callable[[Node], Node | None]) -> tuple[Lowered, int]:
    """The graph `rewritten` where `rule` gives another node, and how often it did; it gives None for one that stays."""
    changed = 0

    def or_itself(node: Node) -> Node:
        nonlocal changed
        found = rule(node)
        changed += found is not None and found is not node
        return node if found is None else found

    result = rewritten(lowered, at, or_itself)
    return result, changed


def replaced(lowered: Lowered, done: Mapping[Node, Node]) -> Lowered:
    """The graph after its nodes became those of `done`; nodes that are not there stay what they are."""
    if not done:
        return lowered

    def now(node: Node) -> Node:
        return done.get(node, node)

    names: dict[Node, str] = {}
    for old, name in lowered.names.items():
        node = done.get(old, old)
        if node.op.kind not in ("leaf", "const"):
            names.setdefault(node, name)
    return replace(
        lowered,
        outputs=tuple(map(now, lowered.outputs)),
        updates=tuple((leaf, now(value)) for leaf, value in lowered.updates),
        names=names,
        moved=(*lowered.moved, done),
        origins={now(n): (name, now(base)) for n, (name, base) in lowered.origins.items()},
        order=(),
    )


def count_uses(lowered: Lowered, order: Sequence[Node] | None = None) -> Mapping[Node, int]:
    """How often each node is an argument or a root; `order` are the nodes, where they are known."""
    order = order or lowered.nodes
    uses = Counter(dict.fromkeys(order, 0))
    uses.update(chain(chain.from_iterable(node.args for node in order), lowered.roots))
    return uses
