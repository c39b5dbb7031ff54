"""What a pass is made of: a rewriting of the core graph that carries names and marks along."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from graphc.ir.node import Node, make, topological
from graphc.plan.lower import Lowered
from graphc.plan.setting import Setting


@dataclass(frozen=True, slots=True)
class Pass:
    """A rewriting of the core graph: `name` switches it off, `what` is what it does, in a line."""

    name: str
    what: str
    run: Callable[[Lowered, Setting], Lowered]


def rewritten(lowered: Lowered, rule: Callable[[Node], Node]) -> Lowered:
    """The graph with `rule` applied to every node, arguments first; names and marks follow their nodes."""
    done: dict[Node, Node] = {}
    for node in topological(lowered.roots):
        if node.is_leaf:
            done[node] = rule(node)
            continue
        args = tuple(done[a] for a in node.args)
        done[node] = rule(node if args == node.args else make(node.op, args, node.attrs))
    return lowered if all(node is new for node, new in done.items()) else replaced(lowered, done)


def counted(lowered: Lowered, rule: Callable[[Node], Node | None]) -> tuple[Lowered, int]:
    """The graph `rewritten` where `rule` gives another node, and how often it did; it gives None for one that stays."""
    changed = 0

    def or_itself(node: Node) -> Node:
        nonlocal changed
        found = rule(node)
        changed += found is not None and found is not node
        return node if found is None else found

    result = rewritten(lowered, or_itself)
    return result, changed


def replaced(lowered: Lowered, done: Mapping[Node, Node]) -> Lowered:
    """The graph after its nodes became those of `done`; nodes that are not there stay what they are."""

    def now(node: Node) -> Node:
        return done.get(node, node)

    names: dict[Node, str] = {}
    for node, name in lowered.names.items():
        if not now(node).is_leaf and now(node).op.kind != "const":
            names.setdefault(now(node), name)
    return replace(
        lowered,
        outputs=tuple(map(now, lowered.outputs)),
        updates=tuple((leaf, now(value)) for leaf, value in lowered.updates),
        names=names,
        became={n: now(core) for n, core in lowered.became.items()},
        origins={now(n): (name, now(base)) for n, (name, base) in lowered.origins.items()},
        order=(),
    )


def count_uses(lowered: Lowered, order: Sequence[Node] | None = None) -> Mapping[Node, int]:
    """How often each node is an argument or a root; `order` are the nodes, where they are known."""
    order = order or topological(lowered.roots)
    uses = dict.fromkeys(order, 0)
    for node in order:
        for argument in node.args:
            uses[argument] += 1
    for root in lowered.roots:
        uses[root] += 1
    return uses
