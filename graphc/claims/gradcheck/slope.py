"""The slope of a function of one number, by differences, with how far it may be off, and whether there is a kink.

Central differences at steps h, h/2, h/4 … are extrapolated to h = 0 (Richardson 1911; Ridders, Accurate computation of
F'(x), Adv. Eng. Software 4, 1982). A wide step loses little to rounding, a narrow one little to curvature: of all
extrapolations the one with the smallest estimated error is taken, if no narrower step speaks against it. Where the
function is smooth the slopes to the left and to the right close up as h shrinks; at a kink they do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Sample = Callable[[float], tuple[float, float]]
"""From a step to the step that was really made and the value there; a value that does not exist is nan."""

WIDEST = 2.0**-2
FIRST = 2.0**-9
NARROWEST = 46
_ORDERS = 5
_SHRINKS = 1.4


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope, and how far it may be off; where there is none, the slopes to the left and to the right."""

    value: float
    error: float
    kind: Literal["smooth", "kink", "jump", "none"] = "smooth"
    left: float = math.nan
    right: float = math.nan


@dataclass(frozen=True, slots=True)
class Level:
    """The differences at one step: central, to the left, to the right, and what rounding adds to them."""

    central: float
    left: float
    right: float
    noise: float

    @property
    def gap(self) -> float:
        return abs(self.right - self.left)

    @property
    def finite(self) -> bool:
        return math.isfinite(self.central)


def quick_slope(sample: Sample, value: float, scale: float, noise: float) -> Slope:
    """The slope from three middling steps alone: "none" unless nothing at all looks unusual there."""
    levels = [level_at(sample, value, scale * FIRST / 2**i, noise) for i in range(3)]
    if not all(level.finite for level in levels) or not all(_regular(levels, i) for i in range(2)):
        return Slope(math.nan, math.inf, "none")
    return best_of(levels)


def slope_of(sample: Sample, value: float, scale: float, noise: float) -> Slope:
    """The slope at 0 of a function with `value` there; `scale` is the size of its argument."""
    levels: list[Level] = []
    drowned = 0
    for i in range(NARROWEST):
        level = level_at(sample, value, scale * WIDEST / 2**i, noise)
        if not level.finite:  # a step too wide leaves the domain
            levels = []
            continue
        levels.append(level)
        drowned = drowned + 1 if level.noise > 0.02 * abs(level.central) else 0
        if drowned > 2 and len(levels) > 5:
            break
    if not levels:
        return Slope(math.nan, math.inf, "none")  # at most on one side of the point there is a function
    return _kink(levels) or best_of(levels)


def level_at(sample: Sample, value: float, step: float, noise: float) -> Level:
    """The differences at one step."""
    (up, above), (down, below) = sample(step), sample(-step)
    if not up > 0 > down:  # the argument is rounded more coarsely than that
        return Level(math.nan, math.nan, math.nan, math.inf)
    right, left = (above - value) / up, (below - value) / down
    return Level((above - below) / (up - down), left, right, 1.5 * noise / min(up, -down))


def best_of(levels: list[Level]) -> Slope:
    """The extrapolation with the smallest error that agrees with all narrower steps."""
    best = Slope(math.nan, math.inf, "none")
    before: list[float] = []
    for i, level in enumerate(levels):
        row = [level.central]
        reach = 0
        while reach < min(i, _ORDERS) and _regular(levels, i - reach - 1):
            reach += 1
        for k in range(1, min(reach, len(before)) + 1):
            found = row[k - 1] + (row[k - 1] - before[k - 1]) / (4**k - 1)
            row.append(found)
            error = max(abs(found - row[k - 1]), abs(found - before[k - 1])) + 2 * level.noise
            if error < best.error and _agrees(found, error, levels[i + 1 :], level.central):
                best = Slope(found, error)
        before = row
    return best


def _regular(levels: list[Level], i: int) -> bool:
    """Whether the slopes to both sides close up from one step to the next, as those of a smooth function do."""
    here, narrower = levels[i], levels[min(i + 1, len(levels) - 1)]
    seen = 8 * max(here.noise, narrower.noise)
    return here.gap <= seen or narrower.gap <= max(here.gap / _SHRINKS, seen)


def _agrees(value: float, error: float, narrower: list[Level], last: float) -> bool:
    for level in narrower:
        if abs(value - level.central) > error + 8 * level.noise + 4 * abs(level.central - last):
            return False
        last = level.central
    return True


def _kink(levels: list[Level]) -> Slope | None:
    """A kink, or a jump, if the gap between the sides stands out of the noise down to the narrowest steps."""
    size = max(max(abs(level.left), abs(level.right)) for level in levels)
    seen = [i for i, level in enumerate(levels) if level.gap > 40 * level.noise][-4:]
    if len(seen) < 4 or levels[seen[-1]].gap <= 1e-5 * size:
        return None
    last = [levels[i] for i in seen]
    if any(80 * level.noise < last[-1].gap for level in levels[seen[-1] + 1 :]):
        return None  # narrower steps would have shown it
    ratios = [narrow.gap / wide.gap for wide, narrow in pairwise(last)]
    sides = last[-1].left, last[-1].right
    if all(0.95 < r < 1.05 for r in ratios):
        return Slope(math.nan, math.inf, "kink", *sides)
    if all(1.8 < r < 2.2 for r in ratios):
        return Slope(math.nan, math.inf, "jump", *sides)
    return None
