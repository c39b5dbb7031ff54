"""Algebra: arithmetic collected, cancelled, multiplied out where that is shorter, and common factors taken out."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction

from graphc.ir.node import Node, rebuild, topological
from graphc.ir.types import Shape, broadcast_shapes
from graphc.ops.leaf import as_node, constant_value
from graphc.rewrite.axes import fit
from graphc.rewrite.expand import expand
from graphc.rewrite.quiet import unsettled
from graphc.rewrite.rule import Rule, call, var
from graphc.rewrite.terms import SEEN_THROUGH, Terms, is_short, terms_of, weight_of, written_weight
from graphc.rewrite.write import write, write_factored

ARITHMETIC = ("add", "sub", "mul", "div", "neg", "pow", "square", "reciprocal")
COUNTED = SEEN_THROUGH | {"sum"}


def cost(root: Node, floor: frozenset[Node]) -> tuple[int, int]:
    """Operations from `root` down to `floor`, and the sum of the ranks of their results; moves count least."""
    counted = _counted(root, floor)
    return sum(weight_of(n.op.name) for n in counted), sum(_rank(n) for n in counted)


def work(root: Node, floor: frozenset[Node]) -> int:
    """The same with each operation weighted by the rank of what it goes through."""
    counted = _counted(root, floor)
    return sum(weight_of(n.op.name) * (1 + 2 * max(_rank(x) for x in (n, *n.args))) for n in counted)


def _rank(node: Node) -> int:
    """The number of axes along which an array extends."""
    return sum(d != 1 for d in node.shape)


def _counted(root: Node, floor: frozenset[Node]) -> list[Node]:
    order = topological([root], stop=lambda n: n in floor or n.op.name not in COUNTED)
    return [n for n in order if n not in floor and n.op.name in COUNTED]


def floor_of(terms: Terms) -> frozenset[Node]:
    """The factors that terms are made of."""
    return frozenset(f for factors in terms.order.values() for f, _ in factors)


def shorter(
    node: Node, rewritten: Node | None, floor: frozenset[Node], *, slack: bool = False
) -> Node | None:
    """`rewritten`, in the shape of `node`, if it takes fewer operations; with `slack`, or as many."""
    if rewritten is None or rewritten is node:
        return None
    rewritten = fit(rewritten, node.shape)
    new, old = cost(rewritten, floor), cost(node, floor)
    return rewritten if new < old or (slack and new == old) else None


def _numbers(node: Node) -> Node | None:
    """Arithmetic of exact numbers is done; adding 0 and multiplying by 1 are left out."""
    if not any(a.op.kind == "const" for a in node.args):
        return None
    values = [constant_value(a) for a in node.args]
    name = node.op.name
    if all(v is not None for v in values) and name in _EXACT and not (name == "div" and values[1] == 0):
        decimal = any(a.attrs[0] == "decimal" for a in node.args)
        result = _EXACT[name](*values)
        return write(Terms([((), result)], decimal=decimal)) if is_short(result) else None
    if len(values) == 2:
        (x, y), (a, b) = node.args, values
        if (name in ("mul", "div") and b == 1) or (name in ("add", "sub") and b == 0):
            return x
        if (name == "mul" and a == 1) or (name == "add" and a == 0):
            return y
        if name in ("add", "sub") and b is not None and b < 0:
            return x - _positive(y) if name == "add" else x + _positive(y)
        if name == "mul" and a == -1:
            return -y
        if name == "mul" and 0 in values:
            return as_node(0)
    return None


def _positive(node: Node) -> Node:
    """The opposite of a negative number, of the same kind."""
    return write(Terms([((), -(constant_value(node) or Fraction(0)))], decimal=node.attrs[0] == "decimal"))


_EXACT: dict[str, Callable[..., Fraction]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
}


def _collect(node: Node, terms: Terms) -> Node | None:
    if written_weight(terms) >= terms.weight + terms.merged:
        return None
    return shorter(node, write(terms), floor_of(terms), slack=terms.merged)


def _factor(node: Node, terms: Terms) -> Node | None:
    return shorter(node, write_factored(terms), floor_of(terms), slack=terms.merged)


def _expand(node: Node, terms: Terms) -> Node | None:
    opened = expand(terms)
    if opened is None:
        return None
    floor = floor_of(opened)
    candidates = [write_factored(opened), write(opened)]
    found = [c for c in candidates if c is not None and shorter(node, c, floor) is not None]
    return min(found, key=lambda c: cost(fit(c, node.shape), floor), default=None)


def _smaller_first(node: Node) -> Node | None:
    """`(a*X)/b` is `(a/b)*X` where `X` is the larger array: one operation on it instead of two."""
    if all(a.shape == node.shape for a in node.args):
        return None
    if not any(a.op.name in ("mul", "div") and a.name is None and a.shape == node.shape for a in node.args):
        return None
    terms = terms_of(node)
    if len(terms.by_factors) != 1:
        return None
    return shorter(node, write(terms), floor_of(terms))


def _minus_difference(node: Node) -> Node | None:
    """`-((x - y)/c)` is `(y - x)/c`."""
    quotient = node.args[0]
    if quotient.op.name != "div" or quotient.name is not None:
        return None
    difference, below = quotient.args
    if difference.op.name != "sub" or difference.name is not None:
        return None
    return (difference.args[1] - difference.args[0]) / below


def _broadcast_operand(node: Node) -> Node | None:
    """A repeated operand need not be repeated: elementwise operations broadcast by themselves."""
    if node.op.kind == "composite" or not node.op.elementwise:
        return None
    args = list(node.args)
    for i, a in enumerate(args):
        if a.op.name == "broadcast" and a.name is None:
            args[i] = a.args[0]
            if not _covers([x.shape for x in args], node.shape):
                args[i] = a
    return rebuild(node, args) if tuple(args) != node.args else None


def _covers(shapes: list[Shape], shape: Shape) -> bool:
    return broadcast_shapes(shapes, "broadcast") == shape


x, y, c = var("x"), var("y"), var("c")
exp, log, sqrt, abs_, where = map(call, ("exp", "log", "sqrt", "abs", "where"))
maximum, minimum, relu = map(call, ("maximum", "minimum", "relu"))
HALF = Fraction(1, 2)
ELEMENTWISE = (
    *("exp", "expm1", "log", "log1p", "sqrt", "abs", "sign", "sin", "cos", "tanh", "erf", "step"),
    *("where", "maximum", "minimum", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
    *("add", "sub", "mul", "div", "pow"),
)

ALGEBRA = (
    Rule("arithmetic of numbers", apply=_numbers, ops=("add", "sub", "mul", "div", "neg"), example="2*3 + x"),
    Rule("collect terms and factors", apply=_collect, look=unsettled, ops=ARITHMETIC, example="x + y + x"),
    Rule("take out the common factor", apply=_factor, look=unsettled, ops=ARITHMETIC, example="x*y + x*z"),
    Rule("multiply out and cancel", apply=_expand, look=unsettled, ops=ARITHMETIC, example="x*(y/x + 1) - x"),
    Rule("smaller factors first", apply=_smaller_first, ops=("mul", "div"),
         example="X = input(N, D); a = input(D); b = input(D); (a*X)/b"),
    Rule("minus a difference", apply=_minus_difference, ops=("neg",), example="-((x - y)/z)"),
    Rule("no repeat before an elementwise operation", apply=_broadcast_operand, ops=ELEMENTWISE,
         example="A = input(N, D); maximum(broadcast(sum(A), (N, D)), A)"),
    Rule("log of exp", log(exp(x)), x, example="log(exp(x))"),
    Rule("exp of log", exp(log(x)), x, example="exp(log(x))"),
    Rule("root of a square", sqrt(x**2), abs_(x), example="sqrt(x**2)"),
    Rule("root of a square", sqrt(call("square")(x)), abs_(x), example="sqrt(square(x))"),
    Rule("root of a product with itself", sqrt(x * x), abs_(x), example="sqrt(x*x)"),
    Rule("square of an absolute value", abs_(x) ** 2, x**2, example="abs(x)**2"),
    Rule("absolute value twice", abs_(abs_(x)), abs_(x), example="abs(abs(x))"),
    Rule("absolute value of a negative", abs_(-x), abs_(x), example="abs(-x)"),
    Rule("power one half", x ** var("p"), sqrt(x), lambda b: constant_value(b["p"]) == HALF, example="x**0.5"),
    Rule("power minus one half", x ** var("p"), 1 / sqrt(x), lambda b: constant_value(b["p"]) == -HALF,
         example="x**-0.5"),
    Rule("larger of a thing and itself", maximum(x, x), x, example="maximum(x, x)"),
    Rule("smaller of a thing and itself", minimum(x, x), x, example="minimum(x, x)"),
    Rule("relu twice", relu(relu(x)), relu(x), example="relu(relu(x))"),
    Rule("identity", call("identity")(x), x, example="identity(x)*y"),
    Rule("either way the same", where(c, x, x), x, example="where(y > 0, x, x)"),
)  # fmt: skip
