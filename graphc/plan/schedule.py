"""From the core graph to lines in order: which lines, what runs in parts and in blocks, and what is stored at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, pairwise

from graphc.ir.node import Node, topological
from graphc.ir.types import Dim, DimLike
from graphc.plan import blocks, entries, parts
from graphc.plan.alias import find_roots, is_fresh, is_view, on_the_way
from graphc.plan.lines import choose_values
from graphc.plan.loops import Loop, Member, gather_runs, lines_read
from graphc.plan.lower import Lowered
from graphc.plan.order import Line, order_lines
from graphc.plan.rows import Status, classify, is_sliced
from graphc.plan.setting import Setting


@dataclass(frozen=True, slots=True)
class Schedule:
    """Lines in order, what each reads, and the loops among them, outer ones before inner ones.

    `memory` is as `memory_of` gives it.
    """

    lines: Sequence[Line]
    reads: Sequence[Sequence[Node]]
    loops: Sequence[Loop]
    memory: Callable[[Node], Node]


def schedule(lowered: Lowered, inputs: Sequence[Node], setting: Setting) -> Schedule:
    """The lines of a program and its loops."""
    rows = batch_size(inputs)
    status = classify(lowered.order or topological(lowered.roots), rows) if rows is not None else {}
    count = parts.number_of_parts(lowered, status, rows, setting)
    many = count > 1
    values = choose_values(
        lowered,
        setting,
        _alone(status, rows, setting, many=many),
        _spared(status, many=many),
        lambda n: status.get(n) in ("sum", "all"),
    )
    memory = memory_of(lowered, values)
    lines, reads = settle(order_lines(lowered, values), lowered, memory)
    loops: list[Loop] = []
    if rows is not None and count > 1:
        order, runs = gather_runs(lines, reads, memory, lambda line: parts.member(line, status))
        lines = [lines[i] for i in order]
        reads = lines_read(lines)
        loops += parts.loops_of(runs, lines, status, rows, count)
    if blocks.NAME not in setting.off or entries.is_asked_for(setting):
        lines, inner = _blocked(lines, reads, loops, status, rows, memory, lowered.outputs, setting)
        reads = lines_read(lines) if inner else reads
        loops += inner
    return Schedule(lines, reads, loops, memory)


def batch_size(inputs: Sequence[Node]) -> Dim | None:
    """The named size that most inputs have along their leading axis."""
    leading = [n.shape[0] for n in inputs if n.ndim and isinstance(n.shape[0], Dim)]
    plain = Counter(d for d in leading if len(d.symbols) == 1 and repr(d) == d.symbols[0])
    return max(plain, key=plain.__getitem__) if plain else None


def _alone(
    status: dict[Node, Status], rows: DimLike | None, setting: Setting, *, many: bool
) -> Callable[[Node], bool]:
    """What has a line of its own whatever its size: reductions of large arrays, and what parts have to meet for.

    So has a view that brings the rows to the front: loops take slices of what has a name.
    """

    def alone(node: Node) -> bool:
        if rows is not None and status[node] == "all" and is_view(node):
            return is_sliced(node.shape, rows)
        if many and status[node] in ("sum", "all") and node.op.kind not in ("const", "leaf"):
            return node.op.name != "iota" and not is_view(node)
        return node.op.kind in ("reduce", "contract") and any(map(setting.is_large, node.args))

    return alone


def _spared(status: dict[Node, Status], *, many: bool) -> Callable[[Node], bool]:
    """What has no line of its own: in parts, views of rows, which each part writes again where it reads them."""
    return lambda node: many and status[node] == "rows" and is_view(node)


def memory_of(lowered: Lowered, values: Sequence[Node]) -> Callable[[Node], Node]:
    """The leaf or value in whose memory another lives."""
    homes = lowered.homes
    places = homes | {node: homes.get(root, root) for node, root in find_roots(list(values)).items()}
    return lambda node: places.get(node, node)


def settle(
    lines: Sequence[Line], lowered: Lowered, memory: Callable[[Node], Node]
) -> tuple[list[Line], list[list[Node]]]:
    """New values that nobody reads the old ones after are computed where they stay, instead of being copied there.

    With what each line that is left reads.
    """
    outputs = set(lowered.outputs)
    made = {line.node: i for i, line in enumerate(lines) if line.action == "compute"}
    last: dict[Node, int] = {}
    reads = lines_read(lines)
    for i, nodes in enumerate(reads):
        for n in nodes:
            last[memory(n)] = i
    found = list(lines)
    gone: set[int] = set()
    for i, line in enumerate(lines):
        node, leaf = line.node, line.target
        at = made.get(node)
        if line.action != "store" or leaf is None or at is None or found[at].target is not None:
            continue
        plain = (
            is_fresh(node) and node not in outputs and (node.shape, node.dtype) == (leaf.shape, leaf.dtype)
        )
        if plain and last.get(memory(leaf), -1) <= at:
            found[at] = replace(found[at], target=leaf)
            gone.add(i)
    left = [i for i in range(len(found)) if i not in gone]
    return [found[i] for i in left], [reads[i] for i in left]


def _needs_all_rows(node: Node, values: Collection[Node], status: Mapping[Node, Status]) -> bool:
    """Whether the line of a node works out on its way what needs every row: a slice would give a part of it."""
    return any(status.get(inner) in ("sum", "all") for inner in on_the_way(node, values))


def _blocked(
    lines: Sequence[Line],
    reads: Sequence[Sequence[Node]],
    outer: Sequence[Loop],
    status: dict[Node, Status],
    rows: DimLike | None,
    memory: Callable[[Node], Node],
    outputs: Sequence[Node],
    setting: Setting,
) -> tuple[list[Line], list[Loop]]:
    """The lines with those of each block together, within each part and between them."""
    edges = sorted({0, len(lines), *(e for loop in outer for e in (loop.first, loop.last))})
    known = {line.node for line in lines if line.action != "store"}
    uses = Counter(chain(*reads, outputs))
    done: list[Line] = []
    loops: list[Loop] = []

    def member_of(line: Line, turns: bool) -> Member | None:
        if status.get(line.node) not in ("rows", "sum"):
            found = entries.member(line, known, setting)
            if found is not None:
                return found
        if blocks.NAME in setting.off or _needs_all_rows(line.node, known, status):
            return None
        return blocks.member(line, status, rows, setting, turns=turns)

    for first, last in pairwise(edges):
        section = lines[first:last]
        in_parts = any(loop.holds(first) for loop in outer)
        member = partial(member_of, turns=in_parts and not blocks.is_chain(section))
        if not entries.is_asked_for(setting) and not blocks.could_pay(
            section, reads[first:last], member, setting
        ):
            done += section
            continue
        order, runs = gather_runs(section, reads[first:last], memory, member, sharing=True)
        gathered = [section[i] for i in order]
        read = [reads[first + i] for i in order]
        found = entries.loops_of(runs, gathered, read, uses, known, setting)
        taken = {i for loop in found for i in range(loop.first, loop.last)}
        left = [run for run in runs if taken.isdisjoint(range(run.first, run.last))]
        found += blocks.loops_of(left, gathered, status, rows, setting, in_parts=in_parts)
        found.sort(key=lambda loop: loop.first)
        section = gathered if found else section
        loops += [replace(loop, first=loop.first + first, last=loop.last + first) for loop in found]
        done += section
    return done, loops
