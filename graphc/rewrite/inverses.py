"""Inverses: of inverses and of transposes, their determinants, and solutions that are inverses."""

from __future__ import annotations

from graphc.ir.node import Node, make
from graphc.ops.linalg import DET, INV, LOGDET, flipped
from graphc.ops.move import TRANSPOSE
from graphc.ops.pointwise import div, neg
from graphc.rewrite.identity import identity_axes
from graphc.rewrite.rule import Rule


def _is_flipped(x: Node) -> bool:
    return x.op is TRANSPOSE and x.attrs[0] == (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)


def _inverse(node: Node) -> Node | None:
    """The inverse of an inverse is the matrix itself, that of a transpose the transpose of the inverse."""
    inner = node.args[0]
    if inner.op is INV:
        return inner.args[0]
    return flipped(make(INV, inner.args)) if _is_flipped(inner) else None


def _determinant(node: Node) -> Node | None:
    """A transpose has the same determinant, an inverse its reciprocal."""
    inner = node.args[0]
    if _is_flipped(inner):
        return make(node.op, inner.args)
    if inner.op is not INV:
        return None
    of_matrix = make(node.op, inner.args)
    return neg(of_matrix) if node.op is LOGDET else div(1, of_matrix)


def _logarithm(node: Node) -> Node | None:
    """The logarithm of a determinant, or of its magnitude, is worked out without the determinant."""
    inner = node.args[0].args[0] if node.args[0].op.name == "abs" else node.args[0]
    return make(LOGDET, inner.args) if inner.op is DET else None


def _solution(node: Node) -> Node | None:
    """The solution for the identity matrix is the inverse."""
    matrix, right = node.args
    known = matrix.ndim == right.ndim == 2 and identity_axes(right) == (0, 1)
    return make(INV, (matrix,)) if known else None


# fmt: off
INVERSES = (
    Rule("inverse of an inverse or of a transpose", apply=_inverse, ops=("inv",),
         example="A = input(N, N); inv(inv(A).T)"),
    Rule("determinant of a transpose or of an inverse", apply=_determinant, ops=("det", "logdet"),
         example="A = input(N, N); det(A.T) + logdet(inv(A))"),
    Rule("logarithm of a determinant", apply=_logarithm, ops=("log",),
         example="A = input(N, N); log(abs(det(A))) + log(det(A))"),
    Rule("solution for the identity", apply=_solution, ops=("solve",),
         example="A = input(N, N); solve(A, eye(N))"),
)
# fmt: on
