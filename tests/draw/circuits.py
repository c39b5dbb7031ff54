"""Circuits written out by hand, for the tests of the drawing engine."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

from graphc.draw.model import Box, Circuit, Gate, Leaf, Output, Rows, Value, Wire

HOSTILE = (
    "<script>alert(1)</script>",
    'a"b\\',
    "x & y %s",
    "\\N \\l {a|b}",
    "&lt;&amp;#65;",
    "가중치",
    "مرحبا",
    "🦊🔥",
    "]]><!--",
)


def rows(text: str | Rows | None) -> Rows | None:
    return (text,) if isinstance(text, str) else text


def leaf(name: str, value: str | Rows = (), gradient: str | Rows | None = (), shape: str = "") -> Leaf:
    return Leaf(name, Value(name, shape, rows(value) or (), rows(gradient)))


def gate(key: str, symbol: str, value: str = "1", gradient: str = "1", name: str = "", box: str = "") -> Gate:
    out = Value(name, "", (value,), (gradient,))
    return Gate(key, symbol, out, ordered=symbol not in "+×", box=box)


def wire(source: str, target: str, gradient: str | Rows | None = "1", local: str = "") -> Wire:
    return Wire(source, target, rows(gradient), local)


def product() -> Circuit:
    """f = (x + y) * z at x=-2, y=5, z=-4."""
    return Circuit(
        (leaf("x", "-2", "-4"), leaf("y", "5", "-4"), leaf("z", "-4", "3")),
        (gate("q", "+", "3", "-4", "q"), gate("f", "×", "-12", "1", "f")),
        (
            wire("x", "q", "-4", "∂q/∂x = 1"),
            wire("y", "q", "-4", "∂q/∂y = 1"),
            wire("q", "f", "-4", "∂f/∂q = z = -4"),
            wire("z", "f", "3", "∂f/∂z = q = 3"),
        ),
        (Output("f", ("1",)),),
        title="f = (x + y) * z",
    )


def neuron(opened: bool = True) -> Circuit:
    """The sigmoid neuron of CS231n, its sigmoid opened into its gates inside a box."""
    box = "s" if opened else ""
    values = {"w0": "2", "x0": "-1", "w1": "-3", "x1": "-2", "w2": "-3"}
    back = {"w0": "-0.20", "x0": "0.39", "w1": "-0.39", "x1": "-0.59", "w2": "0.20"}
    gates = (
        gate("a", "×", "-2", "0.20"),
        gate("b", "×", "6", "0.20"),
        gate("c", "+", "4", "0.20"),
        gate("d", "+", "1", "0.20"),
        gate("n", "*-1", "-1", "-0.20", box=box),
        gate("e", "exp", "0.37", "-0.53", box=box),
        gate("p", "+1", "1.37", "-0.53", box=box),
        gate("r", "1/x", "0.73", "1", "f", box=box),
    )
    wires = (
        *(wire(name, "ab"[int(name[1])], back[name], other) for name, other in LOCAL.items()),
        wire("a", "c", "0.20", "1"),
        wire("b", "c", "0.20", "1"),
        wire("c", "d", "0.20", "1"),
        wire("w2", "d", "0.20", "1"),
        wire("d", "n", "0.20", "-1"),
        wire("n", "e", "-0.20", "exp(-1) = 0.37"),
        wire("e", "p", "-0.53", "1"),
        wire("p", "r", "-0.53", "-1/x² = -0.53"),
    )
    boxes = (Box("s", "σ(x) = 1 / (1 + exp(-x))"),) if opened else ()
    leaves = tuple(leaf(name, values[name], back[name]) for name in values)
    return Circuit(leaves, gates, wires, (Output("r", ("1",)),), boxes)


LOCAL = {"w0": "x0 = -1", "x0": "w0 = 2", "w1": "x1 = -2", "x1": "w1 = -3"}


def nested() -> Circuit:
    """The neuron with a box inside the sigmoid's and another beside it."""
    circuit = neuron()
    inside = dict.fromkeys("abcd", "o") | dict.fromkeys("ep", "i")
    gates = tuple(replace(item, box=inside.get(item.id, item.box)) for item in circuit.gates)
    return replace(circuit, gates=gates, boxes=(*circuit.boxes, Box("o", "affine"), Box("i", "inner", "s")))


