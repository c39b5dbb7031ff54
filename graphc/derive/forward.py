"""Forward mode: the change of outputs along a given change of some nodes (Jacobian-vector product)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphc.derive.local import local_derivative
from graphc.derive.reverse import as_numbers, check_scalar, grad
from graphc.ir.errors import GradientError
from graphc.ir.node import Node, expect_node, make, topological
from graphc.ir.types import show_shape
from graphc.ops.composite import open_composite
from graphc.ops.index import zeros
from graphc.ops.leaf import constant_value
from graphc.ops.move import broadcast, reshape
from graphc.ops.move import concat as concat_nodes
from graphc.ops.reduce import sum_
from graphc.rewrite.simplify import simplify_all


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
        as_numbers(t) for t in simplify_all([moved[o] if o in moved else zeros(o.shape) for o in outputs])
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


MAX_ROWS = 4096


def jacobian(output: Node, target: Node) -> Node:
    """All the derivatives of an array: shape `output.shape + target.shape`. The output's sizes must be numbers."""
    if expect_node(output, "what is differentiated").shape == ():
        return grad(output, target)
    rows = 1
    for d in output.shape:
        if not isinstance(d, int) or rows * d > MAX_ROWS:
            shape = show_shape(output.shape)
            raise GradientError(
                f"the Jacobian of an array of shape {shape} is written row by row, at most {MAX_ROWS} rows of known "
                "number; differentiate a sum, or give the sizes as numbers"
            )
        rows *= d
    flat = reshape(output, (rows,))
    parts = [reshape(grad(sum_(flat[i : i + 1]), target), (1, *target.shape)) for i in range(rows)]
    return simplify_all([reshape(concat_nodes(parts, 0), (*output.shape, *target.shape))])[0]


def hessian(output: Node, target: Node) -> Node:
    """The matrix of second derivatives, of shape `target.shape + target.shape`."""
    return jacobian(grad(output, target), target)
