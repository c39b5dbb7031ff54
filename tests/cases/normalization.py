"""Cases: normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.cases.case import F, Leaf, case, positive


def _standardized(x: Any, axes: Any, eps: float = 1e-5) -> Any:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def _channels(row: Any, x: Any, axis: int) -> Any:
    return row.reshape(-1, *(1 for _ in range(x.ndim - axis - 1)))


for _shape, _axes in (
    (("N", 4), (0,)),
    (("N", "K"), (1,)),
    ((2, 3, "M"), (1, 2)),
    ((5,), (0,)),
    (("N", 2, 2, 3), (0, 2, 3)),
):
    case(
        "standardize",
        lambda x, a=_axes: F["standardize"](x, axes=a),
        numpy=lambda x, a=_axes: _standardized(x, a),
        note=f"{_shape} over {_axes}",
        x=_shape,
    )
case(
    "standardize",
    lambda x: F["standardize"](x),
    numpy=lambda x: _standardized(x, (0, 1)),
    note="all axes",
    x=(2, 3),
)
case(
    "standardize",
    lambda x: F["standardize"](x, axes=0, eps=0),
    numpy=lambda x: _standardized(x, 0, 0),
    note="eps 0",
    x=(4, 2),
)
case(
    "standardize",
    lambda x: F["standardize"](x, axes=0, eps=0.25),
    numpy=lambda x: _standardized(x, 0, 0.25),
    note="eps 1/4",
    x=(4, 2),
)

for _shape, _axis in (
    (("N", 4), 1),
    (("N", "M", 2, 2), 1),
    (("N", 2, 2, "M"), -1),
    ((1, 3), 1),
    ((1, 2, 2, 3), 1),
):
    _row = (_shape[_axis],)
    case(
        "batch_norm",
        lambda x, gamma, beta, a=_axis: F["batch_norm"](x, gamma, beta, axis=a),
        numpy=lambda x, gamma, beta, a=_axis: (
            _channels(gamma, x, a % x.ndim)
            * _standardized(x, tuple(i for i in range(x.ndim) if i != a % x.ndim))
            + _channels(beta, x, a % x.ndim)
        ),
        note=f"{_shape} along {_axis}",
        x=_shape,
        gamma=_row,
        beta=_row,
    )
    case(
        "batch_norm_inference",
        lambda x, mean, variance, gamma, beta, a=_axis: F["batch_norm_inference"](
            x, mean, variance, gamma, beta, axis=a
        ),
        numpy=lambda x, mean, variance, gamma, beta, a=_axis: (
            _channels(gamma / np.sqrt(variance + 1e-5), x, a % x.ndim) * (x - _channels(mean, x, a % x.ndim))
            + _channels(beta, x, a % x.ndim)
        ),
        note=f"{_shape} along {_axis}",
        x=_shape,
        mean=_row,
        variance=positive(_row),
        gamma=_row,
        beta=_row,
    )

for _shape, _count in ((("N", 4), 1), (("N", 2, "K"), 1), (("N", 2, "K"), 2)):
    case(
        "layer_norm",
        lambda x, gamma, beta, c=_count: F["layer_norm"](x, gamma, beta, axes=c),
        numpy=lambda x, gamma, beta, c=_count: (
            gamma * _standardized(x, tuple(range(x.ndim - c, x.ndim))) + beta
        ),
        note=f"{_shape}, {_count} axes",
        x=_shape,
        gamma=_shape[-_count:],
        beta=_shape[-_count:],
    )
case(
    "layer_norm",
    lambda x: F["layer_norm"](x, [1, 2], [3, 4]),
    numpy=lambda x: np.array([1, 2]) * _standardized(x, 1) + np.array([3, 4]),
    note="numbers",
    x=Leaf((3, 2)),
)
