"""A circuit cut into pieces that stand in columns, so that every wire runs from one column to the next.

A level of gates is three columns: the gates, the stems of the values that branch, and the labels of
the wires into the next level. A wire that crosses a column without a label there goes through a bend.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import Literal

from graphc.draw import labels
from graphc.draw.labels import NO_TAG, Span, Tag, span
from graphc.draw.levels import Use, box_paths, levels, shared_box, uses_of
from graphc.draw.model import Circuit, Gate, Leaf, sources

Kind = Literal["gate", "leaf", "stem", "label", "end", "bend"]

GATE = 42.0
"""The diameter of a gate."""
LEAD_SPACE = 7.0
_ROLE_ROOM = 15.0
_BEND = 5.0
_LEAD = 11.0
_PORT = 15.0
_WIDE_PORT = 18.0
_MOST_BENDS = 1000


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands at one place of a column, with the room it needs above and below its wire.

    A leaf, and the stem of a leaf, has a `lead`: its name, left of its tag.
    """

    kind: Kind
    column: int
    up: float = _BEND
    down: float = _BEND
    width: float = 0.0
    tag: Tag = NO_TAG
    lead: Span | None = None
    gate: Gate | None = None
    inputs: int = 0
    box: str = ""

    @property
    def lead_width(self) -> float:
        return self.lead.width + LEAD_SPACE if self.lead else 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """One drawn line: the pieces it goes through, and which operand it is where it ends at a gate."""

    pieces: tuple[int, ...]
    operand: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """All pieces and lines of a circuit."""

    circuit: Circuit
    pieces: tuple[Piece, ...]
    runs: tuple[Run, ...]
    columns: int


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What the cutting looks up, and the pieces and lines cut so far."""

    uses: dict[str, tuple[Use, ...]]
    level: dict[str, int]
    last: int
    boxes: dict[str, tuple[str, ...]]
    column: dict[int, int] = field(default_factory=dict)
    gates: dict[str, int] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def add(self, piece: Piece) -> int:
        self.pieces.append(piece)
        return len(self.pieces) - 1

    def label_slot(self, use: Use) -> int:
        """The place of a use's label, before the gate or after the last one; a level has three slots."""
        return 3 * (self.level[use.target] if use.target else self.last + 1) - 1

    def stem_slot(self, source: str) -> int:
        """The place of a value's stem, after its gate; a leaf's stem comes before its first use."""
        if source in self.level:
            return 3 * self.level[source] + 1
        return min((self.label_slot(use) for use in self.uses[source]), default=2) - 1

    def box(self, source: str, use: Use) -> tuple[str, ...]:
        """The boxes a wire lies in as a whole."""
        return shared_box(self.boxes[source], self.boxes[use.target]) if use.target else ()


def port_offset(piece: Piece, operand: int) -> float:
    """How far above (-) or below the middle of a gate the wire of an operand comes in."""
    if piece.gate is None:
        return 0.0
    return (operand - (piece.inputs - 1) / 2) * (_PORT if piece.inputs > 3 else _WIDE_PORT)


def cut(circuit: Circuit, repeat: int = 8) -> Plan:
    """Cut `circuit` into pieces; a value with `repeat` uses or more is named again beside each of them."""
    uses = uses_of(circuit)
    level = levels(circuit, uses)
    sheet = _Sheet(uses, level, max(level.values(), default=0), box_paths(circuit))
    items = sources(circuit)
    _number_columns(sheet, items)
    inputs = Counter(wire.target for wire in circuit.wires)
    for gate in circuit.gates:
        sheet.gates[gate.id] = sheet.add(_gate_piece(sheet, gate, inputs[gate.id]))
    named = _by_name(sheet, repeat)
    unnamed = 0
    for item in items:
        found = uses[item.id]
        if len(found) == 1:
            _cut_single(sheet, item, found[0])
        elif found or isinstance(item, Leaf):
            apart = tuple(use for at, use in enumerate(found) if (item.id, at) in named)
            unnamed += bool(apart and not item.out.name)
            _cut_branch(sheet, item, apart, item.out.name or f"#{unnamed}")
    return Plan(circuit, tuple(sheet.pieces), tuple(sheet.runs), len(sheet.column))


def _by_name(sheet: _Sheet, repeat: int) -> set[tuple[str, int]]:
    """The uses that get the name instead of a wire, as (source, number).

    They are all uses of a value that has many, and the longest wires when all together would take more
    bends than Graphviz can order in a moment.
    """
    found: set[tuple[str, int]] = set()
    lengths: list[tuple[int, str, int]] = []
    for source, uses in sheet.uses.items():
        if len(uses) >= repeat:
            found |= {(source, at) for at in range(len(uses))}
        elif len(uses) > 1:
            start = sheet.stem_slot(source)
            lengths += [(sheet.label_slot(use) - start - 1, source, at) for at, use in enumerate(uses)]
    bends = 0
    for length, source, at in sorted(lengths):
        bends += length
        if bends > _MOST_BENDS and length > 0:
            found.add((source, at))
    return found


