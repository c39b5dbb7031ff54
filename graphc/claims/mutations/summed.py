"""What is passed back to the variable itself, of another shape than it should: summed wrongly, or not multiplied."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from graphc.claims import mistakes
from graphc.claims.mistakes import Mistake
from graphc.claims.mutations.words import label
from graphc.derive.reverse import accumulate
from graphc.ir.node import Node
from graphc.ops.move import broadcast
from graphc.ops.reduce import sum_


def summed(of: Node, by: Node) -> Iterator[tuple[Mistake, Node]]:
    """Where `by` is used once, and repeated there: its gradient under each other sum."""
    found = accumulate(of, [by])
    uses = found.contributions.get(by, ())
    if len(uses) != 1 or uses[0].local is None or uses[0].user.shape == by.shape:
        return
    user, local = uses[0].user, uses[0].local
    whole = broadcast(found.upstream[user] * local, user.shape)
    lead = user.ndim - by.ndim
    right = tuple(i for i, d in enumerate(user.shape) if i < lead or by.shape[i - lead] != d)
    for count in range(1, user.ndim + 1):
        for axes in combinations(range(user.ndim), count):
            for keepdims in (False, True):
                if axes != right:
                    yield Mistake(mistakes.AXIS, label(by)), sum_(whole, axis=axes, keepdims=keepdims)


def passed_on(of: Node, by: Node) -> Iterator[tuple[Mistake, Node]]:
    """The gradient of a product taken for that of its factor `by`."""
    found = accumulate(of, [by])
    for use in found.contributions.get(by, ()):
        others = [label(a) for i, a in enumerate(use.user.args) if i != use.index]
        if use.user.op.name == "contract" and others:
            yield Mistake(mistakes.CHAIN, label(use.user), " and ".join(others)), found.upstream[use.user]
