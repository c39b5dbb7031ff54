"""Reductions over the taps of a sliding window as elementwise operations on strided slices.

`max(sliding_window(x, 2, strides=2))` reads four slices of `x`; a reduction over the last, short axes of a view of the
windows visits each entry through strides that no vector unit follows.
"""

from __future__ import annotations

from itertools import accumulate, product
from math import prod

from graphc.ir.node import Node, make
from graphc.ir.types import DimLike
from graphc.ops.move import SLICE, reshape, stack
from graphc.ops.pointwise import ADD, EQUAL, GREATER, MAXIMUM, MINIMUM, cast
from graphc.ops.window import SLIDING_WINDOW

MOST_TAPS = 16  # a slice and an operation for each
_PAIRWISE = {"max": (MAXIMUM, (0,)), "min": (MINIMUM, (0,)), "sum": (ADD, ())}
_EXTREMES = {"is_max": "max", "is_min": "min"}


def by_taps(node: Node) -> Node:
    """A maximum, minimum or sum over all taps of a window, tap by tap; any other reduction as it is."""
    parts = _taps(node.args[0], node.attrs[0]) if node.op.name in _PAIRWISE else None
    return node if parts is None else _running(node.op.name, parts)[-1]


def winners(node: Node) -> Node | None:
    """`is_max` and `is_min` of a window tap by tap: an entry wins that is the extreme, and no earlier one was."""
    if node.op.name not in _EXTREMES:
        return None
    first = marks(node.args[0], node.attrs[0], _EXTREMES[node.op.name])
    return None if first is None else cast(reshape(stack(first, axis=-1), node.shape), "real")


def marks(window: Node, axes: tuple[int, ...], extreme: str) -> list[Node] | None:
    """For each tap of a window where it wins, if `axes` are all its taps; the first one does at a tie."""
    parts = _taps(window, axes)
    if parts is None:
        return None
    running = _running(extreme, parts)
    here = [make(EQUAL, (part, running[-1])) for part in parts]
    before = [make(EQUAL, (extreme, running[-1])) for extreme in running[:-1]]
    return [here[0], *(make(GREATER, pair) for pair in zip(here[1:], before, strict=True))]


def _running(name: str, parts: list[Node]) -> list[Node]:
    """The maximum, minimum or sum of the first part, of the first two, and so on."""
    op, attrs = _PAIRWISE[name]
    return list(accumulate(parts, lambda a, b: make(op, (a, b), attrs)))


def _taps(window: Node, axes: tuple[int, ...]) -> list[Node] | None:
    """The slice of each tap, if `axes` are all the taps of a window that has few."""
    if window.op is not SLIDING_WINDOW:
        return None
    along, sizes, strides, dilations = window.attrs
    taps = tuple(range(window.ndim - len(along), window.ndim))
    if axes != taps or not all(isinstance(s, int) for s in sizes) or prod(sizes) > MOST_TAPS:
        return None
    x = window.args[0]
    parts: list[Node] = []
    for tap in product(*map(range, sizes)):
        slices: list[tuple[DimLike, int, DimLike]] = [(0, 1, d) for d in x.shape]
        for axis, place, stride, dilation in zip(along, tap, strides, dilations, strict=True):
            slices[axis] = (dilation * place, stride, window.shape[axis])
        whole = all(cut == (0, 1, d) for cut, d in zip(slices, x.shape, strict=True))
        parts.append(x if whole else make(SLICE, (x,), (tuple(slices),)))
    return parts
