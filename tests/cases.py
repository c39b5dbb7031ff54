"""One table of cases: every operation and every function of the graph language, with its data and its meaning
in NumPy.

The table drives the tests of values, shapes, gradients, text and notation. A case that is not `smooth` has no
derivative worth comparing with a difference quotient (whole numbers, a stopped gradient).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import evaluate_dim, shape_of
from graphc.ops.facts import Range, SumsTo
from graphc.ops.leaf import assume, const, input_, param, state

SIZES = {"N": 3, "M": 2, "K": 4}


@dataclass(frozen=True)
class Leaf:
    """A leaf and how its values are made: spread between `low` and `high` without ties, or given."""

    shape: Any = ()
    low: float = -2
    high: float = 2
    dtype: str = "real"
    given: Any = None

    def values(self, seed: int) -> Any:
        if self.given is not None:
            return np.asarray(self.given)
        shape = tuple(evaluate_dim(d, SIZES) for d in shape_of(self.shape))
        count = math.prod(shape)
        random = np.random.default_rng([seed, *shape])
        if self.dtype != "real":
            return random.integers(self.low, self.high, shape)
        slots = random.permutation(count) + random.uniform(0.2, 0.8, count)
        return (self.low + (self.high - self.low) * slots / max(count, 1)).reshape(shape)


@dataclass(frozen=True)
class Case:
    function: str
    build: Callable[..., Node]
    leaves: Mapping[str, Leaf]
    numpy: Callable[..., Any] | None = None
    smooth: bool = True
    note: str = ""
    ops: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        shapes = ",".join(str(leaf.shape).replace(" ", "") for leaf in self.leaves.values())
        return f"{self.function}-{self.note or shapes}"

    def node(self) -> Node:
        return self.build(**{n: input_(n, leaf.shape, dtype=leaf.dtype) for n, leaf in self.leaves.items()})

    def values(self, seed: int = 0) -> dict[str, Any]:
        return {n: leaf.values(seed + i) for i, (n, leaf) in enumerate(self.leaves.items())}


CASES: list[Case] = []


def case(
    function: str,
    build: Callable[..., Node],
    *,
    numpy: Any = None,
    smooth: bool = True,
    note: str = "",
    **leaves: Any,
) -> None:
    """Enter a case; a leaf is a `Leaf` or just its shape."""
    made = {n: leaf if isinstance(leaf, Leaf) else Leaf(leaf) for n, leaf in leaves.items()}
    CASES.append(Case(function, build, made, numpy, smooth, note))


def positive(shape: Any) -> Leaf:
    return Leaf(shape, 0.3, 3)


def whole(shape: Any, low: int = 0, high: int = 3) -> Leaf:
    return Leaf(shape, low, high, "int")


def truth(shape: Any) -> Leaf:
    return Leaf(shape, 0, 2, "bool")


F = FUNCTIONS
_erf = np.vectorize(math.erf, otypes=[float])
_sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731 - a formula, beside the others


def _softmax(z: Any, axis: int = -1) -> Any:
    e = np.exp(z)
    return e / e.sum(axis, keepdims=True)


# --- elementwise: one operand -----------------------------------------------------------------------------

_UNARY: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Leaf]]] = {
    "neg": (np.negative, Leaf),
    "exp": (np.exp, Leaf),
    "expm1": (np.expm1, Leaf),
    "log": (np.log, positive),
    "log1p": (np.log1p, lambda s: Leaf(s, -0.9, 3)),
    "sqrt": (np.sqrt, positive),
    "abs": (np.abs, Leaf),
    "sign": (np.sign, Leaf),
    "sin": (np.sin, Leaf),
    "cos": (np.cos, Leaf),
    "tanh": (np.tanh, Leaf),
    "erf": (_erf, Leaf),
    "reciprocal": (lambda x: 1 / x, positive),
    "square": (np.square, Leaf),
    "step": (lambda x: (x > 0).astype(int), Leaf),
    "sigmoid": (_sigmoid, Leaf),
    "log_sigmoid": (lambda x: np.log(_sigmoid(x)), Leaf),
    "softplus": (lambda x: np.log(1 + np.exp(x)), Leaf),
    "relu": (lambda x: np.maximum(x, 0), Leaf),
    "leaky_relu": (lambda x: np.where(x > 0, x, x / 100), Leaf),
    "elu": (lambda x: np.where(x > 0, x, np.exp(x) - 1), Leaf),
}
for _name, (_reference, _leaf) in _UNARY.items():
    for _shape in ((), (2, 3), ("N",)):
        case(_name, lambda x, f=_name: F[f](x), numpy=_reference, smooth=_name != "step", x=_leaf(_shape))
case(
    "leaky_relu",
    lambda x: F["leaky_relu"](x, slope=0.25),
    numpy=lambda x: np.where(x > 0, x, x / 4),
    x=(4,),
    note="slope",
)
case(
    "elu",
    lambda x: F["elu"](x, alpha=Fraction(1, 2)),
    numpy=lambda x: np.where(x > 0, x, np.expm1(x) / 2),
    x=(4,),
    note="alpha",
)
case("sign", lambda x: F["sign"](x), numpy=np.sign, smooth=False, note="ints", x=whole(4, -2, 3))
case("abs", lambda x: abs(x), numpy=np.abs, smooth=False, note="ints", x=whole(4, -2, 3))
case(
    "relu",
    lambda x: F["relu"](x),
    numpy=lambda x: np.maximum(x, 0),
    smooth=False,
    note="ints",
    x=whole(4, -2, 3),
)
case("sigmoid", lambda x: F["sigmoid"](x), numpy=_sigmoid, smooth=False, note="ints", x=whole(4, -2, 3))

# --- elementwise: two and three operands, broadcasting ----------------------------------------------------

_BINARY: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any], Leaf]]] = {
    "add": (np.add, Leaf),
    "sub": (np.subtract, Leaf),
    "mul": (np.multiply, Leaf),
    "div": (np.divide, positive),
    "pow": (np.power, positive),
    "maximum": (np.maximum, Leaf),
    "minimum": (np.minimum, Leaf),
    "less": (np.less, Leaf),
    "less_equal": (np.less_equal, Leaf),
    "greater": (np.greater, Leaf),
    "greater_equal": (np.greater_equal, Leaf),
    "equal": (np.equal, Leaf),
    "not_equal": (np.not_equal, Leaf),
}
_PAIRS: tuple[tuple[Any, Any], ...] = (
    ((), ()),
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((2, 1), (3,)),
    ((1, 3), (2, 1)),
    (("N", "M"), ("M",)),
    (("N", 1), (1, "M")),
    ((), ("N", 2)),
)
for _name, (_reference, _leaf) in _BINARY.items():
    for _left, _right in _PAIRS:
        _smooth = np.issubdtype(np.asarray(_reference(1.5, 0.5)).dtype, np.floating)
        case(
            _name,
            lambda x, y, f=_name: F[f](x, y),
            numpy=_reference,
            smooth=_smooth,
            x=_leaf(_left),
            y=_leaf(_right),
        )
for _exponent in (0, 1, 2, 3, -1, -2):
    case(
        "pow",
        lambda x, e=_exponent: x**e,
        numpy=lambda x, e=_exponent: x ** float(e),
        x=Leaf(4),
        note=f"to {_exponent}",
    )
case("pow", lambda x: x ** Fraction(1, 2), numpy=np.sqrt, x=positive(3), note="to 1/2")
case("pow", lambda x: x**2.5, numpy=lambda x: x**2.5, x=positive(3), note="to 2.5")
case("pow", lambda x: 2**x, numpy=lambda x: 2**x, x=(3,), note="of 2")
case("pow", lambda x: x**2, numpy=np.square, x=Leaf(3, given=[0.0, 1.5, -2.0]), note="square of 0")
case("pow", lambda x: x**0, numpy=np.ones_like, x=Leaf(2, given=[0.0, 1.5]), note="0 to 0")
case("pow", lambda x: x**1, numpy=np.positive, x=Leaf(2, given=[0.0, 1.5]), note="0 to 1")
case("mul", lambda x: x * x, numpy=np.square, x=(3,), note="x*x")
case("mul", lambda b, x: b * x, numpy=np.multiply, b=truth(4), x=(4,), note="bool*real")
case(
    "add",
    lambda b, c: b + c,
    numpy=lambda b, c: b.astype(int) + c,
    smooth=False,
    b=truth(4),
    c=truth(4),
    note="bools",
)
case("div", lambda i, j: i / j, numpy=np.divide, smooth=False, i=whole(4), j=whole(4, 1, 5), note="ints")
case("sub", lambda i, x: i - x, numpy=np.subtract, i=whole((2, 1)), x=(3,), note="int-real")
case("maximum", lambda x: F["maximum"](x, 0), numpy=lambda x: np.maximum(x, 0), x=(4,), note="with 0")
case("minimum", lambda x: F["minimum"](1, x), numpy=lambda x: np.minimum(1, x), x=(4,), note="with 1")
case("where", lambda c, x, y: F["where"](c, x, y), numpy=np.where, c=truth((2, 3)), x=(3,), y=(2, 1))
case(
    "where",
    lambda c, x, y: F["where"](c, x, y),
    numpy=lambda c, x, y: np.where(c != 0, x, y),
    c=Leaf((2, 3)),
    x=(3,),
    y=(2, 1),
    note="real condition",
)
case(
    "where",
    lambda c, x, y: F["where"](c, x, y),
    numpy=np.where,
    c=whole(4),
    x=(4,),
    y=(),
    note="int condition",
)
case("where", lambda x: F["where"](x > 0, x, -x), numpy=np.abs, x=(2, 3), note="as abs")
case(
    "where",
    lambda c: F["where"](c, 2, 3),
    numpy=lambda c: np.where(c, 2, 3),
    smooth=False,
    c=truth(4),
    note="numbers",
)
case("clip", lambda x: F["clip"](x, -1, 1), numpy=lambda x: np.clip(x, -1, 1), x=(2, 3))
case(
    "clip",
    lambda x, a, b: F["clip"](x, a, b),
    numpy=np.clip,
    x=(2, 3),
    a=Leaf(3, -2, -0.5),
    b=Leaf((), 0.5, 2),
    note="tensors",
)
case("cast", lambda b: F["sum"](b), numpy=np.sum, smooth=False, b=truth((2, 3)), note="bool sum")
case("assume", lambda x: assume(F["exp"](x), Range(Fraction(0))), numpy=np.exp, x=(3,))
case(
    "assume", lambda x: assume(x, SumsTo(1, Fraction(1, 3))) * 2, numpy=lambda x: 2 * x, x=(2, 3), note="leaf"
)

# --- constants, sizes, filled arrays ----------------------------------------------------------------------

case("const", lambda x: x * const("pi") + const(0.1), numpy=lambda x: x * np.pi + 0.1, x=(2,))
case("const", lambda x: x * Fraction(1, 3) - 10**20, numpy=lambda x: x / 3 - 1e20, x=(2,), note="exact")
case("const", lambda x: F["minimum"](x, const("inf")), numpy=np.positive, x=(2,), note="inf")
case("size", lambda x: x / F["size"]("N") + F["size"]("2*N + 1"), numpy=lambda x: x / 3 + 7, x=("N",))
case("arange", lambda x: x * F["arange"]("N"), numpy=lambda x: x * np.arange(3), x=("N",))
case("eye", lambda x: x + F["eye"]("N"), numpy=lambda x: x + np.eye(3), x=("N", "N"))
case("eye", lambda x: x * F["eye"](2, 3), numpy=lambda x: x * np.eye(2, 3), x=(2, 3))
case(
    "full",
    lambda x, y: F["full"]((2, "N"), x) * y,
    numpy=lambda x, y: np.full((2, 3), x) * y,
    x=(),
    y=("N",),
    note="of x",
)
case("full", lambda x: F["full"]((2, 3), 0.5) * x, numpy=lambda x: 0.5 * x, x=(2, 3))
case("zeros", lambda x: F["zeros"](3) + x, numpy=np.positive, x=(3,))
case("ones", lambda x: F["ones"](("N", 2)) * x, numpy=np.positive, x=("N", 2))
case("param", lambda x: x * param("w", 3), numpy=None, x=(3,), smooth=False)
case("state", lambda x: x * state("v", 3), numpy=None, x=(3,), smooth=False)

# --- contractions -----------------------------------------------------------------------------------------

_PRODUCTS: tuple[tuple[Any, Any], ...] = (
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    (("N", "K"), ("K", "M")),
    ((2, 3, 4), (2, 4, 3)),
    ((2, 3, 4), (4, 2)),
    ((3, 4), (2, 4, 2)),
    ((1, 3, 4), (2, 4, 2)),
    ((2, 3, 4), (1, 4, 2)),
    ((2, 1, 3, 2), (3, 2, 2)),
    ((2, 1, 3, 2), (1, 2, 2, 3)),
    (("N", 1, 3, 2), ("M", 2, 2)),
    ((2, 3, 4), (4,)),
    ((4,), (2, 4, 3)),
)
for _left, _right in _PRODUCTS:
    case("matmul", lambda a, b: a @ b, numpy=np.matmul, a=_left, b=_right)
case("matmul", lambda a: a @ a.T, numpy=lambda a: a @ a.T, a=(2, 3), note="a@a.T")
case("matmul", lambda i, a: i @ a, numpy=np.matmul, i=whole((2, 3)), a=(3, 2), note="ints@reals")
case(
    "matmul", lambda i, j: i @ j, numpy=np.matmul, i=whole((2, 3)), j=whole((3, 2)), smooth=False, note="ints"
)
_SPECS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("nk,km->nm", ((2, 3), (3, 2))),
    ("nk,mk->mn", (("N", 4), (2, 4))),
    ("ij,ij->", ((2, 3), (2, 3))),
    ("ij,ij->ij", ((2, 3), (2, 3))),
    ("ij->ji", ((2, 3),)),
    ("ij->i", ((2, 3),)),
    ("ij->", ((2, 3),)),
    ("ii->", ((3, 3),)),
    ("ii->i", ((3, 3),)),
    ("i->ii", ((3,),)),
    ("iij->ij", ((3, 3, 2),)),
    ("iij->j", ((3, 3, 2),)),
    ("iij,j->i", ((2, 2, 3), (3,))),
    ("iijj->ij", ((2, 2, 3, 3),)),
    ("iii->i", ((3, 3, 3),)),
    ("i,i->ii", ((3,), (3,))),
    ("ij,jk,kl->il", ((2, 3), (3, 2), (2, 2))),
    ("i,i,i->", ((3,), (3,), (3,))),
    ("i,j->", ((2,), (3,))),
    (",i->i", ((), (3,))),
    ("bnk,bkm->bnm", ((2, 2, 3), (2, 3, 2))),
    ("nchw,dc->ndhw", ((1, 2, 2, 2), (3, 2))),
)


def _contract(spec: str) -> Callable[..., Node]:
    return lambda **operands: F["contract"](spec, *operands.values())


def _einsum(spec: str) -> Callable[..., Any] | None:
    output = spec.split("->")[1]
    return None if len(set(output)) < len(output) else lambda *xs: np.einsum(spec, *xs)


for _spec, _shapes in _SPECS:
    case(
        "contract",
        _contract(_spec),
        numpy=_einsum(_spec),
        note=_spec,
        **dict(zip("abc", _shapes, strict=False)),
    )
case(
    "contract",
    lambda a: F["contract"]("aa->", F["contract"]("i->ii", a)),
    numpy=np.sum,
    a=(3,),
    note="trace of diag",
)
case(
    "contract",
    lambda b: F["contract"]("k->nk", b, n=2),
    numpy=lambda b: np.stack([b, b]),
    b=(3,),
    note="outer extent",
)
case(
    "contract",
    lambda b, x: F["contract"]("k->nk", b, n="N") * x,
    numpy=np.multiply,
    b=(2,),
    x=("N", 2),
    note="outer size by name",
)
case(
    "contract",
    lambda b: F["contract"]("->ii", b, i=3),
    numpy=lambda b: b * np.eye(3),
    b=(),
    note="scalar to diagonal",
)
case("outer", lambda a, b: F["outer"](a, b), numpy=np.outer, a=(2,), b=("N",))
case("dot", lambda a, b: F["dot"](a, b), numpy=np.dot, a=("N",), b=("N",))
case("trace", lambda a: F["trace"](a), numpy=np.trace, a=("N", "N"))
case("diag", lambda a: F["diag"](a), numpy=np.diag, a=(3,))
case("diag", lambda a: F["diag"](a), numpy=np.diag, a=("N", "N"))

# --- reductions -------------------------------------------------------------------------------------------

for _name in ("sum", "mean", "max", "min", "prod"):
    for _axis, _keep, _shape in (
        (None, False, (2, 3)),
        (0, False, (2, 3)),
        (-1, True, ("N", "M")),
        ((0, 2), False, (2, 3, 2)),
        ((0, 2), True, (2, "N", 2)),
        ((2, 1), False, (2, 3, 2)),
        (None, True, (3,)),
        (None, False, ()),
        (0, False, (1, 2)),
    ):
        case(
            _name,
            lambda x, f=_name, a=_axis, k=_keep: F[f](x, axis=a, keepdims=k),
            numpy=lambda x, f=_name, a=_axis, k=_keep: getattr(np, f)(x, axis=a, keepdims=k),
            x=_shape,
            note=f"{_shape} axis={_axis} keepdims={_keep}".replace(" ", ""),
        )
case("sum", lambda x: x.T.sum(axis=0), numpy=lambda x: x.T.sum(0), x=(2, 3), note="method")
case("mean", lambda i: F["mean"](i), numpy=np.mean, i=whole((2, 3)), smooth=False, note="ints")
case(
    "sum",
    lambda b: F["sum"](b, axis=0),
    numpy=lambda b: b.sum(0),
    b=truth((2, 3)),
    smooth=False,
    note="bools",
)
case(
    "max", lambda i: F["max"](i, axis=0), numpy=lambda i: i.max(0), i=whole((2, 3)), smooth=False, note="ints"
)
case("max", lambda x, y: F["max"](x, y), numpy=np.maximum, x=(2, 3), y=(3,), note="of two")
case(
    "min",
    lambda x, y: F["min"](x, y, 0),
    numpy=lambda x, y: np.minimum(np.minimum(x, y), 0),
    x=(2, 3),
    y=(3,),
    note="of three",
)
for _zeros in (
    [[1.5, 0.0, -2.0], [0.5, 3.0, 2.0]],
    [[0.0, 0.0, 2.0], [1.0, 0.0, 2.5]],
    [[0.0, 0.0, 0.0], [1.0, 2.0, 0.0]],
):
    case(
        "prod",
        lambda x: F["prod"](x, axis=1),
        numpy=lambda x: x.prod(1),
        x=Leaf((2, 3), given=_zeros),
        note=f"zeros in {_zeros}",
    )
case(
    "prod",
    lambda x: F["prod"](x),
    numpy=np.prod,
    x=Leaf((2, 3), given=[[1.5, 0.0, 2.0], [1.0, 3.0, -2.0]]),
    note="a zero, all axes",
)
case("norm", lambda x: F["norm"](x), numpy=np.linalg.norm, x=(3,))
case("norm", lambda x: F["norm"](x), numpy=np.linalg.norm, x=("N", 2))

# --- moves ------------------------------------------------------------------------------------------------

case("reshape", lambda x: F["reshape"](x, (3, 2)), numpy=lambda x: x.reshape(3, 2), x=(2, 3))
case("reshape", lambda x: x.reshape(-1), numpy=np.ravel, x=("N", "M"), note="flat")
case(
    "reshape",
    lambda x: x.reshape("M", -1, 2),
    numpy=lambda x: x.reshape(2, -1, 2),
    x=("N", 2, "M"),
    note="worked out",
)
case("reshape", lambda x: F["reshape"](x, ()), numpy=lambda x: x.reshape(()), x=(1, 1), note="to a scalar")
case("expand_dims", lambda x: F["expand_dims"](x, 1), numpy=lambda x: x[:, None], x=(2, 3))
case("expand_dims", lambda x: F["expand_dims"](x, -1), numpy=lambda x: x[..., None], x=("N",))
case("squeeze", lambda x: F["squeeze"](x, 1), numpy=lambda x: x[:, 0], x=("N", 1, 2))
case("transpose", lambda x: x.T, numpy=np.transpose, x=("N", 2))
case("transpose", lambda x: F["transpose"](x, (2, 0, 1)), numpy=lambda x: x.transpose(2, 0, 1), x=(2, 3, 4))
case("transpose", lambda x: F["transpose"](x), numpy=np.transpose, x=(2, "N", 4))
case("broadcast", lambda x: F["broadcast"](x, (2, 3)), numpy=lambda x: np.broadcast_to(x, (2, 3)), x=(3,))
case(
    "broadcast",
    lambda x: F["broadcast"](x, (4, "N", 3)),
    numpy=lambda x: np.broadcast_to(x, (4, 3, 3)),
    x=("N", 1),
)
case("broadcast", lambda x: F["broadcast"](x, (2, 2)), numpy=lambda x: np.broadcast_to(x, (2, 2)), x=())
case("pad", lambda x: F["pad"](x, [(1, 0), (0, 2)]), numpy=lambda x: np.pad(x, [(1, 0), (0, 2)]), x=("N", 2))
case(
    "pad",
    lambda x: F["pad"](x, [(1, 1)], fill=0.5),
    numpy=lambda x: np.pad(x, 1, constant_values=0.5),
    x=(2,),
    note="fill",
)
case(
    "pad",
    lambda x: F["pad"](x, [(0, 1)], fill=const("-inf").attrs[1]),
    numpy=lambda x: np.pad(x, [(0, 1)], constant_values=-np.inf),
    x=(2,),
    note="-inf",
    smooth=False,
)
case(
    "pad",
    lambda i: F["pad"](i, [(1, 1)], fill=0.5),
    numpy=lambda i: np.pad(i.astype(float), 1, constant_values=0.5),
    i=whole(2),
    note="ints, fill 1/2",
    smooth=False,
)
case(
    "pad", lambda x: F["pad"](x, [("N", 1)]), numpy=lambda x: np.pad(x, [(3, 1)]), x=("N",), note="by a size"
)
case(
    "concat",
    lambda x, y: F["concat"]([x, y], axis=1),
    numpy=lambda x, y: np.concatenate([x, y], 1),
    x=("N", 2),
    y=("N", 3),
)
case(
    "concat",
    lambda x, y: F["concat"]([x, y, x]),
    numpy=lambda x, y: np.concatenate([x, y, x]),
    x=("N",),
    y=(2,),
)
case(
    "concat",
    lambda x, i: F["concat"]([x, i], axis=-1),
    numpy=lambda x, i: np.concatenate([x, i], -1),
    x=(2, 2),
    i=whole((2, 1)),
    note="real and int",
)
case("stack", lambda x, y: F["stack"]([x, y]), numpy=lambda x, y: np.stack([x, y]), x=("N",), y=("N",))
case(
    "stack",
    lambda x, y: F["stack"]([x, y], axis=-1),
    numpy=lambda x, y: np.stack([x, y], -1),
    x=(2, 3),
    y=(2, 3),
)
case(
    "stack",
    lambda x, y: F["stack"]([x, 1, y]),
    numpy=lambda x, y: np.stack([x, 1, y]),
    x=(),
    y=(),
    note="scalars",
)

# --- indexing ---------------------------------------------------------------------------------------------

_KEYS: tuple[tuple[str, Any, Any], ...] = (
    ("[1]", (3, 2), np.s_[1]),
    ("[-1]", ("N", 2), np.s_[-1]),
    ("[:,0]", ("N", 2), np.s_[:, 0]),
    ("[1:]", ("N", 2), np.s_[1:]),
    ("[:-1,1:]", ("N", 3), np.s_[:-1, 1:]),
    ("[::2]", (5,), np.s_[::2]),
    ("[1:4:2]", (5,), np.s_[1:4:2]),
    ("[::-1]", (4,), np.s_[::-1]),
    ("[::-1]s", ("N",), np.s_[::-1]),
    ("[::-2]", (5,), np.s_[::-2]),
    ("[3:0:-1]", (5,), np.s_[3:0:-1]),
    ("[2::-2]", (5,), np.s_[2::-2]),
    ("[None]", ("N",), np.s_[None]),
    ("[:,None]", ("N", 2), np.s_[:, None]),
    ("[...,0]", (2, 3, 2), np.s_[..., 0]),
    ("[0,...,None]", (2, 3, 2), np.s_[0, ..., None]),
    ("[0:0]", (3, 2), np.s_[0:0]),
    ("[2:1]", (3, 2), np.s_[2:1]),
    ("[:9]", (3,), np.s_[:9]),
)
for _note, _shape, _key in _KEYS:
    case("getitem", lambda x, k=_key: x[k], numpy=lambda x, k=_key: x[k], x=_shape, note=_note)
case(
    "getitem",
    lambda x: x[::2],
    numpy=lambda x: x[::2],
    x=Leaf(("2*N", "N"), given=np.linspace(-1, 1, 18).reshape(6, 3)),
    note="every second of 2*N",
)
case("getitem", lambda x, i: x[i], numpy=lambda x, i: x[i], x=(3, 2), i=whole(4), note="x[i]")
case("getitem", lambda x, i: x[:, i], numpy=lambda x, i: x[:, i], x=("N", 3), i=whole((2, 2)), note="x[:,i]")
case(
    "getitem",
    lambda x, y: x[F["arange"]("N"), y],
    numpy=lambda x, y: x[np.arange(3), y],
    x=("N", 3),
    y=whole(("N",)),
    note="x[arange(N),y]",
)
case("getitem", lambda x, i: x[i, 1:], numpy=lambda x, i: x[i, 1:], x=(3, 3), i=whole(2), note="x[i,1:]")
case(
    "getitem",
    lambda x, i, j: x[:, i, j],
    numpy=lambda x, i, j: x[:, i, j],
    x=(2, 3, 3),
    i=whole((2, 1)),
    j=whole(3),
    note="x[:,i,j]",
)
case("getitem", lambda x, i: x[0, i], numpy=lambda x, i: x[0, i], x=(3, 3), i=whole(2), note="x[0,i]")
case("getitem", lambda x: x[[0, 2, 2]], numpy=lambda x: x[[0, 2, 2]], x=(3, 2), note="a list")
case("gather", lambda x, i: F["gather"](x, i), numpy=lambda x, i: np.take(x, i, 0), x=(3, 2), i=whole((2, 2)))
case(
    "gather",
    lambda x, i: F["gather"](x, i, axis=-1),
    numpy=lambda x, i: np.take(x, i, -1),
    x=("N", 3),
    i=whole(4),
)
case(
    "scatter_add",
    lambda u, i: F["scatter_add"](u, i, (3, 2)),
    u=(4, 2),
    i=Leaf(4, dtype="int", given=[0, 2, 0, 1]),
    note="repeats",
)
case(
    "scatter_add",
    lambda u, i: F["scatter_add"](u, i, ("N", 3), axis=1) * F["ones"](("N", 3)),
    u=("N", 2),
    i=whole(2),
)
case(
    "scatter_add", lambda u, i: F["scatter_add"](u, i, (2, 3), axis=-1), u=(2, 4), i=whole(4), note="axis=-1"
)
case("argmax", lambda x: F["argmax"](x), numpy=lambda x: np.argmax(x, -1), smooth=False, x=("N", 3))
case(
    "argmax",
    lambda x: F["argmax"](x, axis=0),
    numpy=lambda x: np.argmax(x, 0),
    smooth=False,
    x=whole((4, 3)),
    note="ties",
)
case("argmin", lambda x: F["argmin"](x, axis=1), numpy=lambda x: np.argmin(x, 1), smooth=False, x=(2, 3, 2))
case("one_hot", lambda t: F["one_hot"](t, 3), numpy=lambda t: np.eye(3)[t], smooth=False, t=whole(4))
case(
    "one_hot",
    lambda t, x: F["one_hot"](t, "K") * x,
    numpy=lambda t, x: np.eye(4)[t] * x,
    t=whole(("N", 2)),
    x=("K",),
)
case(
    "one_hot",
    lambda t, x: F["one_hot"](t, "N") @ x,
    numpy=lambda t, x: x[t],
    t=whole("N"),
    x=("N",),
    note="as deep as long",
)

# --- scans ------------------------------------------------------------------------------------------------

_ZEROS = Leaf((2, 4), given=[[1.5, 0.0, -2.0, 0.5], [2.0, 0.0, 0.0, 3.0]])
for _name in ("cumsum", "cumprod"):
    for _reverse in (False, True):
        for _exclusive in (False, True):
            _options = {"reverse": _reverse, "exclusive": _exclusive}
            for _axis, _data in ((-1, Leaf((2, 4))), (0, Leaf(("N", 2))), (1, _ZEROS)):
                case(
                    _name,
                    lambda x, f=_name, a=_axis, o=_options: F[f](x, axis=a, **o),
                    x=_data,
                    numpy=(lambda x, f=_name, a=_axis: getattr(np, f)(x, axis=a))
                    if not _reverse and not _exclusive
                    else None,
                    note=f"{'zeros ' if _data is _ZEROS else ''}axis={_axis} {_reverse=} {_exclusive=}",
                )
for _reverse in (False, True):
    case(
        "recurrence",
        lambda a, b, r=_reverse: F["recurrence"](a, b, reverse=r),
        a=(2, 4),
        b=(2, 4),
        note=f"reverse={_reverse}",
    )
case("recurrence", lambda a: F["recurrence"](a, 1, axis=0), a=("N", 2), note="driven by 1")
case("recurrence", lambda b: F["recurrence"](2, b), b=("N",), note="factor 2")
case("recurrence", lambda i, b: F["recurrence"](b, i), i=whole(3), b=(3,), note="driven by ints")

# --- the softmax family and the losses --------------------------------------------------------------------

for _shape, _axis in (((3,), -1), ((2, 3), -1), (("N", "K"), 0), ((2, 3, 2), 1), ((1,), 0)):
    _options = {"axis": _axis}
    case(
        "softmax",
        lambda z, o=_options: F["softmax"](z, **o),
        numpy=lambda z, a=_axis: _softmax(z, a),
        z=_shape,
    )
    case(
        "log_softmax",
        lambda z, o=_options: F["log_softmax"](z, **o),
        numpy=lambda z, a=_axis: np.log(_softmax(z, a)),
        z=_shape,
    )
    case(
        "logsumexp",
        lambda z, o=_options: F["logsumexp"](z, **o),
        numpy=lambda z, a=_axis: np.log(np.exp(z).sum(a)),
        z=_shape,
    )
case(
    "mean_squared_error",
    lambda y, t: F["mean_squared_error"](y, t),
    numpy=lambda y, t: np.mean((y - t) ** 2),
    y=("N", 2),
    t=("N", 2),
)
case(
    "mean_squared_error",
    lambda y: F["mean_squared_error"](y, y),
    numpy=lambda y: 0.0,
    y=(3,),
    note="with itself",
)
case(
    "cross_entropy",
    lambda z, t: F["cross_entropy"](z, t),
    numpy=lambda z, t: -np.mean(np.log(_softmax(z))[np.arange(3), t]),
    z=("N", 3),
    t=whole(("N",)),
)
case(
    "cross_entropy",
    lambda z, t: F["cross_entropy"](z, t),
    numpy=lambda z, t: -np.mean((t * np.log(_softmax(z))).sum(1)),
    z=("N", "K"),
    t=positive(("N", "K")),
    note="distribution",
)
case(
    "cross_entropy",
    lambda z: F["cross_entropy"](z, F["softmax"](z)),
    numpy=lambda z: -np.mean((_softmax(z) * np.log(_softmax(z))).sum(1)),
    z=(2, 3),
    note="entropy",
)
case(
    "binary_cross_entropy",
    lambda z, t: F["binary_cross_entropy"](z, t),
    numpy=lambda z, t: np.mean(-t * np.log(_sigmoid(z)) - (1 - t) * np.log(1 - _sigmoid(z))),
    z=("N",),
    t=Leaf(("N",), 0, 1),
)
case(
    "binary_cross_entropy",
    lambda z, t: F["binary_cross_entropy"](z, t),
    numpy=lambda z, t: np.mean(-t * np.log(_sigmoid(z)) - (1 - t) * np.log(1 - _sigmoid(z))),
    z=(2, 3),
    t=whole((2, 3), 0, 2),
    note="labels",
)
case("stop_gradient", lambda x: F["stop_gradient"](x) * 2, numpy=lambda x: 2 * x, smooth=False, x=(3,))
