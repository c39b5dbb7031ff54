"""Entries chosen by a label in each row: `y[arange(N), t]`, and the ones put in the places it was taken from.

Where `marks` holds those ones, `marks*y` is `marks*y[arange(N), t][:, None]`: both are `y` at the labels, else 0.
"""

from __future__ import annotations

from graphc.ir.node import Node, make
from graphc.ir.types import Shape
from graphc.ops.index import GATHER, IOTA, SCATTER_ADD
from graphc.ops.leaf import as_node, constant_value
from graphc.ops.move import broadcast, reshape
from graphc.ops.pointwise import cast

Labels = tuple[Node, ...]


def labels_of(indices: Labels, shape: Shape) -> bool:
    """Whether `indices` choose one entry of each row of a matrix of `shape`."""
    rows = indices[0]
    return len(indices) == len(shape) == 2 and rows.op is IOTA and rows.shape == shape[:1] == indices[1].shape


def marked(node: Node) -> Labels | None:
    """The indices, if the node holds a 1 in the chosen place of each row, and 0 elsewhere."""
    if node.op is not SCATTER_ADD or not labels_of(node.args[1:], node.shape):
        return None
    ones = node.args[0]
    one = ones.op.name == "broadcast" and constant_value(ones.args[0]) == 1
    return node.args[1:] if one else None


def chosen(node: Node) -> tuple[Node, Labels] | None:
    """`y` and the indices, if the node is `y[arange(N), t]` as a column."""
    if node.op.name != "reshape" or node.args[0].op is not GATHER:
        return None
    y, *indices = node.args[0].args
    fits = labels_of(tuple(indices), y.shape) and node.shape == (y.shape[0], 1)
    return (y, tuple(indices)) if fits else None


def cancel_chosen(powers: dict[Node, int]) -> None:
    """`marks * y / y[arange(N), t][:, None]` is `marks`."""
    places = [(where, f.shape) for f, p in powers.items() if p > 0 and (where := marked(f)) is not None]
    for column in list(powers) if places else ():
        found = chosen(column)
        if found is not None and (found[1], found[0].shape) in places:
            p, q = powers[column], powers.get(found[0], 0)
            both = min(-p, q) if p < 0 < q else 0
            powers[column] += both
            powers[found[0]] = q - both


def marks_and_values(node: Node) -> Node | None:
    """Values put in the chosen places are the marks of those places times the values."""
    if not labels_of(node.args[1:], node.shape) or marked(node) is not None:
        return None
    values, *indices = node.args
    ones = broadcast(cast(as_node(1), "real"), values.shape)
    return reshape(values, (values.shape[0], 1)) * make(SCATTER_ADD, (ones, *indices), node.attrs)
