"""The gradient of a pool: what each window gets goes to its winner, tap by tap.

A window's winner is marked tap by tap; `dy` times the marks of a tap lies where the windows have that tap. Windows that
do not overlap give slices of the result that do not either: each is written once, and nothing is added to zeros.

Of a relu before the pool, only the winners count, and a winner is positive where the maximum is: the mask of relu is
taken of the pooled values, which are fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

from graphc.ir.node import Node, make
from graphc.ir.op import Attrs, Op
from graphc.ir.types import DimLike, DType, Shape, promote
from graphc.ir.types import product as product_of
from graphc.ops.index import ARGMAX, ARGMIN, IOTA
from graphc.ops.move import BROADCAST, CONCAT, RESHAPE, SLICE
from graphc.ops.pointwise import EQUAL, GREATER, MAXIMUM, MUL
from graphc.ops.window import OVERLAP_ADD
from graphc.plan.lower import Lowered, exact
from graphc.plan.rewriting import Pass, count_uses, counted, rewritten
from graphc.plan.setting import Setting
from graphc.plan.turned import reshaped, whole
from graphc.plan.windows import MOST_TAPS, marks

NAME = "pool"
Place = tuple[tuple[DimLike, int, DimLike], ...]


def _infer(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    return attrs[0], promote(["int", args[0].dtype])


def _evaluate(node: Node, arrays: list[Any], sizes: Any, xp: Any) -> Any:
    shape, places = node.attrs
    value, *marks = arrays
    result = xp.full(xp.shape(shape, sizes), 0, value.dtype)
    for tap, place in enumerate(places):
        part = value * xp.cast(marks[tap], node.dtype) if marks else value
        at = tuple(
            slice(first := xp.extent(start, sizes), first + step * xp.extent(length, sizes), step)
            for start, step, length in place
        )
        result[at] = result[at] + part
    return result


# `route(dy, *marks)` adds up, for every tap, `dy` times the marks of the tap at the tap's slices of `shape`; without
# marks `dy` itself. It is never seen in a surface graph.
ROUTE = Op("route", "move", _infer, ("shape", "places"), evaluate=_evaluate)


def apart(places: Sequence[Place]) -> bool:
    """Whether the slices have no place in common: along some axis they begin within one step of each other."""
    steps = [{step for _, step, _ in axis} for axis in zip(*places, strict=True)]
    starts = [{start for start, _, _ in axis} for axis in zip(*places, strict=True)]
    grid = prod(len(s) for s in starts) == len(set(places)) == len(places)
    return grid and all(
        len(step) == 1 and all(isinstance(s, int) for s in start) and max(start) - min(start) < min(step)
        for step, start in zip(steps, starts, strict=True)
        if len(start) > 1
    )


def covered(shape: Shape, places: Sequence[Place]) -> bool:
    """Whether slices without a place in common fill `shape`."""
    if not apart(places):
        return False
    for d, axis in zip(shape, zip(*places, strict=True), strict=True):
        filled: DimLike = 0
        for _, _, length in dict.fromkeys(axis):
            filled = filled + length
        if filled != d:
            return False
    return True


def route_pools(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with the gradients of pools written tap by tap."""
    result, count = counted(lowered, (OVERLAP_ADD,), _routed)
    if not count:
        return lowered
    plural = "s of pools are" if count > 1 else " of a pool is"
    setting.say(NAME, f"{count} gradient{plural} written tap by tap")
    uses = count_uses(result)
    # by their marks, which stay as they are while what is routed changes
    alone = {n.args[1:] for n in result.nodes if n.op is ROUTE and uses[n] == 1 and n not in result.names}
    return rewritten(result, (MUL,), lambda n: _masked_before(n, alone))


POOL = Pass(NAME, "writes the gradient of a pool tap by tap where it goes", route_pools)


def _routed(node: Node) -> Node | None:
    """The sum of windows that hold one value at all taps, or one value where the tap is marked."""
    shape, axes, sizes, strides, dilations = node.attrs
    if not all(isinstance(s, int) for s in sizes) or prod(sizes) > MOST_TAPS:
        return None
    counts = node.args[0].shape[: node.ndim]
    parts = [_part(node.args[0], tap, counts, sizes) for tap in range(prod(sizes))]
    first = parts[0]
    if first is None or any(p is None or p.shape != counts for p in parts):
        return None
    args = (first,) if all(p is first for p in parts) else _split([p for p in parts if p is not None])
    if args is None:
        return None
    places = []
    for tap in product(*map(range, sizes)):
        place = list(whole(counts))
        for axis, k, stride, dilation in zip(axes, tap, strides, dilations, strict=True):
            place[axis] = (dilation * k, stride, counts[axis])
        places.append(tuple(place))
    return make(ROUTE, args, (shape, tuple(places)))