def uncross(plan: Plan, y: list[float]) -> Plan:
    """The same plan, with the wires into gates that take operands in any order sorted by height."""
    into: dict[int, list[int]] = defaultdict(list)
    for number, run in enumerate(plan.runs):
        gate = plan.pieces[run.pieces[-1]].gate
        if gate is not None and not gate.ordered:
            into[run.pieces[-1]].append(number)
    runs = list(plan.runs)
    for numbers in into.values():
        numbers.sort(key=lambda number: (y[runs[number].pieces[-2]], runs[number].operand))
        for operand, number in enumerate(numbers):
            runs[number] = replace(runs[number], operand=operand)
    return replace(plan, runs=tuple(runs))


def _number_columns(sheet: _Sheet, items: tuple[Leaf | Gate, ...]) -> None:
    """Give the slots that hold something, and no others, a column each."""
    slots = {3 * level for level in sheet.level.values()}
    for item in items:
        slots |= {sheet.label_slot(use) for use in sheet.uses[item.id]}
        if len(sheet.uses[item.id]) != 1:
            slots.add(sheet.stem_slot(item.id))
    sheet.column.update({slot: column for column, slot in enumerate(sorted(slots))})


def _gate_piece(sheet: _Sheet, gate: Gate, inputs: int) -> Piece:
    height = max(GATE, (inputs - 1) * _PORT + GATE / 2)
    width = labels.symbol(gate.symbol).width
    width = GATE if width <= GATE - 8 else width + 24
    down = height / 2 + (_ROLE_ROOM if gate.role else 0)
    column = sheet.column[3 * sheet.level[gate.id]]
    return Piece("gate", column, height / 2, down, width, gate=gate, inputs=inputs, box=gate.box)


def _tagged(kind: Kind, column: int, tag: Tag, lead: str = "", box: tuple[str, ...] = ()) -> Piece:
    least = _LEAD if lead else _BEND
    return Piece(
        kind, column, max(tag.up, least), max(tag.down, least), max(tag.width, 12.0) + 6, tag,
        span(lead, "name") if lead else None, box=box[-1] if box else "",
    )  # fmt: skip


def _cut_single(sheet: _Sheet, item: Leaf | Gate, use: Use) -> None:
    """The only use of a value: its wire carries everything there is to say."""
    column = sheet.column[sheet.label_slot(use)]
    if isinstance(item, Leaf):
        tag = labels.only_use(item.out, use.by, named=False)
        start = sheet.add(_tagged("leaf", column, tag, item.out.name))
        _finish(sheet, [start], use)
        return
    box = sheet.box(item.id, use)
    tag = labels.only_use(item.out, use.by, named=True)
    line = [sheet.gates[item.id]]
    _bend_to(sheet, line, column, box)
    line.append(sheet.add(_tagged("label" if use.target else "end", column, tag, box=box)))
    _finish(sheet, line, use)


def _cut_branch(sheet: _Sheet, item: Leaf | Gate, apart: tuple[Use, ...], name: str) -> None:
    """A value with several uses: a stem that ends in a dot, and a wire from the dot to each use.

    A use that stands `apart` has no wire from there: the name stands again beside it.
    """
    wired = [use for use in sheet.uses[item.id] if use not in apart]
    box = max((sheet.box(item.id, use) for use in wired), key=len, default=sheet.boxes[item.id])
    stem = _add_stem(sheet, item, name if apart else item.out.name, box, len(apart))
    for use in wired:
        inside = sheet.box(item.id, use)
        column = sheet.column[sheet.label_slot(use)]
        line = [stem]
        _bend_to(sheet, line, column, inside)
        tag = labels.one_of_many(item.out, use.by)
        line.append(sheet.add(_tagged("label" if use.target else "end", column, tag, box=inside)))
        _finish(sheet, line, use)
    for use in apart:
        column = sheet.column[sheet.label_slot(use)]
        tag = labels.one_of_many(item.out, use.by)
        _finish(sheet, [sheet.add(_tagged("leaf", column, tag, name))], use)


def _add_stem(sheet: _Sheet, item: Leaf | Gate, name: str, box: tuple[str, ...], apart: int) -> int:
    column, uses = sheet.column[sheet.stem_slot(item.id)], len(sheet.uses[item.id])
    if isinstance(item, Leaf):
        stem = sheet.add(_tagged("stem", column, labels.stem(item.out, "", uses, apart), name))
        sheet.runs.append(Run((stem,)))
    else:
        stem = sheet.add(_tagged("stem", column, labels.stem(item.out, name, uses, apart), box=box))
        sheet.runs.append(Run((sheet.gates[item.id], stem)))
    return stem


def _bend_to(sheet: _Sheet, line: list[int], column: int, box: tuple[str, ...]) -> None:
    for crossed in range(sheet.pieces[line[-1]].column + 1, column):
        line.append(sheet.add(Piece("bend", crossed, box=box[-1] if box else "")))


def _finish(sheet: _Sheet, line: list[int], use: Use) -> None:
    if use.target:
        line.append(sheet.gates[use.target])
    sheet.runs.append(Run(tuple(line), use.operand))
