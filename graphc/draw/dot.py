"""A circuit as a DOT file that stands alone: Graphviz's own `dot` lays it out and draws it.

The rows of a wire are an HTML-like table with the wire as its middle line, because only such labels
carry several colours; everything a person wrote is escaped for the place where it stands.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from graphc.draw.labels import SIZE, WIRE_ROOM, Row, Span, mark_spans, span, symbol
from graphc.draw.palette import BOX_FILL, BOX_LINE, COLOUR, GATE_FILL, GATE_LINE, WIRE, is_slanted
from graphc.draw.pieces import Piece, Plan
from graphc.draw.textwidth import clean

_POINTS = 0.75
"""Points per pixel, so that letters come out as large as in the SVG."""
_TABLE = '<table border="0" cellborder="0" cellspacing="0" cellpadding="0">'


def to_dot(plan: Plan) -> str:
    """`plan` in the DOT language."""
    verdicts = [part.text for mark in plan.circuit.verdicts for part in mark_spans(mark)]
    title = "   ".join(filter(None, (plan.circuit.title, " ".join(verdicts))))
    head = [
        "digraph circuit {",
        "  rankdir=LR; nodesep=0.15; ranksep=0.25; newrank=true;",
        f"  label={_quoted(title)}; labelloc=t;" if title else "",
        '  fontname="Helvetica"; fontsize=11;',
        '  node [fontname="Helvetica", fontsize=12, shape=plain];',
        f'  edge [color="{WIRE}", arrowsize=0.6];',
    ]
    return "\n".join((*filter(None, head), *_boxed(plan), *_edges(plan), "}")) + "\n"


def _boxed(plan: Plan) -> list[str]:
    """All nodes, those of a box within its cluster."""
    members: dict[str, list[str]] = defaultdict(list)
    for at, piece in enumerate(plan.pieces):
        if piece.kind != "bend":
            members[piece.box].append(_node(at, piece))
    children: dict[str, list[str]] = defaultdict(list)
    for box in reversed(plan.circuit.boxes):
        children[box.parent].append(box.id)
    label = {box.id: box.label for box in plan.circuit.boxes}
    lines = [f"  {node}" for node in members[""]]
    waiting = list(children[""])
    depth = 1
    while waiting:
        name = waiting.pop()
        if not name:
            depth -= 1
            lines.append("  " * depth + "}")
            continue
        lines.append("  " * depth + f"subgraph cluster_{len(lines)} {{")
        depth += 1
        style = f'style="rounded,dashed,filled"; color="{BOX_LINE}"; fillcolor="{BOX_FILL}";'
        lines.append("  " * depth + f"label={_quoted(label[name])}; labeljust=l; {style}")
        lines += ["  " * depth + node for node in members[name]]
        waiting += ["", *children[name]]
    return lines


def _node(at: int, piece: Piece) -> str:
    if piece.gate is None:
        return f"n{at} [label=<{_table(piece)}>];"
    gate = piece.gate
    sign = symbol(gate.symbol)
    width, height = piece.width / 96, 2 * piece.up / 96
    shape = "circle" if width == height and not gate.role else "box"
    attributes = [
        f"label={_quoted(sign.text)}, fontsize={SIZE[sign.tone] * _POINTS:g}",
        f'shape={shape}, style="{"filled" if shape == "circle" else "rounded,filled"}"',
        f'fillcolor="{GATE_FILL}", color="{GATE_LINE}"',
        f"fixedsize=true, width={width:.3f}, height={height:.3f}",
    ]
    if gate.role:
        role = _letters(span(gate.role, "role"))
        attributes[0] = f"label=<{_letters(sign)}<br/>{role}>"
        attributes[-1] = f'margin="0.08,0.02", height={height:.3f}'
    if piece.inputs > 1:
        attributes.append("ordering=in")
    if gate.title:
        attributes.append(f"tooltip={_quoted(gate.title)}")
    return f"n{at} [{', '.join(attributes)}];"


def _table(piece: Piece) -> str:
    size = f'fixedsize="true" width="{piece.width:.0f}" height="1"'
    wire = f'<tr><td port="wire" {size} bgcolor="{WIRE}"></td></tr>'
    rows = "".join((*map(_row, piece.tag.above), wire, *map(_row, piece.tag.below)))
    if piece.lead is None:
        return f"{_TABLE}{rows}</table>"
    lead = f'<td cellpadding="{WIRE_ROOM:g}">{_letters(piece.lead)}</td>'
    return f"{_TABLE}<tr>{lead}<td>{_TABLE}{rows}</table></td></tr></table>"


def _row(row: Row) -> str:
    return f'<tr><td align="left">{"&#160;".join(map(_letters, row))}</td></tr>'


def _letters(part: Span) -> str:
    text = _entities(part.text).replace(" ", "&#160;")
    if is_slanted(part):
        text = f"<i>{text}</i>"
    return f'<font color="{COLOUR[part.tone]}" point-size="{SIZE[part.tone] * _POINTS:g}">{text}</font>'


def _edges(plan: Plan) -> list[str]:
    """The steps of all lines, those into a gate in the order of its operands; outputs end in an arrow."""
    steps: list[tuple[int, int, int]] = []
    for run in plan.runs:
        stops = [at for at in run.pieces if plan.pieces[at].kind != "bend"]
        steps += [(head, run.operand, tail) for tail, head in pairwise(stops)]
    lines: list[str] = []
    for head, _, tail in sorted(steps):
        arrow = "" if plan.pieces[head].gate else " [arrowhead=none]"
        lines.append(f"  {_end(plan, tail, 'e')} -> {_end(plan, head, 'w')}{arrow};")
    for at, piece in enumerate(plan.pieces):
        if piece.kind == "end":
            lines.append(
                f"  out{at} [shape=point, width=0.01, style=invis]; {_end(plan, at, 'e')} -> out{at};"
            )
    return lines


def _end(plan: Plan, at: int, side: str) -> str:
    return f"n{at}" if plan.pieces[at].gate else f"n{at}:wire:{side}"


def _entities(text: str) -> str:
    """`text` within an HTML-like label, where `dot` still reads `\\N` as the name of the node."""
    text = text.replace("\\", "\\\\")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _quoted(text: str) -> str:
    """A DOT string that shows `text`: `dot` reads backslashes and entities in it."""
    shown = clean(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'