def _masked_before(node: Node, alone: set[tuple[Node, ...]]) -> Node:
    """`route(dy, …) * (x > c)`, where `x` met in windows, as `route(dy * (top > c), …)`; any other node as it is."""
    for route, mask in (node.args, node.args[::-1]):
        if route.op is not ROUTE or route.args[1:] not in alone or mask.op is not GREATER:
            continue
        found = _contest(route)
        (x, limit), bound = mask.args, exact(mask.args[1])
        if found is None or bound is None or x.shape != route.shape:
            continue
        array, top = found
        clipped = array.op is MAXIMUM and x in array.args and bound in map(exact, array.args)
        if array is x or clipped:
            passed = make(MUL, (route.args[0], make(GREATER, (top, limit))))
            return make(ROUTE, (passed, *route.args[1:]), route.attrs)
    return node


def _contest(route: Node) -> tuple[Node, Node] | None:
    """The array whose windows meet, and the extremes that a mark has to equal, if all marks are such."""
    found: set[tuple[Node, Node]] = set()
    for mark, place in zip(route.args[1:], route.attrs[1], strict=False):
        equal = mark.args[0] if mark.op is GREATER else mark
        if equal.op is not EQUAL or equal.args[0].op is not SLICE or equal.args[0].attrs[0] != place:
            return None
        found.add((equal.args[0].args[0], equal.args[1]))
    return found.pop() if len(found) == 1 else None


def _part(node: Node, tap: int, counts: Shape, sizes: Shape) -> Node | None:
    """What `node`, broadcast to windows of `counts` places and `sizes` taps, holds at one tap, if that is at hand."""
    full = (*counts, *sizes)
    lead = len(full) - node.ndim
    if node.ndim == 0:
        return node
    if node.op is RESHAPE and node.shape == (*counts, *(1 for _ in sizes)):
        return reshaped(node.args[0], counts)
    stack = node.args[0] if node.op is RESHAPE else node
    if stack.op is CONCAT and node.shape == full:
        return _stacked(stack, tap, counts, sizes)
    if node.op is EQUAL and node.shape == full:
        return _searched(node, tap)
    if node.op is BROADCAST and node.shape == full[lead:]:
        return _part(node.args[0], tap, counts, sizes)
    if node.op.kind != "pointwise":
        return None
    parts = [_part(a, tap, counts, sizes) for a in node.args]
    return (
        None
        if any(p is None for p in parts)
        else make(node.op, [p for p in parts if p is not None], node.attrs)
    )


def _stacked(stack: Node, tap: int, counts: Shape, sizes: Shape) -> Node | None:
    """What stands at one tap where there is a part for each, all of them along the last axis."""
    if stack.attrs[0] != len(counts) or stack.ndim != len(counts) + 1 or product_of(sizes) != len(stack.args):
        return None
    part = stack.args[tap]
    return part.args[0] if part.op is RESHAPE and part.args[0].shape == counts else None


def _searched(node: Node, tap: int) -> Node | None:
    """Where one tap wins, of the places `argmax(windows) == taps`."""
    place, taps = (a.args[0] if a.op is RESHAPE else a for a in node.args)
    if place.op not in (ARGMAX, ARGMIN) or taps.op is not IOTA:
        return None
    window, (axis,) = place.args[0], place.attrs
    found = marks(window, (axis,), "max" if place.op is ARGMAX else "min")
    return None if found is None else found[tap]


def _split(parts: Sequence[Node]) -> tuple[Node, ...] | None:
    """The factor that all products share, and the other factor of each."""
    if any(p.op is not MUL for p in parts):
        return None
    for value in parts[0].args:
        if value.shape == parts[0].shape and all(value in p.args for p in parts):
            others = tuple(p.args[1] if p.args[0] is value else p.args[0] for p in parts)
            if all(m.shape == value.shape for m in others):
                return value, *others
    return None
