"""How a node is written: notations walked bottom-up, and printed in the graph language.

`show(node)` is what a node computes, `mention(node)` how it appears within other expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from graphc.ir.node import Node
from graphc.ir.op import NOTATIONS
from graphc.ops.notation import (
    ATOM,
    COMPARE,
    FILLED,
    INFIX,
    NEGATIVE,
    POWER,
    PRODUCT,
    SAME,
    SUM,
    Form,
    form,
    precedence,
    written_name,
)

__all__ = [
    "ATOM",
    "COMPARE",
    "NEGATIVE",
    "POWER",
    "PRODUCT",
    "SUM",
    "Form",
    "Names",
    "brief",
    "defined",
    "form",
    "mention",
    "mentioned",
    "outline",
    "precedence",
    "show",
    "show_form",
    "too_long",
    "walk",
]

Names = Mapping[Node, "str | Form"]
T = TypeVar("T")


def walk(
    root: Form, names: Names, leaf: Callable[[Form], T], inner: Callable[[Form, list[T]], T], terms: int = 0
) -> T:
    """Print a notation bottom-up, without recursion: `names` cuts it at nodes that are written by a name.

    `terms`, if given, is the most terms of a sum that are written out; `more` then stands for the others.
    """
    results: list[T] = []
    stack: list[tuple[Form, bool]] = [(root, False)]
    while stack:
        current, visited = stack.pop()
        if not current.parts:
            results.append(leaf(current))
        elif visited:
            count = len(current.parts)
            given, results[-count:] = results[-count:], []
            results.append(inner(current, given))
        else:
            if terms and current.kind == "add":
                current = _abbreviated(current, names, terms)
            stack.append((current, True))
            stack.extend((_part(p, names), False) for p in reversed(current.parts))
    return results[0]


def _part(part: Node | Form, names: Names) -> Form:
    return part if isinstance(part, Form) else mentioned(part, names)


def mentioned(node: Node, names: Names) -> Form:
    """The notation of a node within other expressions: its name if it has one."""
    name = names.get(node, node.name)
    if name is None:
        return defined(node, names)
    return (
        name if isinstance(name, Form) else Form("name", (), written_name(name), (("axes", str(node.ndim)),))
    )


def defined(node: Node, names: Names) -> Form:
    """The notation of what a node computes, whether it has a name or not."""
    if node.is_leaf:
        return mentioned(node, names)
    found = form(node)
    while found.kind == "same":
        found = _part(found.parts[0], names)
    return found


def _abbreviated(sum_: Form, names: Names, terms: int) -> Form:
    """A sum of too many terms, its first and last ones kept."""
    reversed_: list[Node | Form] = []
    current = sum_
    while current.kind == "add":
        reversed_.append(current.parts[1])
        current = _part(current.parts[0], names)
    if len(reversed_) < terms:
        return sum_
    first = terms - 2
    more = Form("more", (), str(len(reversed_) - first))
    return Form("series", (current, *reversed(reversed_[-first + 1 :]), more, reversed_[0]))


def show(node: Node, names: Names | None = None, *, terms: int = 0) -> str:
    """What a node computes, in the graph language; named nodes below it, and those in `names`, go by their names.

    >>> from graphc.ops import input_
    >>> x = input_("x"); y = input_("y")
    >>> show((x + y) * -x)
    '(x + y)*(-x)'
    """
    return show_form(defined(node, names or {}), names or {}, terms)


def mention(node: Node, names: Names | None = None, *, terms: int = 0) -> str:
    """A node as it is written within other expressions: by its name if it has one."""
    return show_form(mentioned(node, names or {}), names or {}, terms)


def brief(node: Node, names: Names | None = None, *, most: int = 24) -> str | None:
    """`mention`, if that is at most `most` characters; a long expression is not looked through."""
    return _within(mentioned(node, names or {}), names or {}, most)


def is_short(node: Node, *, most: int) -> bool:
    """Whether `show` takes at most `most` characters; a long expression is not looked through."""
    return _within(defined(node, {}), {}, most) is not None


def _within(f: Form, names: Names, most: int) -> str | None:
    stack: list[Node | Form] = [f]
    seen = 0
    while stack:
        current = stack.pop()
        name = None if isinstance(current, Form) else names.get(current, current.name)
        if isinstance(current, Form):
            seen += len(current.text) if current.kind == "name" else 1
            stack += current.parts
        elif isinstance(name, str):
            seen += len(name)
        elif current.constant or name is not None:
            stack.append(mentioned(current, names))
        else:
            # Whatever notation an operation takes, its operands are in it, and a sign of its own.
            seen += current.op.name not in SAME
            stack += current.args
        if seen > most:
            return None
    text = show_form(f, names)
    return text if len(text) <= most else None


def too_long(nodes: Iterable[Node], names: Names, *, most: int) -> set[Node]:
    """Those of `nodes`, arguments before users, of which each name and sign alone make more than `most` characters.

    They are counted once for all nodes, where `brief` looks through each expression by itself.
    """
    least: dict[Node, int] = {}
    for node in nodes:
        count = 0
        waiting: list[Node | Form] = [defined(node, names)]
        while waiting and count <= most:
            part = waiting.pop()
            if isinstance(part, Node) and part in least and names.get(part, part.name) is None:
                count += least[part]
                continue
            part = _part(part, names)
            count += len(part.text) if part.kind == "name" else 1
            waiting += part.parts
        least[node] = count
    return {node for node, count in least.items() if count > most}


def outline(node: Node, names: Names) -> str:
    """What is done to what, without index strings, shapes and options but the axis: `overlap_add(contract(·, K))`.

    >>> from graphc.ops import input_
    >>> from graphc.ops.window import sliding_window
    >>> outline(sliding_window(input_("x", 8), 3, axes=0) * 2, {})
    'sliding_window(x)*2'
    """
    return walk(mentioned(node, names), names, _outlined_leaf, _outlined).text


_SHAPING = ("reshape", "broadcast", "transpose", "pad")


def _outlined_leaf(f: Form) -> Piece:
    for number, name in FILLED.items():
        if f.kind == "call" and f.text == name:
            return Piece(str(number), ATOM, "number")
    return Piece("", ATOM, f.kind) if f.kind == "string" else _leaf_text(f)


def _outlined(f: Form, parts: list[Piece]) -> Piece:
    given = [p for p in parts if p.kind != "string"]
    if f.kind == "index" or (f.kind == "call" and f.text in _SHAPING and len(given) == 1):
        return given[0]
    kept = tuple(option for option in f.options if option[0] == "axis")
    return _text(Form(f.kind, f.parts, f.text, kept), given) if f.kind == "call" else _text(f, given)


LONGEST_LINE = 400
# `str(node)`, in the graph language where that is one line.
NOTATIONS.append(lambda node: _within(defined(node, {}), {}, LONGEST_LINE))


def show_form(f: Form, names: Names, terms: int = 0) -> str:
    """A notation in the graph language."""
    return walk(f, names, _leaf_text, _text, terms).text


class Piece(NamedTuple):
    """Printed text, how tightly it binds, and the kind of notation it came from."""

    text: str
    level: int
    kind: str


def _leaf_text(f: Form) -> Piece:
    text = f.text
    if f.kind == "string":
        text = repr(text)
    elif f.kind == "more":
        text = f"… ({int(text):,} more)"
    elif f.kind == "call":
        return _text(f, [])
    return Piece(text, precedence(f), f.kind)


def _text(f: Form, parts: list[Piece]) -> Piece:
    level = precedence(f)
    match f.kind:
        case "neg":
            # A product keeps its place under the sign, -x*y, but then binds no tighter than a product.
            inner = _wrap(parts[0], NEGATIVE if parts[0].kind == "matmul" else PRODUCT, after=True)
            return Piece(f"-{inner}", min(level, max(parts[0].level, PRODUCT)), f.kind)
        case "transposed":
            text = f"{_wrap(parts[0], ATOM)}.T"
        case "index":
            text = f"{_wrap(parts[0], ATOM)}[{f.text}]"
        case "pick":
            text = f"{_wrap(parts[0], ATOM)}[{', '.join(p.text for p in parts[1:])}]"
        case "element":
            indices = ",".join(p.text for p in parts[1:])
            text = f"{_wrap(parts[0], ATOM)}[{indices}]" if indices else parts[0].text
        case "total":
            text = f"sum({parts[0].text}{''.join(f' for {i} in {extent}' for i, extent in f.options)})"
        case "kronecker":
            text = parts[0].text
        case "scaled":
            text = _scaled_text(parts)
        case "call":
            text = _call_text(f, parts)
        case "pow":
            text = f"{_wrap(parts[0], ATOM)}**{_wrap(parts[1], ATOM)}"
        case "series":
            text = " + ".join(_wrap(p, SUM) for p in parts)
        case "derivative":
            text = f"{_differential(parts[0])}/{_differential(parts[1])}"
        case _:
            text = _infix_text(f, parts, level)
    return Piece(text, level, f.kind)


def _infix_text(f: Form, parts: list[Piece], level: int) -> str:
    sign, _ = INFIX[f.kind]
    left, right = parts
    product = f.kind in ("mul", "matmul")
    derivative = product and (left.kind in _SIGNS or right.kind in _SIGNS)
    spaced = f" {sign} " if level in (SUM, COMPARE) or sign == "@" or derivative else sign
    least = level + (level == COMPARE)
    if (
        {f.kind, left.kind} in ({"mul", "matmul"}, {"div", "matmul"})
        and left.kind != "div"
        and not _is_over(f)
    ):
        least = ATOM  # (a @ b)*c: the language needs no parentheses, the reader does
    # dL/dh * dh/dz and dL/dh * a*b read rightly without parentheses.
    loose = derivative and (right.kind in _SIGNS or (f.kind == "mul" and right.kind in ("mul", "div")))
    return f"{_wrap(left, least)}{spaced}{_wrap(right, level + (not loose), after=True)}"


def _scaled_text(parts: list[Piece]) -> str:
    """A sum with what it is multiplied by before it, and what it is divided by after it."""
    above, below, total = parts
    product = total.text if above.text == "1" else f"{_wrap(above, PRODUCT)}*{total.text}"
    return product if below.text == "1" else f"{product}/{_wrap(below, PRODUCT + 1)}"


def _is_over(f: Form) -> bool:
    """Whether a division is by one number: then `a @ b/n` says the same however it is read."""
    by = f.parts[1]
    return f.kind == "div" and isinstance(by, Node) and not by.ndim


_SIGNS = ("derivative", "sign")


def _call_text(f: Form, parts: list[Piece]) -> str:
    operands = [p.text for p in parts]
    if f.text == "concat":
        operands = [f"[{', '.join(operands)}]"]
    return f"{f.text}({', '.join(operands + [f'{k}={v}' if k else v for k, v in f.options])})"


def _differential(piece: Piece) -> str:
    if piece.kind in ("name", "number", "sign"):
        return f"d{piece.text}"
    return f"d {piece.text}" if piece.kind == "call" else f"d({piece.text})"


def _wrap(piece: Piece, least: int, *, after: bool = False) -> str:
    """A part in parentheses if it binds looser than its place, or is a minus that would stand after another sign."""
    bare = piece.level >= least and not (after and piece.text.startswith("-"))
    return piece.text if bare else f"({piece.text})"
