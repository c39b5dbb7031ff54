"""Layers made of layers: one after the other, and around a way past them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graphc.ir.errors import GraphcError, ShapeError
from graphc.ir.node import Node
from graphc.ir.types import show_shape
from graphc.nn.layer import Layer, checked_name
from graphc.nn.scope import Scope


@dataclass(frozen=True, slots=True, init=False)
class Sequential(Layer):
    """Layers one after the other.

    A layer without a name is called by its kind and number, `dense1`, `dense2`, `batchnorm1`; a model without one is
    `net`, a model within another `block1`. The second dense layer's matrix is then `net/dense2/W`.
    """

    layers: tuple[Layer, ...]
    name: str = ""

    def __init__(self, *layers: Layer, name: str = "") -> None:
        object.__setattr__(self, "layers", _checked(layers))
        object.__setattr__(self, "name", name)

    @property
    def kind(self) -> str:
        return "block"

    def build(self, x: Node, scope: Scope) -> Node:
        return _through(self.layers, x, scope)

    def root(self, **given: Any) -> Scope:
        """The scope `net`, or the model's own name."""
        return Scope(checked_name(self) or "net", **given)


@dataclass(frozen=True, slots=True, init=False)
class Residual(Layer):
    """`x + f(x)`, where f is the layers one after the other; with a `shortcut`, `shortcut(x) + f(x)`.

    Source: He et al., Deep residual learning for image recognition (2016), equations 1 and 2.
    """

    layers: tuple[Layer, ...]
    shortcut: Layer | None = None
    name: str = ""

    def __init__(self, *layers: Layer, shortcut: Layer | None = None, name: str = "") -> None:
        if not layers:
            raise GraphcError("a residual block has layers between its input and the sum; give at least one")
        object.__setattr__(self, "layers", _checked(layers))
        object.__setattr__(self, "shortcut", _checked([shortcut])[0] if shortcut is not None else None)
        object.__setattr__(self, "name", name)

    def build(self, x: Node, scope: Scope) -> Node:
        y = _through(self.layers, x, scope)
        past = x if self.shortcut is None else scope.apply(self.shortcut, x, "shortcut")
        if past.shape != y.shape:
            given = f"{show_shape(past.shape)} and {show_shape(y.shape)}"
            raise ShapeError(
                f"{scope.path}: the way past the layers and the way through them give shapes {given}; "
                f"they have to be equal, a shortcut can make them so"
            )
        return past + y


def _checked(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    for layer in layers:
        if isinstance(layer, list | tuple):
            raise GraphcError(
                "the layers of a model are given one after the other: of a list, Sequential(*layers)"
            )
        if not isinstance(layer, Layer):
            mend = (
                "; an activation is Activation('relu')" if isinstance(layer, str) or callable(layer) else ""
            )
            raise GraphcError(f"a model is made of layers, and {layer!r} is none{mend}")
    return tuple(layers)


def _through(layers: Sequence[Layer], x: Node, scope: Scope) -> Node:
    for layer, name in _named(layers):
        x = scope.apply(layer, x, name)
    return x


def _named(layers: Sequence[Layer]) -> Iterator[tuple[Layer, str]]:
    """Each layer with its name, or its kind and number."""
    counts: Counter[str] = Counter()
    for layer in layers:
        name = checked_name(layer)
        if not name:
            counts[layer.kind] += 1
        yield layer, name or f"{layer.kind}{counts[layer.kind]}"
