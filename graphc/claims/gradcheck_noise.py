"""How large the rounding errors of a function are, from its differences at neighbouring points.

Differences of high order of a smooth function vanish as the points close up; what stays is rounding. The k-th
differences of independent errors of size σ have the size σ·√((2k)!/(k!)²) (Hamming 1962; Moré and Wild, Estimating
computational noise, SIAM J. Sci. Comput. 33, 2011).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

POINTS = 9
SPACINGS = (2.0**-36, 2.0**-26, 2.0**-16)
"""Relative to the inputs: the second and third for functions that round their inputs to float32 or coarser."""
_ORDERS = (4, 5, 6)
EPSILON = float(np.finfo(np.float64).eps)


def noise_of(f: Callable[[float], float]) -> tuple[float, float]:
    """The rounding of `f(t)`, t in units of the inputs, near t = 0; and the spacing it was seen at.

    It is looked for on both sides of 0 by itself: a jump or a kink there is no rounding.
    """
    for spacing in SPACINGS:
        values = np.array([[f(t) for t in side] for side in sides(spacing)]).T
        if np.count_nonzero(np.diff(values, axis=0)) > len(values):
            break
    size = float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))
    return max(float(smallest(levels(values))), EPSILON / 4 * size), spacing


def sides(spacing: float) -> tuple[list[float], list[float]]:
    """Equally spaced points above 0, and below it."""
    steps = [i * spacing for i in range(1, POINTS + 1)]
    return steps, [-t for t in steps]


def smallest(found: Any) -> Any:
    """The smaller of two findings, along the first axis; 0 where there is none."""
    least = np.min(np.where(np.isfinite(found), found, np.inf), axis=0)
    return np.where(np.isfinite(least), least, 0.0)


def levels(values: Any) -> Any:
    """The rounding of each entry, from the values at equally spaced points along the first axis."""
    table = np.asarray(values, dtype=np.float64)
    found = np.zeros(table.shape[1:])
    with np.errstate(all="ignore"):
        for order in range(1, max(_ORDERS) + 1):
            table = np.diff(table, axis=0)
            if order in _ORDERS:
                gain = math.factorial(order) ** 2 / math.factorial(2 * order)
                found = np.maximum(found, np.sqrt(gain * np.mean(table**2, axis=0)))
    return found
