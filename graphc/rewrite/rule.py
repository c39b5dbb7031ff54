"""What a rewrite rule is, and patterns written in the notation of the thing they match.

    Rule("log of sigmoid", log(sigmoid(x)), log_sigmoid(x))

is one rule: wherever the left pattern matches, the right one may stand. *Exact* means equal wherever the left side is
defined: a rule may extend the domain, never shrink it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ops.leaf import as_node, constant_value

Bindings = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """One firing of a rule: what stood there, and what stands there now."""

    rule: str
    before: Node
    after: Node


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """An operation on patterns, a variable, or a number; `options` are attributes, each a value or a variable."""

    op: str
    parts: tuple[Pattern, ...] = ()
    name: str = ""
    value: Fraction = Fraction(0)
    options: tuple[tuple[str, Any], ...] = ()

    def __add__(self, other: Any) -> Pattern:
        return Pattern("add", (self, _pattern(other)))

    def __radd__(self, other: Any) -> Pattern:
        return Pattern("add", (_pattern(other), self))

    def __sub__(self, other: Any) -> Pattern:
        return Pattern("sub", (self, _pattern(other)))

    def __rsub__(self, other: Any) -> Pattern:
        return Pattern("sub", (_pattern(other), self))

    def __mul__(self, other: Any) -> Pattern:
        return Pattern("mul", (self, _pattern(other)))

    def __truediv__(self, other: Any) -> Pattern:
        return Pattern("div", (self, _pattern(other)))

    def __rtruediv__(self, other: Any) -> Pattern:
        return Pattern("div", (_pattern(other), self))

    def __pow__(self, other: Any) -> Pattern:
        return Pattern("pow", (self, _pattern(other)))

    def __neg__(self) -> Pattern:
        return Pattern("neg", (self,))


def _pattern(value: Any) -> Pattern:
    return value if isinstance(value, Pattern) else Pattern("number", value=Fraction(value))


def var(name: str) -> Pattern:
    """A pattern that matches anything, the same thing at each place where it stands."""
    return Pattern("var", name=name)


def call(op: str) -> Callable[..., Pattern]:
    """The constructor of patterns for one operation."""

    def build(*parts: Any, **options: Any) -> Pattern:
        return Pattern(op, tuple(map(_pattern, parts)), options=tuple(options.items()))

    return build


_COMMUTATIVE = {"add", "mul", "equal", "not_equal"}


def match(pattern: Pattern, node: Node, bound: Bindings) -> Bindings | None:
    """The bindings that make `pattern` equal `node`, or None. Names of intermediates do not hinder a match."""
    if pattern.op == "var":
        known = bound.get(pattern.name)
        if known is None:
            return {**bound, pattern.name: node}
        return bound if known is node else None
    if pattern.op == "number":
        return bound if constant_value(node) == pattern.value else None
    if node.op.name != pattern.op or len(node.args) != len(pattern.parts):
        return None
    for key, wanted in pattern.options:
        given = node.attr(key)
        if isinstance(wanted, Pattern):
            bound = {**bound, wanted.name: bound.get(wanted.name, given)}
            wanted = bound[wanted.name]
        if given != wanted:
            return None
    orders = [node.args, node.args[::-1]] if pattern.op in _COMMUTATIVE else [node.args]
    for order in orders:
        found: Bindings | None = bound
        for part, argument in zip(pattern.parts, order, strict=True):
            found = match(part, argument, found) if found is not None else None
        if found is not None:
            return found
    return None


def build(pattern: Pattern, bound: Bindings) -> Node:
    """The node a right-hand side stands for."""
    if pattern.op == "var":
        found: Node = bound[pattern.name]
        return found
    if pattern.op == "number":
        return as_node(pattern.value)
    options = {k: bound[v.name] if isinstance(v, Pattern) else v for k, v in pattern.options}
    return FUNCTIONS[pattern.op](*(build(p, bound) for p in pattern.parts), **options)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A named rewrite: a pair of patterns, or a function from a node to what may stand for it (or None).

    `ops` are the operations at whose nodes it is tried. `look`, if given, comes before the function, which gets what it
    found as well; where it finds nothing, the rule does not apply. Rules one after the other with the same `look` share
    it. `needs` names the kind of fact it relies on: `exact`, `real`
    or an assumption such as `sums_to`. `example` is a graph-language text on which it fires, for the rule test.
    """

    name: str
    left: Pattern | None = None
    right: Pattern | None = None
    condition: Callable[[Bindings], bool] | None = None
    apply: Callable[..., Node | None] | None = None
    look: Callable[[Node], Any] | None = None
    ops: tuple[str, ...] = ()
    needs: str = "exact"
    example: str = field(default="", repr=False)

    def at(self) -> tuple[str, ...]:
        """The operations this rule is tried at."""
        return (self.left.op,) if self.left is not None else self.ops

    def fire(self, node: Node) -> Node | None:
        """What the rule makes of `node`, or None where it does not apply."""
        if self.apply is not None and self.look is not None:
            seen = self.look(node)
            return None if seen is None else self.apply(node, seen)
        if self.apply is not None:
            return self.apply(node)
        assert self.left is not None
        assert self.right is not None
        bound = match(self.left, node, {})
        if bound is None or (self.condition is not None and not self.condition(bound)):
            return None
        return build(self.right, bound)
