"""The complex step for a Python function: Im f(x + ih)/h, trusted only where differences confirm it.

A function may drop imaginary parts without a word (`abs`, `float`), so its complex slopes count for an array only if
they agree with every entry that differences know sharply. They then settle entries that differences leave open.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.claims.gradcheck.report import Entry, Index, Outcome
from graphc.claims.gradcheck.slope import Slope

METHOD = "complex step"
STEP = 2.0**-70
SHARP = 1e-6
"""How well an entry has to be known by differences, relatively, to confirm anything."""
_MOST = 20
"""So many entries confirm enough."""
_LEAST = 1e-12


def settled(
    entries: Sequence[Entry],
    slope: Callable[[Index], float | None],
    judged: Callable[[Index, Slope], Entry],
) -> list[Entry]:
    """`entries` with those that are not known sharply judged by complex slopes, if these can be trusted."""
    loose = [e for e in entries if SHARP * max(abs(e.given), abs(e.slope)) < e.uncertainty < math.inf]
    sharp = [e for e in entries if e.slope and e.uncertainty <= SHARP * abs(e.slope)][:_MOST]
    if not loose or not sharp or not all(_confirmed(e, slope(e.index)) for e in sharp):
        return list(entries)
    better: dict[Index, Entry] = {}
    for entry in loose:
        found = slope(entry.index)
        if found is not None and _confirmed(entry, found):
            better[entry.index] = judged(entry.index, Slope(found, _LEAST * abs(found)))
    return [better.get(e.index, e) if e.outcome is not Outcome.WRONG else e for e in entries]


def _confirmed(entry: Entry, slope: float | None) -> bool:
    """Whether a complex slope lies where differences say it does."""
    return slope is not None and abs(slope - entry.slope) <= 4 * entry.uncertainty + _LEAST * abs(slope)


def slope_by(
    f: Callable[[Sequence[Any]], Any], arrays: Sequence[Any], which: int, index: Index
) -> float | None:
    """The slope of `f` by one entry of one array; None where it does not take complex numbers."""
    moved = [array.astype(np.complex128) if i == which else array for i, array in enumerate(arrays)]
    step = STEP * max(abs(float(arrays[which][index])), 2.0**-30)
    moved[which][index] += 1j * step
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error")
            found = np.asarray(f(moved))
    except Exception:  # any function may refuse complex numbers in a way of its own
        return None
    if found.size != 1 or found.dtype.kind != "c":
        return None
    slope = float(found.imag.reshape(())) / step
    return slope if math.isfinite(slope) else None
