"""Where each line puts its result: births and deaths of buffers, reuse in place, and slots of the workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from graphc.ir.node import Node
from graphc.ir.types import DType, Shape, evaluate_dim
from graphc.plan.alias import find_source, is_fresh, read_by
from graphc.plan.contraction import plan_contraction
from graphc.plan.order import Line

Role = Literal["argument", "owned", "local", "workspace"]
Place = Literal["new", "view", "in place", "workspace", "owned"]

WORTHWHILE = 16384  # entries from which writing into memory at hand pays
USUAL_SIZE = 64  # what a named size is reckoned at when no hint is given


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


@dataclass(frozen=True, slots=True)
class Policy:
    """What the planner may do: `workspace` keeps large results between calls, `outputs_too` also those returned."""

    sizes: Mapping[str, int]
    workspace: bool = False
    outputs_too: bool = False

    def is_large(self, node: Node) -> bool:
        known = {s: self.sizes.get(s, USUAL_SIZE) for d in node.shape if not isinstance(d, int) for s in d.symbols}
        entries = 1
        for d in node.shape:
            entries *= evaluate_dim(d, known)
        return entries >= WORTHWHILE


def place_buffers(
    lines: Sequence[Line],
    leaves: Sequence[Node],
    owned: frozenset[Node],
    outputs: Sequence[Node],
    policy: Policy,
) -> tuple[list[Placed], list[Buffer]]:
    """A buffer for each line."""
    roots, reads, last = _lifetimes(lines, outputs)
    kept = {roots.get(o, o) for o in outputs}
    buffers: list[Buffer] = []
    home: dict[Node, int] = {}
    for leaf in leaves:
        home[leaf] = len(buffers)
        role: Role = "owned" if leaf in owned else "argument"
        buffers.append(Buffer(len(buffers), leaf.shape, leaf.dtype, role, -1, last.get(leaf, -1)))
    placed: list[Placed] = []
    free: dict[tuple[Shape, DType], list[int]] = {}
    dying: dict[int, list[int]] = {}
    for i, line in enumerate(lines):
        read = tuple(dict.fromkeys(home[roots.get(n, n)] for n in reads[i]))
        if line.target is not None:
            placed.append(Placed(line, home[line.target], "owned", read))
            continue
        node, place = line.node, _first_place(line, roots)
        if place == "view":
            number = home[roots[node]]
            home[node] = number
            placed.append(Placed(line, number, place, read))
            continue
        death = last.get(node, i)
        reused = _dying_operand(i, line, reads[i], roots, home, buffers, policy)
        if reused is not None and not (node in kept and buffers[reused].role == "workspace" and not policy.outputs_too):
            number, place = reused, "in place"
            buffers[number] = replace(buffers[number], death=death)
        elif _wants_workspace(line, node in kept, policy):
            slots = free.get((node.shape, node.dtype), [])
            place = "workspace"
            if slots:
                number = slots.pop()
                buffers[number] = replace(buffers[number], death=death)
            else:
                number = len(buffers)
                buffers.append(Buffer(number, node.shape, node.dtype, "workspace", i, death))
        else:
            number = len(buffers)
            buffers.append(Buffer(number, node.shape, node.dtype, "local", i, death))
        home[node] = number
        placed.append(Placed(line, number, place, read))
        if buffers[number].role == "workspace":
            dying.setdefault(death, []).append(number)
        for slot in dying.pop(i, []):
            if buffers[slot].death == i:
                free.setdefault((buffers[slot].shape, buffers[slot].dtype), []).append(slot)
    return placed, buffers


def _lifetimes(
    lines: Sequence[Line], outputs: Sequence[Node]
) -> tuple[dict[Node, Node], list[list[Node]], dict[Node, int]]:
    """The memory each value lives in, what each line reads, and the last line that reads each piece of memory."""
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


def _first_place(line: Line, roots: Mapping[Node, Node]) -> Place:
    return "view" if line.action == "compute" and roots[line.node] is not line.node else "new"


def takes_out(node: Node) -> bool:
    """Whether the last operation of a line can write its result into memory it is given."""
    if node.dtype != "real" or not node.ndim:
        return False
    if node.op.kind == "pointwise":
        return isinstance(getattr(np, node.op.array_function, None), np.ufunc)
    return node.op.name == "contract" and plan_contraction(node).plain and plan_contraction(node).form == "matmul"


def _wants_workspace(line: Line, is_output: bool, policy: Policy) -> bool:
    if not policy.workspace or line.action != "compute" or (is_output and not policy.outputs_too):
        return False
    return takes_out(line.node) and policy.is_large(line.node)


def _dying_operand(
    i: int,
    line: Line,
    read: Sequence[Node],
    roots: Mapping[Node, Node],
    home: Mapping[Node, int],
    buffers: Sequence[Buffer],
    policy: Policy,
) -> int | None:
    """The buffer of an operand that nobody reads after line `i`, and that the result may overwrite."""
    node = line.node
    if line.action != "compute" or node.op.kind != "pointwise" or not takes_out(node):
        return None
    for operand in read:
        buffer = buffers[home[roots.get(operand, operand)]]
        if (
            operand.shape == node.shape
            and operand.dtype == node.dtype
            and roots.get(operand) is operand
            and is_fresh(operand)
            and buffer.role in ("local", "workspace")
            and buffer.death == i
            and policy.is_large(node)
        ):
            return buffer.number
    return None
