"""Loops over rows: which lines run slice by slice, and the order of lines that brings those of a loop together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from graphc.ir.node import Node
from graphc.ir.types import DimLike
from graphc.plan.alias import read_by
from graphc.plan.order import Line

if TYPE_CHECKING:
    from graphc.plan.plan import Step

Kind = Literal["blocks", "parts", "entries"]


@dataclass(frozen=True, slots=True)
class Loop:
    """Lines `first` up to `last` run for slices of the `rows`: `size` rows at a time, or in `size` parts.

    Blocks run one after the other and stay in the cache; parts run side by side on threads; a loop over entries is
    compiled, and runs all its lines for one entry before the next. What lines in `sums`
    compute is added up over the slices.
    """

    kind: Kind
    first: int
    last: int
    rows: DimLike
    size: int
    sums: frozenset[Node]

    def holds(self, i: int) -> bool:
        """Whether line `i` is in the loop."""
        return self.first <= i < self.last


@dataclass(frozen=True, slots=True)
class Member:
    """Says of a line that it may share a loop with others of `key`.

    A `synced` one is ready only after the loop; a `partial` one reads such values as far as its own slice has come.
    """

    key: Hashable
    synced: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring lines `first` up to `last` that can share a loop."""

    key: Hashable
    first: int
    last: int


def gather_runs(
    lines: Sequence[Line],
    reads: Sequence[Sequence[Node]],
    memory: Callable[[Node], Node],
    member_of: Callable[[Line], Member | None],
    *,
    sharing: bool = False,
) -> tuple[list[int], list[Run]]:
    """An order of the lines, as their numbers, in which those that can share a loop are neighbours; and these runs.

    Each line gets a level: the number of loops that have to be over before it. A line within a loop comes one level
    after what it needs from outside, or needs whole. Within a level come first the loops, then the other lines. With
    `sharing`, a line that shares no array with another that could be in its loop is in none.
    """
    members: list[Member | None] = [member_of(line) for line in lines]
    if sharing:
        members = in_company(members, reads, lines)
    levels, users = _levels(lines, reads, memory, members)
    for i in range(len(lines) - 1, -1, -1):
        if users[i] and all(n.is_leaf for n in reads[i]):
            # What reads leaves alone waits for what uses it.
            levels[i] = max(levels[i], min(levels[j] - _apart(members[i], members[j]) for j in users[i]))
    return _sorted(members, levels)


def in_company(
    members: Sequence[Member | None], reads: Sequence[Sequence[Node]], lines: Sequence[Line]
) -> list[Member | None]:
    """Without the lines that share no array with another of their key: for them there is nothing to keep near."""
    shared: dict[tuple[Hashable, Node], int] = {}
    for member, nodes, line in zip(members, reads, lines, strict=True):
        if member is not None:
            for n in {*nodes, line.node}:
                shared[member.key, n] = shared.get((member.key, n), 0) + 1
    return [
        m if m is not None and any(shared[m.key, n] > 1 for n in {*nodes, line.node} if n.ndim) else None
        for m, nodes, line in zip(members, reads, lines, strict=True)
    ]


def _levels(
    lines: Sequence[Line],
    reads: Sequence[Sequence[Node]],
    memory: Callable[[Node], Node],
    members: list[Member | None],
) -> tuple[list[int], list[list[int]]]:
    """The earliest level of each line, and the lines that have to come after it.

    What would read partial sums of several loops reads whole ones, outside of any: then it is struck from `members`.
    """
    levels: list[int] = []
    users: list[list[int]] = [[] for _ in lines]
    made_by: dict[Node, int] = {}
    readers: dict[Node, list[int]] = {}
    for i, line in enumerate(lines):
        before = [made_by[n] for n in reads[i] if n in made_by]
        if _meets_whole_sums(members[i], [(members[j], levels[j]) for j in before]):
            members[i] = None
        member = members[i]
        level = 0 if member else -1
        if line.target is not None:
            before += readers.get(memory(line.target), [])
        for j in before:
            level = max(level, levels[j] + _apart(members[j], member))
            users[j].append(i)
        levels.append(level)
        if line.action != "store":
            made_by[line.node] = i
        for n in reads[i]:
            readers.setdefault(memory(n), []).append(i)
    return levels, users


def _meets_whole_sums(member: Member | None, before: Sequence[tuple[Member | None, int]]) -> bool:
    """Whether a line that could read partial sums needs some that only another loop, or none, has ready."""
    if member is None or not member.partial:
        return False
    return len({level for _, level in before}) > 1 or any(m is None or m.key != member.key for m, _ in before)


def _apart(earlier: Member | None, later: Member | None) -> int:
    """How many levels a line has to come after another that it needs."""
    if later is None:
        return 0
    if earlier is None or earlier.key != later.key:
        return 1
    return 0 if later.partial or not earlier.synced else 1


def _sorted(members: Sequence[Member | None], levels: Sequence[int]) -> tuple[list[int], list[Run]]:
    first_of: dict[tuple[int, Hashable], int] = {}
    for i, member in enumerate(members):
        if member is not None:
            first_of.setdefault((levels[i], member.key), i)
    last = len(members)

    def place(i: int) -> tuple[int, int, int]:
        member = members[i]
        return levels[i], first_of[levels[i], member.key] if member else last, i

    order = sorted(range(last), key=place)
    runs: list[Run] = []
    for at, i in enumerate(order):
        member = members[i]
        if member is None:
            continue
        same = (
            runs and runs[-1].last == at and runs[-1].key == member.key and levels[order[at - 1]] == levels[i]
        )
        if same:
            runs[-1] = Run(member.key, runs[-1].first, at + 1)
        else:
            runs.append(Run(member.key, at, at + 1))
    return order, runs


def lines_read(lines: Sequence[Line | Step]) -> list[list[Node]]:
    """The values and leaves that each line reads, each once."""
    values: set[Node] = set()
    found: list[list[Node]] = []
    for line in lines:
        known = line.node in values or line.node.is_leaf
        found.append([line.node] if known else read_by(line.node, values))
        if line.action != "store":
            values.add(line.node)
    return found
