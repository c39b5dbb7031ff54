"""A graph's derived gradients, or ones given for them, checked entry by entry with slopes of the graph itself.

The slope is taken by the complex step where the graph allows it, else by differences in floating point; where these
do not settle an entry, by differences in mpmath at rising precision. The derived gradient is the oracle: what is given
is compared with both.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from graphc.claims.gradcheck.complex import Complex, allows, complex_slope
from graphc.claims.gradcheck.judge import judge, reshaped, summary
from graphc.claims.gradcheck.noise import EPSILON, LAST_DIGITS, tolerance_for
from graphc.claims.gradcheck.precise import PreciseTape, Settled
from graphc.claims.gradcheck.report import Entry, Index, Outcome, ParameterCheck
from graphc.claims.gradcheck.slope import Slope, quick_slope, slope_of
from graphc.claims.gradcheck.tape import Tape
from graphc.ir.node import Node
from graphc.ops.naive import Arithmetic

COMPLEX, DIFFERENCES, DIGITS = "complex step", "differences", "many digits"
_SURE = 1e-9
"""Two independent computations of a number that agree to this have no rounding worth mentioning."""
_SHARP = 1e-6
"""How well differences have to know a slope to settle anything."""


@dataclass(frozen=True)
class Deadline:
    """When what takes long is given up."""

    end: float

    @property
    def passed(self) -> bool:
        return time.monotonic() > self.end


@dataclass(frozen=True)
class Place:
    """A graph at a point: its arrays in floating point, and, made when they are asked for, those of many digits."""

    tape: Tape
    arrays: Mapping[Node, Any]
    sizes: Mapping[str, int]
    precise: PreciseTape
    deadline: Deadline
    number: int = 0
    below: dict[Node, tuple[Node, ...]] = field(default_factory=dict)

    @property
    def value(self) -> float:
        return float(self.arrays[self.tape.outputs[0]])

    def changed(self, target: Node, array: Any, arithmetic: Arithmetic) -> Any:
        if target not in self.below:
            self.below[target] = self.tape.below(target)
        return self.tape.changed(self.below[target], {target: array}, self.arrays, self.sizes, arithmetic)


def place_at(
    tape: Tape, values: Mapping[str, Any], sizes: Mapping[str, int], deadline: Deadline, number: int = 0
) -> Place:
    """A graph at a point. Raises BindError for values that are missing or do not fit."""
    arrays, known = tape.run(values, Arithmetic(), sizes)
    return Place(tape, arrays, known, PreciseTape(tape, values, known), deadline, number)


def check_target(
    place: Place,
    target: Node,
    gradient: Node,
    given: Any,
    indices: Sequence[Index],
    *,
    tolerance: float,
) -> tuple[list[Entry], str]:
    """Every entry of the gradient by one node, and, for a gradient of another shape, why it is wrong.

    `gradient` is the derived one, `given` an array to be judged; None judges the derived one itself.
    """
    start, derived = place.arrays[target], np.asarray(place.arrays[gradient], np.float64)
    slopes = _Slopes(place, target, gradient, start, derived)
    if given is None:
        return [slopes.of_derived(index) for index in indices], ""
    if given.shape != start.shape and not given.size == start.size == 1:
        right = reshaped(given, start.shape, lambda other: _alike(other, derived))
        return [], right
    given = given.reshape(start.shape)
    loose = tolerance_for(tolerance, given)
    return [slopes.of_given(index, given, loose) for index in indices], ""


def _alike(other: Any, derived: Any) -> bool:
    rounding = 1e-12 * float(np.max(np.abs(derived), initial=0))
    return bool(np.allclose(other, derived, rtol=1e-6, atol=rounding))


@dataclass(frozen=True)
class _Slopes:
    """The slopes by the entries of one node."""

    place: Place
    target: Node
    gradient: Node
    start: Any
    derived: Any

    @cached_property
    def _complex(self) -> Complex | None:
        return Complex() if allows(self.place.tape.below(self.target)) else None

    def of_derived(self, index: Index) -> Entry:
        """The derived gradient beside the slope; one that floating point does not confirm is settled in mpmath."""
        derived = float(self.derived[index])
        slope, method = self._float(index, derived)
        if not _confirms(slope, derived):
            settled = self._settled(index)
            if settled is None:
                return self._open(index, derived)
            derived, slope, method = settled.derived, settled.slope, DIGITS
            if settled.same and slope.kind == "smooth":
                slope = replace(slope, value=derived)
        return self._judged(index, derived, slope, method, tolerance=_SURE)

    def of_given(self, index: Index, given: Any, tolerance: float) -> Entry:
        """A given entry beside the slope; its rounding is taken for that of the derived one, in its own precision."""
        value, derived = float(given[index]), float(self.derived[index])
        slope, method = self._float(index, derived)
        if _confirms(slope, derived):
            seen = abs(derived - slope.value) if method == COMPLEX else 0.0
            slope = Slope(derived, _SURE * abs(derived))
        else:
            settled = self._settled(index)
            if settled is None:
                return self._open(index, value)
            slope, method = settled.slope, DIGITS
            seen = abs(derived - settled.derived)
        coarse = float(np.finfo(given.dtype).eps) / EPSILON
        rounding = max(8 * seen, LAST_DIGITS * EPSILON * abs(value)) * coarse
        return self._judged(index, value, slope, method, tolerance=tolerance, rounding=rounding)

    def _judged(
        self,
        index: Index,
        given: float,
        slope: Slope,
        method: str,
        *,
        tolerance: float,
        rounding: float = 0.0,
    ) -> Entry:
        entry = judge(index, given, slope, rounding=rounding, tolerance=tolerance, method=method)
        return replace(entry, point=self.place.number)

    def _settled(self, index: Index) -> Settled | None:
        late = self.place.deadline.passed
        return None if late else self.place.precise.settle(self.target, self.gradient, index)

    def _open(self, index: Index, given: float) -> Entry:
        late = self.place.deadline.passed
        reason = "no time was left to settle it" if late else "no slope can be measured there"
        unknown = (math.nan, 0.0, math.inf)
        return Entry(
            index, given, *unknown, Outcome.UNDECIDED, DIGITS, reason, point=self.place.number
        )  # fmt: skip

    def _float(self, index: Index, derived: float) -> tuple[Slope, str]:
        """The slope in floating point, and how it was found."""
        if self._complex is not None:
            found = complex_slope(self._changed, self.start, index, self._complex)
            if found is not None:
                return Slope(found, 0.0), COMPLEX
        return self._by_differences(index, derived), DIFFERENCES

    def _changed(self, array: Any, arithmetic: Arithmetic) -> Any:
        return self.place.changed(self.target, array, arithmetic)

    def _by_differences(self, index: Index, derived: float) -> Slope:
        start = float(self.start[index])

        def sample(step: float) -> tuple[float, float]:
            moved = self.start.copy()
            moved[index] = start + step
            return float(moved[index]) - start, float(self._changed(moved, Arithmetic()))

        size = abs(start) or float(np.max(np.abs(self.start))) or 1.0
        scale = 2.0 ** round(math.log2(size))
        noise = 4 * EPSILON * abs(self.place.value)
        slope = quick_slope(sample, self.place.value, scale, noise)
        if not _confirms(slope, derived):
            slope = slope_of(sample, self.place.value, scale, noise)
        return slope


def _confirms(slope: Slope, derived: float) -> bool:
    """Whether a slope in floating point is sharp enough, and the same number."""
    if slope.kind != "smooth" or not math.isfinite(derived):
        return False
    size = max(abs(derived), abs(slope.value))
    return slope.error <= _SHARP * size and abs(derived - slope.value) <= _SURE * size + 4 * slope.error


def merged(
    target: Node, places: Sequence[Place], entries: Sequence[Entry], reason: str, shape: Index
) -> ParameterCheck:
    """The verdict on one parameter over all points."""
    name = str(target.name or target.op.name)
    if reason:
        counts = {Outcome.WRONG: 0}
        return ParameterCheck(name, shape, Outcome.WRONG, math.inf, "shape", counts, reason=reason)
    sizes = [place.sizes for place in places]
    return summary(name, shape, entries, sizes=sizes, values=places[0].arrays[target])
