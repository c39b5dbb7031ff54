"""Terms written as a graph the way a person would write them: `(p - t)/N`, not `p/N + -1*t/N`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce as fold
from math import prod
from operator import add, mul, sub, truediv

from graphc.ir.node import Node
from graphc.ir.types import DimLike, product
from graphc.ops.leaf import SIZE, as_decimal, as_node, const, constant_value
from graphc.rewrite.axes import aligned
from graphc.rewrite.terms import Factors, Terms, times


def write(terms: Terms) -> Node:
    """A sum of terms as a graph: what is added first, then what is subtracted."""
    items = terms.items()
    if not items:
        return as_node(0)
    ordered = [t for t in items if t[1] > 0] + [t for t in items if t[1] < 0]
    total = _write_product(*ordered[0], terms.decimal)
    for factors, coefficient in ordered[1:]:
        part = _write_product(factors, abs(coefficient), terms.decimal)
        total = aligned(add if coefficient > 0 else sub, total, part)
    return total


def write_factored(terms: Terms) -> Node | None:
    """The same with what all terms share taken out, `(p - t)/N`; None when they share nothing."""
    items = terms.items()
    if len(items) < 2:
        return None
    common = _common(items)
    scale = abs(items[0][1]) if len({abs(c) for _, c in items}) == 1 else Fraction(1)
    if not common and scale == 1:
        return None
    rest = Terms([(times(f, common, -1), c / scale) for f, c in items], decimal=terms.decimal)
    return _write_product(common, scale, terms.decimal, write(rest))


def write_short(terms: Terms) -> Node:
    """The terms with what all of them share taken out, or as they are where they share nothing."""
    factored = write_factored(terms)
    return write(terms) if factored is None else factored


def _common(items: Sequence[tuple[Factors, Fraction]]) -> Factors:
    shared = dict(items[0][0])
    for factors, _ in items[1:]:
        powers = dict(factors)
        for f in list(shared):
            p, q = shared[f], powers.get(f, 0)
            shared[f] = (min(p, q) if p > 0 else max(p, q)) if p * q > 0 else 0
    return tuple((f, p) for f, p in shared.items() if p)


def _write_product(factors: Factors, coefficient: Fraction, decimal: bool, last: Node | None = None) -> Node:
    """`-2*x*y/(3*N)`: the sign on the first factor, numbers and sizes first, one denominator.

    Beside a larger array what is smaller comes together first: `x*(s/N)` goes through the large array once.
    """
    size = abs(coefficient)
    above, top_sizes = _side(factors, 1)
    below, bottom_sizes = _side(factors, -1)
    above += [last] if last is not None else []
    exact = as_decimal(size) if decimal and size.denominator != 1 else None
    if exact is not None:
        above = [const(exact), *_sized(top_sizes, 1), *above]
        below = [*_sized(bottom_sizes, 1), *below]
    else:
        above = [*_sized(top_sizes, size.numerator), *above]
        below = [*_sized(bottom_sizes, size.denominator), *below]
    above, below = _smaller_first(above, below)
    above = above or [as_node(1)]
    if coefficient < 0:
        value = constant_value(above[0])
        above = [-above[0] if value is None else as_node(-value), *above[1:]]
    top = fold(_times, above)
    return aligned(truediv, top, fold(_times, below)) if below else top


def _times(a: Node, b: Node) -> Node:
    return aligned(mul, a, b)


def _smaller_first(above: list[Node], below: list[Node]) -> tuple[list[Node], list[Node]]:
    """The factors with those of lower shape than the largest made one, where an array is among two or more of them."""
    largest = max((_extent(f) for f in (*above, *below)), default=(0, 0))
    top, bottom = ([f for f in side if _extent(f) < largest] for side in (above, below))
    grouped = top and len(top) < len(above) and len(top) + len(bottom) > 1
    if not grouped or not any(_extent(f)[0] for f in (*top, *bottom)):
        return above, below
    one = fold(_times, top)
    one = aligned(truediv, one, fold(_times, bottom)) if bottom else one
    first = above.index(top[0])
    rest = [f for f in above if f not in top]
    return [*rest[:first], one, *rest[first:]], [f for f in below if f not in bottom]


def _extent(node: Node) -> tuple[int, int]:
    """How large an array is as far as its shape tells: axes longer than 1, and known sizes."""
    long = [d for d in node.shape if d != 1]
    known = [d for d in long if isinstance(d, int)]
    return len(long), prod(known)


def _side(factors: Factors, sign: int) -> tuple[list[Node], DimLike]:
    """The factors above (`sign=1`) or below the line: those that are not sizes, and the product of those that are."""
    nodes: list[Node] = []
    sizes: DimLike = 1
    for f, p in factors:
        if p * sign <= 0:
            continue
        if f.op is SIZE:
            sizes = product([sizes, *[f.attrs[0]] * (p * sign)])
        else:
            nodes.append(f if p * sign == 1 else f ** as_node(p * sign))
    return nodes, sizes


def _sized(sizes: DimLike, number: int) -> list[Node]:
    """A number and a product of sizes as one node, or none if it is 1."""
    total = number * sizes
    return [] if total == 1 else [as_node(total)]
