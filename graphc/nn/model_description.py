"""What is to be said of a whole model: its summary, and which of its layers come to no more than one."""

from __future__ import annotations

from dataclasses import dataclass

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.nn.layer import Layer
from graphc.nn.linearity import linear_runs
from graphc.nn.summary import Summary
from graphc.ops.leaf import input_

# Inputs a model is tried with where none is given: what a layer asks of its input shows when it is built.
_USUAL = (
    ("N", "D"),
    ("N", "C", "H", "W"),
    ("N", 3, 32, 32),
    ("N", 1, 28, 28),
    ("N", 3, 224, 224),
    ("N", "C", "L"),
)


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """The runs of linear layers with nothing nonlinear between, each equivalent to one; of a model its summary too."""

    linear_runs: tuple[tuple[str, ...], ...]
    summary: Summary | None = None

    def __str__(self) -> str:
        said = [_collapse(run) for run in self.linear_runs]
        if self.summary is None:
            return "\n".join(
                said or ["no two linear layers follow one another without an activation between"]
            )
        return "\n".join([str(self.summary), *said])

    __repr__ = __str__


def _collapse(run: tuple[str, ...]) -> str:
    names = f"{', '.join(run[:-1])} and {run[-1]}"
    return f"{names} are equivalent to one linear layer: no activation stands between"


def describe_graph(output: Node) -> ModelDescription:
    """The description of the network that ends in a node."""
    return ModelDescription(tuple(linear_runs(output)))


def describe_model(model: Layer, x: Node | tuple[str | int, ...] | None = None) -> ModelDescription:
    """The description of a model's test graph for an input, or a shape; without one a usual shape is tried."""
    node = _usual_input(model) if x is None else x if isinstance(x, Node) else input_("x", x)
    return ModelDescription(tuple(linear_runs(model(node))), model.summary(node))


def _usual_input(model: Layer) -> Node:
    for shape in _USUAL:
        try:
            model(input_("x", shape))
        except GraphcError:
            continue
        return input_("x", shape)
    mend = 'give the shape of its own, as in describe(model, x=("N", 784))'
    raise GraphcError(f"the model takes none of the inputs that were tried; {mend}")
