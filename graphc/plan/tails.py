"""One array over a whole group for the arrays its members' updates read: what they share is done once, on all.

The changes of a group are `0.01 * dW1`, `0.01 * db1`, `0.02 * sum(dz)`, …: the operation that is the same in every
member, and the scalar factors that they have in common, are taken off, and applied to what remains of the members,
side by side: `0.01 * concat(dW1, db1, 2 * sum(dz))`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from graphc.ir.node import Node, make
from graphc.ir.types import DimLike, product
from graphc.ops.leaf import as_decimal, const
from graphc.ops.move import BROADCAST, concat, reshape
from graphc.ops.pointwise import DIV, MUL, NEG, SQUARE
from graphc.plan.alike import Unit
from graphc.plan.lower import exact

DEEPEST = 50  # products within products that are taken apart

Above = Callable[[Node], Node]


def flat_array(group: Sequence[Unit], at: int) -> Node:
    """The flat array of the holes that have number `at` in each member."""
    nodes = [unit.holes[at] for unit in group]
    above: list[Above] = []
    while True:
        step = _same_factor(nodes, group) or _same_operation(nodes, group) or _all_squares(nodes)
        if step is None:
            break
        nodes = step[0]
        above.append(step[1])
    result = _side_by_side(nodes)
    for apply in reversed(above):
        result = apply(result)
    return result


def flat_size(nodes: Sequence[Node]) -> DimLike:
    """How many entries the arrays have together."""
    total: DimLike = 0
    for node in nodes:
        total = total + product(node.shape)
    return total


def _side_by_side(nodes: Sequence[Node]) -> Node:
    first = nodes[0]
    if all(n.op is BROADCAST and n.args == first.args and not n.args[0].shape for n in nodes):
        return make(BROADCAST, first.args, ((flat_size(nodes),),))
    return concat([reshape(node, (product(node.shape),)) for node in nodes])


def _same_operation(nodes: Sequence[Node], group: Sequence[Unit]) -> tuple[list[Node], Above] | None:
    """What stands under an operation that all have with the same scalars, if it is one array; and the operation."""
    forms, below = set(), []
    for node, unit in zip(nodes, group, strict=True):
        places = [i for i, a in enumerate(node.args) if not unit.region.is_scalar(a)]
        if node not in unit.inside or len(places) != 1 or node.args[places[0]].shape != node.shape:
            return None
        at = places[0]
        forms.add((node.op, node.attrs, at, node.args[:at], node.args[at + 1 :]))
        below.append(node.args[at])
    if len(forms) > 1:
        return None
    op, attrs, _, before, after = forms.pop()
    return below, lambda array: make(op, (*before, array, *after), attrs)


def _all_squares(nodes: Sequence[Node]) -> tuple[list[Node], Above] | None:
    """What stands under squares, also under multiples of squares by squares: `0.25*s**2` is `(0.5*s)**2`."""
    roots = [_root_of_square(node) for node in nodes]
    below = [root for root in roots if root is not None]
    if len(below) < len(nodes) or all(node.op is not SQUARE for node in nodes):
        return None
    return below, lambda array: make(SQUARE, (array,))


def _root_of_square(node: Node) -> Node | None:
    if node.op is SQUARE:
        return node.args[0]
    if node.op is not MUL or node.args[1].op is not SQUARE:
        return None
    factor = exact(node.args[0]) or Fraction(-1)
    root = Fraction(isqrt(max(factor.numerator, 0)), isqrt(factor.denominator))
    return _times(node.args[1].args[0], root, Counter(), Counter()) if root * root == factor else None


# scalar factors ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Product:
    """A product taken apart: `coefficient * prod(above) / prod(below) * core`, all but `core` scalars."""

    core: Node
    coefficient: Fraction
    above: Counter[Node]
    below: Counter[Node]


_ONE, _NONE = Fraction(1), Counter[Node]()


def _same_factor(nodes: Sequence[Node], group: Sequence[Unit]) -> tuple[list[Node], Above] | None:
    """What remains of the members without the scalar factor they have in common; and the product with it."""
    products = [_taken_apart(node, unit) for node, unit in zip(nodes, group, strict=True)]
    above, below = products[0].above.copy(), products[0].below.copy()
    for p in products[1:] if above or below else ():
        above &= p.above
        below &= p.below
    coefficient, count = Counter(p.coefficient for p in products).most_common(1)[0]
    if 2 * count < len(products):
        coefficient = Fraction(1)
    if coefficient == 1 and not above and not below:
        return None
    rest = [
        p.core
        if p.coefficient == coefficient and p.above == above and p.below == below
        else _times(p.core, p.coefficient / coefficient, p.above - above, p.below - below)
        for p in products
    ]
    return rest, lambda array: _times(array, coefficient, above, below)


def _taken_apart(node: Node, unit: Unit) -> _Product:
    if node.op not in (MUL, DIV, NEG) or node not in unit.inside:
        return _Product(node, _ONE, _NONE, _NONE)
    coefficient = _ONE
    factors: dict[bool, Counter[Node]] = {True: Counter(), False: Counter()}
    waiting: list[tuple[Node, bool]] = []
    while node in unit.inside and node.op in (MUL, DIV, NEG) and node.dtype == "real":
        scalar = [unit.region.is_scalar(a) for a in node.args]
        if node.op is NEG:
            coefficient = -coefficient
        elif scalar[-1]:
            waiting.append((node.args[1], node.op is MUL))
        elif scalar[0] and node.op is MUL:
            waiting.append((node.args[0], True))
        else:
            break
        node = node.args[scalar.index(False)]
    taken = 0
    while waiting:
        scalar_node, is_above = waiting.pop()
        value = exact(scalar_node)
        if value:
            coefficient = coefficient * value if is_above else coefficient / value
        elif scalar_node.op in (MUL, DIV) and taken < DEEPEST:
            taken += 1
            waiting += zip(scalar_node.args, (is_above, is_above == (scalar_node.op is MUL)), strict=True)
        else:
            factors[is_above][scalar_node] += 1
    return _Product(node, coefficient, factors[True], factors[False])


def _times(array: Node, coefficient: Fraction, above: Counter[Node], below: Counter[Node]) -> Node:
    """The array times a scalar that is worked out first."""
    if coefficient == 1 and not above and not below:
        return array
    decimal = as_decimal(coefficient)
    factors = [] if coefficient == 1 else [const(coefficient if decimal is None else decimal)]
    top, bottom = _multiplied([*factors, *above.elements()]), _multiplied([*below.elements()])
    if top is None:
        return array if bottom is None else make(DIV, (array, bottom))
    return make(MUL, (top if bottom is None else make(DIV, (top, bottom)), array))


def _multiplied(factors: Sequence[Node]) -> Node | None:
    result: Node | None = None
    for factor in factors:
        result = factor if result is None else make(MUL, (result, factor))
    return result
