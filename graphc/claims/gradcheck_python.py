"""A Python function and its hand-written gradient, checked entry by entry with differences of the function alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphc.claims.gradcheck_judge import judge, reshaped, summary
from graphc.claims.gradcheck_noise import EPSILON, levels, noise_of, sides, smallest
from graphc.claims.gradcheck_report import Entry, GradientReport, Index, Outcome, ParameterCheck
from graphc.claims.gradcheck_slope import Slope, quick_slope, slope_of
from graphc.claims.gradcheck_values import Part, caller, matched, number_of, parts_of, rebuilt
from graphc.ir.errors import BindError, GraphcError

METHOD = "differences"
_UNDEFINED = (ArithmeticError, ValueError)


@dataclass(frozen=True)
class Pair:
    """A function, its gradient, and the point; each call gets fresh copies of the arrays."""

    f: Callable[[Any], Any]
    grad: Callable[[Any], Any]
    x: Any
    parts: Sequence[Part]
    value: float
    noise: float = 0.0
    spacing: float = 0.0
    scales: Sequence[float] = field(default=())

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
    given = pair.gradient(_arrays(pair))
    again = pair.gradient(_arrays(pair))
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
    call = caller(f, x)
    value = number_of(call(rebuilt(x, [p.array for p in parts])))
    if not math.isfinite(value):
        raise BindError(f"the function is {value} at this point, and has no slope there; take another point")
    if number_of(call(rebuilt(x, [p.array for p in parts]))) != value:
        raise GraphcError("the function gives another value when it is called again; fix its random numbers")
    return Pair(call, caller(grad, x), x, parts, value, scales=[_scale(p.array) for p in parts])


def _scale(array: Any) -> float:
    """The size of the entries of an array; 1 where all are zero."""
    finite = np.abs(np.asarray(array, dtype=np.float64).ravel())
    finite = finite[finite > 0]
    return float(np.exp(np.mean(np.log(finite)))) if finite.size else 1.0


def _arrays(pair: Pair) -> list[Any]:
    return [part.array for part in pair.parts]


def _directions(pair: Pair, seed: int) -> list[Any]:
    """For each array a random direction, in the sizes of its entries."""
    rng = np.random.default_rng(seed)
    return [
        rng.uniform(0.5, 1.0, p.array.shape) * np.where(p.array == 0, scale, np.abs(p.array))
        for p, scale in zip(pair.parts, pair.scales, strict=True)
    ]


def _moved(pair: Pair, directions: Sequence[Any], t: float) -> list[Any]:
    return [
        (p.array + t * d).astype(p.array.dtype, copy=False)
        for p, d in zip(pair.parts, directions, strict=True)
    ]


def _measured(pair: Pair, seed: int) -> Pair:
    """The pair with the size of the function's rounding errors."""
    directions = _directions(pair, seed)
    noise, spacing = noise_of(lambda t: pair.at(_moved(pair, directions, t)))
    return Pair(pair.f, pair.grad, pair.x, pair.parts, pair.value, noise, spacing, pair.scales)


def _gradient_noise(pair: Pair, given: Sequence[Part], seed: int) -> list[Any]:
    """How far rounding moves each entry of the gradient: at least the last digit."""
    directions = _directions(pair, seed + 1)
    found: list[list[Any]] = [[] for _ in given]
    for side in sides(pair.spacing):
        try:
            with np.errstate(all="ignore"):
                around = [pair.gradient(_moved(pair, directions, t)) for t in side]
        except _UNDEFINED:
            continue
        for i, seen in enumerate(found):
            seen.append(levels([np.asarray(gradient[i].array) for gradient in around]))
    least = [EPSILON * np.abs(part.array.astype(np.float64)) for part in given]
    return [np.maximum(smallest(seen), low) if seen else low for seen, low in zip(found, least, strict=True)]


def _check(
    pair: Pair, which: int, given: Any, rounding: Any, indices: Sequence[Index], tolerance: float
) -> ParameterCheck:
    part = pair.parts[which]
    shape = part.array.shape
    if given.shape != shape and not given.size == math.prod(shape) == 1:

        def agrees(other: Any) -> bool:
            judged = (_judged(pair, which, other, np.abs(other) * EPSILON, i, tolerance) for i in indices)
            return all(entry.outcome is not Outcome.WRONG for entry in judged)

        reason = reshaped(given, shape, agrees)
        return ParameterCheck(
            part.name, shape, Outcome.WRONG, math.inf, METHOD, {Outcome.WRONG: 0}, reason=reason
        )
    given, rounding = given.reshape(shape), rounding.reshape(shape)
    entries = [_judged(pair, which, given, rounding, i, tolerance) for i in indices]
    return summary(part.name, shape, entries, values=part.array)


def _judged(pair: Pair, which: int, given: Any, rounding: Any, index: Index, tolerance: float) -> Entry:
    array, arrays = pair.parts[which].array, _arrays(pair)
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
