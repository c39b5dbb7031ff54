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
_ALIKE = 100
"""Two findings of one rounding differ by less than this."""
LAST_DIGITS = 16
"""So many units in the last place the sums in a gradient may take, whatever is measured."""
EPSILON = float(np.finfo(np.float64).eps)


def noise_of(f: Callable[[float], Any], digits: float = 0.25) -> Any:
    """The rounding of each entry of `f(t)`, t in units of the inputs, near t = 0.

    It is taken to be `digits` units in the last place at least. It is looked for on both sides of 0 by itself: a jump
    or a kink there is no rounding.
    """
    values = np.empty(0)
    for spacing in SPACINGS:
        values = np.stack([np.stack([np.asarray(f(t)) for t in side]) for side in sides(spacing)], axis=1)
        if _changes(values):
            break
    size = np.max(np.abs(values), axis=(0, 1), initial=0.0, where=np.isfinite(values))
    last = np.maximum(digits * epsilon_of(values) * size, np.finfo(np.float64).smallest_subnormal)
    return np.maximum(likely(levels(values)), last)


def _changes(values: Any) -> bool:
    """Whether the values along the first axis differ at most places, in one entry at least."""
    with np.errstate(invalid="ignore"):
        steps = np.diff(values, axis=0)
    changed = np.count_nonzero((steps != 0) & np.isfinite(steps), axis=(0, 1))
    return bool(np.max(changed, initial=0) > len(values))


def epsilon_of(values: Any) -> float:
    """The last digit of changing values: that of float32, or float16, if they are all numbers of that kind."""
    if _changes(values):
        for kind in (np.float16, np.float32):
            with np.errstate(all="ignore"):
                if np.array_equal(values.astype(kind), values, equal_nan=True):
                    return float(np.finfo(kind).eps)
    return EPSILON


def sides(spacing: float) -> tuple[list[float], list[float]]:
    """Equally spaced points above 0, and below it."""
    steps = [i * spacing for i in range(1, POINTS + 1)]
    return steps, [-t for t in steps]


def likely(found: Any) -> Any:
    """The smaller of two findings, along the first axis, if they are far apart, else the larger; 0 if there is none."""
    least = np.min(np.where(np.isfinite(found), found, np.inf), axis=0)
    most = np.max(np.where(np.isfinite(found), found, 0.0), axis=0)
    return np.where(most <= _ALIKE * least, most, np.where(np.isfinite(least), least, 0.0))


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


def tolerance_for(tolerance: float, *arrays: Any) -> float:
    """`tolerance`, or a thousand units in the last place of the coarsest of some arrays."""
    return max(tolerance, *(1000 * float(np.finfo(array.dtype).eps) for array in arrays))
