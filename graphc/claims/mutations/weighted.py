"""A claim about the derivative of an array as one about a scalar: the array's entries are weighed and added up."""

from __future__ import annotations

from graphc.derive.edge import placeholder
from graphc.derive.reverse import grad
from graphc.ir.node import Node
from graphc.ops.contract import LETTERS, contract
from graphc.ops.reduce import sum_


def weighted(claimed: Node, of: Node, by: Node) -> tuple[Node, Node, Node]:
    """What is then claimed, what is right, and of what: `sum(w*of)`, with an input w of `of`'s shape.

    `claimed` has the shape `of.shape + by.shape`. For all w the two are the same claim.
    """
    weights = placeholder("weights", of.shape)
    total = sum_(weights * of)
    letters = LETTERS[: of.ndim + by.ndim]
    spec = f"{letters[: of.ndim]},{letters}->{letters[of.ndim :]}"
    return contract(spec, weights, claimed), grad(total, by), total
