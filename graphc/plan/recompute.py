"""Gradient checkpointing: within a budget of memory, values are computed again instead of kept.

After Chen, Xu, Zhang and Guestrin, "Training deep nets with sublinear memory cost" (2016), by bytes and on any graph.
What lives at the place of the peak and is read later is kept, or goes: first what few elementwise operations give from
what is kept; then whole segments, from the earliest on, each computed again from the values that cross its start. The
late segments stay: when an early one is computed again they are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.plan.again import Recomputed, recomputed
from graphc.plan.checkpoints import choices
from graphc.plan.live import Lives, frugal, lives
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import Pass, replaced
from graphc.plan.setting import Setting

MOST_ROUNDS = 4  # each looks at the peak that the one before has left
MOST_TRIED = 16  # choices that are worked out, of those that promise most


def recompute(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph, and an order of computation, that stay within the budget of `setting`.

    Raises `GraphcError` when no choice does, with the least that was found.
    """
    if setting.memory is None:
        return lowered
    found = frugal(lowered, setting)
    first, kept, copied = found.peak, 0, 0
    for _ in range(MOST_ROUNDS):
        choice = _best(found, lowered, setting) if found.peak > setting.memory else None
        if choice is None:
            break
        lowered, found, kept = choice.result.lowered, choice.lives, choice.kept
        copied += choice.result.copied
    if found.peak > setting.memory:
        raise GraphcError(
            f"a memory budget of {show_bytes(setting.memory)} cannot be met: intermediate values take "
            f"{show_bytes(first)}, and at the least {show_bytes(found.peak)}{_reckoned(setting)}"
        )
    if copied:
        setting.say(
            "recompute",
            f"keeps {kept} values from forward to backward and computes {copied} again; "
            f"peak {show_bytes(found.peak)} instead of {show_bytes(first)}{_reckoned(setting)}",
        )
    return replace(lowered, order=found.order)


def _reckoned(setting: Setting) -> str:
    return " at " + ", ".join(f"{s} = {n}" for s, n in setting.sizes) if setting.sizes else ""


def show_bytes(count: int) -> str:
    """`41.9 MB`, in powers of ten."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"


@dataclass(frozen=True, slots=True)
class _Choice:
    """How many values are kept at the turn, the graph that follows, and its lives."""

    kept: int
    result: Recomputed
    lives: Lives


def _best(found: Lives, lowered: Lowered, setting: Setting) -> _Choice | None:
    """The choice that costs least within the budget, else the one with the lowest peak; None if none lowers it."""
    assert setting.memory is not None
    turn = found.place_of_peak
    lowest: _Choice | None = None
    for kept in choices(found, lowered.roots, turn, setting)[:MOST_TRIED]:
        result = recomputed(found, lowered, turn, kept)
        new = lives(result.order, result.lowered, setting)
        if new.peak < (lowest.lives.peak if lowest else found.peak):
            lowest = _Choice(len(kept), result, new)
        if new.peak <= setting.memory:
            break
    return lowest


RECOMPUTE = Pass(
    "recompute", "computes values again instead of keeping them, within a budget of memory", recompute
)
