"""Linear algebra defined by equations: solutions of linear systems, inverses and determinants.

Each is differentiated through the equation that defines it: `A @ x = b` moves as `dA @ x + A @ dx = db`, and
`A @ inv(A) = I` as `dA @ inv(A) + A @ d inv(A) = 0`; for determinants it is Jacobi's formula, `d det(A) = det(A) *
trace(inv(A) @ dA)`. All are from M. B. Giles, "An extended collection of matrix derivative results for forward and
reverse mode algorithmic differentiation" (2008). Axes before the last two are batch axes, as in NumPy.
"""

from __future__ import annotations

from typing import Any

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node, make
from graphc.ir.op import Attrs, Op, function, register
from graphc.ir.types import DType, Shape, broadcast_shapes, show_shape
from graphc.ops.contract import CONTRACT, LETTERS, outer
from graphc.ops.elimination import determinant, inverse, log_determinant, solution
from graphc.ops.leaf import as_node
from graphc.ops.move import broadcast, expand_dims, reshape, transpose


def flipped(x: Node) -> Node:
    """The matrices along the leading axes, each transposed."""
    return transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _trace_of_product(a: Node, b: Node) -> Node:
    batch = LETTERS[2 : a.ndim]
    return make(CONTRACT, (a, b), (f"{batch}nk,{batch}kn->{batch}", ()))


def _matrices(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    return args[0].shape, "real"


def _numbers(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    return args[0].shape[:-2], "real"


def _inv_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    turned = flipped(node)
    return (-(turned @ g @ turned),)


def _inv_jvp(node: Node, tangents: tuple[Node | None, ...]) -> Node:
    (moved,) = tangents
    assert moved is not None
    return -(node @ moved @ node)


INV = register(
    Op(
        "inv",
        "implicit",
        _matrices,
        evaluate=lambda node, arrays, sizes, xp: inverse(arrays[0], xp),
        vjp=_inv_vjp,
        jvp=_inv_jvp,
    )
)


def _times_inverse(factor: Node, a: Node) -> Node:
    """A number per matrix, times the transposed inverse."""
    return expand_dims(expand_dims(factor, -1), -1) * flipped(make(INV, (a,)))


def _det_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    return (_times_inverse(g * node, node.args[0]),)


def _det_jvp(node: Node, tangents: tuple[Node | None, ...]) -> Node:
    return node * _logdet_jvp(node, tangents)


def _logdet_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    return (_times_inverse(g, node.args[0]),)


def _logdet_jvp(node: Node, tangents: tuple[Node | None, ...]) -> Node:
    (moved,) = tangents
    assert moved is not None
    return _trace_of_product(make(INV, node.args), moved)


DET = register(
    Op(
        "det",
        "implicit",
        _numbers,
        evaluate=lambda node, arrays, sizes, xp: determinant(arrays[0], xp),
        vjp=_det_vjp,
        jvp=_det_jvp,
    )
)
LOGDET = register(
    Op(
        "logdet",
        "implicit",
        _numbers,
        evaluate=lambda node, arrays, sizes, xp: log_determinant(arrays[0], xp),
        vjp=_logdet_vjp,
        jvp=_logdet_jvp,
    )
)


def _solved(args: tuple[Node, ...], attrs: Attrs) -> tuple[Shape, DType]:
    return args[1].shape, "real"


def _solve_vjp(node: Node, g: Node) -> tuple[Node | None, ...]:
    right = make(SOLVE, (flipped(node.args[0]), g))
    return -(outer(right, node) if node.ndim == 1 else right @ flipped(node)), right


def _solve_jvp(node: Node, tangents: tuple[Node | None, ...]) -> Node:
    matrix, right = tangents
    moved = right
    if matrix is not None:
        moved = -(matrix @ node) if right is None else right - matrix @ node
    assert moved is not None
    return make(SOLVE, (node.args[0], moved))


SOLVE = register(
    Op(
        "solve",
        "implicit",
        _solved,
        evaluate=lambda node, arrays, sizes, xp: solution(arrays[0], arrays[1], xp),
        vjp=_solve_vjp,
        jvp=_solve_jvp,
        linear=(1,),
    )
)


@function
def inv(a: Any) -> Node:
    """The inverse of a square matrix, of shape (..., n, n): `A @ inv(A)` is the identity.

    The gradient is `-inv(A).T @ dY @ inv(A).T`. Generated code raises `numpy.linalg.LinAlgError` for a singular matrix.
    To apply an inverse, `solve(A, b)` is faster and closer than `inv(A) @ b`. Raises ShapeError if the last two axes
    are not of one size. Source: Giles (2008), 2.2.3.

    >>> from graphc.ops import input_
    >>> inv(input_("A", ("N", "N"))).shape
    (N, N)
    """
    return make(INV, (_square(a, "inv"),))


@function
def det(a: Any) -> Node:
    """The determinant of a square matrix: of shape (..., n, n), the result is of shape (...).

    The gradient is `dy * det(A) * inv(A).T`, which is defined where A has an inverse. It overflows early: for its
    logarithm use `logdet`. Raises ShapeError if the last two axes are not of one size. Source: Giles (2008), 2.2.4.

    >>> from graphc.ops import input_
    >>> det(input_("A", ("N", 3, 3))).shape
    (N,)
    """
    return make(DET, (_square(a, "det"),))


@function
def logdet(a: Any) -> Node:
    """`log(abs(det(A)))` of a square matrix, without overflow: of shape (..., n, n), the result is of shape (...).

    The gradient is `dy * inv(A).T`. It is -inf where A is singular, and has no gradient there. Raises ShapeError if the
    last two axes are not of one size. Source: Petersen and Pedersen, "The Matrix Cookbook" (2012), (57).

    >>> from graphc.ops import input_
    >>> logdet(input_("A", ("N", "N"))).shape
    ()
    """
    return make(LOGDET, (_square(a, "logdet"),))


@function
def solve(a: Any, b: Any) -> Node:
    """The `x` with `a @ x = b`, for a square matrix `a` of shape (..., n, n).

    `b` is one right side (n,), or some as columns (..., n, k); batch axes broadcast as in NumPy. With `db = solve(a.T,
    dx)`, the gradients are `db` and `-outer(db, x)`, of columns `-db @ x.T`. Generated code raises
    `numpy.linalg.LinAlgError` for a singular matrix. Raises ShapeError if the shapes do not fit. Source: Giles (2008),
    2.3.1.

    >>> from graphc.ops import input_
    >>> solve(input_("A", ("N", "N")), input_("b", "N")).shape
    (N,)
    """
    a, b = _square(a, "solve"), as_node(b)
    rows = b.shape[-1 if b.ndim == 1 else -2] if b.ndim else None
    if rows != a.shape[-1]:
        raise ShapeError(
            f"solve: a right side with {a.shape[-1]} rows is needed for a matrix of shape {show_shape(a.shape)}, not "
            f"one of shape {show_shape(b.shape)}"
        )
    if b.ndim == 1 and a.ndim == 2:
        return make(SOLVE, (a, b))
    columns = expand_dims(b, -1) if b.ndim == 1 else b
    batch = broadcast_shapes([a.shape[:-2], columns.shape[:-2]], "solve (batch axes)")
    columns = broadcast(columns, (*batch, *columns.shape[-2:]))
    x = make(SOLVE, (broadcast(a, (*batch, *a.shape[-2:])), columns))
    return reshape(x, x.shape[:-1]) if b.ndim == 1 else x


def _square(given: Any, what: str) -> Node:
    a = as_node(given)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"{what}: a square matrix is needed, not shape {show_shape(a.shape)}")
    return a
