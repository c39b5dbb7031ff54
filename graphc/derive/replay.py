"""The recorded simplifications of one expression, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graphc.ir.node import Node, substitute, topological
from graphc.rewrite.simplify import Event

MOST_STEPS = 40
MOST_NODES = 150


def replay(
    start: Node, events: Mapping[Node, Event], settled: Callable[[Node], bool]
) -> list[tuple[Node, str]]:
    """What `start` became, firing by firing, with the rule's name; `events` by what stood before.

    Nothing below a `settled` node is looked at. An expression too long to be read is not replayed.
    """
    current, history = start, list[tuple[Node, str]]()
    for _ in range(MOST_STEPS):
        order = topological([current], stop=settled)
        if len(order) > MOST_NODES:
            break
        open_ = [n for n in order if not settled(n)]
        before = next((n for n in open_ if n in events), None)
        if before is None:
            break
        kept = {n: n for n in order if settled(n)}
        (current,) = substitute([current], {**kept, before: events[before].after})
        history.append((current, events[before].rule))
    return history
