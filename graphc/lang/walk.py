"""Walks over user text that never recurse: a step is a generator that yields the steps it waits for."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

T = TypeVar("T")

Walk = Generator["Walk[Any]", Any, T]


def run(walk: Walk[T]) -> T:
    """The value `walk` returns, its children run on a stack of our own."""
    stack: list[Walk[Any]] = [walk]
    value: Any = None
    while stack:
        try:
            child = stack[-1].send(value)
        except StopIteration as stop:
            stack.pop()
            value = stop.value
        else:
            stack.append(child)
            value = None
    result: T = value
    return result
