"""Deviations from a mean, which sum to 0, and the same divided by their root mean square: standardised values."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from graphc.ir.node import Node, make
from graphc.ir.types import product
from graphc.ops.leaf import as_node
from graphc.ops.normalize import standardize
from graphc.ops.reduce import SUM
from graphc.rewrite.axes import fit
from graphc.rewrite.quiet import unsettled
from graphc.rewrite.rule import Rule
from graphc.rewrite.terms import Factors, Terms, terms_of, times
from graphc.rewrite.write import write, write_short

Axes = tuple[int, ...]


PLAIN: tuple[Factors, Fraction] = ((), Fraction(1))


class Deviation(NamedTuple):
    """`sign * (x - mean(x))`, the mean over `axes`."""

    x: Node
    axes: Axes
    sign: int


def deviation(node: Node) -> Deviation | None:
    """What a difference is, if it is that of something and its own mean."""
    if node.op.name != "sub":
        return None
    first, second = node.args
    for x, centre, sign in ((first, second, 1), (second, first, -1)):
        axes = _mean_axes(centre, x) if x.shape == node.shape else None
        if axes is not None:
            return Deviation(x, axes, sign)
    return None


def _mean_axes(centre: Node, x: Node) -> Axes | None:
    """The axes over which `centre`, laid beside `x`, is the mean of `x`."""
    items = terms_of(centre).items()
    total = items[0][0][0][0] if len(items) == 1 and items[0][0] else centre
    if total.op is not SUM or total.args[0] is not x:
        return None
    axes: Axes = total.attrs[0]
    count = product(x.shape[a] for a in axes)
    if count == 0:
        return None
    expected = terms_of(as_node(1) / as_node(count)).items()
    there = tuple((times(factors, ((total, 1),), -1), c) for factors, c in items)
    return axes if there == expected and _beside(centre, x, axes) else None


def _beside(row: Node, x: Node, axes: Axes) -> bool:
    """Whether `row` has the sizes of `x` with size 1 along `axes`, axes of size 1 in front left out or not."""
    wanted = tuple(1 if i in axes else d for i, d in enumerate(x.shape))
    lead = len(wanted) - row.ndim
    return wanted[max(lead, 0) :] == row.shape[max(-lead, 0) :] and all(
        d == 1 for d in (*wanted[: max(lead, 0)], *row.shape[: max(-lead, 0)])
    )


class Spread(NamedTuple):
    """`scale * (mean(c**2) + eps)`: `c` as in `Deviation`, scale a product of sizes and a number."""

    scale: tuple[Factors, Fraction]
    eps: Fraction


def _spread(node: Node, given: Deviation) -> Spread | None:
    """What a node is, if it is the variance of `given.x` plus a small number, perhaps times a size."""
    node = _bare(node)
    count = terms_of(as_node(product(given.x.shape[a] for a in given.axes))).items()[0]
    rest: list[tuple[Factors, Fraction]] = []
    scale: tuple[Factors, Fraction] | None = None
    for factors, c in terms_of(node).items():
        total = next((f for f, p in factors if p == 1 and _sums_squares(f, given)), None)
        if total is None:
            rest.append((factors, c))
        elif scale is not None:
            return None
        else:
            scale = times(times(factors, ((total, 1),), -1), count[0]), c * count[1]
    if scale is None or len(rest) > 1 or any(set(f) != set(scale[0]) for f, _ in rest):
        return None
    eps = rest[0][1] / scale[1] if rest else Fraction(0)
    return Spread(scale, eps) if eps >= 0 else None  # what is negative has no root


def _sums_squares(node: Node, given: Deviation) -> bool:
    own = _deviation_squared(node)
    return own is not None and own[:2] == given[:2]


def _fold(factors: Factors) -> tuple[Factors, Fraction]:
    """The factors with a deviation over its root mean square as standardised values, and a number.

    Each root mean square is written the one way, so that it is the same factor everywhere.
    """
    for factor, power in factors:
        root = standard_root(factor) if power < 0 else None
        if root is not None and root is not factor:
            return _fold(times(times(factors, ((factor, 1),), -power), ((root, 1),), power))
    for above in [f for f, p in factors if p > 0]:
        for inside, given in _deviations(above):
            for below in [f for f, p in factors if p < 0]:
                found = _standardised(given, below)
                if found is not None:
                    whole, (sizes, number) = found
                    values = whole[0][0] if inside is None else _put_inside(above, inside, whole[0][0])
                    rest = times(times(factors, ((above, 1), (below, -1)), -1), ((values, 1), *whole[1:]))
                    folded, more = _fold(times(rest, sizes, -1))
                    return folded, given.sign * more / number
    return factors, Fraction(1)


def _put_inside(total: Node, factor: Node, values: Node) -> Node:
    """The sum of a product with one of its factors replaced."""
    product_ = total.args[0]
    ((factors, coefficient),) = terms_of(product_).items()
    inner = Terms([(times(times(factors, ((factor, 1),), -1), ((values, 1),)), coefficient)])
    return make(SUM, (fit(write(inner), product_.shape),), total.attrs)


def _deviations(factor: Node) -> list[tuple[Node | None, Deviation]]:
    """The factor as a deviation; or, of a sum of products over the axes of a mean, the deviations it multiplies."""
    own = deviation(factor)
    if own is not None:
        return [(None, own)]
    items = terms_of(factor.args[0]).items() if factor.op is SUM else []
    if len(items) != 1:
        return []
    inner = [(f, deviation(f)) for f, p in items[0][0] if p == 1]
    return [(f, d) for f, d in inner if d is not None and _sums_over_mean(factor, d)]


def _sums_over_mean(total: Node, given: Deviation) -> bool:
    """Whether a sum is over the axes of a mean, and what stands beside the deviation stands beside the sum, too."""
    axes, keepdims = total.attrs
    shift = total.args[0].ndim - given.x.ndim
    in_place = keepdims or given.axes == tuple(range(len(given.axes)))
    return in_place and axes == tuple(a + shift for a in given.axes)


def _bare(node: Node) -> Node:
    while node.op.name == "reshape":
        node = node.args[0]
    return node


def standard_root(node: Node) -> Node | None:
    """`sqrt(mean((x - mean(x))**2) + eps)` as `standardize` writes it, if that is what the node is."""
    inner = _bare(node)
    if inner.op.name != "sqrt":
        return None
    items = terms_of(_bare(inner.args[0])).items()
    for given in (_deviation_squared(total) for factors, _ in items for total, _ in factors):
        found = _spread(inner.args[0], given) if given is not None else None
        if given is not None and found is not None and found.scale == PLAIN:
            return _root_mean_square(given, found.eps) if _beside(node, given.x, given.axes) else None
    return None


def _deviation_squared(total: Node) -> Deviation | None:
    """The deviation whose squares a node sums over the axes of the mean."""
    items = terms_of(total.args[0]).items() if total.op is SUM else []
    if len(items) != 1 or items[0][1] != 1 or len(items[0][0]) != 1:
        return None
    ((base, power),) = items[0][0]
    own = deviation(base)
    same = own is not None and own.axes == total.attrs[0] and base.shape == total.args[0].shape
    return own if same and power == 2 else None


def _root_mean_square(given: Deviation, eps: Fraction) -> Node:
    values = standardize(given.x, axes=given.axes, eps=eps)
    assert values.op.body is not None
    root: Node = values.op.body(given.x, axes=given.axes, eps=eps).args[1]
    return root


def _standardised(given: Deviation, below: Node) -> tuple[Factors, tuple[Factors, Fraction]] | None:
    """The factors that stand for the deviation over `below`, and what is still to be divided by."""
    inner = _bare(below)
    whole = inner.op.name == "sqrt"
    spread = _spread(inner.args[0] if whole else inner, given)
    if spread is None or not _beside(below, given.x, given.axes) or (whole and spread.scale != PLAIN):
        return None
    values = standardize(given.x, axes=given.axes, eps=spread.eps)
    root = _root_mean_square(given, spread.eps)
    return ((values, 1),) if whole else ((values, 1), (root, -1)), spread.scale


def _fold_deviations(node: Node, terms: Terms) -> Node | None:
    """In each product, `(x - mean(x))/sqrt(mean((x - mean(x))**2) + eps)` becomes `standardize(x)`."""
    if not terms.below:
        return None
    folded = [(*_fold(factors), c) for factors, c in terms.items()]
    if all(new is old for (new, _, _), (old, _) in zip(folded, terms.items(), strict=True)):
        return None
    result = Terms([(factors, c * more) for factors, more, c in folded], decimal=terms.decimal)
    return write_short(result)


# fmt: off
CENTRED = (
    Rule("standardised values", apply=_fold_deviations, look=unsettled, ops=("div", "mul"),
         example="x = input(N, D); c = x - mean(x, axis=0); c/sqrt(mean(c**2, axis=0) + 1/1000)"),
)
# fmt: on
