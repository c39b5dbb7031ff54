"""Scans: cumulative sum and product, and the first-order linear recurrence their gradients are made of.

`recurrence(a, b)` is `r[i] = a[i] * r[i-1] + b[i]` with `r[-1] = 0`. Its adjoint is again a recurrence, run backwards.
"""

from __future__ import annotations

from typing import Any

from graphc.ir.node import Node, make
from graphc.ir.op import Attrs, Op, function, register
from graphc.ir.types import DType, Shape, broadcast_shapes, promote
from graphc.ops.composite import normal_axis
from graphc.ops.leaf import as_node
from graphc.ops.move import broadcast, pad, slice_axis
from graphc.ops.pointwise import cast

_ATTRS = ("axis", "reverse", "exclusive")


def _infer(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    return args[0].shape, promote(["int", *(a.dtype for a in args)])


def _evaluate(node: Node, arrays: list[Any], sizes: Any, xp: Any) -> Any:
    return xp.scan(node.op.name, arrays, *node.attrs)


def _shift(x: Node, axis: int, *, back: bool) -> Node:
    """Every entry moved one place along `axis`, up or (`back`) down, with 0 coming in."""
    kept = slice_axis(x, axis, slice(1, None) if back else slice(None, -1))
    widths = [(0, 0)] * x.ndim
    widths[axis] = (0, 1) if back else (1, 0)
    return pad(kept, widths)


def _cumsum_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    axis, reverse, exclusive = node.attrs
    return (make(CUMSUM, (g,), (axis, not reverse, exclusive)),)


def _cumprod_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    # dx[i] = (product of all before i) * s[i], where s runs backwards: s[i] = g[i] + x[i+1] * s[i+1]; exclusive
    # products see x[i] one place later, so their upstream gradient moves one place first.
    axis, reverse, exclusive = node.attrs
    x = node.args[0]
    before = make(CUMPROD, (x,), (axis, reverse, True))
    g = _shift(g, axis, back=not reverse) if exclusive else g
    following = _shift(x, axis, back=not reverse)
    return (before * make(RECURRENCE, (following, g), (axis, not reverse)),)


def _recurrence_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    axis, reverse = node.attrs
    following = _shift(node.args[0], axis, back=not reverse)
    s = make(RECURRENCE, (following, g), (axis, not reverse))
    return s * _shift(node, axis, back=bool(reverse)), s


def _cumprod_jvp(node: Node, tangents: tuple[Node | None, ...]) -> Node:
    # p[i] = p[i-1] * x[i], so dp[i] = x[i] * dp[i-1] + p[i-1] * dx[i].
    axis, reverse, exclusive = node.attrs
    x = node.args[0]
    before = make(CUMPROD, (x,), (axis, reverse, True))
    moved = make(RECURRENCE, (x, before * tangents[0]), (axis, reverse))
    return _shift(moved, axis, back=bool(reverse)) if exclusive else moved


def _recurrence_jvp(node: Node, tangents: tuple[Node | None, ...]) -> Node:
    axis, reverse = node.attrs
    da, db = tangents
    driven = [da * _shift(node, axis, back=bool(reverse))] if da is not None else []
    driven += [db] if db is not None else []
    return make(
        RECURRENCE, (node.args[0], driven[0] + driven[1] if len(driven) == 2 else driven[0]), node.attrs
    )


CUMSUM = register(Op("cumsum", "scan", _infer, _ATTRS, evaluate=_evaluate, vjp=_cumsum_vjp, linear="all"))
CUMPROD = register(
    Op("cumprod", "scan", _infer, _ATTRS, evaluate=_evaluate, vjp=_cumprod_vjp, jvp=_cumprod_jvp)
)
RECURRENCE = register(
    Op("recurrence", "scan", _infer, _ATTRS[:2], evaluate=_evaluate, vjp=_recurrence_vjp, jvp=_recurrence_jvp)
)


def _scan(op: Op, x: Any, axis: int, reverse: bool, exclusive: bool) -> Node:
    x = as_node(x)
    x = cast(x, "int") if x.dtype == "bool" else x
    return make(op, (x,), (normal_axis(op.name, axis, x), bool(reverse), bool(exclusive)))


@function
def cumsum(x: Any, *, axis: int = -1, reverse: bool = False, exclusive: bool = False) -> Node:
    """Cumulative sum along `axis`; `exclusive` leaves out the entry itself, `reverse` runs from the end."""
    return _scan(CUMSUM, x, axis, reverse, exclusive)


@function
def cumprod(x: Any, *, axis: int = -1, reverse: bool = False, exclusive: bool = False) -> Node:
    """Cumulative product along `axis`; `exclusive` leaves out the entry itself, `reverse` runs from the end."""
    return _scan(CUMPROD, x, axis, reverse, exclusive)


@function
def recurrence(a: Any, b: Any, *, axis: int = -1, reverse: bool = False) -> Node:
    """The first-order linear recurrence `r[i] = a[i] * r[i-1] + b[i]` along `axis`, from `r[-1] = 0`."""
    a, b = as_node(a), as_node(b)
    shape = broadcast_shapes([a.shape, b.shape], "recurrence")
    a, b = broadcast(a, shape), broadcast(b, shape)
    return make(RECURRENCE, (a, b), (normal_axis("recurrence", axis, a), bool(reverse)))
