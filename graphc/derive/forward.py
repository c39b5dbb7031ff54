"""Forward mode: the change of outputs along a given change of some nodes (Jacobian-vector product)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from graphc.derive.batch import batched
from graphc.derive.local import local_derivative
from graphc.derive.reverse import (
    accumulate,
    as_numbers,
    check_differentiable,
    check_scalar,
    grad,
    simplify_holding,
)
from graphc.ir.errors import GradientError
from graphc.ir.node import Node, expect_node, make, topological
from graphc.ir.types import Shape, show_shape
from graphc.ops.composite import open_composite
from graphc.ops.index import eye, zeros
from graphc.ops.leaf import as_node, constant_value, input_
from graphc.ops.move import broadcast, reshape


def jvp(outputs: Sequence[Node], tangents: Mapping[Node, Node]) -> list[Node]:
    """For each output `sum over nodes of d(output)/d(node) · tangent`, where `tangents` gives each node's direction."""
    if isinstance(outputs, Node):
        raise GradientError("jvp: the outputs are a list, as in jvp([f], {x: direction})")
    if not isinstance(tangents, Mapping):
        raise GradientError("jvp: the directions are given by node, as in jvp([f], {x: direction})")
    for node, tangent in tangents.items():
        expect_node(node, "what is moved")
        expect_node(tangent, "a direction")
        if node.shape != tangent.shape:
            given, wanted = show_shape(tangent.shape), show_shape(node.shape)
            raise GradientError(f"jvp: a direction of shape {given} for {node.name}, of shape {wanted}")
    moved: dict[Node, Node] = dict(tangents)
    for output in outputs:
        expect_node(output, "what is differentiated")
    _push(outputs, moved)
    return [
        as_numbers(t)
        for t in simplify_holding([moved.get(o, zeros(o.shape)) for o in outputs], list(tangents))
    ]


def _push(roots: Sequence[Node], moved: dict[Node, Node]) -> None:
    for node in topological(roots, stop=moved.__contains__):
        if node in moved or node.dtype != "real":
            continue
        given = tuple(moved.get(a) for a in node.args)
        if any(g is not None for g in given):
            tangent = _through(node, given, moved)
            if tangent is not None:
                moved[node] = tangent


def _through(node: Node, given: tuple[Node | None, ...], moved: dict[Node, Node]) -> Node | None:
    if node.op.elementwise:
        return _sum([_scaled(node, i, t) for i, t in enumerate(given) if t is not None])
    if node.op.kind == "composite":
        body = open_composite(node)
        _push([body], moved)
        return moved.get(body)
    if node.op.jvp is not None:
        return node.op.jvp(node, given)
    linear = range(len(given)) if node.op.linear == "all" else node.op.linear
    terms = [
        make(node.op, [t if j == i else a for j, a in enumerate(node.args)], node.attrs)
        for i in linear
        if (t := given[i]) is not None
    ]
    return _sum(terms)


def _scaled(node: Node, index: int, tangent: Node) -> Node | None:
    local = local_derivative(node, index)
    if local is None:
        return None
    value = tangent if constant_value(local) == 1 else tangent * local
    return broadcast(value, node.shape)


def _sum(terms: Sequence[Node | None]) -> Node | None:
    total: Node | None = None
    for term in terms:
        if term is not None:
            total = term if total is None else total + term
    return total


def hessian_vector_product(output: Node, target: Node, direction: Node) -> Node:
    """`d²(output)/d(target)² · direction`, forward over reverse (Pearlmutter 1994)."""
    check_scalar(output)
    return jvp([grad(output, target)], {target: direction})[0]


MOST_ENTRIES = 2**26  # half a gigabyte in float64


def jacobian(output: Node, target: Node) -> Node:
    """All the derivatives of an array, `d(output[i])/d(target[j])` at `[i, j]`: shape `output.shape + target.shape`.

    It is one pass of reverse mode, from the identity. Sizes may be named. Raises GradientError for a Jacobian of more
    than 2**26 entries, or of what has no derivative.

    >>> from graphc.ops import FUNCTIONS, input_
    >>> x = input_("x", "N")
    >>> print(jacobian(FUNCTIONS["tanh"](x), x))
    eye(N)*(1 - tanh(x)**2)
    """
    shape = expect_node(output, "what is differentiated").shape
    if shape == ():
        return grad(output, target)
    check_differentiable(output, target)
    _check_entries(shape, target.shape)
    seed = make(input_("seed").op, (), (shape, "real", ()), " seed")
    upstream = accumulate(output, [target], seed).upstream.get(target)
    if upstream is None:
        return zeros((*shape, *target.shape))
    (row,) = simplify_holding([upstream], [target])
    return as_numbers(simplify_holding(batched([row], {seed: _identity(shape)}, shape), [target])[0])


def _identity(shape: Shape) -> Node:
    """The array of shape `shape + shape` that is 1 where both halves of an index are equal, else 0."""
    rank = len(shape)
    result: Node | None = None
    for i, d in enumerate(shape):
        places = (*(d if j in (i, rank + i) else 1 for j in range(2 * rank)),)
        same = reshape(eye(d), places)
        result = same if result is None else result * same
    return as_node(1) if result is None else result


def _check_entries(shape: Shape, target: Shape) -> None:
    entries = math.prod(d for d in (*shape, *target) if isinstance(d, int))
    if entries > MOST_ENTRIES:
        raise GradientError(
            f"the derivatives of {show_shape(shape)} by {show_shape(target)} are {entries:,} numbers, and at most "
            f"{MOST_ENTRIES:,} are written out; use hessian_vector_product, jvp, or the gradient of a sum"
        )


def hessian(output: Node, target: Node) -> Node:
    """All the second derivatives of a scalar, of shape `target.shape + target.shape`.

    Mixed ones, by `a` and then `b`, are `jacobian(grad(output, a), b)`.
    """
    return jacobian(grad(output, target), target)
