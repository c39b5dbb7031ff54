"""Who uses what in a circuit, and how far from the outputs each gate stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from graphc.draw.model import Circuit, Output, Wire, sources
from graphc.ir.errors import GraphcError


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a value: which operand of its gate it is, or an output."""

    by: Wire | Output
    operand: int = 0

    @property
    def target(self) -> str:
        """The id of the gate, "" for an output."""
        return self.by.target if isinstance(self.by, Wire) else ""


def uses_of(circuit: Circuit) -> dict[str, tuple[Use, ...]]:
    """The uses of every leaf and gate, in the order of the wires; outputs come last."""
    found: dict[str, list[Use]] = {item.id: [] for item in sources(circuit)}
    operands: Counter[str] = Counter()
    for wire in circuit.wires:
        found[wire.source].append(Use(wire, operands[wire.target]))
        operands[wire.target] += 1
    for output in circuit.outputs:
        found[output.source].append(Use(output))
    return {source: tuple(uses) for source, uses in found.items()}


def levels(circuit: Circuit, uses: dict[str, tuple[Use, ...]]) -> dict[str, int]:
    """The level of every gate, from 0 at the left: as far right as the gates that use it allow."""
    distance = {gate.id: 0 for gate in circuit.gates}
    waiting = {gate.id: sum(1 for use in uses[gate.id] if use.target) for gate in circuit.gates}
    inputs: dict[str, list[str]] = {gate.id: [] for gate in circuit.gates}
    for wire in circuit.wires:
        if wire.source in distance:
            inputs[wire.target].append(wire.source)
    ready = [gate for gate, count in waiting.items() if not count]
    for gate in ready:
        for source in inputs[gate]:
            distance[source] = max(distance[source], distance[gate] + 1)
            waiting[source] -= 1
            if not waiting[source]:
                ready.append(source)
    if len(ready) < len(distance):
        raise GraphcError("a circuit cannot be drawn when a gate feeds itself; remove the cycle")
    farthest = max(distance.values(), default=0)
    return {gate: farthest - steps for gate, steps in distance.items()}


def box_paths(circuit: Circuit) -> dict[str, tuple[str, ...]]:
    """For every leaf and gate the boxes around it, the outermost first."""
    parent = {box.id: box.parent for box in circuit.boxes}
    paths: dict[str, tuple[str, ...]] = {leaf.id: () for leaf in circuit.leaves}
    for gate in circuit.gates:
        path: list[str] = []
        box = gate.box
        while box and box not in path:
            path.append(box)
            box = parent[box]
        paths[gate.id] = tuple(reversed(path))
    return paths


def shared_box(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """The boxes around both of two places."""
    shared = 0
    while shared < min(len(first), len(second)) and first[shared] == second[shared]:
        shared += 1
    return first[:shared]
