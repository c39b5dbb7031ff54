"""Random well-typed graphs of small static and symbolic shapes, with values for their leaves.

Every operation keeps its operand in its domain by construction (`log(x*x + 1/2)`, `x / (y*y + 1)`) and damps
what grows, so that the only points to be avoided are those at kinks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import evaluate_dim, shape_of
from graphc.ops.leaf import input_

F = FUNCTIONS
SIZES = {"N": 2, "M": 3}
SHAPES: tuple[Any, ...] = (
    (),
    (2,),
    (3,),
    ("N",),
    ("M",),
    (2, 3),
    ("N", 3),
    ("N", "M"),
    ("M", "N"),
    (1, 3),
    (2, 1, 2),
)
HALF = 0.5

UNARY: dict[str, Callable[[Node], Node]] = {
    **{
        f: F[f]
        for f in ("neg", "sin", "cos", "tanh", "erf", "abs", "sigmoid", "softplus", "log_sigmoid", "relu")
    },
    **{f: F[f] for f in ("leaky_relu", "elu", "square")},
    "exp": lambda x: F["exp"](F["tanh"](x)),
    "expm1": lambda x: F["expm1"](F["sin"](x)),
    "log": lambda x: F["log"](x * x + HALF),
    "log1p": lambda x: F["log1p"](F["square"](x)),
    "sqrt": lambda x: F["sqrt"](x * x + 1),
    "reciprocal": lambda x: F["reciprocal"](F["square"](x) + 1),
    "pow": lambda x: F["tanh"](x) ** 3,
    "clip": lambda x: F["clip"](x, -1, HALF),
    "damp": lambda x: x / (1 + F["abs"](x)),
    "where": lambda x: F["where"](x > HALF, x, F["sin"](x)),
    "masked": lambda x: x * (x > -HALF),
    "stop": lambda x: x * F["stop_gradient"](F["one_hot"](F["step"](F["sum"](x)), 2)[0]),
    "power of 2": lambda x: 2 ** F["tanh"](x),
}
BINARY: dict[str, Callable[[Node, Node], Node]] = {
    **{f: F[f] for f in ("add", "sub", "maximum", "minimum")},
    "mul": lambda x, y: F["tanh"](x) * y,
    "div": lambda x, y: x / (y * y + 1),
    "pow": lambda x, y: (F["sigmoid"](x) + HALF) ** F["tanh"](y),
    "where": lambda x, y: F["where"](x < y, x * y, y),
}


def _axis(draw: Any, x: Node) -> int:
    return int(draw(st.integers(-x.ndim, x.ndim - 1)))


def _reduction(draw: Any, x: Node) -> Node:
    name = draw(st.sampled_from(["sum", "mean", "max", "min", "prod", "logsumexp", "norm"]))
    if not x.ndim or name == "norm":
        return F["sqrt"](F["sum"](F["square"](x)) + 1)
    if name == "logsumexp":
        return F["logsumexp"](x, axis=_axis(draw, x))  # type: ignore[no-any-return]
    axis = draw(st.one_of(st.none(), st.integers(-x.ndim, x.ndim - 1)))
    x = F["tanh"](x) if name == "prod" else x
    return F[name](x, axis=axis, keepdims=draw(st.booleans()))  # type: ignore[no-any-return]


def _along(draw: Any, x: Node) -> Node:
    if not x.ndim:
        return F["stack"]([x, x * x, 1])  # type: ignore[no-any-return]
    axis = _axis(draw, x)
    name = draw(
        st.sampled_from(["softmax", "log_softmax", "cumsum", "cumprod", "recurrence", "concat", "stack"])
    )
    if name in ("cumsum", "cumprod"):
        options = {k: draw(st.booleans()) for k in ("reverse", "exclusive")}
        return F[name](F["sin"](x), axis=axis, **options)  # type: ignore[no-any-return]
    if name == "recurrence":
        return F[name](F["cos"](x), x, axis=axis, reverse=draw(st.booleans()))  # type: ignore[no-any-return]
    if name in ("concat", "stack"):
        return F[name]([x, F["sin"](x)], axis=axis)  # type: ignore[no-any-return]
    return F[name](x, axis=axis)  # type: ignore[no-any-return]


def _move(draw: Any, x: Node) -> Node:
    if not x.ndim:
        return F["broadcast"](x, (3, 2))  # type: ignore[no-any-return]
    axis = _axis(draw, x) % x.ndim
    every = [slice(None)] * x.ndim
    moves: dict[str, Callable[[], Node]] = {
        "flat": lambda: x.reshape(-1),
        "transpose": lambda: F["transpose"](x, tuple(draw(st.permutations(range(x.ndim))))),
        "expand": lambda: F["expand_dims"](x, axis),
        "broadcast": lambda: F["broadcast"](x, (2, *x.shape)),
        "pad": lambda: F["pad"](x, [(1, 0) if i == axis else (0, 1) for i in range(x.ndim)], fill=HALF),
        "reverse": lambda: x[(*every[:axis], slice(None, None, -1))],
        "first": lambda: x[(*every[:axis], 0)],
        "last": lambda: x[(*every[:axis], slice(-1, None))],
        "pick": lambda: F["gather"](x, [0, -1, 0], axis=axis),
        "scatter": lambda: F["scatter_add"](
            F["gather"](x, [0, 0], axis=axis), [1, 1], _with(x, axis, 3), axis=axis
        ),
        "diagonal": lambda: F["contract"]("i,i->ii", x.reshape(-1), F["sin"](x.reshape(-1))),
    }
    return moves[draw(st.sampled_from(sorted(moves)))]()


def _with(x: Node, axis: int, extent: int) -> tuple[Any, ...]:
    return (*x.shape[:axis], extent, *x.shape[axis + 1 :])


def _product(draw: Any, x: Node, y: Node) -> Node:
    """A contraction over an axis of equal sizes where there is one, else over everything."""
    if x.ndim and y.ndim and x.shape[-1] == y.shape[-1]:
        flat = [F["reshape"](v, (-1, v.shape[-1])) for v in (x, y)]
        return F["contract"](draw(st.sampled_from(["nk,mk->nm", "nk,mk->mn", "nk,mk->k"])), *flat)  # type: ignore[no-any-return]
    return F["contract"]("i,j->", x.reshape(-1), y.reshape(-1)) if x.ndim and y.ndim else x * y


def _fits(x: Node, y: Node) -> bool:
    try:
        (x + y)
    except Exception as error:
        if type(error).__name__ != "ShapeError":
            raise
        return False
    return True


@st.composite
def graphs(draw: Any, max_ops: int = 6) -> tuple[Node, dict[str, Any]]:
    """A node of any shape, and the values of the leaves below it."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    nodes = [input_(f"x{i}", shape) for i, shape in enumerate(shapes)]
    for _ in range(draw(st.integers(1, max_ops))):
        x = draw(st.sampled_from(nodes[::-1]))
        kind = draw(st.sampled_from(["unary", "binary", "reduce", "along", "move", "product"]))
        if kind in ("binary", "product"):
            y = draw(st.sampled_from(nodes))
            if kind == "product":
                made = _product(draw, x, y)
            elif _fits(x, y):
                made = BINARY[draw(st.sampled_from(sorted(BINARY)))](x, y)
            else:
                continue
        elif kind == "unary":
            made = UNARY[draw(st.sampled_from(sorted(UNARY)))](x)
        else:
            made = {"reduce": _reduction, "along": _along, "move": _move}[kind](draw, x)
        if draw(st.integers(0, 5)) == 0 and made.args:
            made = made.named(f"q{len(nodes)}")
        if count(made) <= 24 and made.ndim <= 4:
            nodes.append(made)
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    values = {
        f"x{i}": np.round(random.uniform(-2, 2, [evaluate_dim(d, SIZES) for d in shape_of(shape)]), 4)
        for i, shape in enumerate(shapes)
    }
    return nodes[-1], values


def count(node: Node) -> int:
    total = 1
    for d in node.shape:
        total *= evaluate_dim(d, SIZES)
    return total
