"""Which notation an operation takes, in text and in LaTeX alike: an infix sign, a power, a matrix product, a call."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from inspect import signature
from typing import Any

from graphc.ir.node import Node
from graphc.ir.op import Op
from graphc.ir.types import Dim, show_shape
from graphc.ops.composite import attributes
from graphc.ops.leaf import constant_value

# Precedence of each notation, loosest first; an operand that binds looser than its place goes in parentheses.
COMPARE, SUM, PRODUCT, NEGATIVE, POWER, ATOM = range(6)


@dataclass(frozen=True, slots=True)
class Form:
    """A notation: its kind, the parts it is made of (nodes, or forms of parts), and what is not an operand."""

    kind: str
    parts: tuple[Node | Form, ...] = ()
    text: str = ""
    options: tuple[tuple[str, str], ...] = ()


INFIX = {
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
SAME = ("cast", "assumed", "again")
_CALLS = {"maximum": "max", "minimum": "min", "concat": "concat"}


def form(node: Node) -> Form:
    """The notation of a node's own operation."""
    name = node.op.name
    if node.is_leaf:
        return Form("name", (), written_name(node.name or ""))
    if name in _SPECIAL:
        return _SPECIAL[name](node)
    if name in INFIX:
        return Form(name, node.args)
    if name in SAME:
        return Form("same", node.args)
    return _call(node)


def _call(node: Node) -> Form:
    """A call, with the options that are not the usual ones."""
    name = node.op.name
    options = [
        (k, v) for k, v in attributes(node).items() if k not in ("tie", "facts") and not _usual(node, k, v)
    ]
    if node.op.name == "one_hot":
        return Form("call", node.args, name, (("", str(node.attrs[0])),))
    if name in ("cumsum", "cumprod"):
        options = [(k, v) for k, v in options if v is not False]
    return Form("call", node.args, _CALLS.get(name, name), tuple((k, _value(v)) for k, v in options))


def _usual(node: Node, option: str, value: Any) -> bool:
    """Whether an option is what the declaration of a composite gives by itself."""
    defaults = _defaults(node.op)
    if option not in defaults:
        return False
    default = defaults[option]
    if option == "axis" and isinstance(default, int):
        return bool(value == (default if default >= 0 else default + node.args[0].ndim))
    return bool(value == default)


@cache
def _defaults(op: Op) -> dict[str, Any]:
    """The default values of a composite's options; a float stands for the decimal it prints as."""
    if op.body is None:
        return {}
    given = {n: p.default for n, p in signature(op.body).parameters.items() if p.default is not p.empty}
    return {n: Fraction(repr(v)) if isinstance(v, float) else v for n, v in given.items()}


def written_name(name: str) -> str:
    """A name within a formula: the path `net/dense1/W` is written `net.dense1.W`, or it would read as a quotient."""
    parts = name.split("/")
    return ".".join(parts) if all(part.isidentifier() for part in parts) else name


def number_text(kind: str, value: Any) -> str:
    """An exact constant as it is written in the graph language."""
    if isinstance(value, Fraction):
        return f"{Decimal(value.numerator)}/{Decimal(value.denominator)}"
    if isinstance(value, int):
        return str(Decimal(value))  # Python itself writes no whole number of more than 4300 digits
    if not isinstance(value, Decimal) or "E" not in str(value):
        return str(value)
    real = float(value)
    fits = math.isfinite(real) and (real == 0) == (value == 0)
    return repr(real) if fits else str(value).lower()


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return show_shape(value)
    return str(value)


def _const(node: Node) -> Form:
    kind, value = node.attrs
    if isinstance(value, Fraction):
        inner = Form("ratio", (), number_text("", abs(value)))
        return Form("neg", (inner,)) if value < 0 else inner
    if isinstance(value, int | Decimal) and value < 0:
        return Form("neg", (Form("number", (), number_text(str(kind), -value)),))
    return Form("number", (), number_text(str(kind), value))


def _quotient(node: Node) -> Form:
    """`x/y`; of -1/2 over the size N the one fraction `-1/(2*N)`, which `-1/2/N` hides."""
    above, below = node.args
    number = _fraction(above) if below.op.name == "size" and below.name is None else None
    if number is None:
        return Form("div", node.args)
    (top, bottom), d = number, below.attrs[0]
    times = Form("number", (), number_text("", bottom))
    under = _dim(d * bottom) if len(d.terms) == 1 else Form("mul", (times, below))
    fraction = Form("div", (Form("number", (), number_text("", abs(top))), under))
    return Form("neg", (fraction,)) if top < 0 else fraction


def _fraction(node: Node) -> tuple[int, int] | None:
    """The numerator and the denominator of what is written `1/2` or `-1/2`, a constant or a quotient of two."""
    if node.name is not None:
        return None
    if node.op.name == "const" and isinstance(value := node.attr("value"), Fraction):
        return value.numerator, value.denominator
    if node.op.name == "div" and all(a.op.name in ("const", "neg") for a in node.args):
        top, bottom = (_whole(a) for a in node.args)
        return (top, bottom) if top is not None and bottom is not None and bottom > 0 else None
    negated = _fraction(node.args[0]) if node.op.name == "neg" and node.args[0].op.name != "neg" else None
    return (-negated[0], negated[1]) if negated else None


def _whole(node: Node) -> int | None:
    """The whole number of a constant, or of minus one."""
    inner = node.args[0] if node.op.name == "neg" else node
    value = inner.attr("value") if inner.op.name == "const" and node.name is None is inner.name else None
    if not isinstance(value, int):
        return None
    return value if inner is node else -value


def _size(node: Node) -> Form:
    return _dim(node.attrs[0])


