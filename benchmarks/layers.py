"""Layers as plain data: what a network is made of, and which parameters it has, without any library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dense:
    """`x @ W + b`, W of shape (inputs, units)."""

    units: int


@dataclass(frozen=True, slots=True)
class Pointwise:
    """A function applied to each entry; `scale` and `shift` have a number, `times_input` multiplies by the input."""

    function: str
    number: float = 0.0


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """Normalisation over the batch, eps 1e-5, with `gamma` and `beta`; no running averages."""


@dataclass(frozen=True, slots=True)
class LayerNorm:
    """Normalisation over the last axis, eps 1e-5, with `gamma` and `beta`."""


@dataclass(frozen=True, slots=True)
class Conv:
    """Cross-correlation of (N, C, H, W) with `filters` square kernels K (filters, C, size, size), and a bias."""

    filters: int
    size: int
    padding: int = 0
    stride: int = 1


@dataclass(frozen=True, slots=True)
class MaxPool:
    """The largest entry of each window of size x size; windows touch, a rest at the end is left out."""

    size: int = 2


@dataclass(frozen=True, slots=True)
class Flatten:
    """(N, C, H, W) as (N, C*H*W)."""


@dataclass(frozen=True, slots=True)
class Attention:
    """Self-attention of (N, T, E) with `heads` heads: four projections (E, E), each with a bias."""

    heads: int


@dataclass(frozen=True, slots=True)
class Residual:
    """`x + f(x)`."""

    layers: tuple[Layer, ...]


Layer = Dense | Pointwise | BatchNorm | LayerNorm | Conv | MaxPool | Flatten | Attention | Residual


@dataclass(frozen=True, slots=True)
class Placed:
    """A layer at its place: the names of its parameters begin with `path`, shapes are of one sample."""

    path: str
    layer: Layer
    input: Shape
    output: Shape
    inner: tuple[Placed, ...] = ()

    def params(self) -> dict[str, Shape]:
        """The shapes of the parameters by name, in order."""
        own = {f"{self.path}/{name}": shape for name, shape in _params(self.layer, self.input).items()}
        for placed in self.inner:
            own |= placed.params()
        return own


def place(layers: Sequence[Layer], shape: Shape, path: str = "l") -> tuple[Placed, ...]:
    """The layers one after the other, from an input of `shape` (without the batch)."""
    found = []
    for i, layer in enumerate(layers):
        here = f"{path}{i}"
        inner = place(layer.layers, shape, f"{here}.") if isinstance(layer, Residual) else ()
        output = _output(layer, shape)
        found.append(Placed(here, layer, shape, output, inner))
        shape = output
    return tuple(found)


def flat(placed: Sequence[Placed]) -> Iterator[Placed]:
    """All layers, also those inside others."""
    for one in placed:
        yield one
        yield from flat(one.inner)


def _output(layer: Layer, shape: Shape) -> Shape:
    match layer:
        case Dense(units):
            return (*shape[:-1], units)
        case Conv(filters, size, padding, stride):
            return (filters, *((n + 2 * padding - size) // stride + 1 for n in shape[1:]))
        case MaxPool(size):
            return (shape[0], *(n // size for n in shape[1:]))
        case Flatten():
            return (prod(shape),)
    return shape


def _params(layer: Layer, shape: Shape) -> dict[str, Shape]:
    match layer:
        case Dense(units):
            return {"W": (shape[-1], units), "b": (units,)}
        case Conv(filters, size):
            return {"K": (filters, shape[0], size, size), "b": (filters,)}
        case BatchNorm():
            return {"gamma": shape[:1], "beta": shape[:1]}
        case LayerNorm():
            return {"gamma": shape[-1:], "beta": shape[-1:]}
        case Attention():
            width = shape[-1]
            weights = {f"W{part}": (width, width) for part in "qkvo"}
            return weights | {f"b{part}": (width,) for part in "qkvo"}
    return {}
