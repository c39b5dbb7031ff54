"""Expressions as they are best read: scalar factors and signs before a product, not inside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from graphc.ir.node import Node, rebuild, topological
from graphc.ir.op import OPS
from graphc.ops.leaf import as_node, constant_value
from graphc.ops.pointwise import add, div, mul, neg, sub

LINEAR = ("contract", "sum", "transpose", "reshape", "broadcast")
"""Operations that a scalar factor of an operand goes through."""


@dataclass(frozen=True, slots=True)
class _Scaled:
    """An array times a scalar over a scalar, with a sign."""

    core: Node
    negative: bool = False
    above: Node | None = None
    below: Node | None = None

    @property
    def plain(self) -> bool:
        return not self.negative and self.above is None and self.below is None


def for_reading(
    expr: Node, settled: Callable[[Node], bool], instead: Mapping[Node, Node], *, factors: bool = True
) -> Node:
    """`A @ (B/N)` as `(A @ B)/N`, and `instead` put for its keys; nothing below a `settled` node is changed.

    Without `factors`, those of elementwise products stay: `g * (2*x)`.

    >>> from graphc.ops import input_
    >>> A = input_("A", ("K", "N")); B = input_("B", ("N", "M")); s = input_("s")
    >>> print(for_reading(A @ (-B / s), lambda n: not n.args, {}))
    -(A @ B)/s
    """
    done: dict[Node, _Scaled] = {}
    stop = {n for n in topological([expr], stop=settled) if settled(n)}
    for node in topological([expr], stop=lambda n: n in stop or n in instead):
        if node in instead:
            done[node] = _own(instead[node])
        elif node not in stop and not node.ndim and node.op.name == "mul":
            left, right = (done[a] for a in node.args)
            inner = [_whole(replace(p, negative=False)) for p in (left, right)]
            done[node] = _Scaled(rebuild(node, inner), left.negative is not right.negative)
        elif node in stop or not node.ndim:
            done[node] = _Scaled(
                node if node in stop else rebuild(node, [_whole(done[a]) for a in node.args])
            )
        else:
            done[node] = _read(node, [done[a] for a in node.args], factors)
            core = done[node].core
            if core.op.name in ("add", "mul") and core.args[1] not in stop:
                done[node] = replace(done[node], core=_flat(core))
    return _whole(done[expr])


def _own(node: Node) -> _Scaled:
    return _Scaled(node.args[0], negative=True) if node.op.name == "neg" else _Scaled(node)


def _read(node: Node, parts: list[_Scaled], factors: bool) -> _Scaled:
    name = node.op.name
    if name in LINEAR and all(p.core.ndim for p in parts) and not all(p.plain for p in parts):
        return _outside(rebuild(node, [p.core for p in parts]), parts)
    if name == "neg":
        (part,) = parts
        return _Scaled(part.core, not part.negative, part.above, part.below)
    if name in ("mul", "div"):
        left, right = parts
        if not right.core.ndim and left.core.ndim:
            scalar = _whole(right)
            by = _factor(scalar) if name == "mul" else _Scaled(scalar, below=scalar)
            return _outside(left.core, [left, by])
        if name == "mul" and not left.core.ndim:
            return _outside(right.core, [_factor(_whole(left)), right])
        if name == "mul":
            if not factors:
                inner = [_whole(_Scaled(p.core, above=p.above)) for p in parts]
                parts = [_Scaled(c, p.negative, None, p.below) for c, p in zip(inner, parts, strict=True)]
            one, two = (p.core for p in parts)
            below = _reciprocal(two)
            return _outside(rebuild(node, [one, two]) if below is None else div(one, below), parts)
        return _outside(rebuild(node, [left.core, _whole(right)]), [left])
    if name in ("add", "sub") and any(p.negative for p in parts):
        return _Scaled(_signed(name == "add", *parts))
    return _Scaled(rebuild(node, [_whole(p) for p in parts]))


def _flat(whole: Node) -> Node:
    """`a + b + c` for `a + (b + c)`, and the same of products."""
    first, rest = whole.args
    plus, minus = (add, sub) if whole.op.name == "add" else (mul, div)
    if rest.name is not None or rest.op not in (whole.op, OPS["sub" if plus is add else "div"]):
        return whole
    return (plus if rest.op is whole.op else minus)(plus(first, rest.args[0]), rest.args[1])


def _signed(plus: bool, one: _Scaled, other: _Scaled) -> Node:
    """A sum or a difference with signs in it as the one that needs fewer: `b - a` for `-a + b`."""
    if other.negative:
        plus, other = not plus, replace(other, negative=False)
    if plus and one.negative:
        return sub(_whole(other), _whole(replace(one, negative=False)))
    return (add if plus else sub)(_whole(one), _whole(other))


def _factor(scalar: Node) -> _Scaled:
    """A scalar as a factor, its sign and what it is divided by apart."""
    above: Node | None = scalar
    below: Node | None = None
    negative = False
    if scalar.name is None and scalar.op.name in ("div", "reciprocal"):
        above, below = scalar.args if scalar.op.name == "div" else (None, scalar.args[0])
    if above is not None and above.name is None and above.op.name == "neg":
        negative, above = True, above.args[0]
    value = None if above is None else constant_value(above)
    if value is not None and value < 0:
        negative, above, value = not negative, as_node(-value), -value
    return _Scaled(scalar, negative, None if value == 1 else above, below)


def _reciprocal(node: Node) -> Node | None:
    """What 1 is divided by."""
    if node.op.name == "reciprocal":
        return node.args[0]
    return node.args[1] if node.op.name == "div" and constant_value(node.args[0]) == 1 else None


def _outside(core: Node, parts: list[_Scaled]) -> _Scaled:
    negative, above, below = False, None, None
    for part in parts:
        negative ^= part.negative
        above = _times(above, part.above)
        below = _times(below, part.below)
    return _Scaled(core, negative, above, below)


def _times(one: Node | None, other: Node | None) -> Node | None:
    return mul(one, other) if one is not None and other is not None else one if other is None else other


def _before(scalar: Node, node: Node) -> Node:
    """The scalar as the first of the factors, `2*a*b`."""
    others: list[tuple[Callable[[Node, Node], Node], Node]] = []
    while node.op.name in ("mul", "div") and node.name is None and node.args[0].ndim:
        others.append((mul if node.op.name == "mul" else div, node.args[1]))
        node = node.args[0]
    found = mul(scalar, node)
    for operation, factor in reversed(others):
        found = operation(found, factor)
    return found


def _whole(part: _Scaled) -> Node:
    node = part.core
    if part.above is not None:
        node = _before(part.above, node)
    if part.negative:
        node = neg(node)
    return node if part.below is None else div(node, part.below)