def _dim(d: Dim) -> Form:
    text = str(d)
    if len(d.terms) > 1:
        return Form("sizes", (), text)
    return Form("number" if text.isidentifier() else "ratio", (), text)


def _reduction(node: Node) -> Form:
    axes, keepdims = (*node.attrs, False)[:2]
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
    if spec == "->ii" and constant_value(node.args[0]) == 1:
        return Form("call", (), "eye", (("", str(node.shape[0])),))
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
    return Form("matmul", node.args) if plain and aligned else _swapped_product(operands, output, node)


def _swapped_product(operands: list[str], output: str, node: Node) -> Form | None:
    """A batched product of matrices of which some are transposed, `transpose(a, axes=(0, 2, 1)) @ b`."""
    if len(output) < 3:
        return None
    batch, row, column = output[:-2], output[-2], output[-1]
    factors = dict(zip(operands, node.args, strict=True))
    first = next((o for o in operands if row in o), "")
    second = next((o for o in operands if o != first), "")
    shared = (set(first) & set(second)) - set(output)
    if len(shared) != 1 or first[:-2] != batch or second[:-2] not in (batch, "") or column not in second:
        return None
    (k,) = shared
    if {row, k} != set(first[-2:]) or {k, column} != set(second[-2:]):
        return None
    swapped = show_shape((*range(len(batch)), len(batch) + 1, len(batch)))

    def oriented(indices: str, wanted: str) -> Node | Form:
        x = factors[indices]
        if indices[-2:] == wanted:
            return x
        if len(indices) == 2:
            return Form("transposed", (x,))
        return Form("call", (x,), "transpose", (("axes", swapped),))

    return Form("matmul", (oriented(first, row + k), oriented(second, k + column)))


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
    while len(keys) > 1 and keys[-1] == ":":
        keys.pop()
    return Form("index", node.args, ", ".join(keys))


def _pad(node: Node) -> Form:
    """`pad(x, [(1, 1), (0, 0)])`, the entries before and after on each axis."""
    shape, slices, fill = node.attrs
    if any(step != 1 for _, step, _ in slices):
        return _call(node)
    widths = [(start, d - start - length) for d, (start, _, length) in zip(shape, slices, strict=True)]
    filled = (("fill", str(fill)),) if fill != 0 else ()
    return Form("call", node.args, "pad", (("", f"[{', '.join(map(show_shape, widths))}]"), *filled))


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


def _identity(node: Node) -> Form | None:
    """The row's number compared with the column's is `eye(N)`."""
    rows, columns = node.args
    if any(a.op.name != "reshape" or a.args[0].op.name != "iota" or a.ndim != 2 for a in node.args):
        return None
    (n, one), (again, m) = rows.shape, columns.shape
    if one != 1 or again != 1:
        return None
    return Form("call", (), "eye", (("", str(n)), *([("", str(m))] if m != n else [])))


FILLED = {Fraction(0): "zeros", Fraction(1): "ones"}


def _broadcast(node: Node) -> Form:
    """`broadcast(b, (N, D))`; of 0 and 1 `zeros(D)` and `ones((N, D))`."""
    value = constant_value(node.args[0])
    if node.shape and value is not None and value in FILLED:
        return Form("call", (), FILLED[value], (("", _on_axes(node.shape)),))
    return Form("call", node.args, "broadcast", (("", show_shape(node.shape)),))


def _windows(node: Node) -> Form:
    """`sliding_window(x, 3, axes=2)`, and `overlap_add(w, shape, axes=2)`, which finds the sizes in `w`."""
    axes, sizes, strides, dilations = node.attrs[-4:]
    options = [("axes", axes), ("strides", strides), ("dilations", dilations)]
    shown = [
        (k, str(v[0]) if k != "axes" and len(set(v)) == 1 else _on_axes(v))
        for k, v in options
        if k == "axes" or any(i != 1 for i in v)
    ]
    given = show_shape(node.shape) if node.op.name == "overlap_add" else _on_axes(sizes)
    return Form("call", node.args, node.op.name, (("", given), *shown))


def _on_axes(values: Any) -> str:
    return str(values[0]) if len(values) == 1 else show_shape(values)


def _gather(node: Node) -> Form:
    if node.attrs[0] == 0 and len(node.args) > 1:
        return Form("pick", node.args)
    return Form("call", node.args, "gather", (("axis", str(node.attrs[0])),))


_SPECIAL: dict[str, Callable[[Node], Form]] = {
    "const": _const,
    "size": _size,
    "neg": lambda n: Form("neg", n.args),
    "div": _quotient,
    "reciprocal": lambda n: Form("div", (Form("number", (), "1"), *n.args)),
    "square": lambda n: Form("pow", (*n.args, Form("number", (), "2"))),
    "contract": _contract,
    "slice": _slice,
    "transpose": _transpose,
    "gather": _gather,
    "pad": _pad,
    "sliding_window": _windows,
    "overlap_add": _windows,
    **dict.fromkeys(("sum", "max", "min", "prod", "mean", "is_max", "is_min"), _reduction),
    "reshape": lambda n: _reshape(n),
    "equal": lambda n: _identity(n) or _call(n),
    "broadcast": _broadcast,
    "uniform": lambda n: Form("call", n.args, "uniform", (("key", repr(n.attr("key"))),)),
    "iota": lambda n: Form("call", (), "arange", (("", str(n.attrs[0])),)),
}


def precedence(f: Form) -> int:
    """How tightly a notation binds in text."""
    if f.kind in INFIX:
        return INFIX[f.kind][1]
    loose = {"neg": NEGATIVE, "ratio": PRODUCT, "sizes": SUM, "series": SUM, "derivative": PRODUCT}
    loose |= {"scaled": PRODUCT}
    return loose.get(f.kind, ATOM)
