"""Arrays whose sums along an axis are exactly what they should be: entries on a grid, so that no rounding occurs."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np


def with_sums(
    drawn: Any,
    sums: Mapping[int, Fraction] | None,
    low: int | None,
    high: int | None,
    grid: int,
    symmetric: bool,
    rng: np.random.Generator,
    kind: Any,
) -> Any | None:
    """`drawn` moved to multiples of 1/grid that sum along each axis to what `sums` says; None where none are found.

    `low` and `high` are the ends of the range, as multiples. A sum that is no binary fraction makes the grid finer
    by its denominator; the entries are exact fractions then.
    """
    if sums is None:
        return None
    odd = 1
    for value in sums.values():
        odd = _common(odd, value.denominator)
    odd = 1 if grid % odd == 0 else odd
    low, high = (None if end is None else end * odd for end in (low, high))
    grid *= odd
    wanted = {axis: value * grid for axis, value in sums.items()}
    if any(value.denominator != 1 for value in wanted.values()):
        return None
    near = _near(drawn * grid, {axis: int(value) for axis, value in wanted.items()}, low, high, symmetric)
    units = np.rint(near).astype(np.int64)
    units = units if low is None and high is None else np.clip(units, low, high)
    if symmetric:
        units = np.triu(units) + np.triu(units, 1).T
    units = _exact(units, {axis: int(value) for axis, value in wanted.items()}, low, high, symmetric, rng)
    if units is None:
        return None
    return _on_grid(units, grid, kind)


def _common(a: int, b: int) -> int:
    return int(np.lcm(a, b))


def _on_grid(units: Any, grid: int, kind: Any) -> Any:
    if grid & (grid - 1) == 0:
        return units.astype(kind) if grid == 1 else units / float(grid)
    result = np.empty(units.shape, object)
    for place in np.ndindex(units.shape):
        result[place] = Fraction(int(units[place]), grid)
    return result


def _near(drawn: Any, wanted: Mapping[int, int], low: int | None, high: int | None, symmetric: bool) -> Any:
    """`drawn` shifted so that the sums are about right, its spread cut down to stay within the range."""
    if not wanted:
        return drawn
    if symmetric:
        drawn = (drawn + drawn.T) / 2
        wanted = {axis: next(iter(wanted.values())) for axis in (0, 1)}
    mean: Any = 0.0
    for axis, value in wanted.items():
        mean = value / drawn.shape[axis]
        drawn = drawn - drawn.mean(axis=axis, keepdims=True)
    axes = tuple(wanted)
    with np.errstate(all="ignore"):
        up = np.inf if high is None else np.where(drawn > 0, (high - mean) / drawn, np.inf)
        down = np.inf if low is None else np.where(drawn < 0, (low - mean) / drawn, np.inf)
        room = np.minimum(np.broadcast_to(up, drawn.shape), down).min(axis=axes, keepdims=True)
    return mean + drawn * np.where(room < 1 / 0.9, np.maximum(0.9 * room, 0), 1.0)


def _exact(
    units: Any,
    wanted: Mapping[int, int],
    low: int | None,
    high: int | None,
    symmetric: bool,
    rng: np.random.Generator,
) -> Any | None:
    """Whole numbers with exactly the sums wanted."""
    if not wanted:
        return units
    units = units.copy()
    if len(wanted) == 1 and not symmetric:
        ((axis, value),) = wanted.items()
        for row in _rows(units, axis):
            if not _settle(row, value, low, high, rng):
                return None
        return units
    _close(units, wanted, symmetric)
    right = all((units.sum(axis=axis) == value).all() for axis, value in wanted.items())
    inside = (low is None or (units >= low).all()) and (high is None or (units <= high).all())
    return units if right and inside and (not symmetric or (units == units.T).all()) else None


def _rows(units: Any, axis: int) -> Any:
    """The lines along `axis`, as views."""
    moved = np.moveaxis(units, axis, -1)
    return (moved[place] for place in np.ndindex(moved.shape[:-1]))


def _settle(row: Any, value: int, low: int | None, high: int | None, rng: np.random.Generator) -> bool:
    """Spread what is missing of the sum over the entries that have room."""
    missing = value - int(row.sum())
    for place in rng.permutation(len(row)):
        if missing > 0:
            step = missing if high is None else min(missing, high - int(row[place]))
        else:
            step = missing if low is None else max(missing, low - int(row[place]))
        row[place] += step
        missing -= step
    return missing == 0


def _close(units: Any, wanted: Mapping[int, int], symmetric: bool) -> None:
    """The last line along each axis from all others."""
    if symmetric:
        value = next(iter(wanted.values()))
        units[:-1, -1] = value - units[:-1, :-1].sum(axis=1)
        units[-1, :-1] = units[:-1, -1]
        units[-1, -1] = value - units[-1, :-1].sum()
        return
    for axis, value in wanted.items():
        moved = np.moveaxis(units, axis, -1)
        moved[..., -1] = value - moved[..., :-1].sum(axis=-1)
