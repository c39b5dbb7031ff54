"""The time of a call."""

from __future__ import annotations

import time
from collections.abc import Callable

LEAST = 2e-4  # seconds that a run takes at least, so that the clock's own steps do not show


def least_time(call: Callable[[], object], runs: int = 9) -> float:
    """Nanoseconds of one call: the least mean of `runs` runs, each of as many calls as take a while."""
    call()
    count, spent = 1, _timed(call, 1)
    while spent < LEAST:
        count *= 2
        spent = _timed(call, count)
    return 1e9 * min(spent, *(_timed(call, count) for _ in range(runs - 1))) / count


def _timed(call: Callable[[], object], count: int) -> float:
    turns = range(count)
    begin = time.perf_counter()
    for _ in turns:
        call()
    return time.perf_counter() - begin
