"""Expressions that are built when they are asked for."""

from __future__ import annotations

from collections.abc import Callable

from graphc.ir.node import Node


def just(node: Node) -> Callable[[], Node]:
    """What gives `node`."""
    return lambda: node
