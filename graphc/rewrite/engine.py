"""The engine: rules applied bottom-up until none fires, each firing recorded, without recursion over depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from weakref import WeakSet

from graphc.ir.errors import LegalityError, ShapeError
from graphc.ir.node import Node, rebuild
from graphc.ir.types import show_shape
from graphc.ops.pointwise import cast
from graphc.rewrite.axes import fit
from graphc.rewrite.rule import Event, Rule


@dataclass
class Engine:
    """Rules by the operation they are tried at, in order; `normal` remembers each node's final form.

    `settled` are nodes known from earlier runs of the same rules to be in their final form.
    """

    rules: Sequence[Rule]
    record: list[Event] | None = None
    settled: WeakSet[Node] = field(default_factory=WeakSet)
    normal: dict[Node, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_op = _by_operation(tuple(self.rules))

    def simplify(self, roots: Iterable[Node]) -> list[Node]:
        """The normal forms of `roots`."""
        roots = list(roots)
        for root in roots:
            self._normalise(root)
        return [self.normal[r] for r in roots]

    def _normalise(self, root: Node) -> None:
        normal, becomes, chained = self.normal, dict[Node, Node](), set[Node]()
        stack = [root]
        while stack:
            node = stack[-1]
            if node in normal:
                stack.pop()
            elif node in self.settled:
                normal[node] = stack.pop()
            elif node in becomes:
                self._settle(node, becomes, stack)
            elif missing := [a for a in node.args if a not in normal]:
                whole = self._fire(node) if _begins_chain(node, chained) else node
                if whole is node:
                    stack.extend(reversed(missing))
                else:
                    becomes[node] = whole
            else:
                changed = _rebuilt(node, [normal[a] for a in node.args]) if node.args else node
                if changed is node:
                    changed = self._fire(node)
                if changed is node:
                    normal[node] = stack.pop()
                    self.settled.add(node)
                else:
                    becomes[node] = changed

    def _settle(self, node: Node, becomes: dict[Node, Node], stack: list[Node]) -> None:
        """Take over the final form of what `node` was rewritten to, once that is known."""
        target = becomes[node]
        if target in self.normal:
            self.normal[node] = self.normal[target]
        elif target in becomes and target in stack:
            # Two rules undo each other: stop here rather than turn in a circle.
            self.normal[node] = node
        else:
            stack.append(target)

    def _fire(self, node: Node) -> Node:
        look, seen = None, None
        for rule, fire in self._by_op.get(node.op.name, ()):
            if rule.look is None:
                after = fire(node)
            else:
                if rule.look is not look:
                    look = rule.look
                    seen = look(node)
                after = None if seen is None else fire(node, seen)
            if after is None or after is node:
                continue
            if after.shape != node.shape:
                after = _same_shape(rule, node, after)
            if after.dtype != node.dtype and not after.constant:
                after = cast(after, node.dtype)
            if node.name is not None and after.name is None and after.args:
                after = after.named(node.name)
            if after is node:
                continue
            if self.record is not None:
                self.record.append(Event(rule.name, node, after))
            return after
        return node


@lru_cache(maxsize=16)
def _by_operation(rules: tuple[Rule, ...]) -> dict[str, list[tuple[Rule, Callable[..., Node | None]]]]:
    """The rules that are tried at each operation, with what fires them."""
    found: dict[str, list[tuple[Rule, Callable[..., Node | None]]]] = {}
    for rule in rules:
        for op in rule.at():
            found.setdefault(op, []).append((rule, rule.apply or rule.fire))
    return found


def _rebuilt(node: Node, args: list[Node]) -> Node:
    """The node on other operands; real if it was, also where a real number among them became a whole one."""
    result = rebuild(node, args)
    if result.dtype == node.dtype or result.constant:
        return result
    if node.op.name in ("add", "sub", "mul"):
        return rebuild(node, [a if a.constant else cast(a, node.dtype) for a in args])
    return cast(result, node.dtype)


LONG_CHAIN = 64


def _begins_chain(node: Node, chained: set[Node]) -> bool:
    """Whether a long chain of one operation on few things hangs from `node`, to be looked at as a whole first.

    `chained` collects the links, so that each is looked at once.
    """
    if node in chained or not node.args:
        return False
    if node.args[0].op is not node.op:
        chained.add(node)
        return False
    length, current, things = 0, node, set[Node]()
    while current.op is node.op and current.args and current not in chained:
        chained.add(current)
        things.update(current.args[1:])
        length, current = length + 1, current.args[0]
    return length >= LONG_CHAIN * max(1, len(things))


def _same_shape(rule: Rule, node: Node, after: Node) -> Node:
    try:
        return fit(after, node.shape)
    except ShapeError as error:
        shapes = f"{show_shape(node.shape)} to {show_shape(after.shape)}"
        raise LegalityError(f"the rule {rule.name!r} changed a shape from {shapes}") from error
