"""A Python function and its hand-written gradient, checked entry by entry with differences of the function alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from graphc.claims.gradcheck import analytic
from graphc.claims.gradcheck.judge import judge, reshaped, summary
from graphc.claims.gradcheck.noise import LAST_DIGITS, noise_of, tolerance_for
from graphc.claims.gradcheck.report import Entry, GradientReport, Index, Outcome, ParameterCheck
from graphc.claims.gradcheck.slope import Slope, quick_slope, slope_of
from graphc.claims.gradcheck.values import Part, caller, matched, number_of, parts_of, rebuilt
from graphc.ir.errors import BindError, GraphcError

METHOD = "differences"
_SAME = 1e-2
"""How near the values in float64 and in the precision given have to be to be those of one function."""
_UNDEFINED = (ArithmeticError, ValueError)


@dataclass(frozen=True)
class Pair:
    """A function, its gradient, and the point; each call gets fresh copies of the arrays.

    The function is measured at `arrays`, which are in float64 where it takes them so; `parts` are as they were given.
    """

    f: Callable[[Any], Any]
    grad: Callable[[Any], Any]
    x: Any
    parts: Sequence[Part]
    arrays: Sequence[Any]
    value: float
    noise: float = 0.0

    @cached_property
    def scales(self) -> list[float]:
        return [_scale(array) for array in self.arrays]

    def at(self, arrays: Sequence[Any]) -> float:
        """The function where it is defined, nan elsewhere."""
        try:
            with np.errstate(all="ignore"):
                return number_of(self.f(rebuilt(self.x, arrays)))
        except _UNDEFINED:
            return math.nan

    def gradient(self, arrays: Sequence[Any]) -> list[Part]:
        return matched(self.grad(rebuilt(self.x, arrays)), self.x)


def check_pair(
    f: Callable[..., Any],
    grad: Callable[..., Any],
    x: Any,
    *,
    seed: int = 0,
    entries: int | None = None,
    tolerance: float = 1e-6,
) -> GradientReport:
    """The gradient `grad` gives at `x`, beside the slopes of `f` there."""
    pair = _measured(_pair(f, grad, x), seed)
    given, again = (pair.gradient([part.array for part in pair.parts]) for _ in range(2))
    if any(not np.array_equal(a.array, b.array, equal_nan=True) for a, b in zip(given, again, strict=True)):
        raise GraphcError("the gradient is another one when it is asked for again; fix its random numbers")
    rounding = _gradient_noise(pair, given, seed)
    rng = np.random.default_rng(seed)
    checks = [
        _check(pair, i, part.array, rounding[i], chosen(pair.parts[i].array.shape, entries, rng), tolerance)
        for i, part in enumerate(given)
    ]
    return GradientReport(tuple(checks), pair.value, pair.noise)


def chosen(shape: Index, entries: int | None, rng: np.random.Generator) -> list[Index]:
    """All indices of an array, or `entries` of them at random, in order."""
    size = math.prod(shape)
    flat = (
        range(size)
        if entries is None or entries >= size
        else sorted(rng.choice(size, entries, replace=False))
    )
    return [tuple(int(i) for i in np.unravel_index(at, shape)) for at in flat]


def _pair(f: Callable[..., Any], grad: Callable[..., Any], x: Any) -> Pair:
    parts = parts_of(x)
    if not parts:
        raise BindError("there is nothing to differentiate by: x has no arrays")
    for part in parts:
        if not np.all(np.isfinite(part.array)):
            raise BindError(f"{part.name} has an entry that is not finite; there is no slope at such a point")
    call, given = caller(f, x), [p.array for p in parts]
    value = number_of(call(rebuilt(x, given)))
    if not math.isfinite(value):
        raise BindError(f"the function is {value} at this point, and has no slope there; take another point")
    if number_of(call(rebuilt(x, given))) != value:
        raise GraphcError("the function gives another value when it is called again; fix its random numbers")
    pair = Pair(call, caller(grad, x), x, parts, given, value)
    if all(array.dtype == np.float64 for array in given):
        return pair
    fine = [array.astype(np.float64) for array in given]
    found = pair.at(fine)
    same = abs(found - value) <= _SAME * max(abs(found), abs(value))
    return replace(pair, arrays=fine, value=found) if same else pair


def _scale(array: Any) -> float:
    """The size of the entries of an array; 1 where all are zero."""
    finite = np.abs(np.asarray(array, dtype=np.float64).ravel())
    finite = finite[finite > 0]
    return float(np.exp(np.mean(np.log(finite)))) if finite.size else 1.0


def _directions(pair: Pair, seed: int) -> list[Any]:
    """For each array a random direction, in the sizes of its entries."""
    rng = np.random.default_rng(seed)
    return [
        rng.uniform(0.5, 1.0, array.shape) * np.where(array == 0, scale, np.abs(array))
        for array, scale in zip(pair.arrays, pair.scales, strict=True)
    ]


def _moved(arrays: Sequence[Any], directions: Sequence[Any], t: float) -> list[Any]:
    return [(a + t * d).astype(a.dtype, copy=False) for a, d in zip(arrays, directions, strict=True)]


def _measured(pair: Pair, seed: int) -> Pair:
    """The pair with the size of the function's rounding errors."""
    directions = _directions(pair, seed)
    return replace(pair, noise=noise_of(lambda t: pair.at(_moved(pair.arrays, directions, t))))


