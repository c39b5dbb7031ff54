"""Gaussian elimination with partial pivoting, on numbers of any kind: what solutions and determinants are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def solution(a: Any, b: Any, xp: Any) -> Any:
    """`x` with `a @ x = b` for the matrices along the leading axes; nan where a matrix is singular."""
    vectors = b.ndim == a.ndim - 1
    columns = b[..., None] if vectors else b
    result = xp.full(columns.shape, "nan", columns.dtype)
    for place in np.ndindex(a.shape[:-2]):
        upper, pivots, right = _eliminated(a[place], columns[place])
        if all(pivot != 0 for pivot in pivots):
            result[place] = _substituted(upper, right)
    return result[..., 0] if vectors else result


def inverse(a: Any, xp: Any) -> Any:
    """The inverses of the matrices along the leading axes."""
    return solution(a, np.broadcast_to(xp.array(np.eye(a.shape[-1])), a.shape), xp)


def determinant(a: Any, xp: Any) -> Any:
    """The product of the pivots of each matrix, with the sign of the exchanges of rows."""

    def product(pivots: list[Any]) -> Any:
        total = xp.array(1)[()]
        for pivot in pivots:
            total = total * pivot
        return total

    return _of_pivots(a, product, xp)


def log_determinant(a: Any, xp: Any) -> Any:
    """The sum of the logarithms of the pivots' magnitudes, -inf for a singular matrix."""
    log = xp.function("log", 1) or np.log

    def total(pivots: list[Any]) -> Any:
        magnitudes = np.asarray([abs(pivot) for pivot in pivots], xp.real)
        with np.errstate(divide="ignore"):
            return sum(log(magnitudes), xp.array(0)[()])

    return _of_pivots(a, total, xp)


def _of_pivots(a: Any, f: Callable[[list[Any]], Any], xp: Any) -> Any:
    result = xp.full(a.shape[:-2], "0", xp.real)
    for place in np.ndindex(a.shape[:-2]):
        result[place] = f(_eliminated(a[place], a[place])[1])
    return result


def _eliminated(a: Any, b: Any) -> tuple[Any, list[Any], Any]:
    """An upper triangle, its pivots, and what the same steps make of `b`; an exchange of rows turns a pivot's sign."""
    a, b, pivots = a.copy(), b.copy(), []
    for k in range(len(a)):
        largest = max(range(k, len(a)), key=lambda row: abs(a[row, k]))
        if largest != k:
            for x in (a, b):
                x[[k, largest]] = x[[largest, k]]
        pivots.append(a[k, k] if largest == k else -a[k, k])
        if a[k, k] == 0:
            continue
        below = a[k + 1 :, k] / a[k, k]
        a[k + 1 :] = a[k + 1 :] - below[:, None] * a[k]
        b[k + 1 :] = b[k + 1 :] - below[:, None] * b[k]
    return a, pivots, b


def _substituted(upper: Any, b: Any) -> Any:
    for k in reversed(range(len(upper))):
        b[k] = b[k] / upper[k, k]
        b[:k] = b[:k] - upper[:k, k, None] * b[k]
    return b
