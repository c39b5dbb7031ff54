"""Which leaves have to be positive for both sides to be defined: those that a logarithm or a root is taken of."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from graphc.claims.normal.algebra import Atom, Expr
from graphc.ir.node import Node
from graphc.ops.composite import open_composite
from graphc.ops.leaf import constant_value

# What is defined, or has a value of its own, where an argument is not; and what does not use every entry.
_FORGIVING = {
    "where",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "equal",
    "not_equal",
    "step",
    "argmax",
    "argmin",
    "gather",
    "slice",
    "sliding_window",
}


def positive_leaves(roots: Iterable[Node], known: Mapping[Node, Expr]) -> frozenset[tuple[str, Hashable]]:
    """The heads of leaves that are positive, up to single points, wherever all roots are defined."""
    found: set[tuple[str, Hashable]] = set()
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen or node.op.name in _FORGIVING or _takes_diagonal(node) or _is_one(node):
            continue
        seen.add(node)
        if _needs_positive(node):
            atom = _only(known.get(node.args[0], {}))
            if atom is not None:
                found.add((atom.head.kind, atom.head.data))
        stack += [open_composite(node)] if node.op.kind == "composite" else node.args
    return frozenset(found)


def _needs_positive(node: Node) -> bool:
    if node.op.name == "pow":
        power = constant_value(node.args[1])
        return power is not None and power.denominator != 1
    return node.op.name in ("log", "sqrt")


def _is_one(node: Node) -> bool:
    """Whether a power may be 1 whatever the other operand is: `u**0`, `1**u`."""
    base, exponent = node.args if node.op.name == "pow" else (node, node)
    return base is not exponent and (base.constant or constant_value(exponent) == 0)


def _takes_diagonal(node: Node) -> bool:
    return node.op.name == "contract" and any(
        len(set(indices)) < len(indices) for indices in str(node.attrs[0]).split("->")[0].split(",")
    )


def _only(expr: Expr) -> Atom | None:
    """The one leaf of unknown sign in a positive product, taken at every entry of it."""
    if len(expr) != 1:
        return None
    ((m, c),) = expr.items()
    open_ = [(a, p) for a, p in m if a.head.traits.sign < 2]
    if c <= 0 or len(open_) != 1:
        return None
    atom, p = open_[0]
    plain = all(isinstance(t, int) for t in atom.slots) and len(set(atom.slots)) == len(atom.slots)
    odd = isinstance(p, int) and p % 2 == 1
    return atom if atom.head.kind == "leaf" and atom.head.traits.smooth and plain and odd else None
