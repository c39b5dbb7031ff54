"""Where each line puts its result: births and deaths of buffers, reuse in place, slots of a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from graphc.ir.node import Node
from graphc.ir.types import DType, Shape
from graphc.plan.alias import find_source, is_fresh, read_by
from graphc.plan.contraction import plan_contraction
from graphc.plan.order import Line
from graphc.plan.setting import Setting

Role = Literal["argument", "owned", "local", "workspace"]
Place = Literal["new", "view", "in place", "workspace", "owned"]


@dataclass(frozen=True, slots=True)
class Buffer:
    """A piece of memory: filled first by line `birth` (-1: before the first), read last by line `death`."""

    number: int
    shape: Shape
    dtype: DType
    role: Role
    birth: int
    death: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A line, the buffer its result lives in, how it gets there, and the buffers it reads."""

    line: Line
    buffer: int
    place: Place
    reads: tuple[int, ...]


def place_buffers(
    lines: Sequence[Line],
    leaves: Sequence[Node],
    owned: frozenset[Node],
    outputs: Sequence[Node],
    setting: Setting,
) -> tuple[list[Placed], list[Buffer]]:
    """A buffer for each line."""
    roots, reads, last = _lifetimes(lines, outputs)
    memory = _Memory([], {}, {}, {})
    for leaf in leaves:
        role: Role = "owned" if leaf in owned else "argument"
        memory.home[leaf] = memory.add(leaf, role, -1, last.get(leaf, -1))
    kept = {roots.get(o, o) for o in outputs}
    placed: list[Placed] = []
    for i, line in enumerate(lines):
        read = tuple(dict.fromkeys(memory.home[roots.get(n, n)] for n in reads[i]))
        number, place = _place(i, line, reads[i], roots, last, line.node in kept, memory, setting)
        if line.target is None:
            memory.home[line.node] = number
        placed.append(Placed(line, number, place, read))
        memory.release(i)
    return placed, memory.buffers


@dataclass(frozen=True, slots=True)
class _Memory:
    """The buffers so far, where each value lives, and the slots of the workspace that are free or will be."""

    buffers: list[Buffer]
    home: dict[Node, int]
    free: dict[tuple[Shape, DType], list[int]]
    dying: dict[int, list[int]]

    def add(self, node: Node, role: Role, birth: int, death: int) -> int:
        self.buffers.append(Buffer(len(self.buffers), node.shape, node.dtype, role, birth, death))
        return len(self.buffers) - 1

    def take_slot(self, node: Node, birth: int, death: int) -> int:
        """A free slot of the workspace of the right shape, or a new one."""
        slots = self.free.get((node.shape, node.dtype))
        number = slots.pop() if slots else self.add(node, "workspace", birth, death)
        self.extend(number, death)
        return number

    def extend(self, number: int, death: int) -> None:
        """A buffer lives on until line `death`."""
        self.buffers[number] = replace(self.buffers[number], death=death)
        if self.buffers[number].role == "workspace":
            self.dying.setdefault(death, []).append(number)

    def release(self, i: int) -> None:
        """The slots last read by line `i` become free."""
        for number in self.dying.pop(i, ()):
            buffer = self.buffers[number]
            if buffer.death == i:
                self.free.setdefault((buffer.shape, buffer.dtype), []).append(number)


def _place(
    i: int,
    line: Line,
    read: Sequence[Node],
    roots: Mapping[Node, Node],
    last: Mapping[Node, int],
    is_output: bool,
    memory: _Memory,
    setting: Setting,
) -> tuple[int, Place]:
    """The buffer for one line, and how the result gets there."""
    node = line.node
    if line.target is not None:
        return memory.home[line.target], "owned"
    if line.action == "compute" and roots[node] is not node:
        return memory.home[roots[node]], "view"
    death = last.get(node, i)
    if line.action == "compute" and takes_out(node) and setting.is_large(node):
        reused = _dying_operand(i, node, read, roots, memory)
        may_keep = setting.workspace and (setting.outputs_too or not is_output)
        if reused is not None and (may_keep or memory.buffers[reused].role != "workspace"):
            memory.extend(reused, death)
            return reused, "in place"
        if may_keep:
            return memory.take_slot(node, i, death), "workspace"
    return memory.add(node, "local", i, death), "new"


def _lifetimes(
    lines: Sequence[Line], outputs: Sequence[Node]
) -> tuple[dict[Node, Node], list[list[Node]], dict[Node, int]]:
    """The value in whose memory each value lives, what each line reads, and the last to read each memory."""
    roots: dict[Node, Node] = {}
    reads: list[list[Node]] = []
    last: dict[Node, int] = {}
    for i, line in enumerate(lines):
        known = line.node in roots or line.node.is_leaf
        read = [line.node] if known else read_by(line.node, roots)
        reads.append(read)
        for n in read:
            last[roots.get(n, n)] = i
        if line.action == "copy":
            roots[line.node] = line.node
        elif line.action == "compute":
            source = find_source(line.node, roots.__contains__)
            roots[line.node] = line.node if source is None else roots.get(source, source)
    for output in outputs:
        last[roots.get(output, output)] = len(lines)
    return roots, reads, last


def takes_out(node: Node) -> bool:
    """Whether the last operation of a line can write its result into memory it is given."""
    if node.dtype != "real" or not node.ndim:
        return False
    if node.op.kind == "pointwise":
        return isinstance(getattr(np, node.op.array_function, None), np.ufunc)
    return node.op.name == "contract" and plan_contraction(node).takes_out


def _dying_operand(
    i: int, node: Node, read: Sequence[Node], roots: Mapping[Node, Node], memory: _Memory
) -> int | None:
    """The buffer of an operand that nobody reads after line `i`: an elementwise result may overwrite it."""
    if node.op.kind != "pointwise":
        return None
    for operand in read:
        if roots.get(operand) is not operand or not is_fresh(operand):
            continue
        buffer = memory.buffers[memory.home[operand]]
        fits = (operand.shape, operand.dtype) == (node.shape, node.dtype)
        if fits and buffer.role in ("local", "workspace") and buffer.death == i:
            return buffer.number
    return None
