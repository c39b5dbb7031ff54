"""Random compositions and their gradients: the rules come to rest, never turn in a circle, and once is enough."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from graphc.derive.reverse import gradients
from graphc.ir.node import Node
from graphc.rewrite.engine import Engine
from graphc.rewrite.rule import Event
from graphc.rewrite.simplify import RULES, simplify
from tests.checking import real_leaves, weighted_sum
from tests.fuzz.graphs import graphs

MOST_FIRINGS = 2000


class Watched(Engine):
    """An engine that fails where rules undo each other."""

    def _settle(self, node: Node, becomes: dict[Node, Node], stack: list[Node]) -> None:
        target = becomes[node]
        assert target in self.normal or target not in becomes or target not in stack, f"a circle at {node}"
        super()._settle(node, becomes, stack)


def comes_to_rest(output: Node) -> None:
    loss = weighted_sum(output)
    for root in (output, *gradients(loss, real_leaves(output), simplify=False)):
        record: list[Event] = []
        (once,) = Watched(RULES, record).simplify([root])
        assert len(record) < MOST_FIRINGS
        assert Engine(RULES).simplify([once])[0] is once
        assert simplify(root) is once, "what was simplified before changes the result"


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(graphs())
def test_the_rules_come_to_rest(drawn: tuple[Node, dict[str, Any]]) -> None:
    comes_to_rest(drawn[0])


@pytest.mark.fuzz
@settings(max_examples=1500, suppress_health_check=list(HealthCheck), deadline=None)
@given(graphs(max_ops=12))
def test_the_rules_come_to_rest_on_many(drawn: tuple[Node, dict[str, Any]]) -> None:
    comes_to_rest(drawn[0])
