"""Gradient checkpointing: within a budget of memory, values are computed again instead of kept.

After Chen, Xu, Zhang and Guestrin, "Training deep nets with sublinear memory cost" (2016), by bytes and on any graph.
What lives at the place of the peak and is read later is kept, or goes: first what few elementwise operations give from
what is kept; then whole segments, from the earliest on, each computed again from the values that cross its start. The
late segments stay: when an early one is computed again they are gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.plan.again import recomputed, sizes_of
from graphc.plan.checkpoints import choices
from graphc.plan.late import held_back
from graphc.plan.live import Lives, frugal, lives
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import Pass
from graphc.plan.setting import Setting

MOST_ROUNDS = 4  # each looks at the peak that the one before has left
MOST_TRIED = 8  # choices that are worked out, of those that promise most
LEAST_GAIN = 0.97  # of the peak that has to be left after a round
BISECTIONS = 6  # to find the least that can be, for the message


@dataclass(frozen=True, slots=True)
class _Found:
    """A graph, the lives of its values, how many are kept at the turn, and how many nodes are computed again."""

    lowered: Lowered
    lives: Lives
    kept: int = 0
    copied: int = 0


def recompute(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph, and an order of computation, that stay within the budget of `setting`.

    Raises `GraphcError` when no choice does, with the least that was found.
    """
    if setting.memory is None:
        return lowered
    first = _Found(lowered, frugal(lowered, setting))
    found = _within(first, setting.memory, setting)
    if found is None:
        raise GraphcError(
            f"a memory budget of {show_bytes(setting.memory)} cannot be met: intermediate values take "
            f"{show_bytes(first.lives.peak)}, and at the least {show_bytes(_least(first, setting))}{_reckoned(setting)}"
        )
    if found.copied:
        setting.say(
            "recompute",
            f"keeps {found.kept} values from forward to backward and repeats {found.copied} operations; peak "
            f"{show_bytes(found.lives.peak)} instead of {show_bytes(first.lives.peak)}{_reckoned(setting)}",
        )
    return held_back(found.lives, found.lowered, setting.memory)


def _within(found: _Found, budget: int, setting: Setting) -> _Found | None:
    """What stays within the budget: round after round, each from the place of the peak that was left."""
    for _ in range(MOST_ROUNDS):
        if found.lives.peak <= budget:
            break
        better = _lower(found, budget, setting)
        if better is None or budget < LEAST_GAIN * found.lives.peak < better.lives.peak:
            break
        found = better
    return found if found.lives.peak <= budget else None


def _lower(found: _Found, budget: int, setting: Setting) -> _Found | None:
    """The choice that costs least within the budget, else the one with the lowest peak; None if none lowers it."""
    turn = found.lives.place_of_peak
    small = _apart_from_the_batch(found.lives, turn)
    best: _Found | None = None
    for kept in choices(found.lives, found.lowered.roots, turn, small, budget, setting)[:MOST_TRIED]:
        result = recomputed(found.lives, found.lowered, turn, kept | small)
        new = lives(result.order, result.lowered, setting)
        if new.peak < (best or found).lives.peak:
            best = _Found(result.lowered, new, len(kept), found.copied + result.copied)
        if new.peak <= budget:
            break
    return best


def _apart_from_the_batch(found: Lives, turn: int) -> set[Node]:
    """The values before the turn without a named size, where others have one: they stay, as the parameters do."""
    before = [n for n in found.order[:turn] if n in found.size]
    return {n for n in before if not sizes_of(n)} if any(map(sizes_of, before)) else set()


def _least(found: _Found, setting: Setting) -> int:
    """About the smallest budget that can be met."""
    assert setting.memory is not None
    low, high = setting.memory, found.lives.peak
    for _ in range(BISECTIONS):
        middle = (low + high) // 2
        if _within(found, middle, setting) is None:
            low = middle
        else:
            high = middle
    return high


def _reckoned(setting: Setting) -> str:
    return " at " + ", ".join(f"{s} = {n}" for s, n in setting.sizes) if setting.sizes else ""


def show_bytes(count: int) -> str:
    """`41.9 MB`, in powers of ten, rounded up."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            tenths = -(-count * 10 // size)
            return f"{tenths / 10:g} {unit}"
    return f"{count} bytes"


RECOMPUTE = Pass(
    "recompute", "computes values again instead of keeping them, within a budget of memory", recompute
)
