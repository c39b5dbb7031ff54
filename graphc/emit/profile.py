"""Where the time of a compiled function goes: the generated code with a clock between its steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.ir.errors import BindError
from graphc.ir.types import check_sizes, evaluate_dim
from graphc.plan.forecast import step_seconds
from graphc.plan.plan import Plan
from graphc.plan.setting import USUAL_SIZE
from graphc.plan.sizes import solve_sizes
from graphc.plan.table import aligned, clipped, mathematics, show_time

if TYPE_CHECKING:
    from rich.table import Table

CLOCK = "_clock"  # what the clock is called in the code that is timed
HEADINGS = ("step", "measured", "predicted", "share", "mathematics")
_BETWEEN = -1


@dataclass(frozen=True, slots=True)
class Row:
    """One step: its number, its mathematics, and the seconds of a call that it took and was predicted to take."""

    step: int
    mathematics: str
    measured: float
    predicted: float


@dataclass(frozen=True, slots=True)
class Profile:
    """The median times of `repeat` calls, step by step, in seconds; a step in a loop has the sum over its turns, on the
    thread that was longest at it.

    `whole` is a call with the clock in it, `rest` what went to arguments, loops and the clock. Each is a median of its
    own: on a machine that does other things too they do not add up.
    """

    rows: tuple[Row, ...]
    rest: float
    whole: float
    repeat: int

    def table(self) -> str:
        """The rows as text, and their sum."""
        return "\n".join(aligned([HEADINGS, *self.cells()], frozenset(("mathematics",))))

    def cells(self) -> Iterator[tuple[str, ...]]:
        """The rows of the table, the last two being what went elsewhere, and the whole."""
        parts = self.rest + sum(r.measured for r in self.rows)
        for r in self.rows:
            share = f"{r.measured / parts:.0%}"
            yield str(r.step), show_time(r.measured), show_time(r.predicted), share, clipped(r.mathematics)
        yield "", show_time(self.rest), "", f"{self.rest / parts:.0%}", "arguments, loops and the clock"
        predicted = sum(r.predicted for r in self.rows)
        yield "", show_time(self.whole), show_time(predicted), "", f"in all, median of {self.repeat}"

    def __str__(self) -> str:
        return self.table()

    def __rich__(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        shown = Table(box=None, pad_edge=False)
        for heading in HEADINGS:
            shown.add_column(heading, justify="left" if heading == "mathematics" else "right")
        for cells in self.cells():
            shown.add_row(*map(Text, cells))
        return shown


class Stopwatch:
    """Called after each step with its number: the time since the last call on the same thread goes to that step.

    Without a number, the time goes to none. Each thread counts for itself: `take` gives what the longest had.
    """

    def __init__(self) -> None:
        self._threads = threading.local()
        self._counts: list[dict[int, float]] = []

    def __call__(self, step: int = _BETWEEN) -> None:
        now = time.perf_counter()
        mine = self._threads.__dict__
        if "count" not in mine:
            mine["count"] = {}
            self._counts.append(mine["count"])
            mine["last"] = now
        mine["count"][step] = mine["count"].get(step, 0.0) + now - mine["last"]
        mine["last"] = time.perf_counter()

    def take(self) -> dict[int, float]:
        """The seconds of each step since the last `take`."""
        found: dict[int, float] = {}
        for count in self._counts:
            for step, spent in count.items():
                found[step] = max(found.get(step, 0.0), spent)
            count.clear()
        return found


def profile_calls(
    plan: Plan,
    call: Callable[[], object],
    before: Callable[[], object],
    clock: Stopwatch,
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    repeat: int,
) -> Profile:
    """The profile of `call` on `values`, which runs the code with `clock` between its steps; `before` is not timed."""
    if isinstance(repeat, bool) or not isinstance(repeat, int) or repeat < 1:
        raise BindError(f"repeat is how often to run, a whole number from 1, not {repeat!r}")
    before()
    call()
    spent: list[dict[int, float]] = []
    whole: list[float] = []
    for _ in range(repeat):
        before()
        clock.take()
        begin = time.perf_counter()
        call()
        whole.append(time.perf_counter() - begin)
        spent.append(clock.take())
    known = sizes_of(plan, values, sizes)
    setting = replace(plan.setting, sizes=tuple(sorted(known.items())))
    predicted = step_seconds(plan, setting)
    rows = [
        Row(i, text, median(s.get(i, 0.0) for s in spent), seconds)
        for i, (text, seconds) in enumerate(zip(mathematics(plan), predicted, strict=True))
    ]
    rest = [
        w - sum(t for step, t in s.items() if step != _BETWEEN) for w, s in zip(whole, spent, strict=True)
    ]
    return Profile(tuple(rows), median(rest), median(whole), repeat)


# inputs -----------------------------------------------------------------------------------------------------


def sizes_of(plan: Plan, values: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, int]:
    """The named sizes: those given, those the shapes of `values` have, and for others a usual one."""
    check_sizes(sizes)
    for name in sizes:
        if name not in plan.sizes:
            raise BindError(f"there is no size {name!r}; there is {', '.join(plan.sizes) or 'none'}")
    shapes = {leaf: _shape(values[leaf.name or ""]) for leaf in plan.inputs if leaf.name in values}
    return dict.fromkeys(plan.sizes, USUAL_SIZE) | solve_sizes(plan.rules, shapes, sizes)


def _shape(value: Any) -> tuple[int, ...]:
    try:
        return np.shape(value)
    except ValueError:
        return ()  # what is no array is refused by the call


def drawn(plan: Plan, values: Mapping[str, Any], sizes: Mapping[str, int], real: str) -> dict[str, Any]:
    """`values`, and for inputs that have none random ones: reals between 0.1 and 0.9, labels that are allowed."""
    rng = np.random.default_rng(0)
    most = {leaf: evaluate_dim(count, sizes) for leaf, count in plan.labels}
    found = dict(values)
    for leaf in plan.inputs:
        shape = tuple(evaluate_dim(d, sizes) for d in leaf.shape)
        if leaf.name in found:
            continue
        if leaf.dtype == "real":
            array: Any = rng.uniform(0.1, 0.9, shape).astype(real)
        else:
            array = rng.integers(0, most.get(leaf, 2), shape)
        found[leaf.name or ""] = array if leaf.dtype != "bool" else array.astype(bool)
    return found
