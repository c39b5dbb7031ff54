"""A circuit says what its derivation says: the numbers of the textbook, a wire for each use, nothing invented."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import pytest

import graphc as g
from graphc.draw.circuit import circuit_of
from graphc.draw.model import Circuit, Gate, Wire
from graphc.draw.picture import Picture
from tests.draw import circuits
from tests.draw.test_formats import dot_words, is_shown, svg_texts

PRODUCT = "q = x + y; f = q*z"
AT_PRODUCT = {"x": -2, "y": 5, "z": -4}
NEURON = "1/(1+exp(-(w0*x0 + w1*x1 + w2)))"
AT_NEURON = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
SOFTMAX = """
X = input(N, D); t = input(N, K); W = param(D, K); b = param(K)
z = X @ W + b
p = softmax(z)
loss = mean(-sum(t*log(p), axis=1))
"""


def root(text: str) -> g.Node:
    return g.parse(text).require_root()


def circuit(text: str, at: dict[str, Any] | None = None, expand: Any = (), **options: Any) -> Circuit:
    wrt = options.pop("wrt", None)
    node = root(text)
    named = {n.name: n for n in g.Graph((node,)).nodes}
    derivation = g.derive(node, None if wrt is None else [named[name] for name in wrt], expand=expand)
    return circuit_of(derivation, None if at is None else derivation.at(at), **options)


def text_of(rows: tuple[str, ...] | None) -> str:
    return "—" if rows is None else "".join(rows)


def gate_of(found: Circuit, symbol: str) -> Gate:
    (gate,) = [gate for gate in found.gates if gate.symbol == symbol]
    return gate


def wires_into(found: Circuit, symbol: str) -> list[Wire]:
    gate = gate_of(found, symbol)
    return [wire for wire in found.wires if wire.target == gate.id]


def totals(found: Circuit) -> dict[str, str]:
    """The gradient of each leaf."""
    return {leaf.out.name: text_of(leaf.out.gradient) for leaf in found.leaves}


def forward(found: Circuit) -> list[str]:
    return [text_of(gate.out.value) for gate in found.gates]


def test_the_product_of_the_textbook() -> None:
    found = circuit(PRODUCT, AT_PRODUCT)
    assert [(gate.symbol, gate.title) for gate in found.gates] == [("+", "q = x + y"), ("×", "f = q*z")]
    assert forward(found) == ["3", "-12"]
    assert totals(found) == {"x": "-4", "y": "-4", "z": "3"}
    assert [text_of(gate.out.gradient) for gate in found.gates] == ["-4", "1"]
    assert [wire.local for wire in wires_into(found, "+")] == ["∂q/∂x = 1", "∂q/∂y = 1"]
    assert [wire.local for wire in wires_into(found, "×")] == ["∂f/∂q = z = -4", "∂f/∂z = q = 3"]
    assert [text_of(output.gradient) for output in found.outputs] == ["1"]


def test_the_neuron_of_the_textbook() -> None:
    found = circuit(NEURON, AT_NEURON)
    assert [gate.symbol for gate in found.gates] == ["×", "×", "+", "+", "*-1", "exp", "+1", "1/x"]
    assert forward(found) == ["-2", "6", "4", "1", "-1", "0.37", "1.37", "0.73"]
    backward = [text_of(gate.out.gradient) for gate in found.gates]
    assert backward == ["0.20", "0.20", "0.20", "0.20", "-0.20", "-0.53", "-0.53", "1"]
    assert totals(found) == {"w0": "-0.20", "x0": "0.39", "w1": "-0.39", "x1": "-0.59", "w2": "0.20"}
    locals_ = [wire.local for wire in found.wires]
    assert {"x0 = -1", "w0 = 2", "1", "-1", "exp(x) = 0.37", "-1/x² = -0.53"} == set(locals_) - {
        "x1 = -2",
        "w1 = -3",
    }


@pytest.mark.parametrize(("text", "at"), [(PRODUCT, AT_PRODUCT), (NEURON, AT_NEURON)])
def test_the_picture_shows_every_number_of_the_circuit(text: str, at: dict[str, Any]) -> None:
    found = circuit(text, at)
    shown = svg_texts(Picture(found).svg)
    for gate in found.gates:
        assert any(label.endswith(text_of(gate.out.value)) for label in shown)
        assert text_of(gate.out.gradient) in shown
    for wire in found.wires:
        assert text_of(wire.gradient) in shown
        assert wire.local in shown


def test_a_sigmoid_is_one_gate() -> None:
    found = circuit("sigmoid(w*x)", {"w": 2, "x": 0.5})
    (wire,) = wires_into(found, "σ")
    assert wire.local == "σ(1-σ) = 0.20"
    assert wires_into(circuit("p = sigmoid(z)"), "σ")[0].local == "∂p/∂z = σ(1-σ)"


def test_an_opened_sigmoid_stands_in_a_box() -> None:
    found = circuit("p = sigmoid(w*x)", {"w": 2, "x": 0.5}, expand=["sigmoid"])
    assert [box.label for box in found.boxes] == ["p = sigmoid"]
    inside = [gate.symbol for gate in found.gates if gate.box == found.boxes[0].id]
    assert inside == ["*-1", "exp", "+1", "1/x"]
    assert gate_of(found, "×").box == ""


def test_boxes_nest_as_the_operations_do() -> None:
    text = "z = input(N, K); t = input(N, K); loss = cross_entropy(z, t)"
    found = circuit(text, expand=["cross_entropy", "log_softmax"])
    outer, inner = found.boxes
    assert (outer.label, outer.parent) == ("loss = cross_entropy", "")
    assert (inner.label, inner.parent) == ("log_softmax", outer.id)
    assert gate_of(found, "log").box == inner.id
    assert gate_of(found, "mean").box == outer.id


def test_a_square_written_as_a_product_has_two_wires() -> None:
    found = circuit("x*x", {"x": 3})
    assert [(wire.source, text_of(wire.gradient), wire.local) for wire in found.wires] == [
        (found.leaves[0].id, "3", "x = 3"),
        (found.leaves[0].id, "3", "x = 3"),
    ]
    assert totals(found) == {"x": "6"}


def test_what_flows_back_to_a_branch_adds_up() -> None:
    found = circuit("h = 2*x; y = h**2 + 3*h - exp(h)", {"x": 0.5})
    back = [
        float(text_of(wire.gradient))
        for wire in found.wires
        if wire.source == next(gate.id for gate in found.gates if gate.out.name == "h")
    ]
    assert back == [2, 3, -2.72]
    h = next(gate for gate in found.gates if gate.out.name == "h")
    assert float(text_of(h.out.gradient)) == pytest.approx(sum(back))


def test_a_partial_derivative_is_not_claimed_of_a_value_with_other_ways_on() -> None:
    locals_ = {wire.local for wire in circuit("y = x*x + x", {"x": 3}).wires}
    assert locals_ == {"1", "x = 3"}


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("x + 1", "+1"),
        ("1 + x", "+1"),
        ("x + -2", "-2"),
        ("x - 1", "-1"),
        ("1 - x", "1-x"),
        ("2*x", "*2"),
        ("x*-1", "*-1"),
        ("-x", "*-1"),
        ("x*pi", "*π"),
        ("x*(1/3)", "*(1/3)"),
        ("x/2", "/2"),
        ("1/x", "1/x"),
        ("x**2", "x²"),
        ("x**3", "**3"),
        ("2**x", "2**x"),
        ("max(x, 0)", "max(x, 0)"),
        ("max(0, x)", "max(0, x)"),
        ("exp(x)", "exp"),
        ("x + y", "+"),
        ("x - y", "-"),
        ("sqrt(x)", "√"),
        ("max(x, y)", "max"),
        ("v = input(N); sum(v)", "Σ"),
        ("v = input(N); mean(v)", "mean"),
        ("v = input(N); w = input(N); v @ w", "@"),
    ],
)
def test_symbols(text: str, symbol: str) -> None:
    assert circuit(text).gates[-1].symbol == symbol


def test_sizes_are_written_in_the_gate() -> None:
    found = circuit_of(g.derive(g.sum(g.input("v", "N")) / g.size("N")))
    assert [gate.symbol for gate in found.gates] == ["Σ", "/N"]


def test_a_product_that_is_none_of_matrices_shows_its_indices() -> None:
    a = g.input("A", ("N", "D"))
    found = circuit_of(g.derive(g.contract("nd,nk->dk", a, a), gradients=False))
    assert [gate.symbol for gate in found.gates] == ["nd,nk→dk"]


def test_only_gates_that_commute_take_their_wires_in_any_order() -> None:
    order = {gate.symbol: gate.ordered for gate in circuit("max(x + y, x*y) - x/y").gates}
    assert order == {"+": False, "×": False, "max": True, "-": True, "/": True}


def test_roles_are_shown_on_demand() -> None:
    text = "max(x + y, 2*x*y) + 1"
    roles = {gate.symbol: gate.role for gate in circuit(text, roles=True).gates}
    assert roles == {"+": "distributor", "×": "switcher", "max": "router", "*2": "", "+1": ""}
    assert {gate.role for gate in circuit(text).gates} == {""}


def test_a_gradient_that_was_not_computed_is_not_zero() -> None:
    found = circuit(PRODUCT, AT_PRODUCT, wrt=["x"])
    assert totals(found) == {"x": "-4", "y": "—", "z": "—"}
    assert [text_of(wire.gradient) for wire in wires_into(found, "×")] == ["-4", "—"]
    assert [wire.local for wire in wires_into(found, "×")] == ["∂f/∂q = z = -4", ""]


def test_a_gradient_that_is_zero_is_zero() -> None:
    assert totals(circuit("max(x, 0)*y", {"x": -1, "y": 2})) == {"x": "0", "y": "0"}


def test_labels_have_no_gradient() -> None:
    found = circuit("z = input(N, K); t = input(N, dtype=int); loss = cross_entropy(z, t)")
    assert totals(found)["t"] == "—"


@pytest.mark.parametrize("text", ["w = input(3); tanh(w)", "t = input(dtype=int); t + 1"])
def test_what_is_no_real_scalar_is_drawn_forward_only(text: str) -> None:
    shown = g.draw(root(text)).circuit
    assert text_of(shown.leaves[0].out.gradient) == text_of(shown.outputs[0].gradient) == "—"


def test_vectors_show_their_numbers() -> None:
    found = circuit("w = input(3); y = sum(w**2)/2", {"w": [1, -2, 3]})
    (leaf,) = found.leaves
    assert (leaf.out.shape, leaf.out.value, leaf.out.gradient) == ("(3,)", ("[1, -2, 3]",), ("[1, -2, 3]",))
    assert wires_into(found, "x²")[0].local == "· * (2*w)"


def test_a_network_in_symbols() -> None:
    found = circuit(SOFTMAX)
    names = {leaf.out.name: leaf.out for leaf in found.leaves}
    assert names["W"].shape == "(D, K)"
    assert [wire.local for wire in wires_into(found, "@")] == ["· @ W.T", "X.T @ ·"]
    assert [text_of(wire.gradient) for wire in wires_into(found, "@")] == ["dz @ W.T", "X.T @ dz"]
    (into_softmax,) = wires_into(found, "softmax")
    assert text_of(into_softmax.gradient).startswith("dz = ")


def test_an_elementwise_action_on_an_array() -> None:
    found = circuit("x = input(N); y = tanh(x); f = sum(y)")
    assert wires_into(found, "tanh")[0].local == "· * (1 - y²)"


def test_gradients_in_symbols() -> None:
    assert totals(circuit(PRODUCT)) == {"x": "z", "y": "z", "z": "q"}
    neuron = circuit(NEURON)
    assert totals(neuron)["x0"] == "y*(1 - y)*w0"
    assert gate_of(neuron, "1/x").out.name == "y"  # what the gradients call it


def test_a_name_no_text_uses_is_not_shown() -> None:
    assert {gate.out.name for gate in circuit(NEURON, AT_NEURON).gates} == {""}


def test_a_named_constant_has_a_wire_and_its_value() -> None:
    found = circuit("c = 2*pi; c*x", {"x": 1})
    assert [(leaf.out.name, leaf.out.value) for leaf in found.leaves] == [("c", ("6.28",)), ("x", ("1",))]
    assert [wire.gradient for wire in found.wires] == [(), ("6.28",)]


@pytest.mark.parametrize("text", ["x", "2 + 3"])
def test_almost_nothing_can_be_drawn(text: str) -> None:
    shown = g.draw(root(text))
    assert (len(shown.circuit.gates), len(shown.circuit.leaves)) == (0, 1)
    assert shown.svg


def test_decimals() -> None:
    assert forward(circuit("x/3", {"x": 1}, digits=4)) == ["0.3333"]


def hostile() -> Picture:
    nodes = [g.input(name) for name in circuits.HOSTILE]
    product = nodes[0]
    for node in nodes[1:]:
        product = product * node
    return g.draw(product.named("<f>"), at=dict.fromkeys(circuits.HOSTILE, 2))


def test_hostile_names_come_out_right_in_svg() -> None:
    shown = svg_texts(hostile().svg)
    for name in circuits.HOSTILE:
        assert is_shown(name, shown), name


def test_hostile_names_come_out_right_in_dot(require_program: Any) -> None:
    shown = dot_words(require_program, hostile().circuit).split("\n")
    for name in circuits.HOSTILE:
        assert is_shown(name, shown), name


def test_names_in_right_to_left_scripts_stay_in_place() -> None:
    assert circuit("מ = a*b; f = מ*c").wires[-1].local == "∂f/∂c = מ\u200e"


def test_the_same_bytes_in_another_process() -> None:
    program = f"import graphc as g; print(g.draw(g.parse({SOFTMAX!r}).root).svg)"
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_a_leaf_with_hundreds_of_uses_is_drawn_in_a_moment() -> None:
    x = g.input("x")
    total = x
    for number in range(300):
        total = total + x * (number + 1)
    start = time.process_time()
    assert g.draw(total, at={"x": 2}).svg
    assert time.process_time() - start < 10  # two seconds, with room for a busy machine


def test_a_graph_beyond_reading_is_refused_before_it_is_derived() -> None:
    chain = g.input("x")
    for _ in range(20_000):
        chain = g.sin(chain)
    with pytest.raises(g.GraphcError, match=r"20,000 gates.*at most 1,500"):
        g.draw(chain)


def test_long_expressions_cost_nothing() -> None:
    ladder = g.input("x")
    for _ in range(60):
        ladder = ladder * ladder + ladder
    found = circuit_of(g.derive(ladder))
    assert max(len(gate.title) for gate in found.gates) < 200


def test_a_long_local_derivative_keeps_its_number() -> None:
    s = g.input("s")
    svg = g.draw(g.silu(s).named("y"), at={"s": 0.7}).svg
    assert "… = 0.82</text>" in svg
    assert "∂y/∂s = sigmoid(s) + y*(1 - sigmoid(s)) = 0.82" in svg  # whole, in the title


def test_a_folded_gate_has_its_derivative_in_terms_of_its_output() -> None:
    layer = g.nn.Dense(2, activation="tanh", name="layer")
    svg = g.draw(g.sum(layer(g.input("u", ("N", 3)))), fold="layer").svg
    assert "(1 - layer²) @ W.T</text>" in svg
