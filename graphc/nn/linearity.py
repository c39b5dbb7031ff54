"""Which linear layers of a network follow one another with nothing nonlinear between: together they are one.

`(x @ W1 + b1) @ W2 + b2` is `x @ (W1 @ W2) + (b1 @ W2 + b2)`: without an activation depth adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphc.ir.node import Node, rebuild, topological
from graphc.ops.composite import open_composite

# Affine in the operands of these places, the others held; what has `linear` in its declaration is so too.
_AFFINE = {
    "add": (0, 1),
    "sub": (0, 1),
    "mul": (0, 1),
    "div": (0,),
    "neg": (0,),
    "cast": (0,),
    "assumed": (0,),
    "pad": (0,),
}
_JOINS = ("add", "sub", "concat")


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """A product with `weights`, of something affine in the output of the layer `before`, if there is one."""

    weights: Node
    before: _Layer | None


@dataclass(frozen=True, slots=True)
class _Flow:
    """A value that is affine in `source`, by way of the linear layer `last`, if there is one since."""

    source: Node
    last: _Layer | None = None


def linear_runs(output: Node) -> list[tuple[str, ...]]:
    """The names of the layers in each longest run of two or more linear ones, the one nearest the input first.

    A layer goes by its path where its weights have one (`net/dense1`), else by the name of its weights.
    """
    flows: dict[Node, _Flow | None] = {}
    layers: list[_Layer] = []
    for node in topological([_defined(output)]):
        flows[node] = _flow(node, flows, layers)
    followed = {layer.before for layer in layers}
    runs: dict[tuple[str, ...], None] = {}
    for layer in layers:
        if layer in followed:
            continue
        run: list[str] = []
        step: _Layer | None = layer
        while step is not None:
            run.append(_called(step.weights))
            step = step.before
        if len(run) > 1:
            runs[tuple(reversed(run))] = None
    return list(runs)


def _defined(output: Node) -> Node:
    """The same graph with every composite opened into its definition."""
    while True:
        done: dict[Node, Node] = {}
        for node in topological([output]):
            same = rebuild(node, [done[a] for a in node.args])
            done[node] = open_composite(same) if same.op.kind == "composite" else same
        if done[output] is output:
            return output
        output = done[output]


def _flow(node: Node, flows: dict[Node, _Flow | None], layers: list[_Layer]) -> _Flow | None:
    """How a node depends on the inputs; None where it does not. What is not affine is a source of its own."""
    if node.op.name == "input" or node.op.kind == "random":
        return _Flow(node)
    given = [flows[a] for a in node.args]
    varying = [i for i, f in enumerate(given) if f is not None]
    if not varying:
        return None
    flow, *others = dict.fromkeys(given[i] for i in varying)
    joined = len(varying) == 1 or (node.op.name in _JOINS and not others)
    if flow is None or not joined or not all(_is_affine(node, i) for i in varying):
        return _Flow(node)
    weights = [a for a, f in zip(node.args, given, strict=True) if f is None and _parameter(a) is not None]
    if node.op.kind != "contract" or not weights:
        return flow
    layers.append(_Layer(weights[0], flow.last))
    return _Flow(flow.source, layers[-1])


def _is_affine(node: Node, index: int) -> bool:
    if node.op.name in _AFFINE:
        return index in _AFFINE[node.op.name]
    return node.op.linear == "all" or index in node.op.linear or node.op.name == "concat"


def _parameter(node: Node) -> Node | None:
    return next((n for n in topological([node]) if n.op.name == "param"), None)


def _called(weights: Node) -> str:
    found = _parameter(weights)
    name = str(found.name) if found is not None else ""
    return name.rpartition("/")[0] or name
