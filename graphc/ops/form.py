"""How a node is written: the one reading of an operation as notation, for text and for LaTeX alike.

`form(node)` says which notation an operation takes (an infix sign, a power, a matrix product, a call …) and what its
parts are; `show(node)` prints it in the graph language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

from graphc.ir.node import Node
from graphc.ir.types import Dim, show_shape
from graphc.ops.composite import attributes

# Precedence of each notation, loosest first; an operand that binds looser than its place goes in parentheses.
COMPARE, SUM, PRODUCT, NEGATIVE, POWER, ATOM = range(6)


@dataclass(frozen=True, slots=True)
class Form:
    """A notation: its kind, the parts it is made of (nodes, or forms of parts), and what is not an operand."""

    kind: str
    parts: tuple[Node | Form, ...] = ()
    text: str = ""
    options: tuple[tuple[str, str], ...] = ()


_INFIX = {
    "add": ("+", SUM),
    "sub": ("-", SUM),
    "mul": ("*", PRODUCT),
    "div": ("/", PRODUCT),
    "matmul": ("@", PRODUCT),
    "pow": ("**", POWER),
    "less": ("<", COMPARE),
    "less_equal": ("<=", COMPARE),
    "greater": (">", COMPARE),
    "greater_equal": (">=", COMPARE),
}
_SAME = ("cast", "assumed")
_CALLS = {"maximum": "max", "minimum": "min", "concat": "concat"}


def form(node: Node) -> Form:
    """The notation of a node's own operation."""
    name = node.op.name
    if node.is_leaf:
        return Form("name", (), node.name or "")
    if name in _SPECIAL:
        return _SPECIAL[name](node)
    if name in _INFIX:
        return Form(name, node.args)
    if name in _SAME:
        return Form("same", node.args)
    options = [(k, v) for k, v in attributes(node).items() if k not in ("tie", "facts")]
    if node.op.name == "one_hot":
        return Form("call", node.args, name, (("", str(node.attrs[0])),))
    if name in ("softmax", "log_softmax", "logsumexp") and node.attrs[0] == node.args[0].ndim - 1:
        options = []
    if name in ("leaky_relu", "elu"):
        options = [(k, v) for k, v in options if v != {"slope": Fraction(1, 100), "alpha": Fraction(1)}[k]]
    if name in ("cumsum", "cumprod"):
        options = [(k, v) for k, v in options if v is not False]
    return Form("call", node.args, _CALLS.get(name, name), tuple((k, _value(v)) for k, v in options))


def number_text(kind: str, value: Any) -> str:
    """An exact constant as it is written in the graph language."""
    if isinstance(value, Decimal):
        return str(value) if "E" not in str(value) else repr(float(value))
    return str(value)


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return show_shape(value)
    return str(value)


def _const(node: Node) -> Form:
    kind, value = node.attrs
    if isinstance(value, Fraction):
        inner = Form("ratio", (), str(abs(value)))
        return Form("neg", (inner,)) if value < 0 else inner
    if isinstance(value, int | Decimal) and value < 0:
        return Form("neg", (Form("number", (), number_text(str(kind), -value)),))
    return Form("number", (), number_text(str(kind), value))


def _size(node: Node) -> Form:
    d = node.attrs[0]
    assert isinstance(d, Dim)
    text = str(d)
    if len(d.terms) > 1:
        return Form("sizes", (), text)
    return Form("number" if text.isidentifier() else "ratio", (), text)


def _reduction(node: Node) -> Form:
    axes, keepdims = node.attrs
    options = []
    if len(axes) < node.args[0].ndim:
        options.append(("axis", str(axes[0]) if len(axes) == 1 else show_shape(axes)))
    if keepdims:
        options.append(("keepdims", "True"))
    return Form("call", node.args, node.op.name, tuple(options))


def _contract(node: Node) -> Form:
    spec = str(node.attrs[0])
    inputs, output = spec.split("->")
    operands = inputs.split(",")
    if len(operands) == 2:
        product = _matrix_product(operands, output, node)
        if product is not None:
            return product
        if operands[0] == operands[1]:
            return _summed_product(operands[0], output, node)
    if spec in ("i->ii", "ii->i"):
        return Form("call", node.args, "diag")
    if spec == "ii->":
        return Form("call", node.args, "trace")
    return _contraction(node)


def _contraction(node: Node) -> Form:
    outer = tuple((str(k), str(v)) for k, v in node.attr("outer"))
    return Form("call", (Form("string", (), str(node.attr("spec"))), *node.args), "contract", outer)


def _matrix_product(operands: list[str], output: str, node: Node) -> Form | None:
    """`A @ B` with the transposes the index string asks for, where it is a matrix product at all."""
    (left, a), (right, b) = zip(operands, node.args, strict=True)
    if max(len(left), len(right), len(output)) > 2 or any(
        len(set(s)) < len(s) for s in (left, right, output)
    ):
        return _batched_product(operands, output, node)
    shared = set(left) & set(right) - set(output)
    if not shared and len(left) == len(right) == 1 and output in (left + right, right + left):
        return Form("call", (a, b) if output == left + right else (b, a), "outer")
    if len(shared) != 1 or set(left) & set(right) != shared or set(left + right) - shared != set(output):
        return None
    (k,) = shared
    if output and output[0] not in left and (len(output) == 2 or len(right) == 2):
        (left, a), (right, b) = (right, b), (left, a)
    if len(output) == 1 and len(left) == 1 and right[0] != k:
        (left, a), (right, b) = (right, b), (left, a)
    return Form("matmul", (_oriented(a, left, left[-1] == k), _oriented(b, right, right[0] == k)))


