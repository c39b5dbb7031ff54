"""What to keep from before a place in the order to after it: the choices for a budget of memory, by what they cost.

Every choice drops the first segments of the order before the turn. A segment ends where few bytes cross.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from graphc.ir.node import Node
from graphc.plan.again import at_hand
from graphc.plan.live import Lives
from graphc.plan.predict import predict
from graphc.plan.setting import Setting

CHEAP = 8  # elementwise operations that are rather repeated than their result kept
SEGMENTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128)  # how many are tried
SPARE = 3  # choices that drop a little more than reckoned to be enough, should it not be
REPEATED = ("pointwise", "move", "random")


@dataclass(frozen=True, slots=True)
class Segment:
    """Values that are held at the turn, what computes them again, and what that needs from before the segment."""

    held: tuple[Node, ...]
    repeated: tuple[Node, ...]
    needed: tuple[Node, ...]


def choices(
    found: Lives, roots: Sequence[Node], turn: int, small: set[Node], budget: int, setting: Setting
) -> list[set[Node]]:
    """Sets of values to keep at place `turn`: those that should meet the budget by their cost, then by their peak.

    Outputs and what is `small` are kept in any case.
    """
    fixed = {found.home[r] for r in roots} | small
    held = [n for n in found.order[:turn] if n in found.size and found.last[n] >= turn]
    if not held:
        return []
    cheap = _cheap(found, held, fixed)
    enough, excess = [], found.peak - budget
    for value in cheap:
        if excess > 0:
            enough.append(value)
            excess -= found.size[value]
    ranked = [(excess > 0, float(excess > 0) * excess, set(held).difference(enough))]
    base = found.peak - sum(found.size[n] for n in held)
    for count in SEGMENTS:
        ranked += _from_the_first(
            found, set(held).difference(cheap), fixed, turn, count, base, budget, setting
        )
    ranked.sort(key=lambda choice: choice[:2])
    return list(map(set, dict.fromkeys(frozenset(kept) for _, _, kept in ranked)))


# Whether it is over the budget; then by how much, else what it takes; and what is kept.
_Ranked = tuple[bool, float, set[Node]]


def _from_the_first(
    found: Lives,
    held: set[Node],
    fixed: set[Node],
    turn: int,
    count: int,
    base: int,
    budget: int,
    setting: Setting,
) -> list[_Ranked]:
    """The choices that drop the first of about `count` segments, the first two, and so on, as far as is of use."""
    kept, ranked, fits = set(held), [], 0
    live = base + sum(found.size[n] for n in kept)
    before, again, cost = base, 0, 0.0
    for one in _segments(found, held - fixed, turn, count):
        crossing = [n for n in one.needed if n not in kept]
        kept.difference_update(one.held)
        kept.update(one.needed)
        added, own = sum(found.size[n] for n in crossing), sum(found.size[n] for n in one.held)
        live += added - own
        before += added
        again = max(again, before + own)
        cost += sum(predict(n, setting.costs, setting) for n in one.repeated)
        over = max(live, again) - budget
        ranked.append((over > 0, float(over) if over > 0 else cost, set(kept)))
        fits += over <= 0
        if fits > SPARE:
            break
    return ranked[-SPARE - 1 :] if fits else ranked


def _cheap(found: Lives, held: Sequence[Node], fixed: set[Node]) -> list[Node]:
    """What a few elementwise operations and copies give from leaves and from what is held anyway, in order."""
    kept, cheap = set(held) | fixed, []
    for value in held:
        if value not in fixed and _is_cheap(value, found, kept):
            kept.discard(value)
            cheap.append(value)
    return cheap


def _is_cheap(value: Node, found: Lives, kept: set[Node]) -> bool:
    seen, stack = {value}, [value]
    while stack:
        node = stack.pop()
        if node.op.kind not in REPEATED or len(seen) > CHEAP:
            return False
        new = {a for a in node.args if not at_hand(a, found, kept)} - seen
        seen |= new
        stack += new
    return True


# segments ---------------------------------------------------------------------------------------------------


def _segments(found: Lives, held: set[Node], turn: int, count: int) -> list[Segment]:
    """About `count` segments of the order before the turn, with as many bytes of `held` each."""
    order = found.order[:turn]
    total = list(accumulate(found.size[n] if n in held else 0 for n in order))
    if not total or not total[-1]:
        return []
    crossing = _crossing(found, turn)
    ends, share = [0], total[-1] / count
    while ends[-1] < turn:
        done = total[ends[-1] - 1] if ends[-1] else 0
        # A cut may come a little early, where fewer bytes cross; of equal ones the last.
        first = max(bisect_left(total, done + share / 2), ends[-1])
        last = max(bisect_right(total, done + share), first + 1)
        ends.append(min(range(first + 1, last + 1), key=lambda p: (crossing[p], -p)) if last < turn else turn)
    place = {n: i for i, n in enumerate(order)}
    return [_segment(found, [n for n in order[a:b] if n in held], a, place) for a, b in pairwise(ends)]


def _crossing(found: Lives, turn: int) -> list[int]:
    """For each cut, in front of a place, the bytes of values before it that are read between it and the turn."""
    read: dict[Node, int] = {}
    for i, node in enumerate(found.order[:turn]):
        for a in node.args:
            read[found.home[a]] = i
    change = [0] * (turn + 2)
    for i, node in enumerate(found.order[:turn]):
        if node in found.size and node in read:
            change[i + 1] += found.size[node]
            change[read[node] + 1] -= found.size[node]
    return list(accumulate(change))


def _segment(found: Lives, held: list[Node], start: int, place: dict[Node, int]) -> Segment:
    """What computes the values of a segment again, back to its start."""
    repeated, needed = dict.fromkeys(held), dict[Node, None]()
    stack = list(held)
    while stack:
        for a in stack.pop().args:
            if place[found.home[a]] < start:
                if found.home[a] in found.size and not a.constant:
                    needed[found.home[a]] = None
            elif a not in repeated and not a.is_leaf and a.op.kind != "const":
                repeated[a] = None
                stack.append(a)
    return Segment(tuple(held), tuple(repeated), tuple(needed))
