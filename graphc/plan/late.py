"""What has to come late comes late: an order of computation written into the graph, where memory depends on it.

Lines that can share a loop are brought together, each as early as what it reads allows. A mask of the backward pass
would so be made in the forward pass, and kept. What reads `again(x, after)` waits for `after`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graphc.ir.node import Node, make
from graphc.plan.again import AGAIN, rank, sizes_of
from graphc.plan.live import Lives
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import replaced


def held_back(found: Lives, lowered: Lowered, budget: int) -> Lowered:
    """The graph in its order, with values that could be made earlier waiting for those before them.

    Only where they would exceed the budget, were all of them made as early as can be.
    """
    ready = _ready(found)
    early = [n for n, (at, before) in ready.items() if at < before]
    most = _Most(found.live)
    room = budget - sum(found.size[n] for n in early)
    place = {n: i for i, n in enumerate(found.order)}
    waiting = {n for n in early if most.between(ready[n][0] + 1, place[n]) > room}
    became: dict[Node, Node] = {}
    order: dict[Node, None] = {}
    for node in found.order:
        args = [became[a] for a in node.args]
        if node in waiting:
            first = min(range(len(args)), key=lambda i: rank(node.args[i]))
            args[first] = make(AGAIN, (args[first], became[found.order[ready[node][1]]]))
            order[args[first]] = None
        became[node] = node if node.is_leaf or args == list(node.args) else make(node.op, args, node.attrs)
        order[became[node]] = None
    return replace(replaced(lowered, became), order=tuple(order))


def _ready(found: Lives) -> dict[Node, tuple[int, int]]:
    """For each value the place of the last one it needs, and of the last one before it with the same named sizes.

    Where there is a batch, that is what takes memory; sums over it are left out, and so is all else without its size.
    """
    places: dict[Node, int] = {}
    ready: dict[Node, tuple[int, int]] = {}
    recent: dict[frozenset[str], int] = {}
    sizes = {n: sizes_of(n) for n in found.order}
    named = any(sizes[n] for n in found.size)
    for i, node in enumerate(found.order):
        # A view is ready when its source is, and what waits when that is there for which it waits.
        places[node] = max((places[a] for a in node.args), default=-1)
        if node not in found.size or node.constant:
            continue
        if (sizes[node] or not named) and all(sizes[a] <= sizes[node] for a in node.args):
            before = recent.get(sizes[node])
            if before is not None and node.args and found.last[found.order[before]] >= i:
                ready[node] = places[node], before
            recent[sizes[node]] = i
        places[node] = i
    return ready


class _Most:
    """The largest of consecutive numbers: of each run whose length is a power of 2, in a table."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.rows = [list(numbers)]
        while 2 ** len(self.rows) <= len(numbers):
            last, step = self.rows[-1], 2 ** (len(self.rows) - 1)
            self.rows.append([max(last[i], last[i + step]) for i in range(len(last) - step)])

    def between(self, first: int, end: int) -> int:
        """The largest from place `first` on, before `end`."""
        if end <= first:
            return 0
        row = (end - first).bit_length() - 1
        return max(self.rows[row][first], self.rows[row][end - (1 << row)])
