"""From a derivation to a circuit: the graph as it was written, every use of a value one wire.

Nodes become gates, literals are drawn inside them, and each wire gets what the derivation knows of that
use: the contribution that flows back along it and the local derivative of the gate by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from graphc.derive.derivation import Derivation
from graphc.derive.numbers import format_value
from graphc.derive.reverse import active_nodes
from graphc.derive.values import Values
from graphc.draw.boxes import boxes_of
from graphc.draw.gates import COMMUTATIVE, Face, definition, face, role, see_through, sign_of, tooltip
from graphc.draw.marks import Finding, with_marks
from graphc.draw.model import Circuit, Gate, Leaf, Output, Rows, Value, Wire, local_label
from graphc.draw.picture import check_size
from graphc.draw.signs import with_signs
from graphc.draw.textwidth import in_formula
from graphc.draw.words import Words, words_of
from graphc.ir.node import Node
from graphc.ir.types import show_shape

_LONGEST_CONSTANT = 30


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What is looked up while a circuit is drawn; without `values` it is drawn in symbols.

    `faces` holds the gates and `ids` all that is drawn, both operands before users; `zero` are the values
    whose gradient is 0 because every way on is flat.
    """

    derivation: Derivation
    values: Values | None
    digits: int
    words: Words
    faces: dict[Node, Face]
    ids: dict[Node, str]
    active: set[Node]
    uses: Counter[Node]
    zero: set[Node] = field(default_factory=set)

    def numbers(self, expr: Node) -> Rows:
        """The value of an expression in numbers; () where it is not known, or too large to be shown."""
        return () if self.values is None else format_value(self.values.of(expr), self.digits)

    def is_flat(self, user: Node, index: int) -> bool:
        """Whether an edge has the local derivative 0, so that nothing flows back along it."""
        there = user in self.derivation.upstream or user in self.zero
        operand = user.args[index]
        return there and user.op.elementwise and operand in self.active and operand.dtype == "real"

    def gradient(self, node: Node) -> Rows | None:
        """The gradient of a value; None where it was not computed."""
        if node in self.derivation.upstream:
            return self.numbers(self.derivation.upstream[node]) or (self.words.gradient(node),)
        return ("0",) if node in self.zero else None


def circuit_of(
    derivation: Derivation,
    values: Values | None = None,
    *,
    digits: int = 2,
    roles: bool = False,
    findings: Sequence[Finding] = (),
) -> Circuit:
    """The circuit of a derivation, in numbers at a point or else in symbols.

    `digits` is the number of decimals shown; `roles` says which gates distribute, route or switch
    gradients, `findings` what was found out about claims. Raises GraphcError when there are more gates than a
    picture can show.
    """
    sheet = _sheet(derivation, values, digits)
    wires = tuple(_wire(sheet, gate, index) for gate, seen in sheet.faces.items() for index in seen.wired)
    gradients = {node: sheet.gradient(node) for node in sheet.ids if not node.constant}
    homes, boxes = boxes_of(derivation.groups, sheet.faces)
    root = see_through(derivation.output)
    circuit = Circuit(
        tuple(Leaf(i, _value(sheet, n, gradients)) for n, i in sheet.ids.items() if n not in sheet.faces),
        tuple(_gate(sheet, n, _value(sheet, n, gradients), homes.get(n, ""), roles) for n in sheet.faces),
        wires,
        (Output(sheet.ids[root], gradients.get(root)),),
        boxes,
        tooltip(root, sheet.words.paths, sheet.words.paths),
        _description(sheet, root, gradients),
    )
    circuit = with_marks(circuit, derivation.output, sheet.ids, findings)
    return with_signs(circuit, {sheet.ids[n]: sheet.words.sign(n) for n in sheet.words.referred})


def drawn_nodes(root: Node) -> tuple[dict[Node, Face], list[Node]]:
    """The gates below a node, and all that is drawn, operands before users.

    Raises GraphcError when there are more than a picture can show.
    """
    faces: dict[Node, Face] = {}
    drawn: dict[Node, None] = {}
    stack = [(see_through(root), False)]
    while stack:
        node, visited = stack.pop()
        if visited:
            faces[node] = faces.pop(node)
            drawn[node] = None
        elif node.constant or not node.args:
            drawn[node] = None
        elif node not in faces:
            faces[node] = face(node)
            stack.append((node, True))
            stack += [(see_through(node.args[i]), False) for i in reversed(faces[node].wired)]
    check_size(len(faces), sum(len(seen.wired) for seen in faces.values()))
    return faces, list(drawn)


