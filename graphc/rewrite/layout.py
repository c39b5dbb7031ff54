"""Layout: moves merged, taken into contractions, or dropped."""

from __future__ import annotations

from graphc.ir.node import Node, make
from graphc.ir.types import DimLike
from graphc.ops.contract import CONTRACT
from graphc.ops.leaf import as_node, constant_value
from graphc.ops.move import BROADCAST, CONCAT, PAD, RESHAPE, TRANSPOSE, broadcast, concat, transpose
from graphc.ops.reduce import SUM
from graphc.rewrite.axes import add_axes, new_axes
from graphc.rewrite.choice import marks_and_values
from graphc.rewrite.rule import Rule


def _transpose(node: Node) -> Node | None:
    """Two transposes are one; a transpose of a contraction orders its output; of a repeated number, is nothing."""
    inner, axes = node.args[0], node.attrs[0]
    if inner.op is TRANSPOSE:
        return transpose(inner.args[0], tuple(inner.attrs[0][i] for i in axes))
    if inner.op is CONTRACT:
        left, output = str(inner.attrs[0]).split("->")
        spec = f"{left}->{''.join(output[i] for i in axes)}"
        return make(CONTRACT, inner.args, (spec, inner.attrs[1]))
    if inner.op is BROADCAST and inner.args[0].ndim == 0:
        return broadcast(inner.args[0], node.shape)
    return None


def _into_contraction(node: Node) -> Node | None:
    """A transposed operand of a contraction is the operand with its indices in another order."""
    if TRANSPOSE not in [a.op for a in node.args]:
        return None
    inputs, output = str(node.attrs[0]).split("->")
    operands, args = inputs.split(","), list(node.args)
    for i, a in enumerate(args):
        if a.op is TRANSPOSE and a.name is None:
            order = a.attrs[0]
            operands[i] = "".join(operands[i][order.index(j)] for j in range(a.ndim))
            args[i] = a.args[0]
    if tuple(args) == node.args:
        return None
    return make(CONTRACT, args, (f"{','.join(operands)}->{output}", node.attrs[1]))


def _number_in_contraction(node: Node) -> Node | None:
    """A repeated number among the operands is a factor; what is left contracts without it."""
    if all(a.ndim and a.op is not BROADCAST for a in node.args):
        return None
    inputs, output = str(node.attrs[0]).split("->")
    operands = inputs.split(",")
    for i, a in enumerate(node.args):
        scalar = a.args[0] if a.op is BROADCAST and a.args[0].ndim == 0 else a if a.ndim == 0 else None
        if scalar is None or len(operands) == 1:
            continue
        rest = [o for j, o in enumerate(operands) if j != i]
        extents: dict[str, DimLike] = dict(node.attrs[1])
        extents.update(zip(operands[i], a.shape, strict=True))
        known = set("".join(rest))
        lost = [k for k in dict.fromkeys(operands[i]) if k not in known and k not in output]
        outer = tuple(sorted((k, d) for k, d in extents.items() if k in output and k not in known))
        args = tuple(x for j, x in enumerate(node.args) if j != i)
        result = make(CONTRACT, args, (f"{','.join(rest)}->{output}", outer))
        for k in lost:
            result = as_node(extents[k]) * result
        return result if constant_value(scalar) == 1 else scalar * result
    return None


def _single_contraction(node: Node) -> Node | None:
    """A contraction of one operand without repeated indices is a sum, a transpose and a repetition."""
    left, output = str(node.attrs[0]).split("->")
    if "," in left or len(set(left)) < len(left) or len(set(output)) < len(output):
        return None
    (x,) = node.args
    gone = tuple(i for i, k in enumerate(left) if k not in output)
    if gone:
        x = make(SUM, (x,), (gone, False))
    kept = [k for k in left if k in output]
    new = [k for k in output if k not in left]
    x = transpose(x, [kept.index(k) for k in output if k in kept])
    if not new:
        return x
    aligned = tuple(1 if k in new else node.shape[i] for i, k in enumerate(output))
    return broadcast(add_axes(x, aligned) if x.ndim else x, node.shape)


