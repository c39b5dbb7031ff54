"""Runs a plan without numbers: every entry of memory holds the name of the entry of a value that was written there.

A line that finds another name than that of the value it is to read is a conflict: two values that live at the same
time were given the same memory. Loops go slice by slice; parts one after the other, in turn and interleaved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.ir.types import DimLike, evaluate_dim
from graphc.plan.buffers import NOWHERE
from graphc.plan.loops import Loop
from graphc.plan.plan import Plan, Step
from graphc.plan.rows import is_sliced, per_row

EACH = 1 << 32  # a value's names: its number times this, plus the place of the entry
UNFINISHED = -2
Turns = Callable[[Sequence[Iterator[None]]], None]


@dataclass(frozen=True, slots=True)
class Where:
    """In which part and in which slice a line runs: rows `start` up to `stop`, the part's from `origin` on."""

    part: int = 0
    region: Loop | None = None
    block: Loop | None = None
    start: int = 0
    stop: int = 0
    origin: int = 0


def conflicts(plan: Plan, n: int = 5) -> list[str]:
    """What goes wrong where named sizes are `n` or a little more, as sentences; none for a right plan."""
    sizes = {symbol: n + i for i, symbol in enumerate(sorted(plan.sizes))}
    found: dict[str, None] = {}
    for turns in (forwards, backwards, in_turn):
        found.update(_Replay(plan, sizes, turns).run())
    return list(found)


def forwards(parts: Sequence[Iterator[None]]) -> None:
    """One part after the other."""
    for part in parts:
        for _ in part:
            pass


def backwards(parts: Sequence[Iterator[None]]) -> None:
    forwards(parts[::-1])


def in_turn(parts: Sequence[Iterator[None]]) -> None:
    """A line of each part, time and again."""
    waiting = list(parts)
    while waiting:
        waiting = [part for part in waiting if next(part, part) is not part]


