"""What every layer can do: be applied for training or for testing, and say what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, expect_node, topological
from graphc.ir.types import DimLike
from graphc.nn.scope import Record, Scope
from graphc.ops.leaf import input_

if TYPE_CHECKING:
    from graphc.nn.summary import Summary


Given = Node | Sequence[str | DimLike] | None
# Inputs that are tried where none is given: what a layer asks of its input shows when it is built.
USUAL: tuple[tuple[str | int, ...], ...] = (
    ("N", "D"),
    ("N", "C", "H", "W"),
    ("N", 3, 32, 32),
    ("N", 1, 28, 28),
    ("N", 3, 224, 224),
    ("N", "C", "L"),
)


class Layer:
    """A layer or a model: data that says what to build, and builds it when it is applied.

    A layer of one's own is a frozen dataclass with this class as its base, a field `name: str = ""`, and

        def build(self, x: Node, scope: Scope) -> Node

    in which `scope.param("W", shape, init)` makes its parameters. The shape of the input is known there.
    """

    __slots__ = ()
    name: str

    def build(self, x: Node, scope: Scope) -> Node:
        """The layer's output for `x`; `scope` says where the layer stands, and takes what it owns."""
        raise NotImplementedError

    @property
    def kind(self) -> str:
        """What the layer is called where it has no name of its own, without its number: `dense`."""
        return type(self).__name__.lower()

    def __call__(self, x: Node) -> Node:
        """The test graph."""
        return self.test(x)

    def test(self, x: Node) -> Node:
        """The graph for testing: nothing is dropped, and running statistics stand for those of the batch."""
        return _run(self, x, self.root())

    def train(self, x: Node) -> tuple[Node, dict[Node, Node]]:
        """The graph for training, and the new values of the running statistics.

        Merge them into the updates of the step: `g.compile(loss, updates={**new_parameters, **updates})`. Parameters
        are the same nodes in both graphs. With dropout, each step is told its number: `step(x=…, step=i)`.
        """
        record = Record()
        scope = self.root(training=True, dropping=True, record=record)
        return _run(self, x, scope), record.updates

    def params(self, x: Given = None) -> list[Node]:
        """The parameters for an input or a shape (see `summary`), in the order in which the layers use them."""
        record = Record()
        _run(self, self.input(x), self.root(record=record))
        return [p for nodes in record.leaves.values() for p in nodes if p.op.name == "param"]

    def summary(self, x: Given = None) -> Summary:
        """Shapes, parameters and forward cost of each layer of the test graph, for an input or a shape.

        Without one the first of the usual shapes that the layers take is used, such as (N, D) or (N, C, H, W).

        >>> from graphc.nn import Dense, Sequential
        >>> print(Sequential(Dense(256, activation="relu"), Dense(10)).summary(("N", 784)))
        layer       output    parameters  forward FLOPs
        net/dense1  (N, 256)     200,960      401,920*N
        net/dense2  (N, 10)        2,570        5,130*N
        total                    203,530      407,050*N  = 407.05 k for each of N
        """
        from graphc.nn.summary import summarize

        node = self.input(x)
        record = Record()
        _run(self, node, self.root(record=record))
        return summarize(node, record)

    def input(self, x: Given = None) -> Node:
        """The input the layer is shown with: the one given, one of the shape given, or of a usual shape it takes."""
        if x is not None:
            return x if isinstance(x, Node) else input_("x", x)
        for shape in USUAL:
            try:
                self.test(input_("x", shape))
            except GraphcError:
                continue
            return input_("x", shape)
        raise GraphcError(
            'the model takes none of the usual inputs; give the shape of its own, such as ("N", 784)'
        )

    def root(self, **given: Any) -> Scope:
        """The scope in which this layer is a model."""
        return Scope(checked_name(self) or self.kind, **given)


def _run(layer: Layer, x: Node, scope: Scope) -> Node:
    """`layer` as a model of `x`; one without a name is not taken for another that `x` was made with."""
    below = topological([expect_node(x, "the input of a model")])
    taken = next(
        (n.name for n in below if n.op.name == "param" and (n.name or "").startswith(f"{scope.path}/")), None
    )
    if taken is not None and not layer.name:
        raise GraphcError(
            f"the input was made with a {scope.path} already, which has {taken}: give the layers names of their own, "
            f"or this one the name {scope.path!r} if it is to share its parameters"
        )
    return scope.run(layer, x)


def checked_name(layer: Layer) -> str:
    """A layer's own name, "" for none; it is one part of a path, and of names in formulas, which are read back."""
    name = layer.name
    if not isinstance(name, str) or (name and not name.isidentifier()):
        given = repr(name) if len(repr(name)) < 80 else "what was given"
        raise GraphcError(
            f"a layer's name is made of letters, digits and '_', and begins with no digit; {given} is not"
        )
    return name


def monte_carlo(model: Layer, x: Node, *, samples: int = 20) -> Node:
    """The mean output over `samples` random masks of the dropout layers, all else as at test time.

    The masks are those of the steps 0, 1, …, `samples` - 1. What stands before the first dropout is computed once.

    Source: Gal and Ghahramani, Dropout as a Bayesian approximation (2016), equation 6.
    """
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise GraphcError(f"monte_carlo: the number of samples is a whole number from 1, not {samples!r}")
    if not isinstance(model, Layer):
        raise GraphcError(f"monte_carlo: the model is a layer or made of layers, not {model!r}")
    expect_node(x, "the input of a model")
    drawn = [model.root(dropping=True, step=i, naming=False).run(model, x) for i in range(samples)]
    total = drawn[0]
    for one in drawn[1:]:
        total = total + one
    return total / samples
