"""Expressions in index notation: every axis has an index, a contraction is a sum, repeating and reshaping vanish.

`X.T @ (p - t)/N` becomes `sum(X[n,k]*(p[n,m] - t[n,m]) for n in N)/N`, which the graph language reads. What has no
entry-by-entry form, as a softmax, is written whole and indexed, `softmax(z)[n,m]`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from graphc.derive.letters import Letters
from graphc.derive.products import Factor, Product, negated, number, over, summed, times, written
from graphc.ir.node import Node, topological
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import Dim, DimLike, Shape, broadcast_shapes, product
from graphc.ops.composite import attributes
from graphc.ops.form import Form, defined, form, is_short
from graphc.ops.index import one_hot
from graphc.ops.leaf import constant_value, size

LARGEST = 80
"""An expression of more nodes is not written in index notation; what is walked here is never deep."""
BUDGET = 300
"""Nor is one of more parts, a node counted once for every choice of indices."""
WIDEST_WHOLE = 40
"""What is written whole has at most so many characters."""
ZERO = Factor(Form("first", (), "0"))
"""The index of an axis of size 1."""

Indices = tuple[Factor, ...]


class Unwritable(Exception):
    """An expression has no short index notation."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an array: `head` at the `indices` equals `form`, for all values of the indices."""

    head: Form
    form: Form
    indices: tuple[tuple[str, DimLike], ...]


def entry(head: Node, expr: Node, letters: Letters, is_named: Callable[[Node], bool]) -> Entry | None:
    """`head[n,m] = …` for an expression of the shape of `head`; None where that has no index notation.

    `is_named` says which nodes are written by a name.
    """
    ranges: list[tuple[str, DimLike]] = []
    for extent in expr.shape:
        used = {letter for letter, _ in ranges}
        if extent != 1:
            ranges.append((letters.fresh(extent, used), extent))
    at = iter(ranges)
    indices = tuple(ZERO if extent == 1 else _letter(next(at)[0]) for extent in expr.shape)
    if len(topological([expr], stop=is_named)) > LARGEST:
        return None
    reading = _Reading(letters, is_named)
    try:
        found = reading.convert(expr, indices, frozenset(letter for letter, _ in ranges))
    except Unwritable:
        return None
    form_ = written(found)
    return None if isinstance(form_, Node) else Entry(_element(head, indices), form_, tuple(ranges))


def is_element(found: Form) -> bool:
    """Whether a notation is only an array indexed, which says no more than the array."""
    return found.kind in ("element", "kronecker")


def has_sum(found: Node | Form) -> bool:
    """Whether there is a sum over an index in a notation."""
    return isinstance(found, Form) and (found.kind == "total" or any(map(has_sum, found.parts)))


def nodes_in(found: Node | Form) -> list[Node]:
    """The nodes that a notation mentions."""
    return [found] if isinstance(found, Node) else [n for part in found.parts for n in nodes_in(part)]


def _letter(name: str) -> Factor:
    return Factor(Form("letter", (), name), frozenset((name,)))


def _element(array: Node | Form, indices: Indices) -> Form:
    return Form("element", (array, *(i.form for i in indices)))


def _letters(indices: Sequence[Factor]) -> frozenset[str]:
    return frozenset[str]().union(*(i.letters for i in indices))


