"""The verdict on each entry of a gradient, on all of it, and the simple mistake that would explain a wrong one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from graphc.claims.gradcheck.report import Entry, Index, Outcome, ParameterCheck, worst_of
from graphc.claims.gradcheck.slope import Slope

Sizes = Mapping[str, int]
WORST = 5
"""So many entries of a parameter are shown."""
_POWER = 0.1
"""An entry whose slope is known no better than this could hide a wrong factor."""
_FRACTIONS = tuple(f for n in range(2, 13) for f in (Fraction(n), Fraction(1, n)))


def judge(
    index: Index,
    given: float,
    slope: Slope,
    *,
    rounding: float,
    tolerance: float,
    method: str,
) -> Entry:
    """One entry: the given gradient, itself known to `rounding`, beside a slope."""
    if slope.kind != "smooth":
        return _without_slope(index, given, slope, method)
    apart, size = abs(given - slope.value), max(abs(given), abs(slope.value))
    unsure = 4 * slope.error + 8 * rounding
    error = apart / size if size else 0.0
    outcome, reason = Outcome.OK, ""
    if not math.isfinite(given):
        outcome, error, reason = Outcome.WRONG, math.inf, "the gradient is no number there"
    elif apart > tolerance * size + unsure:
        outcome = Outcome.WRONG
    elif unsure > _POWER * size and not _both_zero(given, slope, rounding):
        outcome, reason = Outcome.UNDECIDED, "too small beside the rounding of the function"
    return Entry(index, given, slope.value, error, slope.error, outcome, method, reason)


def _both_zero(given: float, slope: Slope, rounding: float) -> bool:
    """Whether the function does not change at all, or slope and gradient are zero but for their rounding."""
    if given == 0:
        return slope.value == 0
    return abs(given) <= 8 * rounding and abs(slope.value) <= 4 * slope.error


def _without_slope(index: Index, given: float, slope: Slope, method: str) -> Entry:
    if slope.kind != "kink":
        known = "the function jumps there" if slope.kind == "jump" else "no slope can be measured there"
        return Entry(index, given, math.nan, 0.0, math.inf, Outcome.UNDECIDED, method, known)
    low, high = sorted((slope.left, slope.right))
    pad = 1e-3 * max(abs(low), abs(high))
    between = low - pad <= given <= high + pad
    reason = "a kink" if between else "a kink, and no slope between its sides"
    nearest = min(max(given, low), high)
    error = abs(given - nearest) / max(abs(given), abs(nearest)) if not between else 0.0
    outcome = Outcome.KINK if between else Outcome.WRONG
    sides = (slope.left, slope.right)
    return Entry(index, given, nearest, error, math.inf, outcome, method, reason, sides)


def summary(
    name: str,
    shape: Index,
    entries: Sequence[Entry],
    *,
    sizes: Sequence[Sizes] = (),
    reason: str = "",
    values: Any = None,
) -> ParameterCheck:
    """The verdict on a parameter from those on its entries; `values` are the parameter's own, `sizes` those of each
    point by name."""
    counts = Counter(entry.outcome for entry in entries)
    judged = [e.error for e in entries if e.sides is None and e.outcome in (Outcome.OK, Outcome.WRONG)]
    rank = {Outcome.WRONG: 0, Outcome.UNDECIDED: 1, Outcome.KINK: 2, Outcome.OK: 3}
    ordered = sorted(entries, key=lambda e: (rank[e.outcome], -e.error, e.point, e.index))
    methods = dict.fromkeys(e.method for e in entries)
    return ParameterCheck(
        name,
        shape,
        worst_of(counts),
        max(judged, default=0.0),
        " and ".join(methods),
        dict(counts),
        tuple(ordered[:WORST]),
        "",
        mistake_of(entries, values, sizes) if counts[Outcome.WRONG] else "",
    )


def mistake_of(entries: Sequence[Entry], values: Any = None, sizes: Sequence[Sizes] = ()) -> str:
    """What all wrong entries have in common, as a sentence; "" for nothing simple."""
    known = [e for e in entries if e.sides is None and math.isfinite(e.slope) and math.isfinite(e.given)]
    wrong = [e for e in known if e.outcome is Outcome.WRONG]
    if not wrong or len(wrong) < sum(e.outcome is Outcome.WRONG for e in entries):
        return ""
    slack = max(1e-6, *(8 * e.uncertainty / abs(e.slope) for e in wrong if e.slope), 0.0)
    if slack > _POWER:
        return ""
    few = len(wrong) < sum(e.outcome is Outcome.OK and e.slope != 0 for e in known)
    where = f"in {len(wrong):,} of {len(known):,} entries " if few else ""
    if all(e.given == 0 for e in wrong):
        return f"{where}the gradient is 0: nothing arrives there"
    if all(e.slope for e in wrong) and (told := _ratio(wrong, slack, sizes)):
        return where + told
    return "" if few or values is None else _penalty(known, np.asarray(values))


def _ratio(wrong: Sequence[Entry], slack: float, sizes: Sequence[Sizes]) -> str:
    """The ratio of what is given to the slope, if it is the same everywhere, or a size at every point."""
    ratios: dict[int, list[float]] = {}
    for entry in wrong:
        ratios.setdefault(entry.point, []).append(entry.given / entry.slope)
    middle = {point: float(np.median(found)) for point, found in ratios.items()}
    if any(
        abs(r - middle[point]) > slack * abs(middle[point]) for point, found in ratios.items() for r in found
    ):
        return ""
    for name in sizes[0] if sizes else ():
        extents = {point: float(sizes[point][name]) for point in middle}
        for power, told in ((1, "a division by {0} is missing"), (-1, "it is divided by {0} once too often")):
            fits = all(abs(r / extents[point] ** power - 1) <= slack for point, r in middle.items())
            if fits and max(extents.values()) > 2:
                return f"it is {name if power > 0 else f'1/{name}'} times the slope: {told.format(name)}"
    first, *others = middle.values()
    return factor(first, slack) if all(abs(r - first) <= slack * abs(first) for r in others) else ""


def factor(ratio: float, slack: float) -> str:
    """A constant ratio of what is given to what is right, in words.

    >>> factor(-1.0, 1e-6), factor(0.5, 1e-6)
    ('the sign is the opposite', 'it is 1/2 times the slope')
    """
    if abs(ratio + 1) <= slack:
        return "the sign is the opposite"
    near = next((f for f in _FRACTIONS if abs(abs(ratio) / float(f) - 1) <= slack), None)
    sign = "-" if ratio < 0 else ""
    return f"it is {sign}{near if near is not None else f'{abs(ratio):.6g}'} times the slope"


def _penalty(known: Sequence[Entry], values: Any) -> str:
    """Whether what is missing is a multiple of the parameter itself, as the gradient of an L2 penalty is."""
    pairs = [(e.given - e.slope, float(values[e.index])) for e in known if e.point == 0]
    rates = [apart / x for apart, x in pairs if x]
    if len(rates) < 3 or len(rates) < len(pairs):
        return ""
    rate = float(np.median(rates))
    if max(abs(r - rate) for r in rates) > 1e-3 * abs(rate):
        return ""
    verb = "lacks" if rate < 0 else "has an additional"
    return f"it {verb} {abs(rate):.4g} times the parameter, the gradient of a penalty"


def reshaped(given: Any, shape: Index, agrees: Callable[[Any], bool]) -> str:
    """Why a gradient of another shape than its parameter is wrong, with the repair that makes it right."""
    told = f"the gradient has the shape {show(given.shape)}, and the parameter {show(shape)}"
    if given.ndim == 2 and given.T.shape == shape and agrees(given.T):
        return f"{told}: it is right when transposed"
    if given.shape[1:] == shape and agrees(given.sum(axis=0)):
        return f"{told}: it is right when summed over its first axis, the batch"
    if given.size == math.prod(shape) and agrees(given.reshape(shape)):
        return f"{told}: it is right in that shape"
    return told


def show(shape: Sequence[int]) -> str:
    """A shape as Python writes it."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
