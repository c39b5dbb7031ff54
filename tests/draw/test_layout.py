"""No label touches another, a wire, a gate or a frame, whatever the circuit."""

from __future__ import annotations

from itertools import combinations

import pytest

from graphc.draw.engine import run_dot
from graphc.draw.layout import Placed, place
from graphc.draw.model import Circuit, Gate, Leaf, Output, Value, Wire
from graphc.draw.pieces import cut
from graphc.draw.scene import compose
from graphc.ir.errors import GraphcError
from tests.draw import circuits

CIRCUITS = {
    "product": circuits.product(),
    "neuron": circuits.neuron(),
    "nested": circuits.nested(),
    "square": circuits.square(),
    "hostile": circuits.hostile(),
    "shared": circuits.shared(12),
    "shared gate": circuits.shared(12, through_gate=True),
    **{f"random {seed}": circuits.random_circuit(seed, 6 + 4 * seed) for seed in range(8)},
    "large": circuits.random_circuit(9, 120, boxes=False),
}

Rectangle = tuple[float, float, float, float]


def rectangles(placed: Placed) -> list[Rectangle]:
    """Left, top, right and bottom of what each piece shows."""
    found = []
    for piece, y in zip(placed.plan.pieces, placed.y, strict=True):
        column = placed.columns[piece.column]
        left = column.tag - piece.lead_width
        right = column.tag + piece.width
        if piece.gate is not None:
            left = (column.left + column.right - piece.width) / 2
            right = left + piece.width
        found.append((left, y - piece.up, right, y + piece.down))
    return found


def touch(a: Rectangle, b: Rectangle) -> bool:
    slack = 0.05
    return (
        a[0] < b[2] - slack and b[0] < a[2] - slack and a[1] < b[3] - slack and b[1] < a[3] - slack
    )  # fmt: skip


@pytest.mark.parametrize("circuit", CIRCUITS.values(), ids=CIRCUITS)
def test_nothing_overlaps(circuit: Circuit) -> None:
    placed = place(cut(circuit))
    shown = rectangles(placed)
    assert not [pair for pair in combinations(shown, 2) if touch(*pair)]


@pytest.mark.parametrize("circuit", CIRCUITS.values(), ids=CIRCUITS)
def test_wires_meet_only_what_they_belong_to(circuit: Circuit) -> None:
    placed = place(cut(circuit))
    shown = rectangles(placed)
    columns = [[] for _ in placed.columns]
    for at, piece in enumerate(placed.plan.pieces):
        columns[piece.column].append(at)
    scene = compose(placed)
    for run, line in zip(placed.plan.runs, scene.lines, strict=True):
        curves = [step for step in line.steps if len(step) == 3]
        for curve in curves:
            assert any(low - 0.01 <= curve[0][0] and curve[2][0] <= high + 0.01 for low, high in placed.zones)
        for at in run.pieces[1:-1]:
            for other in columns[placed.plan.pieces[at].column]:
                inside = shown[other][1] + 0.05 < placed.y[at] < shown[other][3] - 0.05
                assert other == at or not inside


@pytest.mark.parametrize("circuit", CIRCUITS.values(), ids=CIRCUITS)
def test_frames_hold_their_own_gates_and_no_others(circuit: Circuit) -> None:
    placed = place(cut(circuit))
    parent = {box.id: box.parent for box in circuit.boxes}
    for frame in placed.frames:
        around = (frame.left, frame.top, frame.right, frame.bottom)
        for piece, shown in zip(placed.plan.pieces, rectangles(placed), strict=True):
            box = piece.box
            while box and box != frame.box.id:
                box = parent[box]
            if box:
                assert touch(around, shown)
                assert max(around[0] - shown[0], around[1] - shown[1]) <= 0.01
                assert max(shown[2] - around[2], shown[3] - around[3]) <= 0.01
            else:
                assert not touch(around, shown)


def test_operands_of_an_ordered_gate_come_in_from_the_top_down() -> None:
    minus = Gate("f", "−", Value("f"), ordered=True)
    circuit = Circuit(
        tuple(Leaf(name, Value(name)) for name in "ab"),
        (minus,),
        (Wire("b", "f"), Wire("a", "f")),
        (Output("f"),),
    )
    placed = place(cut(circuit))
    heights = {
        piece.lead.text: y
        for piece, y in zip(placed.plan.pieces, placed.y, strict=True)
        if piece.lead is not None
    }
    assert heights["b"] < heights["a"]


def test_a_value_used_twice_by_a_gate_has_two_wires() -> None:
    plan = cut(circuits.square())
    assert sum(plan.pieces[run.pieces[-1]].gate is not None for run in plan.runs) == 2


def test_uses_by_name_when_there_are_many() -> None:
    plan = cut(circuits.shared(300))
    leads = [piece.lead.text for piece in plan.pieces if piece.lead is not None]
    assert leads.count("x") == 301  # once on its own stem, once beside each use


def test_a_cycle_is_refused() -> None:
    circuit = Circuit((), (Gate("f", "+", Value()),), (Wire("f", "f"),), ())
    with pytest.raises(GraphcError, match="cycle"):
        cut(circuit)


def test_a_layout_that_takes_too_long_is_interrupted_and_the_engine_recovers() -> None:
    edges = "".join(f"a{i} -> b{j};" for i in range(90) for j in range(90))
    with pytest.raises(GraphcError, match=r"within 0\.2 s"):
        run_dot(f"digraph {{ {edges} }}", "json0", seconds=0.2)
    assert "pos" in run_dot("digraph { a -> b }", "json0")


def test_bad_dot_is_an_error_and_the_engine_recovers() -> None:
    with pytest.raises(GraphcError, match="layout engine failed"):
        run_dot("digraph { -> }", "json0")
    assert "pos" in run_dot("digraph { a -> b }", "json0")


def test_the_layout_may_be_left_to_the_system(require_program) -> None:
    require_program("dot")
    placed = place(cut(circuits.neuron()), engine="dot")
    assert not [pair for pair in combinations(rectangles(placed), 2) if touch(*pair)]
