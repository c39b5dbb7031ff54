"""The node through which no gradient flows."""

from __future__ import annotations

from typing import Any

from graphc.ir.node import Node, make
from graphc.ir.op import Op, function, register
from graphc.ops.leaf import as_node

STOP = register(
    Op(
        "stop_gradient",
        "stop",
        lambda args, attrs: (args[0].shape, args[0].dtype),
        evaluate=lambda node, arrays, sizes, xp: arrays[0],
        vjp=lambda node, g: (None,),
    )
)


@function
def stop_gradient(x: Any) -> Node:
    """`x`, through which no gradient flows."""
    return make(STOP, (as_node(x),))
