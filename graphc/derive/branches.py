"""Where branches of a gradient begin: the dominators of the graph that gradients flow through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphc.derive.reverse import Contribution
from graphc.ir.node import Node


def common_users(
    nodes: Sequence[Node], contributions: Mapping[Node, Sequence[Contribution]]
) -> dict[Node, Node]:
    """Of each node with a gradient the nearest node that every path from it to the output passes.

    That is the immediate dominator, by the method of Cooper, Harvey and Kennedy, A Simple, Fast Dominance Algorithm
    (2001); one sweep is enough, as there are no cycles. `nodes` has operands before users.
    """
    found: dict[Node, Node] = {}
    depth: dict[Node, int] = {}
    for node in reversed(nodes):
        users = list(dict.fromkeys(c.user for c in contributions.get(node, ()) if c.user in depth))
        if not users:
            depth[node] = 0
            continue
        meeting: Node | None = users[0]
        for user in users[1:]:
            meeting = _meeting(meeting, user, found, depth)
        depth[node] = 0 if meeting is None else depth[meeting] + 1
        if meeting is not None:
            found[node] = meeting
    return found


def _meeting(
    one: Node | None, other: Node | None, above: Mapping[Node, Node], depth: Mapping[Node, int]
) -> Node | None:
    while one is not other and one is not None and other is not None:
        if depth[one] >= depth[other]:
            one = above.get(one)
        else:
            other = above.get(other)
    return one if one is other else None
