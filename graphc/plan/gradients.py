"""Which nodes of a graph are gradients: so that code can call them `dW` and say what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphc.derive import gradients
from graphc.ir.node import Node, topological

MOST_OUTPUTS = 4  # scalars that are looked at: each takes a derivation of the graph below it
LARGEST = (
    4000  # nodes below an output; deriving a larger graph once more would cost more than names are worth
)


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient of `of` with respect to `wrt`, by their names; `name` is what the value is called."""

    name: str
    of: str
    wrt: str


def find_gradients(outputs: Sequence[Node], roots: Sequence[Node]) -> dict[Node, Gradient]:
    """The nodes below `roots` that are gradients of a scalar output with respect to something named."""
    present = dict.fromkeys(topological(roots))
    found: dict[Node, Gradient] = {}
    scalars = [o for o in dict.fromkeys(outputs) if o.shape == () and o.dtype == "real" and not o.is_leaf]
    for output in scalars[:MOST_OUTPUTS]:
        below = topological([output])
        if output in found or len(below) == len(present) or len(below) > LARGEST:
            continue
        inside = set(below)
        shapes = {n.shape for n in present if n not in inside and n.dtype == "real"}
        named = [n for n in below if n.name and n.dtype == "real" and n is not output and n.shape in shapes]
        if not named:
            continue
        of = output.name or "loss"
        for target, gradient in zip(named, gradients(output, named), strict=True):
            if gradient in present and not gradient.is_leaf and gradient.op.kind != "const":
                found.setdefault(gradient, Gradient(f"d{target.name}", of, target.name or ""))
    return found
