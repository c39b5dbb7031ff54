"""Sliding windows in NumPy: a view of the array, and the sum of overlapping windows one tap after another."""

from __future__ import annotations

from collections.abc import Sequence

from graphc.emit.structure import fill_text, slices_text
from graphc.emit.text import Scope, Text
from graphc.ir.node import Node
from graphc.ir.types import DimLike
from graphc.ops.window import reach
from graphc.plan.routing import apart, covered


def sliding_window(scope: Scope, node: Node) -> Text:
    """The view with every place and tap, thinned out to the strides and dilations."""
    axes, sizes, strides, dilations = node.attrs
    x = scope.array(node.args[0])
    spans = [reach(k, d) for k, d in zip(sizes, dilations, strict=True)]
    view = (
        f"np.lib.stride_tricks.sliding_window_view({x.code}, {_tuple(scope, spans)}, axis={_numbers(axes)})"
    )
    steps = [1] * node.ndim
    for i, (axis, stride, dilation) in enumerate(zip(axes, strides, dilations, strict=True)):
        steps[axis], steps[node.args[0].ndim + i] = stride, dilation
    while steps and steps[-1] == 1:
        steps.pop()
    return Text(view + (f"[{', '.join('::' + str(s) if s > 1 else ':' for s in steps)}]" if steps else ""))


def overlap_add(scope: Scope, node: Node, out: str = "") -> Text:
    """A call of the helper that loops over the taps."""
    shape, axes, _, strides, dilations = node.attrs
    windows = scope.array(node.args[0], node.dtype)
    options = "".join(
        f", {name}={_numbers(values)}"
        for name, values in (("strides", strides), ("dilations", dilations))
        if any(v != 1 for v in values)
    )
    options += f", out={out}" if out else ""
    name = scope.helper("_overlap_add")
    return Text(f"{name}({windows.code}, {scope.shape(shape)}, {_numbers(axes)}{options})")


def route(scope: Scope, node: Node, out: str = "") -> Text:
    """A call of the helper that writes, for each tap, what is marked there."""
    shape, places = node.attrs
    value, *marks = (scope.array(a) for a in node.args)
    slices = ", ".join(f"np.s_[{slices_text(scope, place, shape)}]" for place in places)
    given = f"({', '.join(m.code for m in marks)}{',' * (len(marks) == 1)})" if marks else "None"
    options = "" if covered(shape, places) else ", filled=False" if apart(places) else ", apart=False"
    target = out or f"np.empty({scope.shape(shape)}, {scope.dtype(node.dtype)})"
    return Text(f"{scope.helper('_route')}({value.code}, {given}, [{slices}], {target}{options})")


def pad_into(scope: Scope, node: Node, out: str) -> Text:
    """A call of the helper that writes an array, and what is around it."""
    shape, places, fill = node.attrs
    x = scope.array(node.args[0]).code
    where = f"np.s_[{slices_text(scope, places, shape)}]"
    return Text(f"{scope.helper('_framed')}({x}, {where}, {fill_text(fill, node.dtype)}, {out})")


def _numbers(values: Sequence[int]) -> str:
    return f"({', '.join(map(str, values))}{',' * (len(values) == 1)})"


def _tuple(scope: Scope, sizes: Sequence[DimLike]) -> str:
    return scope.shape(tuple(sizes))


# how a result is written into memory at hand, `out`
INTO = {"pad": pad_into, "overlap_add": overlap_add, "route": route}

PRINTERS = {
    "sliding_window": sliding_window,
    "overlap_add": overlap_add,
    "route": route,
}
