"""What a side of a claim would be with one change of its text: for claims whose shapes do not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import chain, islice
from typing import Any

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.lang import tree
from graphc.lang.tree import Expr

MOST = 64  # changes that are tried, of one place and of two
LIKELY = (
    "missing transpose",
    "extra transpose",
    "wrong axis",
    "elementwise instead of matrix product",
    "matrix product instead of elementwise",
    "swapped factors",
)
TWICE = ("missing transpose", "swapped factors")  # what goes together with another transpose that is missing


@dataclass(frozen=True, slots=True)
class Repair:
    """`mistakes` names what the changes mend, `node` is the expression with them."""

    mistakes: tuple[str, ...]
    node: Node


def repairs(expr: Expr, build: Callable[[Expr], Node]) -> tuple[Repair, ...]:
    """The expressions that differ from `expr` in one place or two and whose shapes fit, the likeliest changes first."""
    found: dict[Node, Repair] = {}
    single = sorted(islice(_changed(expr), MOST), key=lambda change: LIKELY.index(change[0]))
    double = islice(_changed_twice(single), MOST)
    for mistakes, changed in chain((((mistake,), other) for mistake, other in single), double):
        try:
            node = build(changed)
        except GraphcError:
            continue
        found.setdefault(node, Repair(mistakes, node))
    return tuple(found.values())


def _changed_twice(single: Iterable[tuple[str, Expr]]) -> Iterator[tuple[tuple[str, ...], Expr]]:
    """Two transposes that are missing, or one beside swapped factors."""
    for mistake, changed in single:
        if mistake in TWICE:
            for other, again in islice(_changed(changed), MOST):
                if other == "missing transpose":
                    yield tuple(dict.fromkeys((other, mistake))), again


def _changed(expr: Expr) -> Iterator[tuple[str, Expr]]:
    """Each change of one place, the places from the outside inwards."""
    stack: list[tuple[Expr, Callable[[Expr], Expr]]] = [(expr, lambda e: e)]
    while stack:
        part, put = stack.pop()
        for mistake, other in _variants(part):
            yield mistake, put(other)
        stack.extend(reversed(list(_parts(part, put))))


def _variants(part: Expr) -> Iterator[tuple[str, Expr]]:
    match part:
        case tree.Transpose(operand=operand):
            yield "extra transpose", operand
        case tree.Call(keywords=keywords) if any(word == "axis" for word, _ in keywords):
            for axis in (0, 1):
                turned = tuple(
                    (w, tree.Number(axis, part.at) if w == "axis" else value) for w, value in keywords
                )
                yield "wrong axis", replace(part, keywords=turned)
        case tree.Name() | tree.Call():
            yield "missing transpose", tree.Transpose(part, part.at)
        case tree.Binary(op="@", left=left, right=right):
            yield "missing transpose", tree.Transpose(part, part.at)
            yield "swapped factors", replace(part, left=right, right=left)
            yield "matrix product instead of elementwise", replace(part, op="*")
        case tree.Binary(op="*"):
            yield "elementwise instead of matrix product", replace(part, op="@")
        case tree.Binary():
            yield "missing transpose", tree.Transpose(part, part.at)


def _parts(part: Any, put: Callable[[Expr], Expr]) -> Iterator[tuple[Expr, Callable[[Expr], Expr]]]:
    """The expressions right below one, each with how the whole looks when another stands there."""
    if not is_dataclass(part) or (isinstance(part, tree.Transpose) and isinstance(part.operand, tree.Name)):
        return
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, tree.Expr) and field.name != "by":
            yield value, _placing(part, field.name, put)
        elif isinstance(value, tuple):
            for i, item in enumerate(value):
                if isinstance(item, tree.Expr):
                    yield item, _placing_item(part, field.name, i, put)


def _placing(part: Any, name: str, put: Callable[[Expr], Expr]) -> Callable[[Expr], Expr]:
    return lambda other: put(replace(part, **{name: other}))


def _placing_item(part: Any, name: str, i: int, put: Callable[[Expr], Expr]) -> Callable[[Expr], Expr]:
    def placed(other: Expr) -> Expr:
        items = getattr(part, name)
        return put(replace(part, **{name: (*items[:i], other, *items[i + 1 :])}))

    return placed
