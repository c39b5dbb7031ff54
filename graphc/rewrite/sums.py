"""Sums: what does not vary is taken out, sums that are known are put in, centred values sum to 0."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

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
from graphc.rewrite.quiet import quiet_factors
from graphc.rewrite.rule import Rule
from graphc.rewrite.terms import Factors, Terms, as_factors, terms_of, times
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


class Summed(NamedTuple):
    """The sum of a product of factors; whether it is less to sum than before, and whether it is a number known."""

    before: Factors
    factors: Factors
    gained: bool
    known: bool = False


def _sum_of_term(factors: Factors, shape: Shape, axes: Axes) -> Summed:
    """The sum of one product over `axes`, with what does not vary taken out."""
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
        return Summed(factors, result, True)
    inner, known = _sum_of_varying(tuple(varying), shape, axes, tuple(sorted(covered)))
    return Summed(factors, times(result, inner), known or bool(fixed or free), known)


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
    """`sum(c*x)` is `c*sum(x)`; a sum of terms is taken apart where a known sum, or less to sum, comes of it."""
    x = node.args[0]
    axes, keepdims = node.attrs
    if _stays(x) and known_sum(x, axes) is None:
        return None
    terms = terms_of(x)
    items = terms.items()
    value = known_sum(x, axes) if items else Fraction(0)
    if value is not None:
        return broadcast(as_node(value), node.shape)
    summed = [_sum_of_term(f, x.shape, axes) for f, _ in items]
    if not any(s.gained or c != 1 for s, (_, c) in zip(summed, items, strict=True)):
        return None
    apart = [_times_numbers(s.factors, c) for s, (_, c) in zip(summed, items, strict=True)]
    ways = [Terms(apart, decimal=terms.decimal)]
    if len(items) > 1 and len(ways[0]) == len(items) and not _pays(summed, x.shape, axes):
        return _taken_out(node, decimal=terms.decimal)
    rest = [item for item, s in zip(items, summed, strict=True) if not s.gained]
    if 1 < len(rest) < len(items):
        together = sum_(fit(write(Terms(rest)), x.shape), axis=axes)
        found = [a for a, s in zip(apart, summed, strict=True) if s.gained]
        ways.append(Terms([(((together, 1),), Fraction(1)), *found], decimal=terms.decimal))
    written = [w for way in ways for w in (write_factored(way), write(way)) if w is not None]
    floor = floor_of(terms)
    best = min(written, key=lambda w: work(w, floor))
    best = fit(_kept(best, node) if keepdims else best, node.shape)
    return best if best is not node and (len(items) == 1 or work(best, floor) < work(node, floor)) else None


def _stays(x: Node) -> bool:
    """Whether nothing can be taken out of any sum over `x`, a product of different arrays of its shape."""
    factors = quiet_factors(x)
    return len(factors) > 1 and 1 not in x.shape and all(f.shape == x.shape for f in factors)


def _pays(summed: Sequence[Summed], shape: Shape, axes: Axes) -> bool:
    """Whether the sum of a term is known, or no term extends along all the axes that are summed over."""

    def extends(factors: Factors) -> bool:
        return all(any(_aligned(f, len(shape))[a] != 1 for f, _ in factors) for a in axes if shape[a] != 1)

    return any(s.known for s in summed) or not any(extends(s.before) for s in summed)


def _taken_out(node: Node, *, decimal: bool) -> Node | None:
    """`sum(c*(x + y)/d)` as `c*sum(x + y)/d`: what is summed stays as it was written."""
    x, (axes, keepdims) = node.args[0], node.attrs
    factors: Factors = ()
    coefficient = Fraction(1)
    while x.op.name in ("mul", "div", "neg"):
        places = {"mul": (1, 0), "div": (1,), "neg": ()}[x.op.name]
        fixed = [i for i in places if all(_aligned(x.args[i], node.args[0].ndim)[a] == 1 for a in axes)]
        rest = x.args[1 - fixed[0]] if fixed else x.args[0]
        if rest.shape != x.shape or (places and not fixed):
            break
        if fixed:
            own, number = as_factors(x.args[fixed[0]])
            sign = 1 if x.op.name == "mul" else -1
            factors, coefficient = times(factors, own, sign), coefficient * number**sign
        else:
            coefficient = -coefficient
        x = rest
    if x is node.args[0]:
        return None
    outside: Factors = ()
    for f, p in factors:
        outside = times(outside, ((_dropped(f, node.args[0].ndim, axes), p),))
    total = make(SUM, (x,), (axes, False))
    best = write(Terms([(times(outside, ((total, 1),)), coefficient)], decimal=decimal))
    return fit(_kept(best, node) if keepdims else best, node.shape)


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


def _known_mean(node: Node) -> Node | None:
    """The mean of what has a known sum."""
    value = known_sum(node.args[0], node.attr("axes"))
    count = product(node.args[0].shape[a] for a in node.attr("axes"))
    return None if value is None else broadcast(as_node(value) / as_node(count), node.shape)


def _whole(node: Node) -> Node | None:
    """A sum over all axes is a number, whether its axes are kept or not."""
    x = node.args[0]
    axes, keepdims = node.attrs
    return broadcast(make(SUM, (x,), (axes, False)), node.shape) if keepdims and len(axes) == x.ndim else None


# fmt: off
SUMS = (
    Rule("sum over axes of size 1", apply=_trivial, ops=("sum",), example="x = input(N, 1); sum(x, axis=1)"),
    Rule("sum over all axes", apply=_whole, ops=("sum",), example="x = input(N, K); sum(x, keepdims=True)"),
    Rule("mean with a known sum", apply=_known_mean, ops=("mean",), needs="sums_to",
         example="x = input(N, K); mean(softmax(x), axis=1)"),
    Rule("sum of a sum", apply=_merge, ops=("sum",), example="x = input(N, K); sum(sum(x, axis=1))"),
    Rule("take out of the sum", apply=_hoist, ops=("sum",), needs="sums_to",
         example="x = input(N, K); c = input(); sum(-c*x/N, axis=1)"),
)
# fmt: on