def _sheet(derivation: Derivation, values: Values | None, digits: int) -> _Sheet:
    faces, drawn = drawn_nodes(derivation.output)
    ids = {node: f"n{number}" for number, node in enumerate(drawn)}
    active = active_nodes(derivation.nodes, derivation.wrt)
    uses = Counter(see_through(user.args[i]) for user, seen in faces.items() for i in seen.wired)
    sheet = _Sheet(derivation, values, digits, words_of(derivation), faces, ids, active, uses)
    for user in reversed(drawn):
        for index in faces[user].wired if user in faces else ():
            if derivation.contribution(user, index) is None and sheet.is_flat(user, index):
                sheet.zero.add(see_through(user.args[index]))
    return sheet


def _wire(sheet: _Sheet, user: Node, index: int) -> Wire:
    source = see_through(user.args[index])
    ends = sheet.ids[source], sheet.ids[user]
    if source.constant:
        return Wire(*ends)
    found = sheet.derivation.contribution(user, index)
    if found is None:
        flat = sheet.is_flat(user, index)
        return Wire(*ends, ("0",) if flat else None, "0" if flat else "")
    gradient = sheet.numbers(found.value) or (sheet.words.contribution(user, index),)
    return Wire(*ends, gradient, _local(sheet, user, index))


def _local(sheet: _Sheet, user: Node, index: int) -> str:
    """The local derivative of an edge, `∂f/∂q = z = -4` or `· @ W.T`."""
    source = see_through(user.args[index])
    text = sheet.words.local(user, index)
    if user.shape or source.shape:
        return text
    # Of a value with several uses, ∂f/∂x would be read as what all of them together come to.
    plain = sheet.uses[source] == 1 and all(n.name and n.name.isidentifier() for n in (user, source))
    ratio = in_formula(f"∂{user.name}/∂{source.name}") if plain else ""
    local = sheet.derivation.local(user, index).expr
    number = "".join(sheet.numbers(local)) if local is not None else ""
    return local_label(ratio, text, number)


def _value(sheet: _Sheet, node: Node, gradients: dict[Node, Rows | None]) -> Value:
    """What a leaf or a gate sends out."""
    shape = show_shape(node.shape) if node.shape else ""
    if node.constant:
        return _constant(sheet, node, shape)
    name = sheet.words.paths.get(node, node.name or "")
    given = sheet.derivation.names.get(node, "")
    if given in sheet.words.tokens or node in sheet.words.referred:
        name = given
    return Value(name, shape, sheet.numbers(node), gradients[node])


def _constant(sheet: _Sheet, node: Node, shape: str) -> Value:
    """A constant that has a wire: it has a name, or it is an array, or it is long."""
    entry = node  # the shape says already that a number is repeated
    while entry.op.name == "broadcast":
        entry = entry.args[0]
    text = sign_of(definition(entry, {}))
    if len(text) > _LONGEST_CONSTANT:
        text = node.op.name
    known = sheet.numbers(node)
    if node.name is None:
        return Value(text, shape, known if known != (text,) else ())
    return Value(node.name, shape, known or (text,))


def _gate(sheet: _Sheet, node: Node, out: Value, box: str, roles: bool) -> Gate:
    seen = sheet.faces[node]
    caption = role(node, seen) if roles else ""
    title = tooltip(node, sheet.words.names, sheet.words.paths)
    return Gate(sheet.ids[node], seen.symbol, out, title, node.op.name not in COMMUTATIVE, caption, box)


def _description(sheet: _Sheet, root: Node, gradients: dict[Node, Rows | None]) -> str:
    """The picture in a sentence, for those who do not see it."""
    value = "".join(sheet.numbers(root)) if not root.shape else ""
    told = [
        f"{sheet.words.paths.get(node, node.name)} {''.join(rows)}"
        for node in sheet.ids
        if node.is_leaf and (rows := gradients.get(node)) is not None and len(rows) == 1
    ]
    parts = [
        "a backprop circuit",
        f"value {value}" if value else "",
        f"gradients: {', '.join(told)}" if told else "",
    ]
    return "; ".join(part for part in parts if part)
