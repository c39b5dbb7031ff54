"""A quick look that tells arithmetic in which nothing can be shortened, so that its terms need not be worked out.

Most of a network's gradient is such: products of different things, and sums of two things that share nothing.
"""

from __future__ import annotations

from fractions import Fraction
from weakref import WeakKeyDictionary

from graphc.ir.node import Node
from graphc.ops.leaf import constant_value
from graphc.rewrite.terms import MAX_FACTORS, ONE, SEEN_THROUGH, Terms, is_short, terms_of

# Of a quiet product its factors, a number among them at most once; of a quiet sum nothing, for it is one factor itself.
# What is absent is not quiet.
_factors: WeakKeyDictionary[Node, frozenset[Node]] = WeakKeyDictionary()


def quiet(node: Node) -> bool:
    """Whether no rule of algebra can do anything at `node`; "no" may also mean that a longer look is needed."""
    if node in _factors:
        return True
    found = _look(node)
    if found is None:
        return False
    _factors[node] = found if len(found) <= MAX_FACTORS else frozenset()
    return True


def quiet_factors(node: Node) -> frozenset[Node]:
    """The factors of a quiet product, without powers; of what is none, or not known to be, nothing."""
    return _factors.get(node, frozenset())


def unsettled(node: Node) -> Terms | None:
    """The terms of arithmetic in which something may be shortened, None where nothing can be."""
    if quiet(node):
        return None
    terms = terms_of(node)
    return None if terms.idle else terms


def _look(node: Node) -> frozenset[Node] | None:
    match node.op.name:
        case "mul":
            left, right = _factors_of(node.args[0]), _factors_of(node.args[1])
            return None if left is None or right is None else _product(left, right)
        case "pow":
            power = constant_value(node.args[1])
            base = None if node.args[0].constant else _factors_of(node.args[0])
            return base if base is not None and len(base) == 1 and power is not None and power >= 2 else None
        case "add" | "sub":
            return frozenset() if _apart(*node.args) else None
    return None


def _factors_of(node: Node) -> frozenset[Node] | None:
    if node.op.name in SEEN_THROUGH:
        found = _factors.get(node)
        return found or (None if found is None else frozenset((node,)))
    if node.op.kind == "const":
        value = constant_value(node)
        if value is None or abs(value) in (0, 1) or not is_short(value):
            return None
    return None if node.op.name in ("exp", "sqrt") else frozenset((node,))


def _product(left: frozenset[Node], right: frozenset[Node]) -> frozenset[Node] | None:
    """The factors of both: different ones, and of numbers one at most, beside which there is no sum."""
    both = left | right
    numbers = sum(f.op.kind == "const" for f in both)
    if len(both) < len(left) + len(right) or numbers > 1:
        return None
    if numbers and (len(both) > MAX_FACTORS or any(f.op.name in SEEN_THROUGH for f in both)):
        return None
    return both


def _apart(a: Node, b: Node) -> bool:
    """Whether two summands share no factor, also no number, and hold no sums; one of them may be a number."""
    values = constant_value(a), constant_value(b)
    if 0 in values:
        return False
    sides = [_factors_of(x) for x, value in zip((a, b), values, strict=True) if value is None]
    known = [s for s in sides if s is not None]
    if not known or len(known) < len(sides) or any(f.op.name in SEEN_THROUGH for s in known for f in s):
        return False
    first, second = _number(a), _number(b)
    if first is not ONE and first == second != 1:
        return False
    return len(known) == 1 or known[0].isdisjoint(known[1])


def _number(node: Node) -> Fraction:
    """The size of the number that a quiet product, or a number, is a multiple by."""
    for factor in (node,) if node.op.kind == "const" else _factors.get(node, ()):
        value = constant_value(factor)
        if value is not None:
            return abs(value)
    return ONE
