"""Cases: the softmax family and the losses."""

from __future__ import annotations

import numpy as np

from tests.cases.case import F, Leaf, case, positive, sigmoid, softmax, whole

for _shape, _axis in (((3,), -1), ((2, 3), -1), (("N", "K"), 0), ((2, 3, 2), 1), ((1,), 0)):
    _options = {"axis": _axis}
    case(
        "softmax",
        lambda z, o=_options: F["softmax"](z, **o),
        numpy=lambda z, a=_axis: softmax(z, a),
        z=_shape,
    )
    case(
        "log_softmax",
        lambda z, o=_options: F["log_softmax"](z, **o),
        numpy=lambda z, a=_axis: np.log(softmax(z, a)),
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
    numpy=lambda z, t: -np.mean(np.log(softmax(z))[np.arange(3), t]),
    z=("N", 3),
    t=whole(("N",)),
)
case(
    "cross_entropy",
    lambda z, t: F["cross_entropy"](z, t),
    numpy=lambda z, t: -np.mean((t * np.log(softmax(z))).sum(1)),
    z=("N", "K"),
    t=positive(("N", "K")),
    note="distribution",
)
case(
    "cross_entropy",
    lambda z: F["cross_entropy"](z, F["softmax"](z)),
    numpy=lambda z: -np.mean((softmax(z) * np.log(softmax(z))).sum(1)),
    z=(2, 3),
    note="entropy",
)
case(
    "binary_cross_entropy",
    lambda z, t: F["binary_cross_entropy"](z, t),
    numpy=lambda z, t: np.mean(-t * np.log(sigmoid(z)) - (1 - t) * np.log(1 - sigmoid(z))),
    z=("N",),
    t=Leaf(("N",), 0, 1),
)
case(
    "binary_cross_entropy",
    lambda z, t: F["binary_cross_entropy"](z, t),
    numpy=lambda z, t: np.mean(-t * np.log(sigmoid(z)) - (1 - t) * np.log(1 - sigmoid(z))),
    z=(2, 3),
    t=whole((2, 3), 0, 2),
    note="labels",
)
case("stop_gradient", lambda x: F["stop_gradient"](x) * 2, numpy=lambda x: 2 * x, smooth=False, x=(3,))
