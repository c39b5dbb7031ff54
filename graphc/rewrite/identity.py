"""The identity matrix within a product: what it picks stands there without it."""

from __future__ import annotations

from functools import reduce
from operator import mul

from graphc.ir.node import Node, make
from graphc.ir.types import Shape
from graphc.ops.contract import CONTRACT
from graphc.ops.move import RESHAPE, reshape, transpose
from graphc.ops.reduce import SUM
from graphc.rewrite.axes import aligned
from graphc.rewrite.rule import Rule


def identity_axes(x: Node) -> tuple[int, int] | None:
    """The axes of an identity matrix, which may have axes of size 1 beside them; None if it is something else."""
    inner = x.args[0] if x.op is RESHAPE else x
    if x.name or inner.name or inner.op.name != "cast" or inner.args[0].op.name != "equal":
        return None
    rows, columns = inner.args[0].args
    if any(a.op is not RESHAPE or a.args[0].op.name != "iota" for a in (rows, columns)):
        return None
    size = rows.args[0].shape[0]
    if columns.args[0].shape != (size,) or rows.shape != (size, 1) or columns.shape != (1, size) or size == 1:
        return None
    long = tuple(i for i, d in enumerate(x.shape) if d != 1)
    return (long[0], long[1]) if len(long) == 2 and {x.shape[i] for i in long} == {size} else None


def _factors(x: Node) -> list[Node]:
    """What is multiplied, through unnamed products."""
    found, stack = [], [x]
    while stack:
        node = stack.pop()
        if node.op.name == "mul" and node.name is None:
            stack += reversed(node.args)
        else:
            found.append(node)
    return found


# contractions -----------------------------------------------------------------------------------------------------


def _contraction(node: Node) -> Node | None:
    """`contract("nk,km->nm", eye(N), A)` is `A`: an index of the identity that is summed gives way to the other."""
    if all(identity_axes(_factors(a)[0]) is None for a in node.args):
        return None
    inputs, output = str(node.attrs[0]).split("->")
    operands = list(zip(inputs.split(","), node.args, strict=True))
    for place, (indices, a) in enumerate(operands):
        parts = _identities(indices, a)
        rest = operands[:place] + operands[place + 1 :]
        for i, (pair, _) in enumerate(parts):
            u, v = pair[0], pair[1]
            others = "".join(o for o, _ in rest)
            gone = next((c for c in (u, v) if c not in output and c in others), None)
            if u == v or gone is None:
                continue
            kept = v if gone == u else u
            left = [(o.replace(gone, kept), x) for o, x in rest] + parts[:i] + parts[i + 1 :]
            spec = f"{','.join(o for o, _ in left)}->{output}"
            return make(CONTRACT, [x for _, x in left], (spec, node.attrs[1]))
    return None


def _identities(indices: str, a: Node) -> list[tuple[str, Node]]:
    """The identity matrices whose product an operand is, each with its indices; none if it is not such a product."""
    parts: list[tuple[str, Node]] = []
    for factor in _factors(a):
        axes = identity_axes(factor)
        if axes is None:
            return []
        shift = a.ndim - factor.ndim
        named = "".join(indices[i + shift] for i in axes)
        parts.append((named, reshape(factor, tuple(factor.shape[i] for i in axes))))
    covered = "".join(o for o, _ in parts)
    return parts if sorted(covered) == sorted(indices) and len(set(covered)) == len(covered) else []


# sums -------------------------------------------------------------------------------------------------------------


def _sum(node: Node) -> Node | None:
    """`sum(eye(N)*x, axis=1)` is `x`."""
    x = node.args[0]
    summed: tuple[int, ...] = node.attrs[0]
    factors = _factors(x)
    for i, factor in enumerate(factors):
        axes = identity_axes(factor)
        if axes is None or len(factors) < 2:
            continue
        p, q = (a + x.ndim - factor.ndim for a in axes)
        gone, kept = (q, p) if q in summed else (p, q)
        rest = factors[:i] + factors[i + 1 :]
        if gone not in summed or kept in summed or any(_extent(f, kept, x.ndim) != 1 for f in rest):
            continue
        picked = reduce(lambda a, b: aligned(mul, a, b), [_moved(f, gone, kept, x.ndim) for f in rest])
        full = (1,) * (x.ndim - picked.ndim) + picked.shape
        if any(full[a] != x.shape[a] for a in summed if a != gone):
            continue  # what else is summed has to be there to be summed
        others = tuple(a - (a > gone) for a in summed if a != gone)
        value = reshape(picked, full[:gone] + full[gone + 1 :])
        value = make(SUM, (value,), (others, False)) if others else value
        return reshape(value, _kept_ones(full, summed) if node.attrs[1] else value.shape)
    return None


def _kept_ones(shape: Shape, axes: tuple[int, ...]) -> Shape:
    return tuple(1 if i in axes else d for i, d in enumerate(shape))


def _extent(f: Node, axis: int, rank: int) -> object:
    place = axis - rank + f.ndim
    return f.shape[place] if place >= 0 else 1


def _moved(f: Node, source: int, target: int, rank: int) -> Node:
    """A factor whose entries along the axis `source` stand along `target` instead, where it had one."""
    if _extent(f, source, rank) == 1:
        return f
    swapped = {source: target, target: source}
    long = {i + rank - f.ndim: d for i, d in enumerate(f.shape) if d != 1}
    places = [swapped.get(i, i) for i in long]
    bare = reshape(f, tuple(long.values()))
    sizes = dict(zip(places, bare.shape, strict=True))
    turned = transpose(bare, sorted(range(bare.ndim), key=places.__getitem__))
    return reshape(turned, tuple(sizes.get(i, 1) for i in range(rank)))


# fmt: off
IDENTITY = (
    Rule("identity in a contraction", apply=_contraction, ops=("contract",),
         example="A = input(N, K); eye(N) @ A"),
    Rule("identity in a sum", apply=_sum, ops=("sum",), example="x = input(N); sum(eye(N)*x, axis=1)"),
)
# fmt: on
