"""Cases: reductions."""

from __future__ import annotations

import numpy as np

from tests.cases.case import F, Leaf, case, truth, whole

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

for name, argument in (("is_max", np.argmax), ("is_min", np.argmin)):
    case(
        name,
        lambda x, f=name: F[f](x, axis=(0, 2)),
        numpy=lambda x, a=argument: np.moveaxis(
            np.eye(x.shape[0] * x.shape[2])[a(np.moveaxis(x, 1, 0).reshape(x.shape[1], -1), axis=1)].reshape(
                x.shape[1], x.shape[0], x.shape[2]
            ),
            0,
            1,
        ),
        x=(2, "N", 3),
        smooth=False,
    )
    case(
        name,
        lambda x, f=name: F[f](x),
        numpy=lambda x, a=argument: np.arange(4) == a(x),
        x=(4,),
        smooth=False,
    )
