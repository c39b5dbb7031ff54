"""`assume(…)`: from the closed list of facts to the fact, and the name it is about."""

from __future__ import annotations

from fractions import Fraction

from graphc.ir.errors import ParseError
from graphc.ir.node import Node
from graphc.lang import tree, values
from graphc.lang.scope import Scope
from graphc.lang.tree import Expr
from graphc.lang.walk import run
from graphc.ops.facts import Fact, Integer, OneHot, Range, SumsTo, Symmetric

HOW = (
    "what can be assumed is `sum(t, axis=1) == 1`, a range such as `x > 0` or `0 <= p <= 1`, "
    "`symmetric(A)`, `integer(x)` and `one_hot(t)`, each of a name"
)


def read(scope: Scope, expr: Expr) -> tuple[Node, Fact]:
    """The node an assumption is about, and the fact."""
    if isinstance(expr, tree.Call):
        return _named_fact(scope, expr)
    if isinstance(expr, tree.Compare) and "==" in expr.ops:
        return _sums_to(scope, expr)
    if isinstance(expr, tree.Compare):
        return _range(scope, expr)
    raise scope.error(f"this cannot be assumed; {HOW}", expr.at)


def _subject(scope: Scope, expr: Expr) -> Node:
    if not isinstance(expr, tree.Name):
        raise scope.error(f"an assumption is about a name; {HOW}", expr.at)
    node = scope.resolve(expr)
    if not isinstance(node, Node) or expr.id == "pi":
        raise scope.error(f"`{expr.id}` is not an array or a scalar of the text; {HOW}", expr.at)
    return node


def _number(scope: Scope, expr: Expr) -> Fraction | None:
    """The exact number an expression of literals is, or None."""
    try:
        value = run(values.exact(expr))
    except ParseError:
        return None
    return value if isinstance(value, Fraction) else None


def _named_fact(scope: Scope, expr: tree.Call) -> tuple[Node, Fact]:
    options = dict(expr.keywords)
    axis = options.pop("axis", None) if expr.function == "one_hot" else None
    if expr.function not in ("symmetric", "integer", "one_hot") or options or len(expr.args) != 1:
        raise scope.error(f"this cannot be assumed; {HOW}", expr.at)
    node = _subject(scope, expr.args[0])
    if expr.function == "symmetric":
        return node, Symmetric()
    if expr.function == "integer":
        return node, Integer()
    return node, OneHot(_axis(scope, node, axis if axis is not None else tree.Number(-1, expr.at), expr))


def _axis(scope: Scope, node: Node, expr: Expr, whole: Expr) -> int:
    number = _number(scope, expr)
    if number is None or number.denominator != 1 or not -node.ndim <= number < node.ndim:
        shape = f"{node.ndim} axes" if node.ndim != 1 else "one axis"
        raise scope.error(
            f"this names an axis that `{node.name}`, which has {shape}, does not have", whole.at
        )
    return int(number) % node.ndim


def _sums_to(scope: Scope, expr: tree.Compare) -> tuple[Node, Fact]:
    if len(expr.operands) != 2:
        raise scope.error(f"one equality at a time can be assumed; {HOW}", expr.at)
    left, right = expr.operands
    total, value = (
        (left, _number(scope, right)) if isinstance(left, tree.Call) else (right, _number(scope, left))
    )
    if not isinstance(total, tree.Call) or total.function != "sum" or len(total.args) != 1 or value is None:
        raise scope.error(f"this equation cannot be assumed; {HOW}", expr.at)
    options = dict(total.keywords)
    axis = options.pop("axis", None)
    if options:
        raise scope.error("inside `assume`, `sum` takes only an axis: `sum(t, axis=1) == 1`", expr.at)
    node = _subject(scope, total.args[0])
    if axis is None and node.ndim != 1:
        raise scope.error(
            f"say along which axis `{node.name}` sums to {value}: `sum({node.name}, axis=1)`", expr.at
        )
    return node, SumsTo(_axis(scope, node, axis or tree.Number(0, expr.at), expr), value)


def _range(scope: Scope, expr: tree.Compare) -> tuple[Node, Fact]:
    """`x > a`, `a < x`, or `a <= x < b` and its mirror image."""
    operands, ops = list(expr.operands), list(expr.ops)
    numbers = [_number(scope, operand) for operand in operands]
    if ops[0] in (">", ">="):
        operands, numbers = operands[::-1], numbers[::-1]
        ops = [op.replace(">", "<") for op in ops[::-1]]
    subjects = [operand for operand, number in zip(operands, numbers, strict=True) if number is None]
    if len(subjects) != 1 or any(op not in ("<", "<=") for op in ops) or len(ops) > 2:
        raise scope.error(f"this cannot be assumed; {HOW}", expr.at)
    place = operands.index(subjects[0])
    if len(ops) == 2 and place != 1:
        raise scope.error(f"this cannot be assumed; {HOW}", expr.at)
    low, high = (numbers[place - 1] if place else None), (numbers[place + 1] if place < len(ops) else None)
    if low is not None and high is not None and low > high:
        raise scope.error(f"no number lies between {low} and {high}", expr.at)
    fact = Range(
        low,
        high,
        low_open=place > 0 and ops[place - 1] == "<",
        high_open=place < len(ops) and ops[place] == "<",
    )
    return _subject(scope, subjects[0]), fact