def _gradient_noise(pair: Pair, given: Sequence[Part], seed: int) -> list[Any]:
    """How far rounding moves each entry of the gradient: at least the last digit."""
    directions = _directions(pair, seed + 1)
    arrays = [part.array for part in pair.parts]

    def gradient(t: float) -> Any:
        try:
            with np.errstate(all="ignore"):
                found = pair.gradient(_moved(arrays, directions, t))
        except _UNDEFINED:
            return np.full(sum(part.array.size for part in given), np.nan)
        return np.concatenate([part.array.ravel() for part in found])

    flat = noise_of(gradient, LAST_DIGITS)
    least = [LAST_DIGITS * np.abs(p.array).ravel() * np.finfo(p.array.dtype).eps for p in given]
    ends = np.cumsum([part.array.size for part in given])[:-1]
    parts = np.split(np.maximum(flat, np.concatenate(least)), ends)
    return [noise.reshape(part.array.shape) for noise, part in zip(parts, given, strict=True)]


def _check(
    pair: Pair, which: int, given: Any, rounding: Any, indices: Sequence[Index], tolerance: float
) -> ParameterCheck:
    part = pair.parts[which]
    shape = part.array.shape
    if given.shape != shape and not given.size == math.prod(shape) == 1:

        def agrees(other: Any) -> bool:
            last, loose = np.abs(other) * np.finfo(other.dtype).eps, tolerance_for(tolerance, other)
            judged = (_judged(pair, which, other, last, i, loose) for i in indices)
            return all(entry.outcome is not Outcome.WRONG for entry in judged)

        reason = reshaped(given, shape, agrees)
        return ParameterCheck(
            part.name, shape, Outcome.WRONG, math.inf, METHOD, {Outcome.WRONG: 0}, reason=reason
        )
    given, rounding = given.reshape(shape), rounding.reshape(shape)
    tolerance = tolerance_for(tolerance, given, part.array)
    entries = [_judged(pair, which, given, rounding, i, tolerance) for i in indices]
    entries = analytic.settled(
        entries,
        lambda i: analytic.slope_by(lambda arrays: pair.f(rebuilt(pair.x, arrays)), pair.arrays, which, i),
        lambda i, slope: judge(
            i,
            float(given[i]),
            slope,
            rounding=float(rounding[i]),
            tolerance=tolerance,
            method=analytic.METHOD,
        ),
    )
    return summary(part.name, shape, entries, values=part.array)


def _judged(pair: Pair, which: int, given: Any, rounding: Any, index: Index, tolerance: float) -> Entry:
    array, arrays = pair.arrays[which], [*pair.arrays]
    start = float(array[index])

    def sample(step: float) -> tuple[float, float]:
        moved = array.copy()
        moved[index] = start + step
        arrays[which] = moved
        return float(moved[index]) - start, pair.at(arrays)

    scale = 2.0 ** round(math.log2(max(abs(start), pair.scales[which])))
    value, floor = float(given[index]), float(rounding[index])
    slope = quick_slope(sample, pair.value, scale, pair.noise)
    entry = _entry(index, value, slope, floor, tolerance)
    if slope.kind == "smooth" and entry.outcome is Outcome.OK and slope.error <= tolerance * abs(slope.value):
        return entry
    return _entry(index, value, slope_of(sample, pair.value, scale, pair.noise), floor, tolerance)


def _entry(index: Index, given: float, slope: Slope, rounding: float, tolerance: float) -> Entry:
    return judge(index, given, slope, rounding=rounding, tolerance=tolerance, method=METHOD)
