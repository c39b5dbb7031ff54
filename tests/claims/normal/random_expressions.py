"""Random expressions over a few leaves of all kinds, from a seeded generator."""

from __future__ import annotations

import random
from fractions import Fraction

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ops.facts import OneHot, Range, SumsTo, Symmetric
from graphc.ops.leaf import assume, const, input_

N, M = "N", "M"
Shape = tuple[str, ...]
LABELS = input_("l", N, dtype="int")
LEAVES: dict[Shape, list[Node]] = {
    (): [input_("x"), input_("y"), assume(input_("q"), Range(low=Fraction(0), low_open=True))],
    (N,): [input_("a", N), input_("b", N)],
    (M,): [input_("c", M)],
    (N, N): [input_("A", (N, N)), input_("B", (N, N)), assume(input_("S", (N, N)), Symmetric())],
    (N, M): [
        input_("X", (N, M)),
        assume(input_("P", (N, M)), SumsTo(1)),
        assume(input_("t", (N, M)), OneHot(1)),
    ],
    (M, N): [input_("Z", (M, N))],
    (M, M): [input_("D", (M, M))],
}
UNARY = (
    "exp",
    "log",
    "sqrt",
    "abs",
    "sign",
    "tanh",
    "sigmoid",
    "relu",
    "square",
    "sin",
    "cos",
    "step",
    "erf",
)
BINARY = ("add", "sub", "mul", "mul", "div", "maximum", "minimum", "less")
F = FUNCTIONS


def expression(r: random.Random, shape: Shape, depth: int) -> Node:
    """A random expression of a shape."""
    for _ in range(50):
        try:
            return _expression(r, shape, depth)
        except GraphcError:
            continue
    return r.choice(LEAVES[shape])


def _expression(r: random.Random, shape: Shape, depth: int) -> Node:
    if depth <= 0 or r.random() < 0.1:
        return r.choice(LEAVES[shape]) if r.random() < 0.9 else F["full"](shape, const(r.choice((1, 2))))
    kind = r.random()
    if kind < 0.25:
        return F[r.choice(UNARY)](_expression(r, shape, depth - 1))
    if kind < 0.6:
        smaller = r.choice((shape, shape, shape[1:], ()))
        return F[r.choice(BINARY)](_expression(r, shape, depth - 1), _expression(r, smaller, depth - 1))
    if kind < 0.66:
        inner = _expression(r, shape, depth - 1)
        return inner.named(r.choice("hkuv")) if inner.args else inner
    if kind < 0.72 and shape:
        return F[r.choice(("softmax", "cumsum"))](_expression(r, shape, depth - 1))
    return (_scalar, _vector, _matrix)[len(shape)](r, shape, depth - 1)


def _scalar(r: random.Random, shape: Shape, depth: int) -> Node:
    reduce = F[r.choice(("sum", "mean", "max", "logsumexp"))]
    square = F[r.choice(("trace", "det", "logdet"))]
    return r.choice(
        (
            lambda: reduce(_expression(r, (N,), depth)),
            lambda: square(_expression(r, (N, N), depth)),
            lambda: F["matmul"](_expression(r, (N,), depth), _expression(r, (N,), depth)),
            lambda: F["sum"](_expression(r, r.choice(((N, M), (N, N))), depth)),
        )
    )()


def _vector(r: random.Random, shape: Shape, depth: int) -> Node:
    (own,) = shape
    other = r.choice((N, M))
    chosen = (
        lambda: F[r.choice(("sum", "mean", "max"))](_expression(r, (own, other), depth), axis=1),
        lambda: F["sum"](_expression(r, (other, own), depth), axis=0),
        lambda: F["matmul"](_expression(r, (own, other), depth), _expression(r, (other,), depth)),
        lambda: F["diag"](_expression(r, (own, own), depth)),
        lambda: F["solve"](_expression(r, (own, own), depth), _expression(r, (own,), depth)),
        lambda: _expression(r, shape, depth)[::-1],
        lambda: (
            _expression(r, (N, M), depth)[F["arange"](N), LABELS] if own == N else r.choice(LEAVES[shape])
        ),
    )
    return r.choice(chosen)()


def _matrix(r: random.Random, shape: Shape, depth: int) -> Node:
    rows, columns = shape
    inner = r.choice((N, M))
    chosen = (
        lambda: F["transpose"](_expression(r, (columns, rows), depth)),
        lambda: F["matmul"](_expression(r, (rows, inner), depth), _expression(r, (inner, columns), depth)),
        lambda: F["outer"](_expression(r, (rows,), depth), _expression(r, (columns,), depth)),
        lambda: F["inv"](_expression(r, shape, depth)) if rows == columns else F["one_hot"](LABELS, M),
        lambda: F["diag"](_expression(r, (rows,), depth)) if rows == columns else r.choice(LEAVES[shape]),
    )
    return r.choice(chosen)()
