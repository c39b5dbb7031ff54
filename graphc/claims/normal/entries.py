"""Heads of what is read from a graph as it stands: leaves, whole numbers along an axis, labels, and opaque values."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from fractions import Fraction

from graphc.claims.normal.algebra import Algebra, Expr, Traits, of_atom
from graphc.claims.normal.conditions import as_dim, zero
from graphc.claims.normal.heads import function, leaf_traits
from graphc.claims.normal.index import Slot, linear, variables
from graphc.claims.normal.sums import size
from graphc.claims.normal.terms import AGAIN, add_into, delta, minus, substitute, times
from graphc.ir.node import Node
from graphc.ir.types import DimLike, Shape
from graphc.ops.facts import Fact, Range, SumsTo


def axes(s: Algebra, shape: Shape) -> tuple[int | None, ...]:
    """The variable of each axis of an array; None for an axis of size 1, which needs none."""
    return tuple(None if d == 1 else s.axis(len(shape) - i, d) for i, d in enumerate(shape))


def slots(s: Algebra, shape: Shape) -> tuple[Slot, ...]:
    """The variables of the axes that have one."""
    return tuple(v for v in axes(s, shape) if v is not None)


def places(shape: Shape) -> dict[int, int]:
    """From the axes of an array to the slots of its head."""
    long = [i for i, d in enumerate(shape) if d != 1]
    return {axis: slot for slot, axis in enumerate(long)}


def leaf(s: Algebra, node: Node, facts: Sequence[Fact]) -> Expr:
    """The entry of a leaf, or of a node that is taken as one."""
    extents = tuple(d for d in node.shape if d != 1)
    positive = ("leaf", node) in s.positive
    head = s.head(
        "leaf",
        node,
        len(extents),
        lambda: leaf_traits(node, facts, places(node.shape), positive),
        extents=extents,
    )
    return of_atom(s.atom(head, slots(s, node.shape)))


POSITIVE = {"softmax", "sigmoid", "softplus", "exp"}


def opaque_facts(node: Node) -> tuple[Fact, ...]:
    """What is known of the values of a composite that is not opened."""
    found: list[Fact] = []
    if node.op.name in POSITIVE:
        found.append(Range(low=Fraction(0), low_open=True))
    if node.op.name == "softmax":
        found.append(SumsTo(node.attr("axis")))
    return tuple(found)


def opaque(s: Algebra, name: str, data: Hashable, shape: Shape, leaves: frozenset[Node]) -> Expr:
    """The entry of a value nothing is known about, but what it is made of."""
    count = sum(d != 1 for d in shape)
    head = s.head(name, data, count, lambda: Traits(leaves=leaves))
    return of_atom(s.atom(head, slots(s, shape)))


def iota(s: Algebra, slot: Slot) -> Expr:
    """The whole number that stands at a slot of `0, 1, …`: the slot itself, as a number."""
    if isinstance(slot, tuple) and slot[0] == "+":
        total = size(s, slot[2])
        for inner, factor in slot[1]:
            for m, c in size(s, factor).items():
                for n, d in iota(s, inner).items():
                    add_into(total, {tuple(sorted((*m, *n), key=lambda item: item[0].number)): c * d})
        return total
    head = s.head("iota", None, 1, lambda: Traits(sign=1, whole=True))
    return of_atom(s.atom(head, (slot,)))


def equal(s: Algebra, a: Expr, b: Expr) -> Expr:
    """`[a == b]`: a delta between indices, an entry of a one-hot row between an index and a label."""
    apart = minus(a, b)
    own = [(m, c) for m, c in apart.items() if len(m) == 1 and m[0][0].head.kind == "iota" and m[0][1] == 1]
    rest = {m: c for m, c in apart.items() if all(m != n for n, _ in own)}
    number = as_dim(rest)
    if own and number is not None and all(isinstance(c, int) for _, c in own):
        left = linear([(m[0][0].slots[0], int(c)) for m, c in own if c > 0], 0)
        right = linear([(m[0][0].slots[0], int(-c)) for m, c in own if c < 0], -1 * number)
        return delta(s, left, right)
    if len(own) == 1 and own[0][1] in (1, -1):
        ((atom, _),) = own[0][0]
        inside = {v for m in rest for other, _ in m for v in other.variables}
        if atom.variables.isdisjoint(inside):
            return label(s, atom.slots[0], times(rest, -own[0][1]))
    found = _place_of_largest(s, apart)
    return zero(s, apart) if found is None else found


def _place_of_largest(s: Algebra, apart: Expr) -> Expr | None:
    """`[u[j] == max(u)]` is the entry of the first largest, where no two entries are alike but at single points."""
    for m, c in apart.items():
        if len(m) != 1 or m[0][0].head.kind != "max" or m[0][1] != 1 or c not in (1, -1):
            continue
        rest = times({n: d for n, d in apart.items() if n != m}, -c)
        for name in sorted({v for n in rest for a, _ in n for v in a.variables} - m[0][0].variables):
            other = s.variable(s.extents[name])
            moved = substitute(s, rest, {name: other})
            if function(s, "max", moved, {other: s.extents[name]}) is not m[0][0]:
                continue
            atoms = {a for n in rest for a, _ in n}
            hidden = any(name in variables(t) for a in atoms for t in a.slots if not isinstance(t, int))
            if not hidden and all(a.head.traits.smooth for a in atoms):
                inside = {n: d for n, d in moved.items() if any(other in a.variables for a, _ in n)}
                winner = function(s, "argmax", inside, {other: s.extents[name]})
                return label(s, name, of_atom(winner))
    return None


def label(s: Algebra, slot: Slot, value: Expr) -> Expr:
    """`[value == slot]`, one-hot along the slot; it sums to 1 over all indices if the label is known to be one."""
    inner = function(s, "label", value)
    extent = _range_of(s, value)
    known = Traits(
        sign=1,
        idempotent=True,
        whole=True,
        one_hot=0,
        varying=inner.head.traits.varying,
        leaves=inner.head.traits.leaves,
    )
    if extent is not None:
        known = replace(known, sums=((0, Fraction(1)),))
    extents = () if extent is None else (extent,)
    head = s.head("eq", inner.head.number, 1 + inner.head.arity, lambda: known, extents=extents)
    return of_atom(s.atom(head, (slot, *inner.slots)))


def _range_of(s: Algebra, value: Expr) -> DimLike | None:
    """How many classes a label is one of, where that is known."""
    if len(value) != 1:
        return None
    ((m, c),) = value.items()
    if c != 1 or len(m) != 1 or m[0][1] != 1:
        return None
    head = m[0][0].head
    if head.kind == "leaf" and isinstance(head.data, Node):
        return s.classes.get(head.data)
    return head.extents[-1] if head.kind == "argmax" else None


AGAIN["iota"] = lambda s, head, slots: iota(s, slots[0])