def _reshape(node: Node) -> Node | None:
    """Two reshapes are one; of a repeated number, and of a sum whose axes it puts back, it is nothing."""
    inner = node.args[0]
    if inner.op is RESHAPE:
        return inner.args[0] if inner.args[0].shape == node.shape else make(RESHAPE, inner.args, node.attrs)
    if inner.op is BROADCAST and inner.args[0].ndim == 0:
        return broadcast(inner.args[0], node.shape)
    if inner.ndim == 0:
        return broadcast(inner, node.shape)
    if inner.op is SUM and not inner.attrs[1] and new_axes(inner.shape, node.shape) is not None:
        kept = add_axes(inner, node.shape)
        return kept if kept.op is SUM else None
    return None


def _broadcast(node: Node) -> Node | None:
    """Two repetitions are one."""
    inner = node.args[0]
    return make(BROADCAST, inner.args, node.attrs) if inner.op is BROADCAST else None


def _padded_parts(node: Node) -> Node | None:
    """Two arrays padded with zeros to one shape: padded together, added in one place, joined as neighbours."""
    left, right = node.args
    if not _zero_padded(left) or not _zero_padded(right) or left.shape != right.shape:
        return None
    (a,), (b,) = left.args, right.args
    at, beside = left.attrs[1], right.attrs[1]
    apart = [i for i, (p, q) in enumerate(zip(at, beside, strict=True)) if p != q]
    if not apart:
        return make(PAD, (a + b,), left.attrs)
    axis = apart[0]
    (start, step, count), (next_, step_next, more) = at[axis], beside[axis]
    if len(apart) > 1 or (step, step_next) != (1, 1):
        return None
    if next_ + more == start:
        a, b, start, count, next_, more = b, a, next_, more, start, count
    if start + count != next_:
        return None
    parts = [
        p for x in (a, b) for p in (x.args if x.op is CONCAT and x.attrs == (axis,) and not x.name else (x,))
    ]
    joined = concat(parts, axis)
    place = (*at[:axis], (start, 1, count + more), *at[axis + 1 :])
    whole = all(length == d for (_, _, length), d in zip(place, node.shape, strict=True))
    return joined if whole else make(PAD, (joined,), (node.shape, place, left.attrs[2]))


def _zero_padded(x: Node) -> bool:
    return x.op is PAD and x.name is None and x.attrs[2] == 0


# fmt: off
LAYOUT = (
    Rule("transpose of a transpose or of a contraction", apply=_transpose, ops=("transpose",),
         example="A = input(N, K); B = input(K, M); (A @ B).T"),
    Rule("transpose into the contraction", apply=_into_contraction, ops=("contract",),
         example="A = input(K, N); B = input(K, M); A.T @ B"),
    Rule("number out of the contraction", apply=_number_in_contraction, ops=("contract",),
         example="A = input(N, K); W = input(K, M); ones((N, K)) @ W + A[0, 0]"),
    Rule("contraction of one operand", apply=_single_contraction, ops=("contract",),
         example="A = input(N, K); W = input(K, M); ones((N, K)) @ W + A[0, 0]"),
    Rule("reshape of a reshape", apply=_reshape, ops=("reshape",),
         example="x = input(N, 6); reshape(reshape(x, (N, 3, 2)), (N, 2, 3))"),
    Rule("values in chosen places", apply=marks_and_values, ops=("scatter_add",),
         example="z = input(N, K); t = input(N, dtype=int); sum(2*z[arange(N), t]) by z"),
    Rule("padded parts side by side", apply=_padded_parts, ops=("add",),
         example="x = input(N, 6); sum(x[:, :2]*x[:, 2:4] + x[:, 4:]**2) by x"),
    Rule("repetition of a repetition", apply=_broadcast, ops=("broadcast",),
         example="A = input(B, N, M); b = input(M); broadcast(broadcast(b, (N, M)), (B, N, M)) + A"),
)
# fmt: on
