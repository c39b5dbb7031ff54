"""Elementwise work beside matrix products on matrices as well: (N, T, d) stays (N*T, d) from one product to the next.

A product over more than two axes is one of matrices between two reshapes. The second of these moves down through what
is elementwise until it meets the first of the next product, or another, and both are gone.
"""

from __future__ import annotations

from dataclasses import replace

from graphc.ir.node import Node, make
from graphc.ir.types import Dim, Shape, product
from graphc.ops.move import RESHAPE, reshape
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import Pass, rewritten
from graphc.plan.setting import Setting


def merge_axes(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with leading axes merged wherever a value beside has them merged already."""
    merged: dict[Node, Node] = {}

    def rule(node: Node) -> Node:
        if node.op is RESHAPE:
            return reshaped(node.args[0], node.shape)
        if node.op.kind == "reduce":
            last = node.args[0].ndim - 1
            return _rows_reduced(node) if last > 1 and node.attrs[0] == (last,) else node
        rows = _on_one_axis(node) if node.ndim > 1 else None
        rows = _on_rows(node) if rows is None else rows
        if rows is None:
            return node
        merged[rows] = reshape(rows, node.shape)
        return merged[rows]

    at = [op for op in lowered.ops if op is RESHAPE or op.elementwise or op.kind == "reduce"]
    result = names_moved(rewritten(lowered, at, rule), {whole: rows for rows, whole in merged.items()})
    if merged:
        setting.say("merge", f"the leading axes of {len(merged)} elementwise values are merged")
    return result


def _on_rows(node: Node) -> Node | None:
    """An elementwise node on matrices, if one of its operands is a matrix under another shape and all may be."""
    shape = node.shape
    if len(shape) < 3 or isinstance(shape[-1], Dim) or not any(_is_merged(a, shape) for a in node.args):
        return None
    args = [_as_rows(a, shape) for a in node.args]
    if any(a is None for a in args):
        return None
    found = make(node.op, (a for a in args if a is not None), node.attrs)
    return found if found.shape == (product(shape[:-1]), shape[-1]) else None


def _rows_reduced(node: Node) -> Node:
    """A reduction over the last axis as one of the rows of a matrix."""
    shape = node.args[0].shape
    matrix = reshaped(node.args[0], (product(shape[:-1]), shape[-1]))
    return reshaped(make(node.op, (matrix,), ((1,), node.attrs[1])), node.shape)


def _on_one_axis(node: Node) -> Node | None:
    """An elementwise node of numbers and arrays of its shape on one axis, if an operand has only one already."""
    count = (product(node.shape),)
    if any(a.ndim and a.shape != node.shape for a in node.args):
        return None
    if not any(a.op is RESHAPE and a.args[0].shape == count for a in node.args):
        return None
    return make(node.op, (reshaped(a, count) if a.ndim else a for a in node.args), node.attrs)


def _is_merged(x: Node, shape: Shape) -> bool:
    rows = product(shape[:-1])
    return (
        x.op is RESHAPE
        and x.ndim == len(shape)
        and x.args[0].shape in ((rows, shape[-1]), (rows,), (rows, 1))
    )


def _as_rows(x: Node, shape: Shape) -> Node | None:
    """An operand as what broadcasts with a matrix; None where its axes do not merge."""
    if x.ndim < 2:
        return x
    if x.ndim == len(shape) and x.shape[:-1] == shape[:-1]:
        return reshaped(x, (product(shape[:-1]), x.shape[-1]))
    if all(d == 1 for d in x.shape[:-1]):
        return reshaped(x, x.shape[-1:])
    return None


def reshaped(x: Node, shape: Shape) -> Node:
    """One reshape in place of a chain of them."""
    while x.op is RESHAPE:
        x = x.args[0]
    return reshape(x, shape)


def names_moved(lowered: Lowered, rows: dict[Node, Node]) -> Lowered:
    """Names and marks of values that are only views now, given to the matrices they are views of."""
    if not rows:
        return lowered

    def now(node: Node) -> Node:
        return rows.get(node, node)

    kept = set(lowered.outputs)
    given = reversed(list(lowered.names.items()))
    names = {n if n in kept else now(n): name for n, name in given}
    return replace(
        lowered,
        names=dict(reversed(list(names.items()))),
        moved=(*lowered.moved, {whole: matrix for whole, matrix in rows.items() if whole not in kept}),
        origins={now(n): (name, now(base)) for n, (name, base) in lowered.origins.items()},
    )


MERGE = Pass("merge", "merges leading axes of elementwise values as those of the products beside", merge_axes)
