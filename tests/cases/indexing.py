"""Cases: indexing."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.cases.case import F, Leaf, case, whole

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
