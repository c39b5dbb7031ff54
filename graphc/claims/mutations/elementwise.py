"""Slopes of elementwise operations taken wrongly: left out, doubled, at the wrong place, upside down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from graphc.claims import mistakes
from graphc.claims.mistakes import Mistake
from graphc.claims.mutations.backward import Edge
from graphc.claims.mutations.lazy import just
from graphc.claims.mutations.words import computed, label
from graphc.derive.local import local_derivative
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, rebuild, substitute
from graphc.ir.op import FUNCTIONS
from graphc.ops.leaf import as_node
from graphc.ops.move import broadcast, sum_to

ARITHMETIC = (
    "add",
    "sub",
    "mul",
    "div",
    "neg",
    "pow",
    "square",
    "sqrt",
    "reciprocal",
    "where",
    "cast",
    "assumed",
)
FAMILIAR = ("sigmoid", "tanh", "relu")


def slopes(edge: Edge) -> Iterator[tuple[Mistake, Node]]:
    """What an edge passes back under each mistake in its local derivative."""
    for mistake, make_local in _locals(edge):
        try:
            local = make_local()
            value = None if local is None else _passed(edge, local)
        except GraphcError:  # the shapes do not allow this mistake
            continue
        if value is not None:
            yield mistake, value


def _passed(edge: Edge, local: Node) -> Node:
    value = edge.upstream * local
    if value.shape != edge.user.shape:
        value = broadcast(value, edge.user.shape)
    return sum_to(value, edge.operand.shape)


Made = tuple[Mistake, Callable[[], Node | None]]


def _locals(edge: Edge) -> Iterator[Made]:
    user, local = edge.user, edge.local
    assert local is not None
    if local.constant and user.op.name in ("add", "sub", "neg"):
        return
    yield from _activation(edge, local) if is_activation(user) else _factor(edge, local)
    for lost, rest in _without_one(local):
        yield Mistake(mistakes.CHAIN, computed(user), label(lost)), just(rest)
    yield from _elsewhere(edge)
    inverted = Mistake(mistakes.INVERTED, computed(user))
    yield inverted, lambda: 1 / local if local.dtype == "real" else None


def _without_one(local: Node, depth: int = 3) -> Iterator[tuple[Node, Node]]:
    """The factors of a local derivative, each with what is left when it is forgotten."""
    name, args = local.op.name, local.args
    if name not in ("mul", "div", "neg") or not depth:
        return
    if name == "neg":
        yield from ((lost, -rest) for lost, rest in _without_one(args[0], depth - 1))
        return
    one, other = args
    if not one.constant and not other.constant:
        yield one, (other if name == "mul" else 1 / other)
        yield other, one
    for lost, rest in _without_one(one, depth - 1):
        yield lost, rest * other if name == "mul" else rest / other
    for lost, rest in _without_one(other, depth - 1):
        yield lost, one * rest if name == "mul" else one / rest


def is_activation(node: Node) -> bool:
    """Whether a node is a function of one array, rather than arithmetic."""
    moving = [a for a in node.args if not a.constant]
    return node.op.elementwise and node.op.name not in ARITHMETIC and len(moving) == 1


def _activation(edge: Edge, local: Node) -> Iterator[Made]:
    user, operand = edge.user, edge.operand
    where = computed(user)
    yield Mistake(mistakes.NO_SLOPE, where), lambda: as_node(1)
    yield Mistake(mistakes.SLOPE_TWICE, where), lambda: local * local
    yield Mistake(mistakes.AT_INPUT, where), lambda: _replaced(local, user, operand)
    yield Mistake(mistakes.AT_OUTPUT, where), lambda: _slope_at(edge, user)
    yield Mistake(mistakes.FUNCTION_ITSELF, where), lambda: user
    if local.dtype == "bool":
        yield Mistake(mistakes.WRONG_SIDE, where), lambda: 1 - local
    for name in FAMILIAR if user.op.name != "exp" else ():
        if name != user.op.name:
            yield (
                Mistake(mistakes.OTHER_SLOPE, where, f"that of {name}"),
                partial(_slope_of, name, operand),
            )


def _factor(edge: Edge, local: Node) -> Iterator[Made]:
    """Where the local derivative is a factor: of a product, a quotient, a power, a root."""
    user, operand = edge.user, edge.operand
    yield Mistake(mistakes.CHAIN, computed(user), label(local)), lambda: as_node(1)
    yield Mistake(mistakes.CHAIN_TWICE, computed(user), label(local)), lambda: local * local
    if user.op.name in ("mul", "div"):
        own = Mistake(mistakes.SWAPPED, computed(user), f"{label(operand)} for {label(local)}")
        yield own, lambda: operand
    if user.op.name in ("square", "pow") and edge.index == 0:
        yield Mistake(mistakes.EXPONENT, computed(user)), lambda: local * operand


def _elsewhere(edge: Edge) -> Iterator[Made]:
    """The slope of f(g(x)) taken at x."""
    operand = edge.operand
    composed = (
        operand.op.elementwise and operand.op.name not in ("add", "sub", "neg") and is_activation(edge.user)
    )
    for inner in operand.args if composed else ():
        if inner.shape == operand.shape and inner.dtype == "real" and not inner.constant:
            where = f"{computed(edge.user)}"
            at = Mistake(mistakes.INNER, where, f"at {label(inner)}, not at {label(operand)}")
            yield at, partial(_slope_at, edge, inner)


def _slope_at(edge: Edge, place: Node) -> Node | None:
    """The local derivative with another operand put in."""
    args = list(edge.user.args)
    args[edge.index] = place
    return local_derivative(rebuild(edge.user, args), edge.index)


def _replaced(expr: Node, old: Node, new: Node) -> Node | None:
    found = substitute([expr], {old: new})[0]
    return None if found is expr else found


def _slope_of(name: str, operand: Node) -> Node | None:
    return local_derivative(FUNCTIONS[name](operand), 0)
