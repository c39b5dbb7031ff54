"""`p[np.arange(N), y]` as a place to write: 1 at the entries it picks, one per row, and 0 elsewhere."""

from __future__ import annotations

from typing import NamedTuple

from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import DimLike, Shape, broadcast_shapes
from graphc.lang.numpy_code.arrays import Array
from graphc.lang.numpy_code.errors import refuse
from graphc.lang.numpy_code.memory import fit
from graphc.lang.numpy_code.subscript import WHOLE, Key, Slice, complete, view
from graphc.ops.move import broadcast, expand_dims, reshape, transpose

HINT = (
    "an array of whole numbers as an index is written to as in p[np.arange(N), y]: one entry of each row; where "
    "places may repeat use np.add.at"
)


class Labelled(NamedTuple):
    """What an index is about: `hot` is 1 at its entries of `part`, `value` what is written, set beside it."""

    part: Array
    hot: Node
    value: Node


def at_labels(x: Array, keys: Key, value: Node) -> Labelled | None:
    """What `x[keys] = value` writes to, where `keys` has arrays of whole numbers; None where they take whole axes."""
    keys = complete(keys, x.shape)
    if any(isinstance(k, Array) and k.kind != "int" for k in keys):
        refuse("an index is of whole numbers or a mask; declare labels with `input(N, dtype=int)`")
    if any(k is None for k in keys):
        refuse("a new axis beside whole-number arrays in one index is not read")
    single = any(not isinstance(k, Array | Slice) for k in keys)
    if single and value.ndim and any(isinstance(k, Slice) for k in keys):
        refuse("a number, a slice and whole-number arrays in one index are not read together")
    part = view(x, [WHOLE if isinstance(k, Array) else k for k in keys])
    left = [k for k in keys if isinstance(k, Array | Slice)]
    axes = [axis for axis, k in enumerate(left) if isinstance(k, Array)]
    nodes = [k.node for k in left if isinstance(k, Array)]
    if axes != list(range(axes[0], axes[-1] + 1)):
        refuse("whole-number arrays in an index stand side by side")
    if len(nodes) == 1 and _runs_along(nodes[0], part.shape[axes[0]], 1) == 0:
        return None
    return _hot(part, axes[0], nodes, value)


def _hot(part: Array, first: int, nodes: list[Node], value: Node) -> Labelled:
    shape = part.shape
    places = broadcast_shapes([n.shape for n in nodes], "index")
    position = _label_position(nodes, places, shape[first : first + len(nodes)])
    label, extent = nodes[position], shape[first + position]
    last = first + len(nodes)
    if _runs_along(label, extent, len(places)) is not None and places == (extent,):
        hot = FUNCTIONS["eye"](extent)
    else:
        hot = FUNCTIONS["one_hot"](broadcast(label, places), extent)
    order = [*range(len(places))]
    order.insert(position, len(places))
    hot = transpose(hot, order) if hot.ndim > 1 else hot
    hot = reshape(hot, (*hot.shape, *(1 for _ in shape[last:])))
    if value.ndim:
        value = expand_dims(fit(value, (*shape[:first], *places, *shape[last:])), first + position)
    return Labelled(part, hot, value)


def repeats_nothing(x: Array, keys: Key) -> bool:
    """Whether an index surely picks no entry twice, because its arrays but one count the rows."""
    keys = complete(keys, x.shape)
    pairs = [(k.node, d) for k, d in zip(keys, x.shape, strict=False) if isinstance(k, Array)]
    if any(k is None for k in keys):
        return False
    places = broadcast_shapes([n.shape for n, _ in pairs], "index")
    if len(pairs) == 1 and len(places) == 1:
        return _runs_along(*pairs[0], 1) == 0
    return _label([n for n, _ in pairs], [d for _, d in pairs], places) is not None


def _label_position(nodes: list[Node], places: Shape, extents: Shape) -> int:
    """Which of the arrays is the label: the others count the rows, each along an axis of its own."""
    label = _label(nodes, list(extents), places)
    return refuse(HINT) if label is None else label


def _label(nodes: list[Node], extents: list[DimLike], places: Shape) -> int | None:
    wanted, label = 0, None
    for position, (node, extent) in enumerate(zip(nodes, extents, strict=True)):
        if wanted < len(places) and _runs_along(node, extent, len(places)) == wanted:
            wanted += 1
        elif label is None:
            label = position
        else:
            return None
    return None if wanted < len(places) else label


def _runs_along(node: Node, extent: DimLike, rank: int) -> int | None:
    """The axis, of `rank`, along which a node is 0, 1, …, extent-1; None if it is not."""
    shape = node.shape
    while node.op.name == "reshape":
        node = node.args[0]
    if node.op.name != "iota" or node.shape != (extent,):
        return None
    found = [axis for axis, d in enumerate(shape) if d == extent]
    return found[0] + rank - len(shape) if len(found) == 1 else None