class _Replay:
    def __init__(self, plan: Plan, sizes: Mapping[str, int], turns: Turns) -> None:
        self.plan, self.sizes, self.turns = plan, sizes, turns
        self.wrong: dict[str, None] = {}
        self.cells: dict[object, Any] = {}
        self.numbers: dict[Node, int] = {}
        self.home: dict[Node, int] = {}  # the line that made a value
        self.bases: dict[Node, Node] = {}  # what a view looks at
        self.inside: dict[Node, tuple[Node, int]] = {}
        for flat in plan.flat:
            at = 0
            for member in flat.members:
                self.inside[member] = (flat.leaf, at)
                at += self._entries(member)
        leaves = (*plan.inputs, *plan.owned, *(flat.leaf for flat in plan.flat))
        self.leaf_buffer = {leaf: i for i, leaf in enumerate(leaves)}
        for leaf in leaves:
            if leaf not in self.inside:
                self._cells(leaf, Where())[...] = self._names(leaf, Where())

    def run(self) -> dict[str, None]:
        forwards([self._lines(0, len(self.plan.steps), Where())])
        for node in self.plan.output_nodes:
            self._expect(node, Where(), "the end")
        for step in self.plan.steps:
            if step.target is not None:
                found = self._cells_of_leaf(step.target, Where())
                if (found != self._stored(step.node, Where(), len(found))).any():
                    self._say(f"{step.target.name} does not hold its new value at the end")
        return self.wrong

    def _say(self, text: str) -> None:
        self.wrong[text] = None

    # order ----------------------------------------------------------------------------------------------------

    def _lines(self, first: int, last: int, where: Where) -> Iterator[None]:
        """The lines of a range, with the loops in it."""
        i = first
        while i < last:
            loop = next((k for k in self.plan.loops if k.first == i and _opens(k, where)), None)
            if loop is None:
                self._line(i, where)
                yield
                i += 1
                continue
            if loop.kind == "parts":
                self._region(loop)
            else:
                yield from self._blocks(loop, where)
            i = loop.last

    def _region(self, loop: Loop) -> None:
        count = self._size(loop.rows)
        parts = max(1, min(loop.size, count))
        edges = [count * part // parts for part in range(parts + 1)]
        slices = [Where(p, loop, None, edges[p], edges[p + 1], edges[p]) for p in range(parts)]
        self.turns([self._lines(loop.first, loop.last, where) for where in slices])

    def _blocks(self, loop: Loop, where: Where) -> Iterator[None]:
        same = where.region is not None and where.region.rows == loop.rows
        start, stop = (where.start, where.stop) if same else (0, self._size(loop.rows))
        whole = replace(where, block=loop, start=start, stop=stop)
        sums = {i: self.plan.steps[i].node for i in range(loop.first, loop.last) if self._adds(i, loop)}
        for i, node in sums.items():
            self.home[node] = i
            self._cells(node, whole)[...] = UNFINISHED
        for at in range(start, stop, loop.size):
            yield from self._lines(
                loop.first, loop.last, replace(whole, start=at, stop=min(at + loop.size, stop))
            )
        for node in sums.values():
            cells = self._cells(node, whole)
            if (cells != UNFINISHED).any():
                self._say(f"the sum {node.op.name} was written over while it was added up")
            cells[...] = self._names(node, whole)

    def _adds(self, i: int, loop: Loop) -> bool:
        return self.plan.steps[i].node in loop.sums and self.plan.steps[i].place != "view"

    # lines ----------------------------------------------------------------------------------------------------

    def _line(self, i: int, where: Where) -> None:
        step = self.plan.steps[i]
        read = self._read(step)
        for value in read:
            self._expect(value, where, f"line {i} ({step.name})")
        region = where.region
        if region is not None and step.node in region.sums and step.node.op.kind == "move":
            for value in read:
                if value not in region.sums and not is_sliced(value.shape, region.rows):
                    self._say(f"each part adds all of what line {i} ({step.name}) reads")
        if where.block is not None and self._adds(i, where.block):
            return
        if step.action == "store":
            assert step.target is not None
            cells = self._cells_of_leaf(step.target, where)
            cells[...] = self._stored(step.node, where, len(cells))
        elif step.place == "view":
            base = next((v for v in map(self._base, read) if self._buffer(v) == step.buffer), None)
            if base is None:
                self._say(f"line {i} ({step.name}) is a view of nothing in its buffer")
            else:
                self.bases[step.node] = base
        else:
            self.home[step.node] = i
            self.bases.pop(step.node, None)
            self._cells(step.node, where)[...] = self._names(step.node, where)

    def _read(self, step: Step) -> list[Node]:
        """The values and leaves that the line of a step mentions."""
        if step.action != "compute" and self._known(step.node):
            return [step.node]
        found: dict[Node, None] = {}
        waiting, seen = list(step.node.args), set()
        while waiting:
            node = waiting.pop()
            if self._known(node):
                found[node] = None
            elif node not in seen:
                seen.add(node)
                waiting += node.args
        return list(found)

    def _known(self, node: Node) -> bool:
        return node in self.home or node in self.bases or node in self.leaf_buffer

    def _expect(self, node: Node, where: Where, reader: str) -> None:
        base = self._base(node)
        found, wanted = self._cells(base, where), self._names(base, where)
        if found.shape != wanted.shape or ((found != wanted) & (found != self._joined(base, wanted))).any():
            name = self.plan.steps[self.home[base]].name if base in self.home else base.name
            self._say(f"{reader} reads {name}, and its memory holds something else")

    def _joined(self, node: Node, names: Any) -> Any:
        """The names of the same entries as those of the concat that the value is a piece of."""
        piece = self.plan.buffers[self._buffer(node)].piece if node in self.home else None
        if piece is None:
            return names
        at = self._size(piece.start) * prod(map(self._size, piece.whole.shape[1:]))
        return names - self._number(node) * EACH + self._number(piece.whole) * EACH + at

    # places ---------------------------------------------------------------------------------------------------

    def _size(self, d: DimLike) -> int:
        return evaluate_dim(d, self.sizes)

    def _entries(self, node: Node) -> int:
        return prod(map(self._size, node.shape))

    def _base(self, node: Node) -> Node:
        return self.bases.get(node, node)

    def _buffer(self, node: Node) -> int:
        if node in self.home:
            return self.plan.steps[self.home[node]].buffer
        return self.leaf_buffer[self.inside.get(node, (node, 0))[0]]

    def _range(self, node: Node, where: Where) -> tuple[int, int, int]:
        """The first entry and the last that a line sees of a value, and the first one of the part's."""
        for loop in (where.block, where.region):
            summed = loop is not None and node in loop.sums
            if loop is not None and is_sliced(node.shape, loop.rows) and not summed:
                per = per_row(node.shape, loop.rows)
                each = (1 if per is None else self._size(per)) * prod(map(self._size, node.shape[1:]))
                return where.start * each, where.stop * each, where.origin * each
        return 0, self._entries(node), 0

    def _names(self, node: Node, where: Where) -> Any:
        leaf, at = self.inside.get(node, (node, 0))
        start, stop, _ = self._range(node, where)
        return self._number(leaf) * EACH + at + np.arange(start, stop)

    def _number(self, node: Node) -> int:
        return self.numbers.setdefault(node, len(self.numbers))

    def _stored(self, node: Node, where: Where, count: int) -> Any:
        """What a leaf holds that got a value, which may have been stretched."""
        names = self._names(self._base(node), where)
        return names if len(names) == count else np.full(count, names.flat[0] if names.size else -1)

    def _cells(self, node: Node, where: Where) -> Any:
        """The memory a line sees of a value."""
        line = self.home.get(node, NOWHERE)
        step = self.plan.steps[line] if line != NOWHERE else None
        if step is None or step.target is not None:
            return self._cells_of_leaf(node if step is None or step.target is None else step.target, where)
        start, stop, origin = self._range(node, where)
        buffer = self.plan.buffers[step.buffer]
        loops = [k for k in self.plan.loops if k.holds(buffer.birth)]
        anew = buffer.slot == NOWHERE
        key: object = ("buffer", buffer.number) if anew else ("slot", buffer.slot)
        if buffer.region != NOWHERE or (anew and any(k.kind == "parts" for k in loops)):
            key, start, stop = (key, where.part), start - origin, stop - origin
        if buffer.piece is not None:
            at = self._size(buffer.piece.start) * prod(map(self._size, buffer.piece.whole.shape[1:]))
            return self._memory(key, at + start, at + stop)
        in_block = anew and any(k.kind == "blocks" for k in loops) and step.place != "sum"
        if buffer.loop != NOWHERE or in_block:
            return self._memory(key, 0, stop - start)
        return self._memory(key, start, stop)

    def _cells_of_leaf(self, leaf: Node, where: Where) -> Any:
        start, stop, _ = self._range(leaf, where)
        holder, at = self.inside.get(leaf, (leaf, 0))
        return self._memory(("buffer", self.leaf_buffer[holder]), at + start, at + stop)

    def _memory(self, key: object, start: int, stop: int) -> Any:
        held = self.cells.get(key, np.full(0, -1, np.int64))
        if len(held) < stop:
            held = self.cells[key] = np.concatenate([held, np.full(stop - len(held), -1, np.int64)])
        return held[start:stop]


def _opens(loop: Loop, where: Where) -> bool:
    """Whether a loop begins here, rather than being the one we are in."""
    return where.block is None and not (loop.kind == "parts" and where.region is not None)
