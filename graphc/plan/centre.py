"""What is the same for all entries drops out of deviations from their mean: `y + b - mean(y + b)` is `y - mean(y)`.

So a bias in front of a batch norm, or any shift that is constant along the axes of the mean, is not added where nothing
else reads the shifted value; a mean that others read as well is `mean(y) + b`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphc.ir.node import Node, make
from graphc.ir.types import DimLike, Shape, product
from graphc.ops.leaf import SIZE
from graphc.ops.move import BROADCAST, RESHAPE, reshape
from graphc.ops.pointwise import ADD, CAST, DIV, SUB
from graphc.ops.reduce import SUM
from graphc.plan.lower import Lowered, exact
from graphc.plan.rewriting import Pass, replaced
from graphc.plan.setting import Setting


@dataclass(frozen=True, slots=True)
class _Shifted:
    """`whole` is `value` and a `shift` that is constant along `axes`, with `op` between them."""

    whole: Node
    value: Node
    shift: Node
    axes: tuple[int, ...]


def drop_shifts(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph without shifts before deviations from a mean."""
    order = lowered.nodes
    means = {n: found for n in order if (found := _mean_of_shifted(n)) is not None}
    if not means:
        return lowered
    users: dict[Node, list[Node | None]] = {n: [] for n in order}
    for node in order:
        for argument in node.args:
            users[argument].append(node)
    for root in lowered.roots:
        users[root].append(None)
    wanted = {found.whole: found for found in means.values()}
    deviations = {n: means[m] for n in order if (m := _deviation_from(n, means)) is not None}
    dropped = {w for w, found in wanted.items() if _only_for(found, users, means, deviations)}
    if not dropped:
        return lowered
    done: dict[Node, Node] = {}
    bare: dict[Node, Node] = {}
    for node in order:
        args = tuple(done[a] for a in node.args)
        done[node] = node if node.is_leaf or args == node.args else make(node.op, args, node.attrs)
        if node in means and means[node].whole in dropped:
            found = means[node]
            total = make(SUM, (done[found.value],), (found.axes, False))
            bare[node] = make(DIV, (reshape(total, node.args[0].shape), args[1]))
            shift = done[found.shift] if node.ndim == found.whole.ndim else _on_kept(done[found.shift], found)
            done[node] = make(found.whole.op, (bare[node], shift))
        elif node in deviations and deviations[node].whole in dropped:
            found = deviations[node]
            mean = _below(node.args[1])[-1]
            done[node] = make(SUB, (done[found.value], reshape(bare[mean], node.args[1].shape)))
    text = f"{len(dropped)} shifts are" if len(dropped) > 1 else "1 shift is"
    setting.say("centre", f"{text} not added before deviations from the mean")
    return replaced(lowered, done)


def _mean_of_shifted(node: Node) -> _Shifted | None:
    """What `node` is the mean of, where that is a sum or difference with something constant along the axes."""
    if node.op is not DIV:
        return None
    total, count = _below(node.args[0])[-1], node.args[1]
    if total.op is not SUM or total.attrs[1]:
        return None
    whole, axes = total.args[0], total.attrs[0]
    if node.args[0].shape not in (total.shape, _kept(whole.shape, axes)):
        return None
    if not _is_size(count, product(whole.shape[i] for i in axes)) or whole.op not in (ADD, SUB):
        return None
    for value, shift in (whole.args, whole.args[::-1] if whole.op is ADD else whole.args):
        reached = {i + whole.ndim - shift.ndim for i, d in enumerate(shift.shape) if d != 1}
        if value.shape == whole.shape and value.dtype == shift.dtype == "real" and not reached & set(axes):
            return _Shifted(whole, value, shift, axes)
    return None


def _is_size(node: Node, size: DimLike) -> bool:
    while node.op is CAST:
        node = node.args[0]
    return node.attrs[0] == size if node.op is SIZE else isinstance(size, int) and exact(node) == size


def _deviation_from(node: Node, means: Mapping[Node, _Shifted]) -> Node | None:
    """The mean that is subtracted from what it is the mean of."""
    if node.op is not SUB:
        return None
    found = _below(node.args[1])[-1]
    if found not in means or means[found].whole is not node.args[0]:
        return None
    kept, own = _kept(node.args[0].shape, means[found].axes), node.args[1].shape
    more = len(kept) - len(own)
    return found if kept[more:] == own and all(d == 1 for d in kept[:more]) else None


def _kept(shape: Shape, axes: Sequence[int]) -> Shape:
    """The shape of a mean with its axes in place, at size 1."""
    return tuple(1 if i in axes else d for i, d in enumerate(shape))


def _below(node: Node) -> Sequence[Node]:
    """A node and, through moves that only repeat or add axes, what it shows."""
    found = [node]
    while found[-1].op in (RESHAPE, BROADCAST):
        found.append(found[-1].args[0])
    return found


def _only_for(
    found: _Shifted,
    users: Mapping[Node, Sequence[Node | None]],
    means: Mapping[Node, _Shifted],
    deviations: Mapping[Node, _Shifted],
) -> bool:
    """Whether the shifted value is read by means and by deviations from them alone."""
    for user in users[found.whole]:
        if user is not None and deviations.get(user) == found:
            continue
        if user is None or user.op is not SUM:
            return False
        if any(u is None or means.get(u) != found for u in _readers(user, users)):
            return False
    return any(d == found for d in deviations.values())


def _readers(total: Node, users: Mapping[Node, Sequence[Node | None]]) -> list[Node | None]:
    """What reads a sum, also with its axes put back."""
    found: list[Node | None] = []
    for user in users[total]:
        found += users[user] if user is not None and user.op is RESHAPE else [user]
    return found


def _on_kept(shift: Node, found: _Shifted) -> Node:
    """The shift without the axes of the mean, along which it has size 1."""
    places = [i - found.whole.ndim + shift.ndim for i in range(found.whole.ndim) if i not in found.axes]
    return reshape(shift, tuple(shift.shape[p] for p in places if p >= 0)) if shift.ndim else shift


CENTRE = Pass("centre", "leaves out shifts before deviations from the mean", drop_shifts)
