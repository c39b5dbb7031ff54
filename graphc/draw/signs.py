"""Signs for gradients: where other labels speak of `dz`, the wire of z says `dz = …`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from graphc.draw.model import Circuit, Gate, Leaf, Output, Rows, Wire


def with_signs(circuit: Circuit, signs: Mapping[str, str]) -> Circuit:
    """`circuit` with the gradients of some values, by id, opened by their signs."""
    every: tuple[Wire | Output, ...] = (*circuit.wires, *circuit.outputs)
    uses = Counter(use.source for use in every)

    def use(one: Wire | Output) -> Rows | None:
        sign = signs.get(one.source) if uses[one.source] == 1 else None
        return _opened(sign, one.gradient) if sign else one.gradient

    def total(one: Leaf | Gate) -> Rows | None:
        sign = signs.get(one.id)
        return _opened(sign, one.out.gradient) if sign else one.out.gradient

    return replace(
        circuit,
        leaves=tuple(replace(leaf, out=replace(leaf.out, gradient=total(leaf))) for leaf in circuit.leaves),
        gates=tuple(replace(gate, out=replace(gate.out, gradient=total(gate))) for gate in circuit.gates),
        wires=tuple(replace(wire, gradient=use(wire)) for wire in circuit.wires),
        outputs=tuple(replace(output, gradient=use(output)) for output in circuit.outputs),
    )


def _opened(sign: str, rows: Rows | None) -> Rows | None:
    if not rows:
        return rows
    return (f"{sign} = {rows[0]}",) if len(rows) == 1 else (f"{sign} =", *rows)
