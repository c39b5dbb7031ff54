"""A graph worked out for many values of a leaf at once: what depends on the leaf gets axes in front.

Each operation is told how it acts on an array with further axes in front of its own. A whole Jacobian is then one
pass backwards, from the identity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphc.ir.errors import GradientError, ShapeError
from graphc.ir.node import Node, make, topological
from graphc.ir.types import Shape, product
from graphc.ops.composite import open_composite
from graphc.ops.contract import CONTRACT, LETTERS
from graphc.ops.linalg import SOLVE
from graphc.ops.move import broadcast, reshape, transpose


def batched(roots: Sequence[Node], values: Mapping[Node, Node], lead: Shape) -> list[Node]:
    """The roots where each leaf in `values` takes the value given for it, which has the axes `lead` before the leaf's.

    The results have these axes in front, too.
    """
    done = dict(values)
    _spread(roots, done, lead)
    return [done[r] if r in done else broadcast(r, (*lead, *r.shape)) for r in roots]


def _spread(roots: Sequence[Node], done: dict[Node, Node], lead: Shape) -> None:
    """Enter every node below `roots` that depends on one in `done`."""
    for node in topological(roots, stop=done.__contains__):
        if node in done or not any(a in done for a in node.args):
            continue
        if node.op.kind == "composite" and not node.op.elementwise:
            body = open_composite(node)
            _spread([body], done, lead)
            done[node] = done[body]
        else:
            done[node] = _batch(node, done, lead)


def _batch(node: Node, done: Mapping[Node, Node], lead: Shape) -> Node:
    if node.op.elementwise:
        return _elementwise(node, done, lead)
    if node.op is CONTRACT:
        return _contract(node, done, len(lead))
    if node.op is SOLVE:
        return _solve(node, done, lead)
    first = done.get(node.args[0])
    if node.op.name == "concat":
        args = [done[a] if a in done else broadcast(a, (*lead, *a.shape)) for a in node.args]
        return make(node.op, args, (node.attrs[0] + len(lead),))
    if node.op.name == "recurrence":
        args = [broadcast(done.get(a, a), (*lead, *a.shape)) for a in node.args]
        return make(node.op, args, (node.attrs[0] + len(lead), *node.attrs[1:]))
    if node.op.name == "broadcast" and first is not None:
        return broadcast(_ranked(first, node.args[0], node.ndim, lead), (*lead, *node.shape))
    if node.op.name not in _ATTRIBUTES or first is None or any(a in done for a in node.args[1:]):
        raise GradientError(
            f"a Jacobian cannot be taken through {node.op.name}; take gradients of sums instead"
        )
    return make(node.op, (first, *node.args[1:]), _ATTRIBUTES[node.op.name](node.attrs, lead))


def _ranked(value: Node, node: Node, rank: int, lead: Shape) -> Node:
    """The batched `value` of `node` with as many axes after the leading ones as a result of `rank` axes has."""
    return reshape(value, (*lead, *(1 for _ in range(rank - node.ndim)), *node.shape))


def _elementwise(node: Node, done: Mapping[Node, Node], lead: Shape) -> Node:
    args = [_ranked(done[a], a, node.ndim, lead) if a in done else a for a in node.args]
    try:
        return make(node.op, args, node.attrs)
    except ShapeError:
        # A result of fewer axes than its operands stand for, such as (N, 1) with (N,), is meant here.
        count = len(lead) + node.ndim
        full = [reshape(a, (*(1 for _ in range(count - a.ndim)), *a.shape)) for a in args]
        return make(node.op, full, node.attrs)


def _contract(node: Node, done: Mapping[Node, Node], count: int) -> Node:
    inputs, output = str(node.attrs[0]).split("->")
    new = "".join([c for c in LETTERS if c not in str(node.attrs[0])][:count])
    operands = [new + o if a in done else o for o, a in zip(inputs.split(","), node.args, strict=True)]
    spec = f"{','.join(operands)}->{new}{output}"
    return make(CONTRACT, [done.get(a, a) for a in node.args], (spec, node.attrs[1]))


def _solve(node: Node, done: Mapping[Node, Node], lead: Shape) -> Node:
    """Of one matrix all right sides become columns; otherwise each has its own copy of the matrix."""
    matrix, right = node.args
    many = done[right] if right in done else broadcast(right, (*lead, *right.shape))
    if matrix not in done and matrix.ndim == 2:
        count = len(lead)
        rows_first = (count, *range(count), *range(count + 1, many.ndim))
        turned = transpose(many, rows_first)
        columns = reshape(turned, (right.shape[0], product((*lead, *right.shape[1:]))))
        solved = reshape(make(SOLVE, (matrix, columns)), turned.shape)
        return transpose(solved, sorted(range(many.ndim), key=rows_first.__getitem__))
    matrices = done[matrix] if matrix in done else broadcast(matrix, (*lead, *matrix.shape))
    columns = reshape(many, (*many.shape, 1)) if right.ndim == 1 else many
    return reshape(make(SOLVE, (matrices, columns)), many.shape)


def _whole(lead: Shape) -> tuple[Any, ...]:
    return tuple((0, 1, d) for d in lead)


def _moved(axes: Sequence[int], lead: Shape) -> tuple[int, ...]:
    return tuple(a + len(lead) for a in axes)


def _axis_first(attrs: Any, lead: Shape) -> Any:
    return attrs[0] + len(lead), *attrs[1:]


def _axes_first(attrs: Any, lead: Shape) -> Any:
    return _moved(attrs[0], lead), *attrs[1:]


# The attributes of operations on a batched first operand, for the leading axes `lead`.
_ATTRIBUTES: dict[str, Callable[[Any, Shape], Any]] = {
    "sum": _axes_first,
    "max": _axes_first,
    "min": _axes_first,
    "prod": _axes_first,
    "argmax": _axis_first,
    "argmin": _axis_first,
    "cumsum": _axis_first,
    "cumprod": _axis_first,
    "gather": _axis_first,
    **dict.fromkeys(("stop_gradient", "inv", "det", "logdet"), lambda attrs, lead: attrs),
    "scatter_add": lambda attrs, lead: ((*lead, *attrs[0]), attrs[1] + len(lead)),
    "reshape": lambda attrs, lead: ((*lead, *attrs[0]),),
    "transpose": lambda attrs, lead: ((*range(len(lead)), *_moved(attrs[0], lead)),),
    "slice": lambda attrs, lead: ((*_whole(lead), *attrs[0]),),
    "pad": lambda attrs, lead: ((*lead, *attrs[0]), (*_whole(lead), *attrs[1]), attrs[2]),
    "sliding_window": _axes_first,
    "overlap_add": lambda attrs, lead: ((*lead, *attrs[0]), _moved(attrs[1], lead), *attrs[2:]),
}
