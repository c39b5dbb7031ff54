"""Cases: penalties on the size of parameters, and the projection that bounds it."""

from __future__ import annotations

import numpy as np

from tests.cases.case import F, case, positive


def _projected(W, limit, axis):
    norms = np.sqrt((W**2).sum(axis, keepdims=True))
    return W * np.minimum(1, limit / norms)


case(
    "l1_penalty",
    lambda W, c: F["l1_penalty"](W, c),
    numpy=lambda W, c: c * np.abs(W).sum(),
    W=("N", "K"),
    c=positive(()),
)
case(
    "l2_penalty",
    lambda W, c: F["l2_penalty"](W, c),
    numpy=lambda W, c: c / 2 * (W**2).sum(),
    W=("N", "K"),
    c=positive(()),
)
case("l2_penalty", lambda W: F["l2_penalty"](W, 0.01), numpy=lambda W: 0.005 * (W**2).sum(), W=(2, 3, 2))
case(
    "elastic_net",
    lambda W, a, b: F["elastic_net"](W, a, b),
    numpy=lambda W, a, b: a * np.abs(W).sum() + b / 2 * (W**2).sum(),
    W=("N",),
    a=positive(()),
    b=positive(()),
)
for _limit, _axis in ((1, 0), (2.5, 1), (100, 0), (0.5, (0, 1)), (1, None)):
    case(
        "max_norm",
        lambda W, n=_limit, a=_axis: F["max_norm"](W, n, axis=a),
        numpy=lambda W, n=_limit, a=_axis: _projected(W, n, a),
        W=("N", "K"),
        note=f"{_limit} along {_axis}",
    )
case(
    "max_norm",
    lambda W, n: F["max_norm"](W, n, axis=-1),
    numpy=lambda W, n: _projected(W, n, -1),
    W=("N", "K"),
    n=positive(()),
    note="a limit that is an input",
)
