"""Cases: activations beyond those of one primitive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.cases.case import F, Leaf, case, erf, sigmoid, whole

SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def _gelu_tanh(x: Any) -> Any:
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


_SCALAR: dict[str, Callable[[Any], Any]] = {
    "identity": lambda x: x,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
    "gelu": lambda x: x * (1 + erf(x / np.sqrt(2))) / 2,
    "gelu_tanh": _gelu_tanh,
    "silu": lambda x: x * sigmoid(x),
    "softsign": lambda x: x / (1 + np.abs(x)),
}
for _name, _reference in _SCALAR.items():
    for _leaf in (Leaf(()), Leaf((2, 3)), Leaf(("N",), -5, 5)):
        case(_name, lambda x, f=_name: F[f](x), numpy=_reference, x=_leaf)
    case(_name, lambda x, f=_name: F[f](x), numpy=_reference, smooth=False, note="ints", x=whole(4, -2, 3))

for _alpha in ((), (3,), (2, 1), (2, 3)):
    case(
        "prelu",
        lambda x, alpha: F["prelu"](x, alpha),
        numpy=lambda x, alpha: np.where(x > 0, x, alpha * x),
        x=(2, 3),
        alpha=Leaf(_alpha, 0.1, 0.9),
    )

for _shape, _pieces, _axis, _grouped in (
    ((6,), 3, -1, (2, 3)),
    (("N", 4), 2, -1, (3, 2, 2)),
    ((4, "N"), 2, 0, (2, 2, 3)),
    ((2, 3), 1, -1, (2, 3, 1)),
    ((2, 3), 3, 1, (2, 1, 3)),
):
    case(
        "maxout",
        lambda x, k=_pieces, a=_axis: F["maxout"](x, pieces=k, axis=a),
        numpy=lambda x, s=_grouped, a=_axis: x.reshape(s).max(a if a < 0 else a + 1),
        note=f"{_pieces} of {_shape} along {_axis}",
        x=_shape,
    )
case(
    "maxout",
    lambda x, w: F["maxout"](x, pieces=3) * w,
    numpy=lambda x, w: x.reshape(3, 2, 3).max(-1) * w,
    note="of a multiple of a size",
    x=("N", "3*M"),
    w=("M",),
)
