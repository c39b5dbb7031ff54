"""Memory order, chosen for each array: a transposition is put off until it is needed, and two that meet are none.

Each value is kept as an array in some order of its axes, and the order that turns it into what it stands for. What
works entry by entry, along axes, or on windows keeps the order of what it reads; so channels stay last from one
convolution to the next. Axis 0, along which a batch is cut, stays where it is. Where orders meet, the one that was
turned wins, and the others are turned to it. What is left is a copy at a reshape that merges axes, or a view at an
output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from graphc.ir.node import Node, make, users
from graphc.ir.types import DimLike, Shape, divide
from graphc.ops.contract import CONTRACT
from graphc.ops.move import BROADCAST, CONCAT, PAD, RESHAPE, SLICE, TRANSPOSE
from graphc.ops.window import OVERLAP_ADD, SLIDING_WINDOW
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import Pass, replaced
from graphc.plan.routing import ROUTE
from graphc.plan.setting import Setting
from graphc.plan.turned import copied, inverse, is_copy, permuted, reshaped, turned

NAME = "layout"
Order = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A value as `array` whose axes, taken in `order`, are those of the value."""

    array: Node
    order: Order

    @property
    def straight(self) -> bool:
        """Whether the array is the value itself."""
        return self.order == tuple(range(len(self.order)))

    @property
    def value(self) -> Node:
        """The value itself, a view of the array."""
        return self.array if self.straight else turned(self.array, self.order)


