"""Values of the model that the code works out again: `z1 = X @ W1 + b1` is the model's own `z1`.

Two expressions are taken for the same if they are one node once both are written alike: composites opened, simplified,
operands of sums and products in one order. Nothing else is concluded, so that what is taken for the same is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node, make, rebuild, topological
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import broadcast_shapes
from graphc.lang.numpy_code.limits import MAX_RECOGNISED, MAX_TRIES
from graphc.ops.composite import open_composite
from graphc.ops.leaf import const, constant_value, input_
from graphc.ops.move import reshape
from graphc.rewrite.simplify import simplify

_COMMUTE = ("add", "mul", "maximum", "minimum", "equal")


class Recogniser:
    """Finds the model's own node for a value of the code, among the named intermediate results of the model."""

    __slots__ = ("_known", "_model", "_order", "_stand_ins", "_tries")

    def __init__(self, env: Mapping[str, Node]) -> None:
        self._model = {node: name for name, node in env.items() if node.args and not node.constant}
        self._order: dict[Node, int] = {}
        self._stand_ins: dict[Node, Node] = {}
        self._known: dict[Node, Node] = {}
        self._tries = 0

    def find(self, node: Node) -> Node | None:
        """The model's node that is `node` written another way, if there is one."""
        if node in self._model:
            return node
        if not self._model or self._tries >= MAX_TRIES:
            return None
        self._tries += 1
        for known in self._model if not self._known else ():
            for written in self._forms(known):
                self._known.setdefault(written, known)
        found = next((self._known[w] for w in self._forms(node) if w in self._known), None)
        if found is None or (found.shape, found.dtype) != (node.shape, node.dtype):
            return None
        return found

    def _forms(self, node: Node) -> Iterator[Node]:
        """A node as all that are the same are written: by the model's nodes below it, and in full."""
        for whole in (False, True):
            written = self._alike(node, whole=whole)
            if written is not None:
                yield written

    def _alike(self, node: Node, *, whole: bool) -> Node | None:
        """The one way a node is written; None for one too large to try."""
        kept = {} if whole else self._model
        order = topological([node], stop=lambda n: n is not node and n in kept)
        if len(order) > MAX_RECOGNISED:
            return None
        done: dict[Node, Node] = {}
        for n in order:
            done[n] = self._stand_in(n) if n in kept and n is not node else _bare(n, done)
        return self._in_order(simplify(_opened(done[node])))

    def _stand_in(self, node: Node) -> Node:
        """A leaf in the place of a node of the model: what is below it does not matter."""
        if node not in self._stand_ins:
            name = f"model:{len(self._stand_ins)}"
            self._stand_ins[node] = input_(name, node.shape, dtype=node.dtype)
        return self._stand_ins[node]

    def _in_order(self, node: Node) -> Node:
        done: dict[Node, Node] = {}
        opened = _opened(node)
        for n in topological([opened]):
            done[n] = self._one(n, [done[a] for a in n.args])
            self._order.setdefault(done[n], len(self._order))
        return done[opened]

    def _one(self, node: Node, args: list[Node]) -> Node:
        name = node.op.name
        if node.op.elementwise:
            args = _aligned(args, node.ndim)
        if name == "square" or (name == "pow" and constant_value(args[1]) == 2):
            return FUNCTIONS["mul"](args[0], args[0])
        divisor = constant_value(args[1]) if name == "div" else None
        if divisor:
            name, args = "mul", [args[0], const(Fraction(1) / divisor)]
            self._order.setdefault(args[1], len(self._order))
        if name in _COMMUTE:
            return FUNCTIONS[name](*sorted(args, key=lambda a: self._order.get(a, -1)))
        if node.op.kind == "reduce" and node.attrs[1]:
            return reshape(make(node.op, args, (node.attrs[0], False)), node.shape)
        exact = constant_value(node) if node.op.kind == "const" else None
        return const(exact) if exact is not None else make(node.op, args, node.attrs, node.name)


def _bare(node: Node, done: Mapping[Node, Node]) -> Node:
    """A node without its name, on other arguments."""
    return make(node.op, [done[a] for a in node.args], node.attrs, node.name if node.is_leaf else None)


def _opened(root: Node) -> Node:
    """A node with all composites below it opened."""
    done: dict[Node, Node] = {}
    stack = [root]
    while stack:
        for node in topological([stack[-1]], stop=done.__contains__):
            if node in done:
                continue
            again = rebuild(node, [done[a] for a in node.args])
            if again.op.kind != "composite":
                done[node] = again
                continue
            inner = open_composite(again)
            if inner not in done:
                done.update({a: a for a in again.args})
                stack.append(inner)
                break
            done[node] = done[inner]
        else:
            stack.pop()
    return done[root]


def _aligned(args: list[Node], rank: int) -> list[Node]:
    """Operands without axes that broadcasting adds by itself, where it does."""
    short = [_without_leading_ones(a, rank) for a in args]
    try:
        broadcast_shapes([a.shape for a in short], "operands")
    except ShapeError:  # (N,) beside (N, 1) has to be written out
        return args
    return short


def _without_leading_ones(node: Node, rank: int) -> Node:
    """An operand that a reshape only gave leading axes of size 1, without them: broadcasting adds them itself."""
    if node.op.name != "reshape" or node.ndim != rank:
        return node
    inner = node.args[0]
    missing = node.ndim - inner.ndim
    return inner if missing > 0 and node.shape == (1,) * missing + inner.shape else node
