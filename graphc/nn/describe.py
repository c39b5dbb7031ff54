"""`describe`: what is known of a thing by its kind, as a record that prints as a small table."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import singledispatch
from inspect import signature
from numbers import Number
from typing import Any

from graphc.derive.activation import Activation, activation, of_one_operand, parameters
from graphc.derive.vector_activation import VECTORS, VectorActivation, vector_activation
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS, OPS
from graphc.nn.layer import Given, Layer
from graphc.nn.model_description import ModelDescription, describe_graph, describe_model

# What an activation is called elsewhere.
ELSEWHERE = {
    "linear": "identity",
    "heaviside": "step",
    "hard_threshold": "step",
    "logistic": "sigmoid",
    "hardsigmoid": "hard_sigmoid",
    "lrelu": "leaky_relu",
    "parametric_relu": "prelu",
    "swish": "silu",
    "logsoftmax": "log_softmax",
}


# What a layer is called elsewhere.
LAYERS_ELSEWHERE = {"linear": "Dense", "fullyconnected": "Dense"}


@singledispatch
def describe(thing: Any, **options: Any) -> Any:
    """What graphc knows of a thing: of the name of an activation, its range, slopes, saturation and the like.

    Of a model, or of the node a network ends in: its summary, and which of its linear layers have nothing nonlinear
    between, so that together they are one. A model is given the shape of its input, `describe(model, x=("N", 784))`;
    without it a usual one is tried.

    The facts are worked out from the declaration, by SymPy where it can; so they are there for an activation of your
    own as well. `options` are those of the activation. Raises GraphcError where there is no activation of that name.

    >>> print(describe("sigmoid"))
    sigmoid(x)
      y             1/(1 + exp(-x))
      dy/dx         y*(1 - y)
      range         (0, 1)
      slopes        (0, 1/4]; the greatest, 1/4, at x = 0
      saturates     on the left and on the right
      monotonic     increasing
      zero-centred  no: standard normal inputs have mean output 0.5
    >>> describe("leaky_relu", slope=1/4).slopes.low.value
    0.25
    """
    raise GraphcError(
        f'describe takes the name of an activation, such as "sigmoid", a model or a node, not {type(thing).__name__}'
    )


@describe.register(str)
def _activation(thing: str, **options: Any) -> Activation | VectorActivation:
    if thing in VECTORS:
        return vector_activation(thing, options)
    if not _is_activation(thing):
        raise GraphcError(f"there is no activation {thing!r}{_meant(thing)}")
    return activation(OPS[thing], options)


@describe.register
def _model(thing: Layer, x: Given = None) -> ModelDescription:
    return describe_model(thing, x)


@describe.register
def _graph(thing: Node) -> ModelDescription:
    return describe_graph(thing)


def activations() -> list[str]:
    """The names `describe` knows: elementwise operations of real numbers, and those along an axis."""
    return [n for n in FUNCTIONS if n in VECTORS or (_is_activation(n) and of_one_operand(OPS[n]))]


def _is_activation(name: str) -> bool:
    """Whether a function of numbers is meant: entry by entry, with options that are numbers and have defaults."""
    op = OPS.get(name)
    if op is None or not op.elementwise or name not in FUNCTIONS:
        return False
    if op.body is None:
        return len(parameters(op)[0]) == 1
    options = [p for p in signature(op.body).parameters.values() if p.kind is p.KEYWORD_ONLY]
    return all(isinstance(p.default, Number) and not isinstance(p.default, bool) for p in options)


def _meant(name: str) -> str:
    """`; did you mean …?`, or nothing."""
    plain = name.casefold().replace("-", "_").replace(" ", "_")
    known = {n.casefold(): n for n in activations()}
    near = ELSEWHERE.get(plain) or known.get(plain)
    if near is None:
        near = next(iter(get_close_matches(plain[:60], sorted(known), n=1)), None)
    return f"; did you mean {near!r}?" if near else ""


def layer_meant(name: str, layers: Sequence[str]) -> str:
    """What a name that is no layer probably stands for, as the end of a sentence; nothing for one that is like none."""
    plain = name.casefold().replace("_", "")
    functions = {f.replace("_", ""): f for f in activations()}
    function = functions.get(plain) or ELSEWHERE.get(plain)
    if function and plain not in LAYERS_ELSEWHERE:
        return f"; an activation is a layer by its name, Activation({function!r})"
    known = {layer.casefold(): layer for layer in layers} | LAYERS_ELSEWHERE
    near = get_close_matches(plain[:60], known, n=1)
    return f"; did you mean {known[near[0]]!r}?" if near else ""
