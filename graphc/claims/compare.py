"""Two expressions compared at many points: agreement, a counterexample, or nothing to be said."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from graphc.claims.beside import Beside, Seen
from graphc.claims.expressions import Expressions
from graphc.claims.sample import Point, Stream
from graphc.claims.smallest import smallest
from graphc.claims.verdict import Counterexample
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.ir.types import show_shape

SEARCH = 0.5  # seconds for a small counterexample


@dataclass(frozen=True, slots=True)
class Agreement:
    """Both sides are the same at `points` points; `error` is the largest relative difference seen in float64.

    `sizes` lists the named sizes tried, `domain` says in words where the points lie, `one_sided` which conditions
    had one outcome throughout. `trivial`: both sides were zero everywhere.
    """

    points: int
    error: float
    sizes: tuple[Mapping[str, int], ...] = ()
    domain: str = ""
    one_sided: tuple[str, ...] = ()
    trivial: bool = False


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The sides differ at a point; `points_right` of the other points tried do not show it."""

    counterexample: Counterexample
    points_right: int = 0
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Nothing was found out, and why: one sentence."""

    reason: str


def compare(
    left: Node, right: Node, *, points: int = 8, seconds: float = 3.0, seed: int = 0
) -> Agreement | Disagreement | Unsettled:
    """Judge `left == right` at random points of several shapes, per entry and relative to the entry.

    float64 decides where it can; where the sides differ by more than 1e-10, or are at the end of floating point, the
    values are settled in mpmath: a difference that shrinks as the precision rises is zero, one that stays is not. The
    sides have the same shape, or one is a constant scalar that stands for every entry.
    """
    if left.shape != right.shape and not any(not side.ndim and side.constant for side in (left, right)):
        return Unsettled(f"the sides have shapes {show_shape(left.shape)} and {show_shape(right.shape)}")
    try:
        expressions = Expressions([left, right])
        return _compare(Beside(left, right, expressions), points, seconds, seed)
    except GraphcError as error:
        return Unsettled(f"the sides could not be worked out: {error}")


def _compare(beside: Beside, points: int, seconds: float, seed: int) -> Agreement | Disagreement | Unsettled:
    start = time.monotonic()
    beside.deadline = start + seconds
    stream = Stream(beside.expressions, seed=seed, deadline=start + seconds)
    found: tuple[Point, Seen] | None = None
    right: list[tuple[Point, Seen]] = []
    undecided = 0
    for _, point in zip(range(points), stream, strict=False):
        # What a condition lets in may be below floating point beside the rest.
        thorough = stream.news or all(seen.zero for _, seen in right)
        seen = (beside.clearly(point) if found else None) or beside.at(point, thorough=thorough)
        if seen.differs:
            found = found or (point, seen)
        elif seen.undecided:
            undecided += 1
        else:
            right.append((point, seen))
        if time.monotonic() > start + seconds * (0.5 if found else 1):
            break
    if found is not None:
        end = time.monotonic() + min(SEARCH, 0.5 * seconds)
        beside.deadline = end
        return Disagreement(smallest(beside, found, seed=seed, deadline=end), len(right), stream.domain)
    if not right:
        return Unsettled(_why_none(undecided, time.monotonic() > start + seconds, stream.reason))
    return _agreement(right, stream)


def _why_none(undecided: int, late: bool, reason: str) -> str:
    if late:
        return "the time was up before a point was judged"
    if undecided:
        return "no precision tried tells the two sides apart or shows that they are the same"
    return reason


def _agreement(right: list[tuple[Point, Seen]], stream: Stream) -> Agreement:
    sizes = {tuple(point.sizes.items()): None for point, _ in right}
    return Agreement(
        points=len(right),
        error=max(seen.error for _, seen in right),
        sizes=tuple(dict(s) for s in sizes),
        domain=stream.domain,
        one_sided=stream.one_sided,
        trivial=all(seen.zero for _, seen in right),
    )
