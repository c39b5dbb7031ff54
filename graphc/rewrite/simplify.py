"""Simplification: the rule lists, in the order they are tried at a node."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakSet

from graphc.ir.node import Node, expect_node
from graphc.ir.pause import collection_paused
from graphc.rewrite.algebra import ALGEBRA
from graphc.rewrite.cases import CASES
from graphc.rewrite.centred import CENTRED
from graphc.rewrite.engine import Engine
from graphc.rewrite.hyperbolic import HYPERBOLIC
from graphc.rewrite.identity import IDENTITY
from graphc.rewrite.inverses import INVERSES
from graphc.rewrite.layout import LAYOUT
from graphc.rewrite.rule import Event, Rule
from graphc.rewrite.stable import STABLE
from graphc.rewrite.sums import SUMS

RULES: tuple[Rule, ...] = (
    *HYPERBOLIC,
    *STABLE,
    *CENTRED,
    *INVERSES,
    *LAYOUT,
    *IDENTITY,
    *SUMS,
    *CASES,
    *ALGEBRA,
)
_settled: WeakSet[Node] = WeakSet()  # what came out of an earlier run is not looked at again


@collection_paused()
def simplify_all(roots: Sequence[Node], *, record: list[Event] | None = None) -> list[Node]:
    """The simplified roots; firings are appended to `record` in the order they happened."""
    return Engine(RULES, record, _settled).simplify(roots)


def simplify(node: Node) -> Node:
    """One node simplified: shorter where the rules find something shorter, stable where they know a stable form.

    >>> from graphc.ops import input_
    >>> x = input_("x")
    >>> simplify(x * 2 / x)
    <const() () int>
    """
    return simplify_all([expect_node(node, "what is simplified")])[0]


__all__ = ["RULES", "Event", "simplify", "simplify_all"]