def _summed_product(indices: str, output: str, node: Node) -> Form:
    """`sum(a*b, axis=…)`, where both operands have the same indices in the same places."""
    kept = [i for i in indices if i in output]
    if len(set(indices)) < len(indices) or "".join(kept) != output:
        return _contraction(node)
    axes = tuple(p for p, i in enumerate(indices) if i not in output)
    factors = Form("mul", node.args)
    if not axes:
        return factors
    shown = str(axes[0]) if len(axes) == 1 else show_shape(axes)
    return Form("call", (factors,), "sum", () if len(axes) == len(indices) else (("axis", shown),))


def _oriented(x: Node, indices: str, straight: bool) -> Node | Form:
    return x if straight or len(indices) == 1 else Form("transposed", (x,))


def _batched_product(operands: list[str], output: str, node: Node) -> Form | None:
    left, right = operands
    if min(len(left), len(right)) < 2 or any(len(set(s)) < len(s) for s in (left, right, output)):
        return None
    row, k, column = left[-2], left[-1], right[-1]
    batch = output[:-2]
    plain = k == right[-2] and output == batch + row + column and k not in output
    aligned = batch.endswith(left[:-2]) and batch.endswith(right[:-2]) and batch in (left[:-2], right[:-2])
    return Form("matmul", node.args) if plain and aligned else None


def _slice(node: Node) -> Form:
    keys = []
    for (start, step, length), extent in zip(node.attrs[0], node.args[0].shape, strict=True):
        if (start, step, length) == (0, 1, extent):
            keys.append(":")
        elif step == -1 and start == extent - 1 and length == extent:
            keys.append("::-1")
        else:
            stop = start + step * length
            shown = "" if (stop == extent and step > 0) or stop == -1 else str(stop)
            keys.append(f"{'' if start == 0 else start}:{shown}{'' if step == 1 else f':{step}'}")
    while keys[-1] == ":":
        keys.pop()
    return Form("index", node.args, ", ".join(keys))


def _transpose(node: Node) -> Form:
    if node.ndim == 2:
        return Form("transposed", node.args)
    return Form("call", node.args, "transpose", (("axes", show_shape(node.attrs[0])),))


def _reshape(node: Node) -> Form:
    """New axes of size 1 are written as in NumPy, `x[:, None]`."""
    old, keys = list(node.args[0].shape), list[str]()
    for extent in node.shape:
        if old and old[0] == extent:
            keys.append(":")
            old.pop(0)
        elif extent == 1:
            keys.append("None")
    if old or len(keys) < node.ndim or not node.args[0].ndim:
        return Form("call", node.args, "reshape", (("", show_shape(node.shape)),))
    return Form("index", node.args, ", ".join(keys))


def _gather(node: Node) -> Form:
    if node.attrs[0] == 0 and len(node.args) > 1:
        return Form("pick", node.args)
    return Form("call", node.args, "gather", (("axis", str(node.attrs[0])),))


_SPECIAL: dict[str, Callable[[Node], Form]] = {
    "const": _const,
    "size": _size,
    "neg": lambda n: Form("neg", n.args),
    "reciprocal": lambda n: Form("div", (Form("number", (), "1"), *n.args)),
    "square": lambda n: Form("pow", (*n.args, Form("number", (), "2"))),
    "contract": _contract,
    "slice": _slice,
    "transpose": _transpose,
    "gather": _gather,
    **dict.fromkeys(("sum", "max", "min", "prod", "mean"), _reduction),
    "reshape": lambda n: _reshape(n),
    "broadcast": lambda n: Form("call", n.args, "broadcast", (("", show_shape(n.shape)),)),
    "iota": lambda n: Form("call", (), "arange", (("", str(n.attrs[0])),)),
}


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
    return name if isinstance(name, Form) else Form("name", (), name, (("axes", str(node.ndim)),))


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


def precedence(f: Form) -> int:
    """How tightly a notation binds in text."""
    if f.kind in _INFIX:
        return _INFIX[f.kind][1]
    loose = {"neg": NEGATIVE, "ratio": PRODUCT, "sizes": SUM, "series": SUM, "derivative": PRODUCT}
    return loose.get(f.kind, ATOM)


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
    names = names or {}
    stack, seen = [mentioned(node, names)], 0
    while stack:
        seen += 1
        if seen > most:
            return None
        stack += [_part(p, names) for p in stack.pop().parts]
    text = mention(node, names)
    return text if len(text) <= most else None


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
    sign, _ = _INFIX[f.kind]
    left, right = parts
    product = f.kind in ("mul", "matmul")
    derivative = product and (left.kind in _SIGNS or right.kind in _SIGNS)
    spaced = f" {sign} " if level in (SUM, COMPARE) or sign == "@" or derivative else sign
    least = level + (level == COMPARE)
    if {f.kind, left.kind} in ({"mul", "matmul"}, {"div", "matmul"}) and left.kind != "div":
        least = ATOM  # (a @ b)*c: the language needs no parentheses, the reader does
    # dL/dh * dh/dz and dL/dh * a*b read rightly without parentheses.
    loose = derivative and (right.kind in _SIGNS or (f.kind == "mul" and right.kind in ("mul", "div")))
    return f"{_wrap(left, least)}{spaced}{_wrap(right, level + (not loose), after=True)}"


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
