"""Verdicts on claims, laid onto a circuit: beside a gradient, or beside the local derivative on an edge.

A claim d(loss)/d(W) is about the gradient of W where loss is what the circuit ends in; d(q)/d(x) is about the edge
from x to q where that is the only way from x to q. What has no place in the circuit is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from graphc.draw.gates import see_through
from graphc.draw.model import Circuit, Mark, Sign, Value
from graphc.ir.node import Node, topological

_MOST_WRONG = 2
"""So many wrong claims about one thing are written out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about a claim that the derivative of `of` by `subject`, both names, is `claimed`.

    `given` are the lines of wrong claims that a right one builds on, `mistakes` what would explain a wrong one.
    """

    of: str
    subject: str
    sign: Sign
    claimed: str = ""
    right: str = ""
    mistakes: tuple[str, ...] = ()
    given: tuple[int, ...] = ()


def with_marks(
    circuit: Circuit, output: Node, ids: Mapping[Node, str], findings: Sequence[Finding]
) -> Circuit:
    """`circuit` with a mark for each finding; `ids` are those of the nodes drawn, `output` the last of them."""
    if not findings:
        return circuit
    known = _by_name(output, ids)
    on_nodes: dict[str, list[Finding]] = {}
    on_edges: dict[tuple[str, str], list[Finding]] = {}
    lost = 0
    for finding in findings:
        of, subject = known.get(finding.of), known.get(finding.subject)
        if of is None or subject is None:
            lost += 1
        elif _only_edge(of, subject):
            on_edges.setdefault((ids[subject], ids[of]), []).append(finding)
        elif of is see_through(output):
            on_nodes.setdefault(ids[subject], []).append(finding)
        else:
            lost += 1
    marked = replace(
        circuit,
        leaves=tuple(replace(leaf, out=_marked(leaf.id, leaf.out, on_nodes)) for leaf in circuit.leaves),
        gates=tuple(replace(gate, out=_marked(gate.id, gate.out, on_nodes)) for gate in circuit.gates),
        wires=tuple(
            replace(wire, marks=_marks(on_edges.get((wire.source, wire.target), ())))
            for wire in circuit.wires
        ),
    )
    return replace(marked, verdicts=_legend(findings, lost))


def _by_name(output: Node, ids: Mapping[Node, str]) -> dict[str, Node]:
    """What each name stands for in the picture, names that stand for several things left out."""
    found: dict[str, set[Node]] = {}
    for node in topological([output]):
        seen = see_through(node)
        if node.name is not None and seen in ids:
            found.setdefault(node.name, set()).add(seen)
    return {name: nodes.pop() for name, nodes in found.items() if len(nodes) == 1}


def _only_edge(of: Node, subject: Node) -> bool:
    """Whether the one way from `subject` to `of` is an edge, so that the derivative is the local one."""
    operands = [see_through(a) for a in of.args]
    if operands.count(subject) != 1:
        return False
    others = [a for a in operands if a is not subject]
    return subject not in topological(others)


def _marked(key: str, out: Value, findings: Mapping[str, Sequence[Finding]]) -> Value:
    return replace(out, marks=_marks(findings[key])) if key in findings else out


def _marks(findings: Sequence[Finding]) -> tuple[Mark, ...]:
    """The worst verdict as a sign, and for wrong claims what was claimed and what is right."""
    if not findings:
        return ()
    signs = {finding.sign for finding in findings}
    worst: Sign = next(sign for sign in _WORST_FIRST if sign in signs)
    if worst == "right":
        lines = sorted({line for finding in findings for line in finding.given})
        return (Mark("right", f"given line {', '.join(map(str, lines))}" if lines else ""),)
    if worst == "open":
        return (Mark("open"),)
    wrong = [finding for finding in findings if finding.sign == "wrong"]
    told = [Mark("wrong", f"claimed: {_line(f.claimed)}") for f in wrong[:_MOST_WRONG]]
    told += [Mark("wrong", f"mistake: {', '.join(f.mistakes)}") for f in wrong[:1] if f.mistakes]
    right = wrong[0].right
    return (Mark("wrong"), *told, *([Mark("right", f"right: {_line(right)}")] if right else []))


_WORST_FIRST: tuple[Sign, ...] = ("wrong", "open", "right")


def _line(text: str) -> str:
    return " ".join(text.split())


def _legend(findings: Sequence[Finding], lost: int) -> tuple[Mark, ...]:
    """How many claims have which verdict, and how many are about something else."""
    words: dict[Sign, str] = {"right": "right", "wrong": "wrong", "open": "undecided"}
    counted = [(sign, sum(f.sign == sign for f in findings)) for sign in words]
    shown = [Mark(sign, f"{count} {words[sign]}") for sign, count in counted if count]
    return (*shown, *([Mark("none", f"{lost} not about this picture")] if lost else []))
