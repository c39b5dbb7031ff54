"""Two mistakes at once: what two changed edges add, and what the upper one changes of what reaches the lower one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from graphc.claims.mistakes import COMMON, Mistake
from graphc.claims.mutations.at import Array
from graphc.claims.mutations.single import Edges
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node

MOST = 1200  # attempts; pairs are a million then


def pairs(edges: Edges, claimed: Sequence[Array], deadline: float) -> Iterator[tuple[Mistake, ...]]:
    """The pairs of attempts, each on one edge, that give what is claimed; of each two names the first such pair."""
    chosen = _useful(edges)
    if len(chosen) < 2 or len(chosen) > MOST:
        return
    weights = edges.weights[chosen]
    both = weights[:, None] + weights[None, :] + _crossed(edges, chosen, deadline)
    gap, tolerance = edges.target(claimed[0]), edges.tolerance(claimed[0])
    fitting = np.argwhere(np.triu(np.abs(both - gap) <= tolerance, 1))
    seen: set[frozenset[str]] = set()
    for i, j in fitting:
        one, other = edges.attempts[chosen[i]], edges.attempts[chosen[j]]
        names = frozenset({one.mistake.name, other.mistake.name})
        if names in seen or one.changes.keys() & other.changes.keys() or time.monotonic() > deadline:
            continue
        if edges.gives([one, other], claimed):
            seen.add(names)
            yield one.mistake, other.mistake


def _useful(edges: Edges) -> list[int]:
    """The attempts on one edge that change something, of the kinds that come together."""
    largest = float(np.max(np.abs(edges.weights), initial=0.0))
    return [
        i
        for i, move in enumerate(edges.moves)
        if move is not None
        and edges.attempts[i].mistake.name in COMMON
        and np.isfinite(edges.weights[i])
        and abs(edges.weights[i]) > 1e-12 * largest
    ]


def _crossed(edges: Edges, chosen: Sequence[int], deadline: float) -> Array:
    """For each pair what the change of the lower edge makes of what the upper one's change adds to its upstream."""
    count = len(chosen)
    found = np.zeros((count, count))
    spread = _spread(edges, chosen, deadline)
    for b, j in enumerate(chosen):
        if time.monotonic() > deadline:
            break
        ((number, _),) = edges.attempts[j].changes.items()
        user = edges.backward.edges[number].user
        if user not in spread:
            continue
        rows, arrived = spread[user]
        weight = _response(edges, j)
        if weight is not None:
            found[rows, b] += arrived @ weight.ravel()
    return found + found.T


def _spread(edges: Edges, chosen: Sequence[int], deadline: float) -> dict[Node, tuple[list[int], Array]]:
    """For each node, the attempts whose change reaches its upstream gradient, and by how much they change it."""
    found: dict[Node, tuple[list[int], list[Array]]] = {}
    first, known = edges.first, {}
    for a, i in enumerate(chosen):
        if time.monotonic() > deadline:
            break
        move = edges.moves[i]
        assert move is not None
        ((number, (value, _)),) = edges.attempts[i].changes.items()
        operand = edges.backward.edges[number].operand
        # Changes by a factor differ from each other by a number: one of them is enough.
        scale, key = 1.0, (number, value)
        if value is None:
            passed = first.passed(
                edges.backward.edges[number], first.upstream[edges.backward.edges[number].user]
            )
            place = np.unravel_index(int(np.argmax(np.abs(passed))), passed.shape)
            scale, move = float(move[place] / passed[place]) if passed[place] else 0.0, passed
        if key not in known:
            known[key] = first.onward({operand: move}, {})
        for node, array in known[key].items():
            rows, arrays = found.setdefault(node, ([], []))
            rows.append(a)
            arrays.append(scale * np.ravel(array))
    return {node: (rows, np.array(arrays)) for node, (rows, arrays) in found.items()}


def _response(edges: Edges, attempt: int) -> Array | None:
    """How the gradient answers, along the direction, to a change of the upstream gradient of a changed edge's user."""
    ((number, (value, factor)),) = edges.attempts[attempt].changes.items()
    edge, first = edges.backward.edges[number], edges.first
    tangent = edges.tangents.get(edge.operand)
    if tangent is None:
        return None
    plain = first.pulled(edge, edge.value, tangent)
    try:
        changed = plain if value is None else first.pulled(edge, value, tangent)
    except GraphcError:
        return None
    scale = 1.0 if factor is None else float(first.at.value(factor))
    return np.broadcast_to(changed, plain.shape) * scale - plain
