"""Contractions: sums of products over named indices, `nk,km->nm`.

An index may repeat within an operand (a diagonal), and may stand in the output only (a broadcast), in which case
`sizes` holds its extent. The gradient of an operand contracts the upstream gradient with the other operands.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node, make
from graphc.ir.op import Attrs, Op, function, register
from graphc.ir.types import DimLike, DType, Shape, broadcast_shapes, dim, promote, show_shape
from graphc.ops.leaf import as_node
from graphc.ops.move import reshape
from graphc.ops.pointwise import cast

LETTERS = "nkmijabcdefghlopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@lru_cache(4096)
def _contracted(spec: str, outer: tuple[tuple[str, DimLike], ...], *shapes: Shape) -> Shape:
    inputs, output = spec.split("->")
    operands = inputs.split(",")
    extents: dict[str, DimLike] = dict(outer)
    if len(operands) != len(shapes):
        raise ShapeError(f"contract {spec!r}: {len(operands)} operands in the string, {len(shapes)} given")
    for indices, shape in zip(operands, shapes, strict=True):
        if len(indices) != len(shape):
            raise ShapeError(
                f"contract {spec!r}: {indices!r} names {len(indices)} axes of shape {show_shape(shape)}"
            )
        for index, extent in zip(indices, shape, strict=True):
            if extents.setdefault(index, extent) != extent:
                raise ShapeError(f"contract {spec!r}: index {index} is {extents[index]} and {extent}")
    missing = [i for i in output if i not in extents]
    if missing:
        raise ShapeError(f"contract {spec!r}: the extent of index {missing[0]} is not known")
    return tuple(extents[i] for i in output)


def _infer(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    shape = _contracted(*attrs, *(a.shape for a in args))
    return shape, promote(["int", *(a.dtype for a in args)])


def _vjp(node: Node, upstream: Node) -> tuple[Node | None, ...]:
    return tuple(
        make(CONTRACT, (upstream, *node.args[:i], *node.args[i + 1 :]), attrs)
        for i, attrs in enumerate(_adjoints(node.attrs[0], *(a.shape for a in node.args)))
    )


@lru_cache(4096)
def _adjoints(spec: str, *shapes: Shape) -> tuple[Attrs, ...]:
    """For each operand how the upstream gradient is contracted with the others."""
    inputs, output = spec.split("->")
    operands = inputs.split(",")
    found: list[Attrs] = []
    for position, (indices, shape) in enumerate(zip(operands, shapes, strict=True)):
        left = [output, *operands[:position], *operands[position + 1 :]]
        extents = dict(zip(indices, shape, strict=True))
        outer = sorted((i, d) for i, d in extents.items() if not any(i in o for o in left))
        found.append((f"{','.join(left)}->{indices}", tuple(outer)))
    return tuple(found)


def _evaluate(node: Node, arrays: list[Any], sizes: Any, xp: Any) -> Any:
    outer = {i: xp.extent(d, sizes) for i, d in node.attrs[1]}
    return xp.contract(str(node.attrs[0]), arrays, outer)


CONTRACT = register(
    Op(
        "contract",
        "contract",
        _infer,
        ("spec", "outer"),
        evaluate=_evaluate,
        vjp=_vjp,
        linear="all",
        symbol="@",
    )
)


def _build(spec: str, args: tuple[Node, ...], outer: dict[str, DimLike]) -> Node:
    return make(CONTRACT, args, (spec, tuple(sorted(outer.items()))))


@function
def contract(spec: str, *operands: Any, **outer: str | DimLike) -> Node:
    """The sum of products that an index string says, as in `contract("nk,km->nm", x, W)`.

    An index that stands in the output only needs its extent as a keyword: `contract("k->nk", b, n="N")`.
    """
    nodes = tuple(as_node(o) for o in operands)
    bare = spec.replace(" ", "")
    if bare.count("->") != 1 or (
        not bare.replace("->", "").replace(",", "").isalpha() and bare not in ("->", ",->")
    ):
        raise ShapeError(f"contract: {spec!r} is not an index string such as 'nk,km->nm'")
    return _build(bare, _real(nodes), {index: dim(extent) for index, extent in outer.items()})


def _real(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    return tuple(cast(n, "int") if n.dtype == "bool" else n for n in nodes)


@function
def matmul(a: Any, b: Any) -> Node:
    """NumPy's `a @ b`: the last axis of `a` against the second to last of `b`; leading axes are batch axes."""
    a, b = as_node(a), as_node(b)
    if not a.ndim or not b.ndim:
        raise ShapeError("matmul: a scalar has no axis to contract; use *")
    inner_a, inner_b = a.shape[-1], b.shape[-2 if b.ndim > 1 else 0]
    if inner_a != inner_b:
        formula = f"{show_shape(a.shape)} @ {show_shape(b.shape)}"
        hint = _transpose_hint(a, b)
        raise ShapeError(f"matmul: {formula}: the inner sizes differ, {inner_a} against {inner_b}{hint}")
    batch = broadcast_shapes([a.shape[:-2], b.shape[:-2]], "matmul (batch axes)")
    letters = LETTERS[3 : 3 + len(batch)]
    row = "n" if a.ndim > 1 else ""
    column = "m" if b.ndim > 1 else ""
    a, in_a = _batch_operand(a, batch, letters)
    b, in_b = _batch_operand(b, batch, letters)
    spec = f"{in_a}{row}k,{in_b}k{column}->{letters}{row}{column}"
    return _build(spec, _real((a, b)), {})


def _batch_operand(x: Node, batch: Shape, letters: str) -> tuple[Node, str]:
    """Drop the batch axes of size 1 that the other operand fills, and name the others."""
    own, core = x.shape[:-2], x.shape[-2:]
    named = letters[len(batch) - len(own) :]
    kept = [
        i for i, (d, full) in enumerate(zip(own, batch[len(batch) - len(own) :], strict=True)) if d == full
    ]
    if len(kept) < len(own):
        x = reshape(x, (*(own[i] for i in kept), *core))
    return x, "".join(named[i] for i in kept)


def _transpose_hint(a: Node, b: Node) -> str:
    if a.ndim == 2 and b.ndim == 2:
        if a.shape[-1] == b.shape[-1]:
            return "; did you mean a @ b.T?"
        if a.shape[0] == b.shape[0]:
            return "; did you mean a.T @ b?"
    return ""


@function
def outer(a: Any, b: Any) -> Node:
    """The outer product of two 1-D arrays: `outer(a, b)[i, j] = a[i] * b[j]`."""
    a, b = as_node(a), as_node(b)
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(
            f"outer: two 1-D arrays are needed, not {show_shape(a.shape)} and {show_shape(b.shape)}"
        )
    return _build("n,m->nm", _real((a, b)), {})


@function
def dot(a: Any, b: Any) -> Node:
    """The inner product of two 1-D arrays; for more axes use `@`."""
    a, b = as_node(a), as_node(b)
    return matmul(a, b)


@function
def trace(a: Any) -> Node:
    """The sum of the diagonal of a square matrix."""
    return _build("ii->", _real((_square(a, "trace"),)), {})


@function
def diag(a: Any) -> Node:
    """A diagonal matrix from a 1-D array, or the diagonal of a square matrix."""
    a = as_node(a)
    if a.ndim == 1:
        return _build("i->ii", _real((a,)), {})
    return _build("ii->i", _real((_square(a, "diag"),)), {})


def _square(given: Any, what: str) -> Node:
    a = as_node(given)
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ShapeError(f"{what}: a square matrix is needed, not shape {show_shape(a.shape)}")
    return a
