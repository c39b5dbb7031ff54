"""Where each line puts its result: births and deaths of buffers, reuse in place, and the slots that they share."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from graphc.ir.node import Node
from graphc.ir.types import DType, Shape
from graphc.ops.pointwise import CAST
from graphc.plan.alias import is_fresh, is_pack
from graphc.plan.contraction import plan_contraction
from graphc.plan.loops import Loop
from graphc.plan.order import Line
from graphc.plan.pieces import Piece, find_pieces, lasts
from graphc.plan.rows import is_sliced
from graphc.plan.schedule import Schedule
from graphc.plan.setting import Setting

Role = Literal["argument", "owned", "local", "workspace"]
Place = Literal["new", "view", "in place", "workspace", "joined", "owned", "sum", "entry"]
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Buffer:
    """A piece of memory: filled first by line `birth` (-1: before the first), needed last by line `death`.

    Buffers of one `slot` share its memory, one after the other. In `loop`, a buffer holds one slice of a value; in
    `region`, each part has its own. With a `piece`, it is a piece of buffer `of`. `name` is that of the first
    value that is written into it.
    """

    number: int
    shape: Shape
    dtype: DType
    role: Role
    birth: int
    death: int
    slot: int = NOWHERE
    loop: int = NOWHERE
    region: int = NOWHERE
    piece: Piece | None = None
    of: int = NOWHERE
    name: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A line, the buffer its result lives in, how it gets there, and the buffers it reads."""

    line: Line
    buffer: int
    place: Place
    reads: tuple[int, ...]


@dataclass(slots=True)
class _Uses:
    """What is known of lines and loops before anything is placed.

    `last` is the last line to read a memory, `until` the line until which it has to stay: to the end of a loop that
    reads it and began after it was made.
    """

    lines: Sequence[Line]
    loops: Sequence[Loop]
    memory: Callable[[Node], Node]
    reads: Sequence[Sequence[Node]]
    made: dict[Node, int] = field(default_factory=dict)
    last: dict[Node, int] = field(default_factory=dict)
    until: dict[Node, int] = field(default_factory=dict)
    pending: dict[Node, int] = field(default_factory=dict)
    exported: set[Node] = field(default_factory=set)
    block: list[int] = field(default_factory=list)
    region: list[int] = field(default_factory=list)


def place_buffers(
    timetable: Schedule,
    leaves: Sequence[Node],
    owned: frozenset[Node],
    outputs: Sequence[Node],
    setting: Setting,
) -> tuple[list[Placed], list[Buffer]]:
    """A buffer for each line."""
    lines, memory = timetable.lines, timetable.memory
    uses = _uses_of(timetable, outputs)
    pieces = find_pieces(lines, {memory(o) for o in outputs}, memory, uses.block, uses.region)
    for value, piece in pieces.items():
        # The whole lasts as long as its pieces.
        for table in (uses.last, uses.until):
            table[piece.whole] = max(table.get(piece.whole, NOWHERE), table.get(value, NOWHERE))
    store = _Store(uses, setting, {memory(o) for o in outputs}, pieces)
    for leaf in leaves:
        role: Role = "owned" if leaf in owned else "argument"
        store.home[leaf] = store.add(leaf, role, NOWHERE, uses.until.get(leaf, NOWHERE))
    placed: list[Placed] = []
    for i, line in enumerate(lines):
        read = tuple(dict.fromkeys(store.home[memory(n)] for n in uses.reads[i]))
        number, place = store.place(i, line)
        if line.action != "store":
            store.home[line.node] = number
        placed.append(Placed(line, number, place, read))
        store.release(i)
    return placed, store.settled()


def _uses_of(timetable: Schedule, outputs: Sequence[Node]) -> _Uses:
    lines, loops, memory = timetable.lines, timetable.loops, timetable.memory
    in_parts = any(loop.kind == "parts" for loop in loops)
    uses = _Uses(lines, loops, memory, timetable.reads)
    uses.block, uses.region = [NOWHERE] * len(lines), [NOWHERE] * len(lines)
    for k, loop in enumerate(loops):
        for i in range(loop.first, loop.last):
            (uses.region if loop.kind == "parts" else uses.block)[i] = k
    for i, line in enumerate(lines):
        if line.action == "copy" or (line.action == "compute" and memory(line.node) is line.node):
            uses.made[line.node] = i
        if line.target is not None:
            uses.pending[memory(line.target)] = i
        around = [loops[k] for k in (uses.block[i], uses.region[i]) if k != NOWHERE]
        for root in map(memory, uses.reads[i]):
            uses.last[root] = i
            if in_parts and uses.region[i] == NOWHERE and _is_rows_of_parts(root, uses):
                uses.exported.add(root)
            ends = [k.last - 1 for k in around if not k.holds(uses.made.get(root, NOWHERE))]
            uses.until[root] = max(i, uses.until.get(root, i), *ends)
    for output in outputs:
        uses.last[memory(output)] = uses.until[memory(output)] = len(lines)
        if _is_rows_of_parts(memory(output), uses):
            uses.exported.add(memory(output))
    return uses