@dataclass
class _Reading:
    """The walk through one expression; `scope` is the indices in force at a place."""

    letters: Letters
    is_named: Callable[[Node], bool]
    count: int = field(default=0)

    def convert(self, node: Node, at: Indices, scope: frozenset[str]) -> Product:
        """The entry of a node at the given indices, one for each of its axes."""
        self.count += 1
        if self.count > BUDGET:
            raise Unwritable
        value = constant_value(node)
        if value is not None and not node.name:
            typed = node.op.name == "const" and node.attrs[0] == "decimal" and value > 0
            return Product((Factor(form(node)),)) if typed else number(Fraction(value))
        if self.is_named(node) or not node.args:
            return self._leaf(node, at)
        reader = _READERS.get(node.op.name)
        if reader is not None:
            return reader(self, node, at, scope)
        if node.op.elementwise:
            return self._elementwise(node, at, scope)
        return self.whole(node, at)

    def _leaf(self, node: Node, at: Indices) -> Product:
        if node.op.name == "iota" and not node.name:
            return Product(at)
        if not node.ndim:
            return Product((Factor(node if node.name or node.args else form(node)),))
        return Product((Factor(_element(node, at), _letters(at)),))

    def whole(self, node: Node, at: Indices) -> Product:
        """An array that has no index notation of its own, indexed."""
        if not is_short(node, most=WIDEST_WHOLE):
            raise Unwritable
        base = node if self.count > 1 else defined(node, {})
        return Product((Factor(_element(base, at) if node.ndim else base, _letters(at)),))

    def operand(self, operand: Node, at: Indices, scope: frozenset[str]) -> Product:
        """The entry of an operand that is broadcast to the shape that the indices belong to."""
        own = at[len(at) - operand.ndim :]
        placed = tuple(ZERO if extent == 1 else i for i, extent in zip(own, operand.shape, strict=True))
        return self.convert(operand, placed, scope)

    def _elementwise(self, node: Node, at: Indices, scope: frozenset[str]) -> Product:
        found = form(node)
        if found.kind == "same":
            return self.operand(node.args[0], at, scope)
        if found.options:
            return self.whole(node, at)
        letters = _letters(at)

        def put(part: Node | Form) -> Node | Form:
            if isinstance(part, Node):
                return written(self.operand(part, at, scope))
            return Form(part.kind, tuple(map(put, part.parts)), part.text, part.options)

        return Product((Factor(put(found), letters),))

    def ranges(self, extents: Sequence[DimLike], scope: frozenset[str]) -> list[tuple[Factor, DimLike]]:
        """Letters for axes that are summed over; of size 1 the index is 0."""
        found: list[tuple[Factor, DimLike]] = []
        for extent in extents:
            if extent == 1:
                found.append((ZERO, extent))
                continue
            letter = self.letters.fresh(extent, scope)
            scope |= {letter}
            found.append((_letter(letter), extent))
        return found


def _over(ranges: Sequence[tuple[Factor, DimLike]], body: Product) -> Product:
    """The sum over those of the ranges that have a letter."""
    return summed([(letter, extent) for f, extent in ranges for letter in f.letters], body)


