"""What a gate shows: its symbol with the literals drawn inside it, its tooltip, its role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from graphc.ir.node import Node
from graphc.ops.form import Form, form, mention, show

_LITERAL = 12
"""An unnamed constant of at most so many letters is drawn inside its gates."""
_TITLE = 40
"""A tooltip of more symbols than this says what the operands are called, not what they are."""

COMMUTATIVE = frozenset({"add", "mul", "equal", "not_equal"})
_ROLES = {
    **dict.fromkeys(("add", "sub", "sum"), "distributor"),
    **dict.fromkeys(("maximum", "minimum", "max", "min", "relu", "maxout", "where", "clip"), "router"),
    **dict.fromkeys(("mul", "contract"), "switcher"),
}
_SEVERAL = ("add", "sub", "mul", "contract")
_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}
_COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
_OPPOSITE = {"+": "-", "-": "+"}


@dataclass(frozen=True, slots=True)
class Face:
    """The symbol of a gate, and which operands come in by wires: the others are written in the symbol."""

    symbol: str
    wired: tuple[int, ...]


def is_short(node: Node, most: int, names: Mapping[Node, str] | None = None) -> bool:
    """Whether an expression has at most `most` symbols when it is written out in full."""
    stack, count = [node], 0
    while stack:
        count += 1
        if count > most:
            return False
        current = stack.pop()
        if current.name is None and not (names and current in names):
            stack.extend(current.args)
    return True


def see_through(node: Node) -> Node:
    """The node whose wire it is: a change of dtype or a fact known of a value is not a gate."""
    while node.op.name in ("cast", "assumed"):
        node = node.args[0]
    return node


def face(node: Node) -> Face:
    """How the gate of a node looks."""
    literals = {i: text for i, a in enumerate(node.args) if (text := literal(a))}
    wired = tuple(i for i in range(len(node.args)) if i not in literals)
    return Face(_with_literals(node, literals) if literals else _plain(node), wired)


def literal(operand: Node) -> str:
    """An operand as it is written inside a gate, "" for one that has a wire of its own."""
    operand = see_through(operand)
    if not operand.constant or operand.name is not None or operand.shape or not is_short(operand, _LITERAL):
        return ""
    text = sign_of(mention(operand))
    return text if len(text) <= _LITERAL else ""


def sign_of(text: str) -> str:
    """An expression with the sign for π."""
    return re.sub(r"\bpi\b", "π", text)


def _with_literals(node: Node, literals: Mapping[int, str]) -> str:
    """A symbol such as `+1`, `*-1`, `/N`, `1/x`, `x²` or `max(0, x)`."""
    name = node.op.name
    if len(node.args) != 2 or name not in (*_SIGNS, *_COMPARISONS):
        wire = "x" if len(literals) == len(node.args) - 1 else "·"
        operands = ", ".join(literals.get(i, wire) for i in range(len(node.args)))
        return f"{node.op.symbol or name}({operands})"
    sign = _SIGNS.get(name, node.op.symbol)
    (index, text), *_ = literals.items()
    if name == "pow" and index == 1 and text == "2":
        return "x²"
    if index == 0 and name not in COMMUTATIVE:
        return f"{_atom(text)}{sign}x"
    if sign in _OPPOSITE and text.startswith("-"):
        return f"{_OPPOSITE[sign]}{_atom(text[1:])}"
    return f"{sign}{text if name == 'mul' and text.startswith('-') else _atom(text)}"


def _atom(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+(\([^()]*\))?", text) else f"({text})"


def _plain(node: Node) -> str:
    found = form(node)
    if node.op.name == "contract":
        return _product(node, found)
    if found.kind == "index":
        return f"[{found.text}]"
    return node.op.symbol or node.op.name


def _product(node: Node, found: Form) -> str:
    """`@` for a matrix product of the operands as they come in, else what is summed, as an index string."""
    if found.kind == "matmul" and found.parts == node.args:
        return node.op.symbol
    if found.kind == "call" and found.text != "contract":
        return found.text
    return str(node.attrs[0]).replace("->", "→")


def role(node: Node, face: Face) -> str:
    """What the gate does with the gradient that comes back: hands it out, sends it one way, swaps the operands."""
    name = node.op.name
    return "" if name in _SEVERAL and len(face.wired) < 2 else _ROLES.get(name, "")


def tooltip(node: Node, names: Mapping[Node, str], paths: Mapping[Node, str] | None = None) -> str:
    """The mathematics of a gate in the graph language, `q = x + y`."""
    text = definition(node, names, paths)
    name = names.get(node, node.name)
    return f"{name} = {text}" if name else text


def definition(node: Node, names: Mapping[Node, str], paths: Mapping[Node, str] | None = None) -> str:
    """What a node computes, written out if that is short, else in terms of `names`, else with gaps.

    Nodes whose names are paths go by `paths` in any case.
    """
    for cut in (paths or {}, names):
        if all(is_short(a, _TITLE // len(node.args), cut) for a in node.args):
            return show(node, cut)
    gaps = {a: "·" for a in node.args if a.name is None and a.args}
    return show(node, {**gaps, **names})