def square() -> Circuit:
    """y = x * x at x=3: two wires into one gate."""
    both = wire("x", "y", "3", "x = 3")
    return Circuit(
        (leaf("x", "3", "6"),), (gate("y", "×", "9", "1", "y"),), (both, both), (Output("y", ("1",)),)
    )


def shared(count: int, through_gate: bool = False) -> Circuit:
    """A value with `count` uses, the results added up."""
    source = "q" if through_gate else "x"
    gates = [gate("q", "exp", "2", "3")] if through_gate else []
    wires = [wire("x", "q")] if through_gate else []
    gates += [gate(f"m{n}", "exp") for n in range(count)]
    wires += [wire(source, f"m{n}") for n in range(count)]
    last = "m0"
    for n in range(1, count):
        gates.append(gate(f"s{n}", "+"))
        wires += [wire(last, f"s{n}"), wire(f"m{n}", f"s{n}")]
        last = f"s{n}"
    return Circuit((leaf("x", "2", str(count)),), tuple(gates), tuple(wires), (Output(last, ("1",)),))


def chain(length: int) -> Circuit:
    """x through `length` gates, one after the other."""
    names = ["x", *(f"g{n}" for n in range(length))]
    gates = tuple(gate(name, "exp") for name in names[1:])
    wires = tuple(wire(tail, head) for tail, head in pairwise(names))
    return Circuit((leaf("x", "1", "1"),), gates, wires, (Output(names[-1], ("1",)),))


def random_circuit(seed: int, size: int, boxes: bool = True) -> Circuit:
    """A circuit of `size` gates with shared values, small matrices, and boxes around runs of gates."""
    draw = random.Random(seed)
    known = [f"x{n}" for n in range(5)]
    gates: list[Gate] = []
    wires: list[Wire] = []
    for n in range(size):
        made = gate(f"g{n}", draw.choice("+×−@"), draw.choice(("1", "0.25", "-1e-05")), "-0.50")
        if draw.random() < 0.2:
            made = replace(made, out=Value(f"h{n}", "(2, 2)", ("[[1, 2],", " [3, 4]]"), None), role="router")
        gates.append(replace(made, box=f"b{n // 4}" if boxes and n // 4 % 2 else ""))
        for _ in range(draw.choice((1, 2, 2, 3))):
            wires.append(wire(draw.choice(known[-8:]), f"g{n}", "0.50", draw.choice(("1", "∂h/∂x = y = 2"))))
        known.append(f"g{n}")
    used = {item.source for item in wires}
    frames = tuple(Box(f"b{n}", f"box {n}") for n in range(size // 4 + 1))
    outputs = tuple(Output(item.id, ("1",)) for item in gates if item.id not in used)
    return Circuit(
        tuple(leaf(f"x{n}", "1", "2") for n in range(5)), tuple(gates), tuple(wires), outputs, frames
    )


def hostile() -> Circuit:
    """Every text of a picture is one that could break a file format."""
    leaves = tuple(leaf(name, name, name, name) for name in HOSTILE)
    wires = tuple(wire(name, "f", name, name) for name in HOSTILE)
    out = Value(HOSTILE[0], HOSTILE[2], (HOSTILE[1],), (HOSTILE[4],))
    last = Gate("f", HOSTILE[3], out, HOSTILE[0], role=HOSTILE[2], box="b")
    box = Box("b", HOSTILE[0])
    return Circuit(leaves, (last,), wires, (Output("f", (HOSTILE[0],)),), (box,), HOSTILE[1], HOSTILE[0])
