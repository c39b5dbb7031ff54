"""Sums: what does not vary is taken out, sums that are known are put in, centred values sum to 0."""

from __future__ import annotations

from fractions import Fraction

from graphc.ir.node import Node, make
from graphc.ir.types import Shape, product
from graphc.ops.facts import OneHot, SumsTo
from graphc.ops.leaf import as_node, constant_value, facts_of
from graphc.ops.move import broadcast, reshape
from graphc.ops.reduce import SUM, sum_
from graphc.rewrite.algebra import floor_of, work
from graphc.rewrite.axes import drop_axes, fit
from graphc.rewrite.centred import deviation
from graphc.rewrite.choice import marked
from graphc.rewrite.rule import Rule
from graphc.rewrite.terms import Factors, Terms, terms_of, times
from graphc.rewrite.write import write, write_factored

Axes = tuple[int, ...]


def known_sum(x: Node, axes: Axes) -> Fraction | None:
    """The sum of `x` over `axes` where it is known: assumed, or by what `x` is."""
    if x.op.name == "standardize" and set(x.attr("axes")) <= set(axes):
        return Fraction(0)
    from_mean = deviation(x)
    if from_mean is not None and set(from_mean.axes) <= set(axes):
        return Fraction(0)
    return _known_along(x, axes[0]) if len(axes) == 1 else None


def _known_along(x: Node, axis: int) -> Fraction | None:
    for fact in facts_of(x):
        if isinstance(fact, SumsTo) and fact.axis == axis:
            return fact.value
        if isinstance(fact, OneHot) and fact.axis == axis:
            return Fraction(1)
    if (x.op.name == "softmax" and x.attrs[0] == axis) or (x.op.name == "one_hot" and axis == x.ndim - 1):
        return Fraction(1)
    if axis == 1 and marked(x) is not None:
        return Fraction(1)
    if x.op.name == "assumed":
        return _known_along(x.args[0], axis)
    return None


def _aligned(x: Node, rank: int) -> Shape:
    return (1,) * (rank - x.ndim) + x.shape[max(0, x.ndim - rank) :]


def _sum_of_term(factors: Factors, shape: Shape, axes: Axes) -> tuple[Factors, bool]:
    """The sum of one product over `axes`, as factors, and whether anything was gained by taking things out."""
    rank = len(shape)
    fixed: list[tuple[Node, int]] = []
    varying: list[tuple[Node, int]] = []
    for f, p in factors:
        sizes = _aligned(f, rank)
        (varying if any(sizes[a] != 1 for a in axes) else fixed).append((f, p))
    covered = {a for f, _ in varying for a in axes if _aligned(f, rank)[a] != 1}
    free = [a for a in axes if a not in covered and shape[a] != 1]
    result: Factors = ()
    for a in free:
        result = times(result, ((as_node(shape[a]), 1),))
    for f, p in fixed:
        result = times(result, ((_dropped(f, rank, axes), p),))
    if not varying:
        return result, True
    inner, known = _sum_of_varying(tuple(varying), shape, axes, tuple(sorted(covered)))
    return times(result, inner), known or bool(fixed or free)


def _dropped(x: Node, rank: int, axes: Axes) -> Node:
    """A factor that is constant along `axes`, without them."""
    own = tuple(a - rank + x.ndim for a in axes if a - rank + x.ndim >= 0)
    return drop_axes(x, own) if own else x


def _sum_of_varying(varying: Factors, shape: Shape, axes: Axes, covered: Axes) -> tuple[Factors, bool]:
    body = write(Terms([(varying, Fraction(1))]))
    if len(varying) == 1 and varying[0][1] == 1:
        value = known_sum(body, tuple(a - len(shape) + body.ndim for a in covered))
        if value is not None:
            return ((as_node(value), 1),) if value != 1 else (), True
    spread = tuple(
        d if any(_aligned(f, len(shape))[i] != 1 for f, _ in varying) else 1 for i, d in enumerate(shape)
    )
    body = fit(body, spread[max(0, len(shape) - body.ndim) :])
    own = tuple(a - len(shape) + body.ndim for a in covered)
    total = make(SUM, (body,), (own, False))
    rest = tuple(a for a in axes if a not in covered and a - len(shape) + body.ndim >= 0)
    shift = [a - len(shape) + body.ndim - sum(1 for c in own if c < a - len(shape) + body.ndim) for a in rest]
    return ((drop_axes(total, tuple(shift)) if shift else total, 1),), False


