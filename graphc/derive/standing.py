"""Signs for gradients with a matrix product in them, wherever these are factors: no product is written out twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node, rebuild, topological
from graphc.ir.types import broadcast_shapes
from graphc.rewrite.axes import fit
from graphc.rewrite.simplify import simplify_all
from graphc.rewrite.terms import Factors, Terms, terms_of, times
from graphc.rewrite.write import write

PRODUCTS = ("contract", "overlap_add")
"""What is never written out a second time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A gradient as a product of arrays times a scalar, and the sign that stands for it."""

    sign: Node
    arrays: Factors
    scale: Factors
    number: Fraction


def standing(value: Node, sign: Node) -> Standing:
    """How a gradient is found again in products, whatever scalars it is multiplied by there."""
    items = terms_of(value).items()
    if len(items) == 1:
        factors, number = items[0]
        arrays = tuple((f, p) for f, p in factors if f.ndim)
        if arrays and broadcast_shapes([f.shape for f, _ in arrays], "a product") == value.shape:
            return Standing(sign, arrays, tuple((f, p) for f, p in factors if not f.ndim), number)
    return Standing(sign, ((value, 1),), (), Fraction(1))


@dataclass(slots=True)
class Signs:
    """The signs of gradients with a matrix product in them: by their values, and by the first of their factors."""

    exact: dict[Node, Node] = field(default_factory=dict)
    by_factor: dict[Node, list[Standing]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.exact)

    def add(self, value: Node, sign: Node) -> None:
        """From now on `value` is written by `sign`."""
        self.exact[value] = sign
        found = standing(value, sign)
        self.by_factor.setdefault(found.arrays[0][0], []).append(found)


def with_signs(
    expr: Node, signs: Signs, allowed: Callable[[Node], bool], settled: Callable[[Node], bool]
) -> Node:
    """`expr` with signs for the gradients in it, as they are or where they are factors, as far as they are `allowed`.

    Nothing below a `settled` node is looked at.
    """
    done: dict[Node, Node] = {}
    merged = False

    def is_known(node: Node) -> bool:
        return node in signs.exact and allowed(signs.exact[node])

    for node in topological([expr], stop=lambda n: is_known(n) or settled(n)):
        if is_known(node):
            done[node] = signs.exact[node]
        elif settled(node):
            done[node] = node
        else:
            factor = _as_factor(node, signs, allowed, done) if node.ndim else None
            merged |= factor is not None
            done[node] = rebuild(node, [done[a] for a in node.args]) if factor is None else factor
    (found,) = simplify_all([done[expr]]) if merged else [done[expr]]
    return found if found.shape == expr.shape else fit(found, expr.shape)


def _as_factor(
    node: Node, signs: Signs, allowed: Callable[[Node], bool], done: Mapping[Node, Node]
) -> Node | None:
    items = terms_of(node).items()
    if len(items) != 1:
        return None
    factors, number = items[0]
    powers = dict(factors)
    known = [s for f in powers for s in signs.by_factor.get(f, ()) if allowed(s.sign)]
    fitting = [s for s in known if all(0 < p <= powers.get(f, 0) for f, p in s.arrays)]
    if not fitting:
        return None
    best = max(fitting, key=lambda s: len(s.arrays))
    rest = times(times(factors, best.arrays, -1), best.scale, -1)
    kept = tuple((done.get(f, f), p) for f, p in rest)
    terms = Terms([(times(((best.sign, 1),), kept), number / best.number)])
    try:
        return fit(write(terms), node.shape)
    except ShapeError:
        return None
