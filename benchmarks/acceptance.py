"""What is asked of graphc against other libraries: for each workload, what is required and where the goal is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

OWN, SAVED = "graphc", "graphc_saved"
SLACK = 1.15  # for shapes that nothing was tuned for


@dataclass(frozen=True, slots=True)
class Bound:
    """The most that `own` may have of what `peer` has: of the time of a step, to the first step, or of memory."""

    workload: str
    peer: str
    required: float
    goal: float | None = None
    what: str = "step"
    own: str = OWN


BOUNDS = (
    Bound("1", "jax", 0.80, 0.60),
    Bound("2", "jax", 0.93, 0.70),
    Bound("2", "torch", 0.12),
    Bound("3", "jax", 1.25, 1.00),
    Bound("3", "torch", 0.85),
    Bound("4", "torch", 1.20, 1.00),
    Bound("4", "jax", 0.90),
    Bound("5", "jax", 1.45, 1.00),
    Bound("5", "torch_fused", 1.30),
    Bound("6", "torch", 0.75, 0.50),
    Bound("6", "jax", 0.50),
    Bound("7", "torch", 1.60, 1.00),
    Bound("7", "jax", 0.65),
    Bound("8", "torch", 0.45),
    Bound("8", "jax", 0.55, 0.30),
    Bound("9", "jax", 0.95, 0.70),
    Bound("9", "torch_fused", 0.20),
    Bound("10", "torch", 0.92, 0.70),
    Bound("10", "jax", 0.78),
    *(Bound(str(number), "jax", 0.1, what="first") for number in range(1, 10)),
    *(Bound(number, "torch", 0.35, what="peak", own=SAVED) for number in ("1", "2", "3", "5", "6", "9")),
    Bound("9", OWN, 1.4, own="graphc_half"),
)
# Seconds of compiling, imports left out: a small net, 200 layers, 800 layers, and a hundred thousand nodes.
COMPILING = {"2": 0.05, "9": 1.0, "9:depth=800": 4.0, "9:depth=7100": 40.0}
AS_WRITTEN = ("9:depth=200", "9:depth=800")  # measured like the workloads themselves, without slack


@dataclass(frozen=True, slots=True)
class Verdict:
    """A bound and the ratios measured, one for each run; `slack` is 1 or what shapes at large are allowed."""

    bound: Bound
    ratios: tuple[float, ...]
    slack: float

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def met(self) -> bool:
        return self.ratio <= self.bound.required * self.slack

    @property
    def reached(self) -> bool | None:
        """Whether the goal is met; None where there is none beyond what is required."""
        goal = self.bound.goal
        return None if goal is None else self.ratio <= goal * self.slack

    @property
    def words(self) -> str:
        if not self.met:
            return "not met"
        return {None: "met", True: "met, and the goal", False: "met, not the goal"}[self.reached]


def verdicts(records: Sequence[Mapping[str, Any]], own: str = "") -> list[Verdict]:
    """The verdicts on records of one workload, one record for each run; of the peer `own` instead, if given.

    A bound is left out where one of its two peers was not measured.
    """
    if not records:
        return []
    key = records[0]["workload"]
    slack = 1.0 if ":" not in key or key in AS_WRITTEN else SLACK
    found = []
    for bound in BOUNDS:
        if bound.workload != key.partition(":")[0] or (own and bound.own != OWN):
            continue
        ratios = tuple(r for record in records if (r := _measured(bound, record, own)) is not None)
        if ratios:
            found.append(Verdict(bound, ratios, slack))
    return found


def _measured(bound: Bound, record: Mapping[str, Any], own: str) -> float | None:
    by_peer = {r["peer"]: r for r in record["results"] if r["rounds"] and not r["skipped"]}
    one, other = by_peer.get(own or bound.own), by_peer.get(bound.peer)
    if one is None or other is None:
        return None
    if bound.what == "step":
        return median(a / b for a, b in zip(one["rounds"], other["rounds"], strict=True))
    if not one[bound.what] or not other[bound.what]:
        return None
    return float(one[bound.what] / other[bound.what])