def _times_numbers(factors: Factors, coefficient: Fraction) -> tuple[Factors, Fraction]:
    """The factors that are numbers moved into the coefficient."""
    kept: Factors = ()
    for f, p in factors:
        value = constant_value(f)
        if value is None:
            kept = (*kept, (f, p))
        else:
            coefficient *= value**p
    return kept, coefficient


def _hoist(node: Node) -> Node | None:
    """`sum(c*x)` is `c*sum(x)` and `sum(x + c)` is `sum(x) + N*c`, where that leaves less to sum."""
    x = node.args[0]
    axes, keepdims = node.attrs
    terms = terms_of(x)
    items = terms.items()
    if not items:
        return broadcast(as_node(0), node.shape)
    summed = [(*_sum_of_term(f, x.shape, axes), c) for f, c in items]
    if not any(gained or c != 1 for _, gained, c in summed):
        return None
    apart = [_times_numbers(f, c) for f, _, c in summed]
    ways = [Terms(apart, decimal=terms.decimal)]
    rest = [item for item, (_, gained, _) in zip(items, summed, strict=True) if not gained]
    if 1 < len(rest) < len(items):
        together = sum_(fit(write(Terms(rest)), x.shape), axis=axes)
        found = [a for a, (_, gained, _) in zip(apart, summed, strict=True) if gained]
        ways.append(Terms([(((together, 1),), Fraction(1)), *found], decimal=terms.decimal))
    written = [w for way in ways for w in (write_factored(way), write(way)) if w is not None]
    floor = floor_of(terms)
    best = min(written, key=lambda w: work(w, floor))
    best = fit(_kept(best, node) if keepdims else best, node.shape)
    return best if best is not node and (len(items) == 1 or work(best, floor) < work(node, floor)) else None


def _kept(value: Node, node: Node) -> Node:
    """The reduced axes put back in place at size 1, in each factor."""
    if value.ndim == 0:
        return value
    axes = node.attrs[0]
    rank = node.args[0].ndim
    rest = [i for i in range(rank) if i not in axes]
    sizes = dict(zip(reversed(rest), reversed(value.shape), strict=False))
    return reshape(value, tuple(sizes.get(i, 1) for i in range(rank)))


def _merge(node: Node) -> Node | None:
    """A sum of a sum is one sum over both."""
    inner = node.args[0]
    if inner.op is not SUM or node.attrs[1] or inner.attrs[1]:
        return None
    rank = inner.args[0].ndim
    left = [i for i in range(rank) if i not in inner.attrs[0]]
    axes = sorted([*inner.attrs[0], *(left[i] for i in node.attrs[0])])
    return make(SUM, inner.args, (tuple(axes), False))


def _trivial(node: Node) -> Node | None:
    """A sum over axes of size 1 only takes them out."""
    x = node.args[0]
    axes, keepdims = node.attrs
    if product(x.shape[a] for a in axes) != 1:
        return None
    return x if keepdims else drop_axes(x, axes)


def _whole(node: Node) -> Node | None:
    """A sum over all axes is a number, whether its axes are kept or not."""
    x = node.args[0]
    axes, keepdims = node.attrs
    return broadcast(make(SUM, (x,), (axes, False)), node.shape) if keepdims and len(axes) == x.ndim else None


# fmt: off
SUMS = (
    Rule("sum over axes of size 1", apply=_trivial, ops=("sum",), example="x = input(N, 1); sum(x, axis=1)"),
    Rule("sum over all axes", apply=_whole, ops=("sum",), example="x = input(N, K); sum(x, keepdims=True)"),
    Rule("sum of a sum", apply=_merge, ops=("sum",), example="x = input(N, K); sum(sum(x, axis=1))"),
    Rule("take out of the sum", apply=_hoist, ops=("sum",), needs="sums_to",
         example="x = input(N, K); c = input(); sum(-c*x/N, axis=1)"),
)
# fmt: on
