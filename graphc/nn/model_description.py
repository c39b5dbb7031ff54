"""What is to be said of a whole model: its summary, and which of its layers come to no more than one."""

from __future__ import annotations

from dataclasses import dataclass

from graphc.ir.node import Node
from graphc.nn.layer import Given, Layer
from graphc.nn.linearity import linear_runs
from graphc.nn.summary import Summary


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


def describe_model(model: Layer, x: Given = None) -> ModelDescription:
    """The description of a model's test graph for an input, or a shape; see `Layer.summary`."""
    node = model.input(x)
    return ModelDescription(tuple(linear_runs(model(node))), model.summary(node))
