"""Cases: contractions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphc.ir.node import Node
from tests.cases.case import F, case, whole

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
