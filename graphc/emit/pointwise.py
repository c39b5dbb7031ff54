"""Elementwise operations in NumPy: infix where Python has an operator, else a call."""

from __future__ import annotations

from graphc.emit.infix import INFIX, infix
from graphc.emit.text import Scope, Text, dim_strength, number, show_dim
from graphc.ir.node import Node
from graphc.ops.form import ATOM, NEGATIVE, POWER, PRODUCT, SUM
from graphc.ops.leaf import CONST
from graphc.ops.pointwise import CAST
from graphc.plan.buffers import takes_out

_SHORT = {"absolute": "abs"}
_TAKES_MASK = ("add", "sub", "mul")
_AUGMENTED = {"add": "+=", "sub": "-=", "mul": "*=", "div": "/="}


def operands(scope: Scope, node: Node) -> list[Text]:
    """The operands of an elementwise node, cast so that NumPy's promotion gives the node's dtype.

    NumPy would widen an integer array beside a float32 array to float64, and computes with booleans as such;
    a Python number takes the dtype of the array it meets, but not that of another Python number.
    """
    first = 1 if node.op.name == "where" else 0
    args = node.args[first:]
    texts = [scope.value(a) for a in args]
    if not node.ndim:
        # What an array without axes holds: arithmetic on it takes a fifth of the time.
        texts = [Text(f"{t.code}[()]") if t.code in scope.boxes else t for t in texts]
    real = node.dtype == "real" or any(a.dtype == "real" for a in args)
    target = "real" if real else "int"
    strong = [not t.weak and a.dtype == target for t, a in zip(texts, args, strict=True)]
    if all(strong):
        return [scope.value(a) for a in node.args[:first]] + texts
    keep_mask = node.op.name in _TAKES_MASK and any(strong)
    for i, (text, a) in enumerate(zip(texts, args, strict=True)):
        if text.weak or a.dtype == target or (a.dtype == "bool" and (keep_mask or _all_masks(node, args))):
            continue
        texts[i] = scope.cast(text, a.dtype, target)
    if all(t.weak for t in texts) and node not in scope.weak:
        texts[0] = scope.cast(texts[0], target, target)
    if node.op.name != "pow" and any(t.ndim for t, on in zip(args, strong, strict=True) if on) and real:
        texts = [
            scope.beside(node, t) if t.weak and a.op is CONST else t for t, a in zip(texts, args, strict=True)
        ]
    return [scope.value(a) for a in node.args[:first]] + texts


def _all_masks(node: Node, args: tuple[Node, ...]) -> bool:
    """Comparing booleans needs no cast."""
    return node.dtype == "bool" and all(a.dtype == "bool" for a in args)


def call(scope: Scope, node: Node, out: str = "") -> Text:
    """`np.exp(x)`, and with `out` a call that writes there."""
    name = node.op.array_function
    args = [t.code for t in operands(scope, node)]
    if out:
        args.append(f"out={out}")
    return Text(f"np.{_SHORT.get(name, name)}({', '.join(args)})")


def binary(scope: Scope, node: Node) -> Text:
    left, right = operands(scope, node)
    code, strength = infix(node.op.name, (left.code, left.strength), (right.code, right.strength))
    return Text(code, strength, weak=node in scope.weak)


def store(scope: Scope, node: Node, name: str) -> str:
    """`W -= lr * v` where the new value of `W` is the old one changed, else `W[...] = value`.

    NumPy adds two numbers sooner than two arrays without axes.
    """
    known = node in scope.names or not node.ndim
    sign = _AUGMENTED.get(node.op.name)
    first = node.args[0] if node.args else node
    if sign and not known and scope.names.get(first) == name and first.shape == node.shape:
        _, change = operands(scope, node)
        change = scope.beside(node, change) if node.args[1].op is CONST and change.weak else change
        strength = SUM if INFIX[node.op.name][1] in (SUM, PRODUCT) else PRODUCT
        return f"{name} {sign} {change.bound(strength)}"
    if not known and takes_out(node) and node.op.kind == "pointwise" and node.op is not CAST:
        return call(scope, node, name).code
    return f"{name}[...] = {scope.value(node).code}"


def negative(scope: Scope, node: Node) -> Text:
    (x,) = operands(scope, node)
    return Text(f"-{x.bound(NEGATIVE)}", NEGATIVE, weak=node in scope.weak)


def square(scope: Scope, node: Node) -> Text:
    (x,) = operands(scope, node)
    return Text(f"{x.bound(ATOM)}**2", POWER)


def reciprocal(scope: Scope, node: Node) -> Text:
    (x,) = operands(scope, node)
    return Text(f"1 / {x.bound(NEGATIVE)}", PRODUCT)


def step(scope: Scope, node: Node) -> Text:
    x = scope.array(node.args[0])
    return Text(f"({x.bound(NEGATIVE)} > 0).astype(np.int64)")


def erf(scope: Scope, node: Node) -> Text:
    (x,) = operands(scope, node)
    return Text(f"{scope.helper('_erf')}({x.code})")


def cast(scope: Scope, node: Node) -> Text:
    x = scope.value(node.args[0])
    if node in scope.weak:
        return x
    return scope.cast(x, node.args[0].dtype, node.dtype)


def assumed(scope: Scope, node: Node) -> Text:
    return scope.value(node.args[0])


def constant(scope: Scope, node: Node) -> Text:
    return number(node.attrs[1])


def size(scope: Scope, node: Node) -> Text:
    d = node.attrs[0]
    return Text(show_dim(d, scope.sizes), dim_strength(d), weak=True)


PRINTERS = {
    **dict.fromkeys(INFIX, binary),
    **dict.fromkeys(
        (
            "exp",
            "expm1",
            "log",
            "log1p",
            "sqrt",
            "abs",
            "sign",
            "sin",
            "cos",
            "tanh",
            "maximum",
            "minimum",
            "where",
        ),
        call,
    ),
    "neg": negative,
    "square": square,
    "reciprocal": reciprocal,
    "step": step,
    "erf": erf,
    "cast": cast,
    "assumed": assumed,
    "const": constant,
    "size": size,
}
