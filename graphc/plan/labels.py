"""Sums against a one-hot array read one entry: `sum(one_hot(t) * y, axis=1)` is `y[arange(N), t]`.

Only for labels that the generated code has checked: a label that names no class is a row of zeros in a one-hot array,
and no entry at all. What the picked array is computed from is picked instead where nothing else wants it whole, so
that the likelihood of N labels takes N logarithms. Where the one-hot array is wanted as numbers, its rows are taken
from those of the identity, which is kept: in a third of the time of comparing each label with each class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graphc.ir.node import Node, make
from graphc.ir.types import DimLike
from graphc.ops.index import GATHER, IOTA
from graphc.ops.move import RESHAPE, reshape
from graphc.ops.pointwise import ADD, EQUAL, MUL, SUB, cast
from graphc.ops.reduce import SUM
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import Pass, count_uses, counted
from graphc.plan.setting import Setting

DEEPEST = 8  # elementwise operations that are picked through
MOST_CLASSES = 64  # of which there is an identity


def pick_by_labels(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with entries picked by checked labels where it sums against their one-hot array."""
    checked = {(n.args[0], n.attr("depth")) for n in lowered.became if n.op.name == "one_hot"}
    if not checked:
        return lowered
    found = [(n, _labels_of(n)) for n in lowered.nodes if n.op is EQUAL and n.ndim]
    masks = {n: t for n, t in found if t is not None and t.op.name == "input" and (t, n.shape[-1]) in checked}
    if not masks:
        return lowered
    uses = count_uses(lowered)
    once = {n for n, count in uses.items() if count == 1 and n not in lowered.names}
    result, count = counted(lowered, (SUM,), lambda n: _picked_sum(n, masks, once))
    if count:
        setting.say("labels", f"{count} sum{'s' * (count > 1)} against a one-hot array read one entry")
    return _rows_of_identity(result, masks) if setting.workspace else result


def _rows_of_identity(lowered: Lowered, masks: Mapping[Node, Node]) -> Lowered:
    """The graph with one-hot arrays that numbers are added to, or multiplied by, as rows of the identity."""
    identities: dict[Node, str] = {}

    def rows(mask: Node) -> Node:
        if mask not in masks or not isinstance(mask.shape[-1], int) or mask.shape[-1] > MOST_CLASSES:
            return mask
        places = make(IOTA, (), (mask.shape[-1],))
        identity = cast(make(EQUAL, (reshape(places, (mask.shape[-1], 1)), places)), "real")
        identities[identity] = f"identity_{mask.shape[-1]}"
        return make(GATHER, (identity, masks[mask]), (0,))

    result, _ = counted(
        lowered,
        (ADD, SUB, MUL),
        lambda n: make(n.op, map(rows, n.args), n.attrs) if n.dtype == "real" else None,
    )
    return replace(result, names={**identities, **result.names})


def _labels_of(node: Node) -> Node | None:
    """The labels of a comparison that makes them one-hot along a new last axis."""
    labels, places = node.args
    if labels.op is not RESHAPE or labels.shape != (*node.shape[:-1], 1):
        return None
    base = places.args[0] if places.op is RESHAPE else places
    t = labels.args[0]
    if base.op is not IOTA or base.shape != node.shape[-1:] or places.shape[-1:] != node.shape[-1:]:
        return None
    return t if t.shape == node.shape[:-1] else None


def _picked_sum(node: Node, masks: Mapping[Node, Node], once: set[Node]) -> Node:
    if node.dtype != "real" or node.attrs[0] != (node.args[0].ndim - 1,):
        return node
    product = node.args[0]
    if product.op is not MUL or product not in once:
        return node
    for mask, y in (product.args, product.args[::-1]):
        if mask in masks and y.shape == mask.shape and y.dtype == "real":
            return _picked(y, masks[mask], once, DEEPEST)
    return node


def _picked(y: Node, labels: Node, once: set[Node], depth: int) -> Node:
    """`y[..., labels]`, one entry for each label, through elementwise operations that are wanted nowhere else."""
    if depth and y.op.elementwise and y in once:
        parts = [_part(a, y, labels, once, depth - 1) for a in y.args]
        if None not in parts:
            return make(y.op, [p for p in parts if p is not None], y.attrs)
    rank = labels.ndim
    places = [_along(d, i, rank) for i, d in enumerate(labels.shape)]
    return make(GATHER, (y, *places, labels), (0,))


def _part(a: Node, y: Node, labels: Node, once: set[Node], depth: int) -> Node | None:
    """What an operand of `y` contributes to the picked entries."""
    if not a.ndim:
        return a
    if a.shape == y.shape:
        return _picked(a, labels, once, depth)
    if a.shape[-1] == 1:
        return _dropped(a, once, depth)
    return make(GATHER, (a, labels), (0,)) if a.ndim == 1 else None


def _dropped(a: Node, once: set[Node], depth: int) -> Node:
    """`a[..., 0]` for a last axis of size 1, dropped where it was put on."""
    if a.op is RESHAPE and a.args[0].shape == a.shape[:-1]:
        return a.args[0]
    if depth and a.op.elementwise and a in once and all(x.shape in (a.shape, ()) for x in a.args):
        return make(a.op, [_dropped(x, once, depth - 1) if x.ndim else x for x in a.args], a.attrs)
    return reshape(a, a.shape[:-1])


def _along(size: DimLike, axis: int, rank: int) -> Node:
    """`0, 1, …` along one of `rank` axes."""
    return reshape(make(IOTA, (), (size,)), tuple(size if i == axis else 1 for i in range(axis, rank)))


LABELS = Pass("labels", "picks entries by label instead of summing against one-hot arrays", pick_by_labels)
