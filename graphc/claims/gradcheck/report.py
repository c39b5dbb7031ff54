"""What a numeric gradient check finds: a verdict for each parameter, its worst entries, and the table of all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

Index = tuple[int, ...]


class Outcome(StrEnum):
    """`ok`, `wrong`, at a `kink` (where only one-sided slopes exist, and the gradient is one of them or between), or
    `undecided`: too small beside the rounding of the function, or not smooth."""

    OK = "ok"
    WRONG = "wrong"
    KINK = "kink"
    UNDECIDED = "undecided"


_RANK = {Outcome.OK: 0, Outcome.KINK: 1, Outcome.UNDECIDED: 2, Outcome.WRONG: 3}


def worst_of(outcomes: Mapping[Outcome, int]) -> Outcome:
    """The verdict on a whole, from how many of its parts have which."""
    return max((o for o, count in outcomes.items() if count), key=_RANK.__getitem__, default=Outcome.OK)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a gradient: what was given, the numeric slope, and how they compare.

    `error` is their difference relative to the larger magnitude, `uncertainty` how far the slope itself may be off.
    `sides` are the one-sided slopes at a kink. `point` counts the points at which was checked, from 0.
    """

    index: Index
    given: float
    slope: float
    error: float
    uncertainty: float
    outcome: Outcome
    method: str
    reason: str = ""
    sides: tuple[float, float] | None = None
    point: int = 0


@dataclass(frozen=True, slots=True)
class ParameterCheck:
    """The gradient by one parameter: the verdict, how many entries have which outcome, and the worst of them.

    `error` is the largest relative error of an entry that was judged by its slope. `mistake` is what would explain
    the wrong entries, "" if nothing simple does.
    """

    name: str
    shape: Index
    outcome: Outcome
    error: float
    method: str
    counts: Mapping[Outcome, int]
    worst: tuple[Entry, ...] = ()
    reason: str = ""
    mistake: str = ""

    @property
    def checked(self) -> int:
        """How many entries were looked at, over all points."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class GradientReport:
    """The parameters in order. True, as a condition, when no gradient is wrong and none is undecided.

    `value` is the function at the (first) point and `noise` the size of its rounding errors, 0 where it plays no part.
    `points` are the values of the inputs where they were drawn at random.
    """

    parameters: tuple[ParameterCheck, ...]
    value: float
    noise: float = 0.0
    points: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    @property
    def ok(self) -> bool:
        """Whether every gradient is right, or one of the one-sided slopes (or between) at a kink."""
        return all(p.outcome in (Outcome.OK, Outcome.KINK) for p in self.parameters)

    def __bool__(self) -> bool:
        return self.ok

    @property
    def outcome(self) -> Outcome:
        """The worst verdict of all."""
        return worst_of({p.outcome: 1 for p in self.parameters})

    @property
    def exit_code(self) -> int:
        """1 with a wrong gradient, 3 with undecided ones only, else 0."""
        return {Outcome.WRONG: 1, Outcome.UNDECIDED: 3}.get(self.outcome, 0)

    def __getitem__(self, name: str) -> ParameterCheck:
        return next(p for p in self.parameters if p.name == name)

    def __str__(self) -> str:
        rows = [("", "shape", "entries", "largest error", "method", "verdict"), *map(_row, self.parameters)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines: list[str] = []
        for row, check in zip(rows, (None, *self.parameters), strict=True):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            lines.append("  ".join(cells).rstrip())
            if check is not None:
                lines += [f"    {line}" for line in _details(check)]
        return "\n".join(lines)

    def json(self) -> str:
        """The same for programs."""
        found = {
            "ok": self.ok,
            "verdict": self.outcome.value,
            "value": _number(self.value),
            "noise": _number(self.noise),
            "parameters": [_parameter(p) for p in self.parameters],
            "points": [{name: np.asarray(x).tolist() for name, x in point.items()} for point in self.points],
        }
        return json.dumps(found, indent=2, ensure_ascii=False)


def place(index: Index) -> str:
    """`[2, 3]`, "" for a scalar."""
    return f"[{', '.join(map(str, index))}]" if index else ""


def _row(check: ParameterCheck) -> tuple[str, ...]:
    shape = "×".join(map(str, check.shape)) or "scalar"
    error = f"{check.error:.1e}" if check.error else "0"
    return (check.name, shape, f"{check.checked:,}", error, check.method, check.outcome.value)


def _details(check: ParameterCheck) -> list[str]:
    """What is said below the row of a parameter that is not simply right."""
    lines = [check.reason] if check.reason else []
    if check.mistake:
        lines.append(check.mistake)
    if check.outcome is Outcome.OK:
        return lines
    told = {o: f"{n:,} {o.value}" for o, n in check.counts.items() if n}
    if check.checked > 1 and len(told) > 1:
        lines.append(", ".join(told.values()))
    shown = [e for e in check.worst if e.outcome is not Outcome.OK]
    return [*lines, *(_entry_line(check.name, e) for e in shown)]


def _entry_line(name: str, entry: Entry) -> str:
    at = f" at point {entry.point + 1}" if entry.point else ""
    head = f"{name}{place(entry.index)}{at}: given {entry.given:.8g}"
    if entry.sides is not None:
        left, right = entry.sides
        return f"{head}, slopes {left:.8g} from the left and {right:.8g} from the right"
    slope = f", slope {entry.slope:.8g} ± {entry.uncertainty:.0e}" if entry.slope == entry.slope else ""
    return f"{head}{slope}{f': {entry.reason}' if entry.reason else ''}"


def _number(x: float) -> float | str:
    """A float JSON can hold."""
    return x if x == x and abs(x) != float("inf") else str(x)


def _parameter(check: ParameterCheck) -> dict[str, Any]:
    return {
        "name": check.name,
        "shape": list(check.shape),
        "verdict": check.outcome.value,
        "error": _number(check.error),
        "method": check.method,
        "entries": {o.value: n for o, n in check.counts.items() if n},
        "reason": check.reason,
        "mistake": check.mistake,
        "worst": [_entry(e) for e in check.worst],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "index": list(entry.index),
        "point": entry.point,
        "given": _number(entry.given),
        "slope": _number(entry.slope),
        "error": _number(entry.error),
        "uncertainty": _number(entry.uncertainty),
        "verdict": entry.outcome.value,
        "method": entry.method,
    }
    if entry.sides is not None:
        found["sides"] = [_number(s) for s in entry.sides]
    return found
