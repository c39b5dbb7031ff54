"""Mathematics in one line: a node written with the names of the values it is computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from graphc.ir.node import Node
from graphc.ir.types import DimLike, Shape, show_shape
from graphc.ops.leaf import constant_value
from graphc.plan.contraction import plan_contraction

# How tightly Python's operators bind; an operand that binds less is put in parentheses.
COMPARE, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)

# Operations written between their operands, with the strength the left and the right operand need.
INFIX: Mapping[str, tuple[str, int]] = {
    "add": ("+", SUM),
    "sub": ("-", SUM),
    "mul": ("*", PRODUCT),
    "div": ("/", PRODUCT),
    "pow": ("**", POWER),
    "less": ("<", COMPARE),
    "less_equal": ("<=", COMPARE),
    "greater": (">", COMPARE),
    "greater_equal": (">=", COMPARE),
    "equal": ("==", COMPARE),
    "not_equal": ("!=", COMPARE),
}


def infix(op: str, left: tuple[str, int], right: tuple[str, int]) -> tuple[str, int]:
    """`left op right` with the parentheses it needs; operands and result are text and strength."""
    symbol, strength = INFIX[op]
    # Floating-point sums and products are not associative, and comparisons would chain.
    needs = {COMPARE: (SUM, SUM), POWER: (ATOM, ATOM)}.get(strength, (strength, strength + 1))
    a, b = bind(left, needs[0]), bind(right, needs[1])
    return (f"{a}{symbol}{b}" if strength == POWER else f"{a} {symbol} {b}"), strength


def bind(text: tuple[str, int], strength: int) -> str:
    """The text, in parentheses if it binds less than `strength`."""
    return text[0] if text[1] >= strength else f"({text[0]})"


def show_slices(slices: Any, shape: Shape, show: Callable[[DimLike], str] = str) -> str:
    """Slices as written in brackets, `1:, ::-1`, for an array of `shape`."""
    return ", ".join(_slice(*s, d, show) for s, d in zip(slices, shape, strict=True))


def _slice(start: DimLike, step: int, length: DimLike, extent: DimLike, show: Callable[[DimLike], str]) -> str:
    stop = start + step * length
    if step == -1 and start == extent - 1 and length == extent:
        return "::-1"
    first = "" if start == 0 and step > 0 else show(start)
    if isinstance(stop, int):
        last = "" if stop < 0 else show(stop)
    elif step > 0:
        last = show(stop)
    else:
        last = f"{show(stop)} if {show(stop)} >= 0 else None"
    if step > 0 and stop == extent:
        last = ""
    return f"{first}:{last}" + (f":{step}" if step != 1 else "")


def formula(node: Node, names: Mapping[Node, str]) -> str:
    """The right-hand side that defines `node`, in terms of the values that have names."""
    return _show(node, names, top=True)[0]


def _show(node: Node, names: Mapping[Node, str], *, top: bool = False) -> tuple[str, int]:
    """Text and strength. It recurses over one line only: what is longer has a name."""
    if node in names and not top:
        return names[node], ATOM
    if node.is_leaf:
        return node.name or "", ATOM
    special = _SPECIAL.get(node.op.name)
    if special is not None:
        return special(node, names)
    args = [_show(a, names) for a in node.args]
    if node.op.name in INFIX:
        return infix(node.op.name, args[0], args[1])
    options = [f"{k}={_option(v)}" for k, v in zip(node.op.attr_names, node.attrs, strict=True) if _matters(k, v)]
    return f"{node.op.name}({', '.join([*(a for a, _ in args), *options])})", ATOM


def _matters(name: str, value: Any) -> bool:
    return name not in ("tie", "facts") and value is not False


def _option(value: Any) -> str:
    return show_shape(value) if isinstance(value, tuple) else str(value)


def _const(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    value = constant_value(node)
    text = str(node.attrs[1])
    return text, ATOM if value is None or value >= 0 and not isinstance(node.attrs[1], Fraction) else SUM


def _size(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    text = str(node.attrs[0])
    return text, ATOM if text.isidentifier() else SUM


def _neg(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    return f"-{bind(_show(node.args[0], names), SIGN)}", SIGN


def _square(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    return f"{bind(_show(node.args[0], names), ATOM)}**2", POWER


def _reciprocal(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    return f"1 / {bind(_show(node.args[0], names), SIGN)}", PRODUCT


def _transposed(text: tuple[str, int], order: tuple[int, ...] | None) -> tuple[str, int]:
    if order is None:
        return text
    turned = bind(text, ATOM)
    return (f"{turned}.T" if order == (1, 0) else f"{turned}.transpose{order}"), ATOM


def _transpose(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    return _transposed(_show(node.args[0], names), node.attrs[0])  # type: ignore[arg-type]


def _reduce(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    axes, _ = node.attrs
    inner = _show(node.args[0], names)[0]
    if len(axes) == node.args[0].ndim:  # type: ignore[arg-type]
        return f"{node.op.name}({inner})", ATOM
    axis = axes[0] if len(axes) == 1 else axes  # type: ignore[index, arg-type]
    return f"{node.op.name}({inner}, axis={axis})", ATOM


def _reshape(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    return f"{bind(_show(node.args[0], names), ATOM)}.reshape{show_shape(node.shape)}", ATOM


def _cut(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    inner = bind(_show(node.args[0], names), ATOM)
    return f"{inner}[{show_slices(node.attrs[0], node.args[0].shape)}]", ATOM


def _gather(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    array, *indices = (_show(a, names) for a in node.args)
    keys = [":"] * int(node.attrs[0]) + [i for i, _ in indices]  # type: ignore[arg-type]
    return f"{bind(array, ATOM)}[{', '.join(keys)}]", ATOM


def _contract(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    plan = plan_contraction(node)
    args = [_show(a, names) for a in node.args]
    if plan.form == "matmul" and plan.plain:
        left, right = (
            _transposed(args[p], order) for p, order in zip(plan.operands, plan.orders, strict=True)
        )
        return f"{bind(left, PRODUCT)} @ {bind(right, SIGN)}", PRODUCT
    if plan.form == "outer" and plan.plain:
        return f"outer({args[plan.operands[0]][0]}, {args[plan.operands[1]][0]})", ATOM
    return f"contract({node.attrs[0]!r}, {', '.join(a for a, _ in args)})", ATOM


_SPECIAL: dict[str, Callable[[Node, Mapping[Node, str]], tuple[str, int]]] = {
    "const": _const,
    "size": _size,
    "neg": _neg,
    "square": _square,
    "reciprocal": _reciprocal,
    "transpose": _transpose,
    "sum": _reduce,
    "prod": _reduce,
    "max": _reduce,
    "min": _reduce,
    "reshape": _reshape,
    "slice": _cut,
    "gather": _gather,
    "contract": _contract,
}