def keep_orders(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with transpositions put off as far as they go."""
    if not any(n.op is TRANSPOSE and n.attrs[0][0] == 0 for n in lowered.nodes):
        return lowered
    orders = Orders.of(lowered)
    for node in lowered.nodes:
        orders.kept[node] = orders.keep(node)
    count = len({k.array for k in orders.kept.values() if not k.straight and not k.array.is_leaf})
    if count:
        setting.say(NAME, f"{count} arrays are kept with their axes in another order")
    return orders.applied(lowered)


LAYOUT = Pass(NAME, "chooses the order of axes in memory for each array", keep_orders)


@dataclass(slots=True)
class Orders:
    """Who uses each node, and how what is below is `kept`. With `front` the axis of the batch stays in front."""

    users: Mapping[Node, list[Node]]
    front: bool = True
    kept: dict[Node, Kept] = field(default_factory=dict)

    @classmethod
    def of(cls, lowered: Lowered, *, front: bool = True) -> Orders:
        """Of a graph of which nothing is kept yet."""
        return cls({n: [u for u, _ in found] for n, found in users(lowered.roots).items()}, front)

    def applied(self, lowered: Lowered) -> Lowered:
        """The graph of the arrays that values are kept as; results are views of theirs."""
        arrays = replaced(lowered, {n: kept.array for n, kept in self.kept.items()})
        return replace(
            arrays,
            outputs=tuple(self.kept[o].value for o in lowered.outputs),
            updates=tuple((leaf, self.kept[value].value) for leaf, value in lowered.updates),
        )

    def keep(self, node: Node) -> Kept:
        """How `node` is kept, its operands being known."""
        if node.is_leaf or not node.args:
            return _straight(node)
        if node.op is PAD and any(u.op is SLIDING_WINDOW for u in self.users[node]) and node.attrs[2] == 0:
            return self._before_windows(node)
        if node.op is not TRANSPOSE and all(self.kept[a].straight for a in node.args):
            return _straight(_with(node, tuple(self.kept[a].array for a in node.args)))
        rule = _RULES.get(node.op.name)
        if rule is None and node.op.kind in ("pointwise", "reduce"):
            rule = _elementwise if node.op.kind == "pointwise" else _reduced
        found = rule(self, node) if rule else None
        if found is None:
            return _straight(_with(node, tuple(self.kept[a].value for a in node.args)))
        return found if found.straight or not self.front or found.order[0] == 0 else _straight(found.value)

    def _before_windows(self, node: Node) -> Kept:
        """Padding copies anyhow: windows that are unrolled want runs of memory, so it is done in their order."""
        below = self.kept[node.args[0]]
        if is_copy(node) and below.straight:
            return below
        return _straight(_with(node, (below.value,)))

    def common(self, node: Node) -> Order | None:
        """The order that the operands of a shape like that of `node` are to have."""
        for a in node.args:
            if a.ndim == node.ndim and not self.kept[a].straight:
                return self.kept[a].order
        return None

    def aligned(self, argument: Node, order: Order, *, often: bool = False) -> Node:
        """`argument`, broadcast against a value kept in `order`, as it has to be to meet the array that is kept.

        What is read `often` is copied into that order.
        """
        own = self.kept[argument]
        if argument.ndim == 0 or own.order == order:
            return own.array
        if own.straight and own.array.op is BROADCAST and argument.ndim == len(order):
            inner = own.array.args[0]
            return make(BROADCAST, (_spread(inner, order),), (permuted(argument.shape, inverse(order)),))
        if own.straight and argument.ndim == len(order) and self._is_spread(argument):
            return make(argument.op, (self.aligned(a, order) for a in argument.args), argument.attrs)
        result = _spread(own.value, order)
        often = often or len(self.users[argument]) > 1
        return copied(result) if often and result.op is TRANSPOSE and not own.array.is_leaf else result

    def _is_spread(self, node: Node) -> bool:
        """Whether a value is made of smaller ones for one user, and so as well in another order: a comparison of rows
        with columns."""
        smaller = all(a.shape != node.shape for a in node.args)
        return node.op.elementwise and smaller and len(self.users[node]) == 1


def _straight(array: Node) -> Kept:
    return Kept(array, tuple(range(array.ndim)))


def _with(node: Node, args: tuple[Node, ...]) -> Node:
    return node if args == node.args else make(node.op, args, node.attrs)


def _spread(x: Node, order: Order) -> Node:
    """`x`, broadcast against a value kept in `order`, with its axes in that order; axes of size 1 in front dropped."""
    full: Shape = (*(1 for _ in range(len(order) - x.ndim)), *x.shape)
    result = turned(reshaped(x, full) if x.ndim < len(order) else x, inverse(order))
    if x.ndim == len(order) or all(d == 1 for d in full):
        return result
    first = next(i for i, d in enumerate(result.shape) if d != 1)
    return reshaped(result, result.shape[first:]) if result.op is not TRANSPOSE else result


# one rule per kind of node; None where the operands are needed as they are ------------------------------------


def _elementwise(state: Orders, node: Node) -> Kept | None:
    order = state.common(node)
    if order is None:
        return None
    return Kept(_with(node, tuple(state.aligned(a, order) for a in node.args)), order)


def _reduced(state: Orders, node: Node) -> Kept | None:
    below = state.kept[node.args[0]]
    axes, keepdims = node.attrs
    gone = tuple(sorted(below.order[a] for a in axes))
    result = make(node.op, (below.array,), (gone, keepdims))
    if keepdims:
        return Kept(result, below.order)
    left = [i for i in range(below.array.ndim) if i not in gone]
    return Kept(result, tuple(left.index(p) for i, p in enumerate(below.order) if i not in axes))


def _transposed(state: Orders, node: Node) -> Kept | None:
    below = state.kept[node.args[0]]
    return Kept(below.array, permuted(below.order, node.attrs[0]))


def _cut(state: Orders, node: Node) -> Kept | None:
    below = state.kept[node.args[0]]
    return Kept(make(SLICE, (below.array,), (permuted(node.attrs[0], inverse(below.order)),)), below.order)


def _padded(state: Orders, node: Node) -> Kept | None:
    below = state.kept[node.args[0]]
    back = inverse(below.order)
    shape, places, fill = node.attrs
    attrs = permuted(shape, back), permuted(places, back), fill
    return Kept(make(PAD, (below.array,), attrs), below.order)


def _joined(state: Orders, node: Node) -> Kept | None:
    order = state.common(node)
    if order is None:
        return None
    parts = tuple(state.aligned(a, order) for a in node.args)
    return Kept(make(CONCAT, parts, (order[node.attrs[0]],)), order)


def _windowed(state: Orders, node: Node) -> Kept | None:
    below = state.kept[node.args[0]]
    axes, *rest = node.attrs
    result = make(SLIDING_WINDOW, (below.array,), (permuted(below.order, axes), *rest))
    return Kept(result, (*below.order, *range(below.array.ndim, node.ndim)))


def _overlapped(state: Orders, node: Node) -> Kept | None:
    below = state.kept[node.args[0]]
    taps = tuple(range(node.ndim, below.array.ndim))
    order = below.order[: node.ndim]
    if below.order[node.ndim :] != taps:
        return None
    shape, axes, *rest = node.attrs
    attrs = permuted(shape, inverse(order)), permuted(order, axes), *rest
    return Kept(make(OVERLAP_ADD, (below.array,), attrs), order)


def _routed(state: Orders, node: Node) -> Kept | None:
    order = state.common(node)
    if order is None:
        return None
    shape, places = node.attrs
    back = inverse(order)
    args = tuple(state.aligned(a, order, often=True) for a in node.args)
    attrs = permuted(shape, back), tuple(permuted(place, back) for place in places)
    return Kept(make(ROUTE, args, attrs), order)


def _repeated(state: Orders, node: Node) -> Kept | None:
    below = state.kept[node.args[0]]
    if node.ndim != below.array.ndim:
        return None
    return Kept(make(BROADCAST, (below.array,), (permuted(node.shape, inverse(below.order)),)), below.order)


def _contracted(state: Orders, node: Node) -> Kept | None:
    """The index strings of the operands, in the order in which they are kept."""
    inputs, output = str(node.attrs[0]).split("->")
    if node.attrs[0] == "k,k->" and all(a.op is RESHAPE for a in node.args):
        # The sum over all entries may go through them in any order, where it is one order.
        whole = [state.kept[a.args[0]] for a in node.args]
        if whole[0].order == whole[1].order:
            return _straight(
                make(CONTRACT, (reshaped(k.array, node.args[0].shape) for k in whole), node.attrs)
            )
    kept = [state.kept[a] for a in node.args]
    specs = ["".join(permuted(s, inverse(k.order))) for s, k in zip(inputs.split(","), kept, strict=True)]
    turned_rows = [s for s, k in zip(specs, kept, strict=True) if not k.straight and s[-1:] == output[:1]]
    operands = tuple(k.array for k in kept)
    if not state.front and len(output) == 2 and turned_rows:
        # Rows that stood last do so again: it is all the same to a product of matrices.
        attrs = f"{','.join(specs)}->{output[::-1]}", node.attrs[1]
        return Kept(make(CONTRACT, operands, attrs), (1, 0))
    return _straight(make(CONTRACT, operands, (f"{','.join(specs)}->{output}", node.attrs[1])))


def _gathered(state: Orders, node: Node) -> Kept | None:
    """Single entries, with an index for every axis."""
    below, indices = state.kept[node.args[0]], node.args[1:]
    if node.attrs[0] != 0 or len(indices) != below.array.ndim:
        return None
    values = permuted([state.kept[i].value for i in indices], inverse(below.order))
    return _straight(make(node.op, (below.array, *values), node.attrs))


def _reshaped(state: Orders, node: Node) -> Kept | None:
    """A reshape that keeps apart what is apart in memory: axes split, axes of size 1, neighbours merged."""
    below = state.kept[node.args[0]]
    groups = _groups(node.args[0].shape, node.shape)
    if groups is None:
        return None
    shape = node.args[0].shape
    at = {below.order[i]: group for group in groups for i in group[0] if shape[i] != 1}
    places = [p for p in range(below.array.ndim) if p in at]
    made: list[int] = []
    while places:
        old, new = at[places[0]]
        run = [below.order[i] for i in old if shape[i] != 1]
        if places[: len(run)] != run:
            return None
        made += new
        del places[: len(run)]
    made += [j for j in range(node.ndim) if j not in made]
    result = reshaped(below.array, permuted(node.shape, tuple(made)))
    return Kept(result, inverse(tuple(made)))


_Group = tuple[list[int], list[int]]


def _groups(old: Shape, new: Shape) -> list[_Group] | None:
    """Which axes of `old` hold the entries of which axes of `new`, in the smallest parts; None if that is not clear."""
    if 0 in old:
        return None
    groups: list[_Group] = []
    i = j = 0
    while i < len(old) and j < len(new):
        group: _Group = ([i], [j])
        have, want = old[i], new[j]
        i, j = i + 1, j + 1
        while have != want:
            if i < len(old) and divide(want, have) is not None:
                have, i = _more(have, old, i, group[0])
            elif j < len(new) and divide(have, want) is not None:
                want, j = _more(want, new, j, group[1])
            else:
                return None
        groups.append(group)
    if any(d != 1 for d in (*old[i:], *new[j:])):
        return None
    return groups


def _more(size: DimLike, shape: Shape, at: int, group: list[int]) -> tuple[DimLike, int]:
    group.append(at)
    return size * shape[at], at + 1


_RULES: dict[str, Callable[[Orders, Node], Kept | None]] = {
    "transpose": _transposed,
    "slice": _cut,
    "pad": _padded,
    "concat": _joined,
    "sliding_window": _windowed,
    "overlap_add": _overlapped,
    "route": _routed,
    "broadcast": _repeated,
    "contract": _contracted,
    "gather": _gathered,
    "reshape": _reshaped,
}
