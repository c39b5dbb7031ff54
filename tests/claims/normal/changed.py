"""Every small change of an expression: what a slip of the pen makes of it. Most are wrong, some are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, make, rebuild, substitute, topological
from graphc.ir.op import FUNCTIONS
from graphc.ops.leaf import size
from graphc.ops.move import reshape, transpose

UNARY = ("exp", "tanh", "sigmoid", "relu", "square", "abs", "sign", "log", "sqrt")
BINARY = ("add", "sub", "mul", "div", "maximum", "minimum", "greater", "less")


def changes(expr: Node, leaves: Sequence[Node]) -> Iterator[Node]:
    """`expr` with one node changed, in every way that keeps its shape."""
    seen = {expr}
    for node in topological([expr]):
        for new in _instead(node, leaves):
            if new is None or new.shape != node.shape:
                continue
            try:
                (made,) = substitute([expr], {node: new})
            except (GraphcError, TypeError, AssertionError):
                continue
            if made.shape == expr.shape and made not in seen:
                seen.add(made)
                yield made


def _instead(node: Node, leaves: Sequence[Node]) -> Iterator[Node | None]:
    real = node.dtype == "real"
    if node.is_leaf:
        yield from (other for other in leaves if other is not node and other.dtype == node.dtype)
    if real and node.op.kind != "const":
        yield -node
        yield node * 2
        yield node + 1
        yield from (node / size(d) for d in dict.fromkeys(node.shape) if not isinstance(d, int))
    if node.op.kind == "const" and node.op.name == "const":
        yield _attempted(lambda: node + 1)
        yield _attempted(lambda: node * 2)
    yield from (a for a in node.args if a.dtype == node.dtype)
    yield from map(_attempted, _moved(node))
    if len(node.args) == 2:
        yield _attempted(lambda: rebuild(node, node.args[::-1]))
    if node.op.name in BINARY:
        yield from (_attempted(lambda f=f: FUNCTIONS[f](*node.args)) for f in BINARY if f != node.op.name)
    if len(node.args) == 1 and node.op.elementwise and node.op.name in UNARY:
        yield from (_attempted(lambda f=f: FUNCTIONS[f](*node.args)) for f in UNARY if f != node.op.name)


def _moved(node: Node) -> Iterator[Callable[[], Node]]:
    """Axes exchanged, reduced the other way, or read off in another order."""
    if node.ndim == 2 and node.op.kind != "const":
        yield lambda: transpose(node)
        yield lambda: reshape(transpose(node), node.shape)
    if node.op.kind in ("reduce", "composite", "scan") and node.op.attr_names:
        for axis in range(node.args[0].ndim):
            given = (axis,) if isinstance(node.attrs[0], tuple) else axis
            yield lambda given=given: make(node.op, node.args, (given, *node.attrs[1:]))
    if node.op.name == "contract" and len(node.args) == 2:
        spec, outer = node.attrs
        (left, right), out = spec.split("->")[0].split(","), spec.split("->")[1]
        yield lambda: make(node.op, node.args, (f"{left[::-1]},{right}->{out}", outer))
        yield lambda: make(node.op, node.args, (f"{left},{right[::-1]}->{out}", outer))
        yield lambda: make(node.op, node.args, (f"{left},{right}->{out[::-1]}", outer))


def _attempted(made: Callable[[], Node]) -> Node | None:
    try:
        return made()
    except (GraphcError, TypeError, ValueError, AssertionError, IndexError, AttributeError):
        return None
