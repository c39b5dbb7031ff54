"""Reductions over the taps of a sliding window as elementwise operations on strided slices.

`max(sliding_window(x, 2, strides=2))` reads four slices of `x`; a reduction over the last, short axes of a view of the
windows visits each entry through strides that no vector unit follows.
"""

from __future__ import annotations

from functools import reduce
from itertools import product
from math import prod

from graphc.ir.node import Node, make
from graphc.ir.types import DimLike
from graphc.ops.move import SLICE
from graphc.ops.pointwise import ADD, MAXIMUM, MINIMUM
from graphc.ops.window import SLIDING_WINDOW

MOST_TAPS = 16  # a slice and an operation for each
_PAIRWISE = {"max": (MAXIMUM, (0,)), "min": (MINIMUM, (0,)), "sum": (ADD, ())}


def by_taps(node: Node) -> Node:
    """A maximum, minimum or sum over all taps of a window, tap by tap; any other reduction as it is."""
    window, (axes, _) = node.args[0], node.attrs
    if window.op is not SLIDING_WINDOW or node.op.name not in _PAIRWISE:
        return node
    along, sizes, strides, dilations = window.attrs
    taps = tuple(range(window.ndim - len(along), window.ndim))
    if axes != taps or not all(isinstance(s, int) for s in sizes) or prod(sizes) > MOST_TAPS:
        return node
    x = window.args[0]
    parts: list[Node] = []
    for tap in product(*map(range, sizes)):
        slices: list[tuple[DimLike, int, DimLike]] = [(0, 1, d) for d in x.shape]
        for axis, place, stride, dilation in zip(along, tap, strides, dilations, strict=True):
            slices[axis] = (dilation * place, stride, window.shape[axis])
        whole = all(cut == (0, 1, d) for cut, d in zip(slices, x.shape, strict=True))
        parts.append(x if whole else make(SLICE, (x,), (tuple(slices),)))
    op, attrs = _PAIRWISE[node.op.name]
    return reduce(lambda a, b: make(op, (a, b), attrs), parts)
