"""Moves and indexing as expressions: entries of an array stand at other places, or are picked by labels."""

from __future__ import annotations

from fractions import Fraction

from graphc.claims.normal import conditions, entries
from graphc.claims.normal.algebra import Algebra, Expr, Unknown, constant, exact
from graphc.claims.normal.index import Slot, laid_out, linear, number_slot, part
from graphc.claims.normal.reductions import axes, moved
from graphc.claims.normal.sums import total
from graphc.claims.normal.terms import delta, minus, multiply, plus, substitute, times
from graphc.ir.node import Node
from graphc.ir.types import DimLike, Shape, product


def transpose_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    target = axes(s, node)
    places = sorted(range(node.ndim), key=node.attrs[0].__getitem__)
    return moved(s, args[0], axes(s, node.args[0]), [target[places[i]] for i in range(node.ndim)])


def broadcast_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    return args[0]


def reshape_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    source = [(v, d) for v, d in zip(axes(s, node.args[0]), node.args[0].shape, strict=True) if v is not None]
    target = [(v, d) for v, d in zip(axes(s, node), node.shape, strict=True) if v is not None]
    mapping: dict[int, Slot] = {}
    while source and target:
        i, j = _block([d for _, d in source], [d for _, d in target])
        dims = tuple(d for _, d in source[:i])
        row = laid_out(tuple(d for _, d in target[:j]), [v for v, _ in target[:j]])
        for axis, (v, _) in enumerate(source[:i]):
            mapping[v] = row if i == 1 else part(dims, axis, row, s.extent)
        source, target = source[i:], target[j:]
    return substitute(s, args[0], mapping)


def _block(a: list[DimLike], b: list[DimLike]) -> tuple[int, int]:
    """How many of the first axes hold as many entries on both sides."""
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            if product(a[:i]) == product(b[:j]):
                return i, j
    return len(a), len(b)


def _affine(start: DimLike, step: DimLike, name: Slot | None) -> Slot:
    return number_slot(start) if name is None else linear([(name, step)], start)


def slice_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    target = [
        _affine(start, step, v) for (start, step, _), v in zip(node.attrs[0], axes(s, node), strict=True)
    ]
    return moved(s, args[0], axes(s, node.args[0]), target)


def pad_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    _, slices, fill = node.attrs
    if not isinstance(fill, Fraction | int):
        raise Unknown
    inside, value = constant(1), minus(args[0], constant(exact(fill)))
    names: dict[int, int] = {}
    for (start, step, _), v, t in zip(slices, axes(s, node.args[0]), axes(s, node), strict=True):
        if v is not None:
            names[v] = s.variable(s.extents[v])
        if t is not None:
            inside = multiply(s, inside, delta(s, t, _affine(start, step, None if v is None else names[v])))
    summed = total(s, multiply(s, inside, substitute(s, value, names)), names.values())
    return plus(constant(exact(fill)), summed)


def concat_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    axis = node.attrs[0]
    target = axes(s, node)
    place = target[axis]
    if place is None:
        raise Unknown
    result: Expr = {}
    start: DimLike = 0
    for arg, expr in zip(node.args, args, strict=True):
        source = list(axes(s, arg))
        own = source[axis]
        name = None if own is None else s.variable(s.extents[own])
        to = [name if i == axis else t for i, t in enumerate(target)]
        both = multiply(s, delta(s, place, _affine(start, 1, name)), moved(s, expr, source, to))
        result = plus(result, both if name is None else total(s, both, [name]))
        start = start + arg.shape[axis]
    return result


def window_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    along, _, strides, dilations = node.attrs
    source, target = axes(s, node.args[0]), axes(s, node)
    to: list[Slot | None] = list(target[: len(source)])
    for n, (axis, stride, dilation) in enumerate(zip(along, strides, dilations, strict=True)):
        pairs = ((target[axis], stride), (target[len(source) + n], dilation))
        to[axis] = linear([(v, f) for v, f in pairs if v is not None])
    return moved(s, args[0], source, to)


def overlap_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    _, along, _, strides, dilations = node.attrs
    source, target = axes(s, node.args[0]), axes(s, node)
    to: list[Slot | None] = [*target, *(None for _ in source[len(target) :])]
    names: list[int] = []
    inside = constant(1)
    for n, (axis, stride, dilation) in enumerate(zip(along, strides, dilations, strict=True)):
        terms: list[tuple[Slot, DimLike]] = []
        for place, factor in ((axis, stride), (len(target) + n, dilation)):
            v = source[place]
            if v is not None:
                names.append(s.variable(s.extents[v]))
                terms.append((names[-1], factor))
                to[place] = names[-1]
        t = target[axis]
        if t is not None:
            inside = multiply(s, inside, delta(s, t, linear(terms)))
    return total(s, multiply(s, inside, moved(s, args[0], source, to)), names)


def iota_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    (axis,) = axes(s, node)
    return {} if axis is None else entries.iota(s, axis)


def _labelled(
    s: Algebra, node: Node, args: list[Expr], entries_: Shape, axis: int, names: list[int | None]
) -> Expr:
    """Whether the labels of a gather or scatter point at the places `names`, over the axes `entries_`."""
    found = constant(1)
    target = entries.axes(s, entries_)
    rank = max(a.ndim for a in node.args[1:])
    places = target[axis : axis + rank]
    for arg, expr, name in zip(node.args[1:], args[1:], names, strict=True):
        own = places[rank - arg.ndim :]
        at = moved(s, expr, entries.axes(s, arg.shape), own)
        if name is None:
            continue
        found = multiply(s, found, entries.equal(s, entries.iota(s, name), at))
    return found


def gather_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    axis, count = node.attrs[0], len(node.args) - 1
    source, target = axes(s, node.args[0]), axes(s, node)
    names = [None if v is None else s.variable(s.extents[v]) for v in source[axis : axis + count]]
    rank = node.ndim - (len(source) - count)
    to = [*target[:axis], *names, *target[axis + rank :]]
    hit = _labelled(s, node, args, node.shape, axis, names)
    picked = moved(s, args[0], source, to)
    return total(s, multiply(s, hit, picked), [n for n in names if n is not None])


def scatter_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    axis, count = node.attrs[1], len(node.args) - 1
    source, target = axes(s, node.args[0]), axes(s, node)
    rank = len(source) - (node.ndim - count)
    names = [None if v is None else s.variable(s.extents[v]) for v in target[axis : axis + count]]
    hit = _labelled(s, node, args, node.args[0].shape, axis, names)
    summed = [None if v is None else s.variable(s.extents[v]) for v in source[axis : axis + rank]]
    to = [*target[:axis], *summed, *target[axis + count :], *target[axis : axis + count]]
    both = moved(s, multiply(s, hit, args[0]), [*source, *names], to)
    return total(s, both, [n for n in summed if n is not None])


def cumsum_entry(s: Algebra, node: Node, args: list[Expr]) -> Expr:
    """`cumsum(x)[i]`: the sum over j of x[j] where j is not after i; the other way round where it is reversed."""
    along, reverse, exclusive = node.attrs
    place = axes(s, node)[along]
    if place is None:
        return {} if exclusive else args[0]
    name = s.variable(s.extents[place])
    here, there = entries.iota(s, place), entries.iota(s, name)
    later = minus(here, there) if reverse else minus(there, here)
    if exclusive:
        kept = conditions.indicator(s, times(later, -1))
    else:
        kept = minus(constant(1), conditions.indicator(s, later))
    return total(s, multiply(s, kept, substitute(s, args[0], {place: name})), [name])