def _is_rows_of_parts(node: Node, uses: _Uses) -> bool:
    """Whether a value is made for the rows of each part, and not as a sum."""
    made = uses.made.get(node, NOWHERE)
    region = uses.region[made] if made != NOWHERE else NOWHERE
    return region != NOWHERE and node not in uses.loops[region].sums


@dataclass(slots=True)
class _Store:
    """The buffers so far, where each value lives, and the slots that are free or will be.

    `deaths` are those of the buffers as far as they are known: what is written in place makes them last longer.
    """

    uses: _Uses
    setting: Setting
    kept: set[Node]
    pieces: Mapping[Node, Piece]
    buffers: list[Buffer] = field(default_factory=list)
    deaths: list[int] = field(default_factory=list)
    home: dict[Node, int] = field(default_factory=dict)
    free: dict[tuple[object, ...], list[tuple[int, int]]] = field(default_factory=dict)
    capacity: list[int] = field(default_factory=list)
    by_shape: dict[tuple[int, Shape], int] = field(default_factory=dict)
    dying: dict[int, list[int]] = field(default_factory=dict)
    lasting: set[int] = field(default_factory=set)

    def add(self, node: Node, role: Role, birth: int, death: int, **place: Any) -> int:
        number = len(self.buffers)
        self.buffers.append(Buffer(number, node.shape, node.dtype, role, birth, death, **place))
        self.deaths.append(death)
        return number

    def settled(self) -> list[Buffer]:
        """The buffers, with their deaths."""
        return [
            buffer if buffer.death == death else replace(buffer, death=death)
            for buffer, death in zip(self.buffers, self.deaths, strict=True)
        ]

    def place(self, i: int, line: Line) -> tuple[int, Place]:
        """The buffer for one line, and how the result gets there."""
        node, uses = line.node, self.uses
        if line.target is not None:
            return self.home[uses.memory(line.target)], "owned"
        if line.action == "compute" and uses.memory(node) is not node:
            return self.home[uses.memory(node)], "view"
        if node in self.home and line.action == "compute":
            return self._take(i, node, uses.until.get(node, i)), "joined"  # its pieces came before
        return self._new_place(i, line)

    def _new_place(self, i: int, line: Line) -> tuple[int, Place]:
        node, uses, inner = line.node, self.uses, self.uses.block[i]
        death = uses.until.get(node, i)
        if line.action == "copy":
            return self.add(node, "local", i, death), "new"
        if node in self.pieces:
            return self._piece(i, node), "sum" if self._is_sum(i, node) else "workspace"
        if self._is_sum(i, node):
            return self._take(i, node, death), "sum"
        leaves_loop = inner != NOWHERE and uses.last.get(node, i) >= uses.loops[inner].last
        shared = uses.region[i] != NOWHERE and uses.last.get(node, i) >= uses.loops[uses.region[i]].last
        if inner != NOWHERE and uses.loops[inner].kind == "entries":
            if leaves_loop or shared:
                return self._take(i, node, death), "workspace"
            return self.add(node, "local", i, death), "entry"  # one at a time, in a register
        if takes_out(node) and self.setting.is_large(node):
            reused = self._dying_operand(i, node, leaves_loop)
            if reused is not None:
                lasting = inner != NOWHERE and self.buffers[reused].loop == NOWHERE
                self.extend(reused, max(death, uses.loops[inner].last - 1) if lasting else death)
                return reused, "in place"
            if self.setting.workspace or inner != NOWHERE or shared:
                return self._take(i, node, death), "workspace"
        if leaves_loop or shared:
            return self._take(i, node, death), "workspace"
        if lasts(node) and self.setting.workspace and inner == NOWHERE and uses.region[i] == NOWHERE:
            return self._take(i, node, death, of=i), "joined"
        return self.add(node, "local", i, death), "new"

    def _is_sum(self, i: int, node: Node) -> bool:
        inner = self.uses.block[i]
        return inner != NOWHERE and node in self.uses.loops[inner].sums

    def _piece(self, i: int, node: Node) -> int:
        """A piece of the buffer of a concat, which is taken when the first of its pieces comes."""
        piece = self.pieces[node]
        if piece.whole not in self.home:
            self.home[piece.whole] = self._take(i, piece.whole, self.uses.until.get(piece.whole, i), of=i)
        whole = self.buffers[self.home[piece.whole]]
        death = self.deaths[whole.number]
        return self.add(
            node, whole.role, i, death, piece=piece, of=whole.number, region=whole.region, slot=whole.slot
        )

    # slots ----------------------------------------------------------------------------------------------------

    def _take(self, i: int, node: Node, death: int, of: int | None = None) -> int:
        """A buffer in memory at hand: a slot that is free, or a new one."""
        if node in self.home:
            return self.home[node]
        uses, inner = self.uses, self.uses.block[i]
        in_loop = (
            inner != NOWHERE
            and of is None
            and not self._is_sum(i, node)
            and uses.last.get(node, i) < uses.loops[inner].last
        )
        whole_region = NOWHERE if node in uses.exported else uses.region[i]
        is_output = node in self.kept and whole_region == NOWHERE
        role: Role = (
            "workspace" if self.setting.workspace and (self.setting.outputs_too or not is_output) else "local"
        )
        loop = inner if in_loop else NOWHERE
        # What a loop writes slice by slice may not lie where another value of the loop is still read.
        lasting = inner != NOWHERE and not in_loop
        alone = of is not None and lasts(node)
        slot = self._new_slot(node) if alone else self._slot(node, (role, whole_region, loop, node.dtype))
        number = self.by_shape.get((slot, node.shape), NOWHERE)
        if number == NOWHERE:
            number = self.add(node, role, i, death, slot=slot, loop=loop, region=whole_region)
            self.by_shape[slot, node.shape] = number
        if alone:
            self.lasting.add(number)
        self.extend(number, max(death, uses.loops[inner].last - 1) if lasting else death)
        return number

    def _slot(self, node: Node, pool: tuple[object, ...]) -> int:
        """The smallest free slot that is large enough, else the largest, which grows, else a new one."""
        need = self.setting.entries(node.shape)
        free = self.free.get(pool)
        if not free or pool[:3:2] == ("local", NOWHERE):
            return self._new_slot(node)
        at = min(bisect_left(free, (need, NOWHERE)), len(free) - 1)
        _, slot = free.pop(at)
        self.capacity[slot] = max(self.capacity[slot], need)
        return slot

    def _new_slot(self, node: Node) -> int:
        self.capacity.append(self.setting.entries(node.shape))
        return len(self.capacity) - 1

    def extend(self, number: int, death: int) -> None:
        """A buffer lives on until line `death`."""
        self.deaths[number] = death
        if self.buffers[number].slot != NOWHERE:
            self.dying.setdefault(death, []).append(number)

    def release(self, i: int) -> None:
        """The slots last needed by line `i` become free."""
        for number in dict.fromkeys(self.dying.pop(i, ())):
            b = self.buffers[number]
            if self.deaths[number] == i and b.piece is None and number not in self.lasting:
                pool = (b.role, b.region, b.loop, b.dtype)
                insort(self.free.setdefault(pool, []), (self.capacity[b.slot], b.slot))

    # reuse ----------------------------------------------------------------------------------------------------

    def _dying_operand(self, i: int, node: Node, leaves_loop: bool) -> int | None:
        """The buffer of an operand that nobody reads after line `i`: an elementwise result may overwrite it."""
        if node.op.kind != "pointwise":
            return None
        for operand in self.uses.reads[i]:
            if operand is self.uses.memory(operand) and (operand.shape, operand.dtype) == (
                node.shape,
                node.dtype,
            ):
                found = self._reusable(i, operand, node, leaves_loop)
                if found is not None:
                    return found
        return None

    def _reusable(self, i: int, operand: Node, node: Node, leaves_loop: bool) -> int | None:
        uses, inner = self.uses, self.uses.block[i]
        buffer = self.buffers[self.home[operand]]
        if uses.last[operand] != i or buffer.piece is not None or buffer.number in self.lasting:
            return None
        if buffer.role == "owned":
            # The memory of an old value may hold others until the new one is stored there.
            end = uses.pending.get(operand, NOWHERE)
            near = end > i and uses.block[end] == inner and uses.region[end] == uses.region[i]
            return buffer.number if near and uses.last.get(node, i) <= end else None
        if (
            buffer.role not in ("local", "workspace")
            or not is_fresh(operand)
            or buffer.region != uses.region[i]
        ):
            return None
        if buffer.loop != NOWHERE or buffer.slot == NOWHERE:
            # What is read after the loop has to be in memory that has a name there.
            return buffer.number if not leaves_loop else None
        outside = inner != NOWHERE and not uses.loops[inner].holds(uses.made.get(operand, NOWHERE))
        if outside and not is_sliced(operand.shape, uses.loops[inner].rows):
            return None
        if node in self.kept and buffer.role == "workspace" and not self.setting.outputs_too:
            return None
        if node in uses.exported and buffer.region != NOWHERE:
            return None
        return buffer.number


_WRITTEN = ("pad", "overlap_add", "route")  # moves that write where they are told


def takes_out(node: Node) -> bool:
    """Whether the last operation of a line can write its result into memory it is given."""
    if node.dtype == "int" or not node.ndim:
        return False
    if node.op is CAST:
        return node.args[0].dtype == "bool"
    if node.op.kind == "pointwise":
        return isinstance(getattr(np, node.op.array_function, None), np.ufunc)
    if node.op.name in _WRITTEN:
        return True
    return is_pack(node) or (node.op.name == "contract" and plan_contraction(node).takes_out)