def _add(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    one, two = (reading.operand(a, at, scope) for a in node.args)
    if node.op.name == "sub":
        two = negated(two)
    if one.negative and two.negative:
        return negated(_added(negated(one), negated(two)))
    return _added(two, one) if one.negative else _added(one, two)


def _added(one: Product, two: Product) -> Product:
    parts = (written(one), written(Product(two.above, two.below)))
    return Product((Factor(Form("sub" if two.negative else "add", parts), one.letters | two.letters),))


def _mul(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    one, two = (reading.operand(a, at, scope) for a in node.args)
    return times(one, two) if node.op.name == "mul" else over(one, two)


def _one_operand(then: Callable[[Product], Product]) -> Reader:
    return lambda reading, node, at, scope: then(reading.operand(node.args[0], at, scope))


def _sum(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    operand = node.args[0]
    options = attributes(node)
    axes, keepdims = options["axes"], options["keepdims"]
    summed_over = reading.ranges([operand.shape[a] for a in axes], scope)
    kept = iter(i for a, i in enumerate(at) if not keepdims or a not in axes)
    given = dict(zip(axes, (f for f, _ in summed_over), strict=True))
    placed = tuple(given[a] if a in given else next(kept) for a in range(operand.ndim))
    found = _over(summed_over, reading.convert(operand, placed, scope | _letters(list(given.values()))))
    if node.op.name == "sum":
        return found
    return over(found, reading.convert(size(product(operand.shape[a] for a in axes)), (), scope))


def _extreme(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    axes, keepdims = node.attrs
    if keepdims:
        reduced = FUNCTIONS[node.op.name](node.args[0], axis=axes)
        return reading.whole(reduced, tuple(i for a, i in enumerate(at) if a not in axes))
    return reading.whole(node, at)


def _broadcast(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    return reading.operand(node.args[0], at, scope)


def _reshape(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    operand = node.args[0]
    if [d for d in operand.shape if d != 1] != [d for d in node.shape if d != 1]:
        if 1 in node.shape:
            raise Unwritable  # whole, it would be harder to read than the array
        return reading.whole(node, at)
    kept = iter(i for i, extent in zip(at, node.shape, strict=True) if extent != 1)
    return reading.convert(operand, tuple(ZERO if d == 1 else next(kept) for d in operand.shape), scope)


def _transpose(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    order = node.attrs[0]
    return reading.convert(node.args[0], tuple(at[order.index(a)] for a in range(node.ndim)), scope)


def _contract(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    inputs, output = str(node.attrs[0]).split("->")
    operands = inputs.split(",")
    if len(set(output)) < len(output):
        return reading.whole(node, at)
    extents = {
        i: d for o, a in zip(operands, node.args, strict=True) for i, d in zip(o, a.shape, strict=True)
    }
    inner = [i for i in dict.fromkeys(inputs.replace(",", "")) if i not in output]
    over_ = reading.ranges([extents[i] for i in inner], scope)
    place = dict(zip(output, at, strict=True)) | dict(zip(inner, (f for f, _ in over_), strict=True))
    within = scope | _letters([f for f, _ in over_])
    body = Product()
    factors = zip(operands, node.args, strict=True)
    for indices, operand in sorted(factors, key=lambda f: _first_place(f[0], output)):
        body = times(body, reading.convert(operand, tuple(place[i] for i in indices), within))
    return _over(over_, body)


def _first_place(indices: str, output: str) -> int:
    """Where the first of these indices stands in the result; the factor of its first axis is written first."""
    return min((output.index(i) for i in indices if i in output), default=len(output))


def _slice(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    placed: list[Factor] = []
    for index, (start, step, _), extent in zip(at, node.attrs[0], node.args[0].shape, strict=True):
        placed.append(ZERO if extent == 1 else _shifted(index, start, step))
    return reading.convert(node.args[0], tuple(placed), scope)


def _shifted(index: Factor, start: DimLike, step: int) -> Factor:
    """The index `start + step*i`."""
    if step < 0 or (not index.letters and step != 1):
        raise Unwritable
    if not index.letters:
        return Factor(_whole_number(start))
    first = ZERO if start == 0 else Factor(_whole_number(start))
    return _sum_of(_multiple(step, index), first)


def _whole_number(value: DimLike) -> Form:
    return Form("sizes" if isinstance(value, Dim) else "number", (), str(value))


def _window(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    """Place `p` of a window and tap `i` within it read the entry `stride*p + dilation*i`."""
    axes, _, strides, dilations = node.attrs
    placed = list(at[: node.ndim - len(axes)])
    for axis, tap, stride, dilation in zip(
        axes, at[node.ndim - len(axes) :], strides, dilations, strict=True
    ):
        placed[axis] = _sum_of(_multiple(stride, placed[axis]), _multiple(dilation, tap))
    return reading.convert(node.args[0], tuple(placed), scope)


def _overlap_add(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    """The sum over the places and taps that read an entry."""
    windows = node.args[0]
    _, axes, _, strides, dilations = node.attrs
    rest = windows.ndim - len(axes)
    over_ = reading.ranges([windows.shape[a] for a in (*axes, *range(rest, windows.ndim))], scope)
    places, taps = over_[: len(axes)], over_[len(axes) :]
    placed, body = [*at, *(f for f, _ in taps)], Product()
    for axis, (place, _), (tap, _), stride, dilation in zip(
        axes, places, taps, strides, dilations, strict=True
    ):
        placed[axis] = place
        reads = _sum_of(_multiple(stride, place), _multiple(dilation, tap))
        body = times(body, _equal(reads, at[axis], node.shape[axis]))
    within = scope | _letters([f for f, _ in over_])
    return _over(over_, times(reading.convert(windows, tuple(placed), within), body))


def _pad(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    """Entry `p` of the operand stands at `start + step*p`; zero stands elsewhere."""
    operand = node.args[0]
    shape, slices, fill = node.attrs
    moved = [a for a, (start, step, length) in enumerate(slices) if (start, step, length) != (0, 1, shape[a])]
    if fill != 0 or any(slices[a][1] < 0 for a in moved):
        raise Unwritable
    over_ = reading.ranges([operand.shape[a] for a in moved], scope)
    placed, body = list(at), Product()
    for axis, (place, _) in zip(moved, over_, strict=True):
        placed[axis] = place
        start, step, _ = slices[axis]
        body = times(body, _equal(_shifted(place, start, step), at[axis], shape[axis]))
    within = scope | _letters([f for f, _ in over_])
    return _over(over_, times(reading.convert(operand, tuple(placed), within), body))


def _equal(one: Factor, other: Factor, extent: DimLike) -> Product:
    """1 where two indices of an axis are equal, else 0: an entry of the identity matrix."""
    identity = Form("call", (), "eye", (("", str(extent)),))
    shown = _element(identity, (one, other))
    return Product((Factor(Form("kronecker", (shown, one.form, other.form)), one.letters | other.letters),))


def _multiple(count: int, index: Factor) -> Factor:
    if count == 1 or index is ZERO:
        return index
    return Factor(Form("mul", (Form("number", (), str(count)), index.form)), index.letters)


def _sum_of(one: Factor, other: Factor) -> Factor:
    if one is ZERO or other is ZERO:
        return other if one is ZERO else one
    return Factor(Form("add", (one.form, other.form)), one.letters | other.letters)


def _one_hot(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    labels = node.args[0]
    label = written(reading.convert(labels, at[:-1], scope))
    shown = reading.whole(node, at).above[0].form
    if at[-1] is ZERO and node.shape[-1] == 1:
        return Product((Factor(shown, _letters(at)),))
    return Product((Factor(Form("kronecker", (shown, label, at[-1].form)), _letters(at)),))


def _gather(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    """`x[t[n], j]`: the integer arrays stand where the axes were that they pick from."""
    x, *picks = node.args
    axis = node.attrs[0]
    ndim = max(p.ndim for p in picks)
    places = at[axis : axis + ndim]
    chosen: list[Factor] = []
    for pick in picks:
        found = written(reading.operand(pick, places, scope))
        chosen.append(Factor(found, _letters(places)))
    return reading.convert(x, (*at[:axis], *chosen, *at[axis + ndim :]), scope)


def _scatter_add(reading: _Reading, node: Node, at: Indices, scope: frozenset[str]) -> Product:
    """The sum of the updates over the places that go to an entry: those whose label is its index."""
    updates, *picks = node.args
    shape, axis = node.attrs
    here = at[axis : axis + len(picks)]
    extents: Shape = broadcast_shapes([p.shape for p in picks], "scatter_add")
    over_ = reading.ranges(extents, scope)
    places = [f for f, _ in over_]
    within = scope | _letters(places)
    if len(picks) > 1 and len(places) == 1 and picks[0].op.name == "iota":
        over_, places = [], [here[0]]  # x[arange(N), t]: the place is the index itself
        picks, here, shape = picks[1:], here[1:], (*shape[:axis], *shape[axis + 1 :])
    body = Product()
    for j, (pick, index) in enumerate(zip(picks, here, strict=True)):
        own = places[len(places) - pick.ndim :]
        placed = tuple(ZERO if d == 1 else p for p, d in zip(own, pick.shape, strict=True))
        body = times(body, reading.convert(one_hot(pick, shape[axis + j]), (*placed, index), within))
    rest = at[axis + len(node.args) - 1 :]
    body = times(body, reading.convert(updates, (*at[:axis], *places, *rest), within))
    return _over(over_, body)


Reader = Callable[[_Reading, Node, Indices, frozenset[str]], Product]
_READERS: dict[str, Reader] = {
    "add": _add,
    "sub": _add,
    "neg": _one_operand(negated),
    "mul": _mul,
    "div": _mul,
    "reciprocal": _one_operand(lambda p: over(Product(), p)),
    **dict.fromkeys(("sum", "mean"), _sum),
    **dict.fromkeys(("max", "min", "prod"), _extreme),
    "broadcast": _broadcast,
    "reshape": _reshape,
    "transpose": _transpose,
    "contract": _contract,
    "slice": _slice,
    "pad": _pad,
    "sliding_window": _window,
    "overlap_add": _overlap_add,
    "one_hot": _one_hot,
    "gather": _gather,
    "scatter_add": _scatter_add,
}
