"""Penalties on the size of parameters, and the projection that bounds it."""

from __future__ import annotations

from typing import Any

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.ir.op import function
from graphc.ops.composite import composite, exact_number
from graphc.ops.leaf import as_node
from graphc.ops.pointwise import abs_, maximum, sqrt, square
from graphc.ops.reduce import Axis, normal_axes, sum_


@composite(symbol="L1")
def l1_penalty(W: Node, strength: Node) -> Node:
    """`strength * sum(|W|)`, whose gradient is `strength * sign(W)`; 0 at 0.

    Tibshirani, Regression shrinkage and selection via the lasso, 1996.
    """
    return strength * sum_(abs_(W))


@composite(symbol="L2")
def l2_penalty(W: Node, strength: Node) -> Node:
    """`strength/2 * sum(W**2)`, whose gradient is `strength * W`: weight decay.

    Hoerl and Kennard, Ridge regression, 1970.
    """
    return strength / 2 * sum_(square(W))


@composite(symbol="L1+L2")
def elastic_net(W: Node, l1: Node, l2: Node) -> Node:
    """`l1 * sum(|W|) + l2/2 * sum(W**2)`.

    Zou and Hastie, Regularization and variable selection via the elastic net, 2005.
    """
    return l1 * sum_(abs_(W)) + l2 / 2 * sum_(square(W))


@composite(name="max_norm")
def _max_norm(W: Node, limit: Node, *, axis: tuple[int, ...] = (0,)) -> Node:
    norms = sum_(square(W), axis=axis, keepdims=True)
    return W / sqrt(maximum(norms / square(limit), 1))


@function
def max_norm(W: Any, limit: Any, *, axis: Axis = 0) -> Node:
    """`W * min(1, limit / norm)`, the norms taken along `axis`: no vector of weights becomes longer than `limit`.

    What is short enough comes back as it was, a zero vector too. It is meant for updates, as in
    `updates={W: max_norm(W - lr*dW, 3)}`; for `x @ W` the weights of one unit lie along axis 0.
    Srivastava et al., Dropout, 2014, section 5.1.
    """
    W, limit = as_node(W), as_node(limit)
    if limit.constant and limit.op.name == "const" and exact_number("max_norm", "limit", limit) <= 0:
        raise GraphcError("max_norm: the limit is a positive number")
    return _max_norm(W, limit, axis=normal_axes("max_norm", axis, W))
