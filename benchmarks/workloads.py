"""The workloads: networks as data, with their shapes as parameters. Add one by writing one function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from benchmarks.layers import (
    Attention,
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    Layer,
    LayerNorm,
    MaxPool,
    Placed,
    Pointwise,
    Residual,
    Shape,
    flat,
    place,
)


class BenchmarkError(Exception):
    """What was asked for cannot be done; the message is a sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One training step: layers on inputs of `shape`, a loss, and an optimiser.

    The loss is "cross_entropy" (labels of `classes`), "squared" (mean squared error) or "mean" (of the output). The
    optimiser is "sgd", "momentum" (0.9), "adam" (0.9, 0.999, 1e-8), or "none": then the gradient by the input is what
    the step computes.
    """

    name: str
    layers: tuple[Layer, ...]
    shape: Shape
    batch: int
    loss: str = "cross_entropy"
    optimiser: str = "adam"
    rate: float = 1e-3
    dtype: str = "float32"

    @property
    def placed(self) -> tuple[Placed, ...]:
        return place(self.layers, self.shape)

    @property
    def output(self) -> Shape:
        return self.placed[-1].output

    @property
    def params(self) -> dict[str, Shape]:
        """The shapes of all parameters by name."""
        found: dict[str, Shape] = {}
        for one in self.placed:
            found |= one.params()
        return found

    @property
    def without_effect(self) -> frozenset[str]:
        """Parameters whose gradient is zero: in floats it is noise, which Adam makes steps of."""
        every = list(flat(self.placed))
        before = {f"{a.path}/b" for a, b in pairwise(every) if b.layer == BatchNorm()}
        keys = {f"{one.path}/bk" for one in every if isinstance(one.layer, Attention)}
        return frozenset((before | keys) & set(self.params))


def _mlp(widths: tuple[int, ...], activation: str, *, norm: bool = False) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    for units in widths[:-1]:
        layers += [Dense(units), *([BatchNorm()] if norm else []), Pointwise(activation)]
    return (*layers, Dense(widths[-1]))


def toy(batch: int = 1, width: int = 16, dtype: str = "float64") -> Workload:
    """MLP 2-16-16-1, tanh, SGD: nothing but the overhead of calls."""
    layers = _mlp((width, width, 1), "tanh")
    return Workload(f"MLP 2-{width}-{width}-1 tanh", layers, (2,), batch, "squared", "sgd", 1e-2, dtype)


def small(batch: int = 32, width: int = 32, classes: int = 10, dtype: str = "float32") -> Workload:
    """MLP 64-32-10, relu, Adam."""
    return Workload(
        f"MLP 64-{width}-{classes} relu", _mlp((width, classes), "relu"), (64,), batch, dtype=dtype
    )


def digits(
    batch: int = 128, width: int = 256, second: int = 128, classes: int = 10, dtype: str = "float32"
) -> Workload:
    """MLP 784-256-128-10, relu, Adam."""
    layers = _mlp((width, second, classes), "relu")
    return Workload(f"MLP 784-{width}-{second}-{classes} relu", layers, (784,), batch, dtype=dtype)


def wide(
    batch: int = 256,
    width: int = 2048,
    classes: int = 1000,
    activation: str = "gelu_tanh",
    dtype: str = "float32",
) -> Workload:
    """MLP 1024-2048-2048-1000, gelu, momentum."""
    layers = _mlp((width, width, classes), activation)
    name = f"MLP 1024-{width}-{width}-{classes} {activation}"
    return Workload(name, layers, (1024,), batch, "cross_entropy", "momentum", 1e-2, dtype)


def normalised(batch: int = 128, width: int = 512, classes: int = 10, dtype: str = "float32") -> Workload:
    """MLP 784-512-512-10 with batch norm, relu, Adam."""
    layers = _mlp((width, width, classes), "relu", norm=True)
    return Workload(f"MLP 784-{width}-{width}-{classes} BN relu", layers, (784,), batch, dtype=dtype)


def lenet(
    batch: int = 64, size: int = 5, stride: int = 1, classes: int = 10, dtype: str = "float32"
) -> Workload:
    """LeNet on 1x28x28, momentum."""
    relu, pool = Pointwise("relu"), MaxPool()
    convolutions = (Conv(20, size, stride=stride), relu, pool, Conv(50, size), relu, pool)
    layers = (*convolutions, Flatten(), Dense(500), relu, Dense(classes))
    return Workload("LeNet", layers, (1, 28, 28), batch, "cross_entropy", "momentum", 1e-2, dtype)


def images(
    batch: int = 64,
    size: int = 3,
    first: int = 32,
    second: int = 64,
    stride: int = 1,
    classes: int = 10,
    dtype: str = "float32",
) -> Workload:
    """Four convolutions on 3x32x32, Adam; the first of each two may have a stride."""
    layers: list[Layer] = []
    for filters in (first, second):
        for step in (stride, 1):
            layers += [Conv(filters, size, padding=size // 2, stride=step), Pointwise("relu")]
        layers.append(MaxPool())
    name = f"CNN {size}x{size}: {first} {first} {second} {second}"
    return Workload(name, (*layers, Flatten(), Dense(classes)), (3, 32, 32), batch, dtype=dtype)


def chain(batch: int = 4096, width: int = 1024, dtype: str = "float32") -> Workload:
    """Twenty elementwise operations, and the gradient by the input."""
    steps = (
        ("scale", 0.5), ("shift", 0.25), ("tanh", 0), ("times_input", 0), ("sigmoid", 0),
        ("scale", 2.0), ("shift", -0.5), ("square", 0), ("shift", 0.1), ("sqrt", 0),
        ("times_input", 0), ("scale", 0.3), ("exp", 0), ("shift", 1.0), ("log", 0),
        ("scale", 1.5), ("tanh", 0), ("square", 0), ("times_input", 0), ("relu", 0),
    )  # fmt: skip
    layers = tuple(Pointwise(function, number) for function, number in steps)
    return Workload("elementwise chain", layers, (width,), batch, "mean", "none", 0.0, dtype)


def deep(
    batch: int = 32, depth: int = 200, width: int = 64, classes: int = 10, dtype: str = "float32"
) -> Workload:
    """Many layers of one width, relu, SGD; at a larger rate rounding alone flips units within five steps."""
    layers = _mlp((*(width for _ in range(depth)), classes), "relu")
    name = f"deep MLP {depth} x {width}"
    return Workload(name, layers, (width,), batch, "cross_entropy", "sgd", 1e-5, dtype)


def attention(
    batch: int = 16, width: int = 128, places: int = 64, heads: int = 4, dtype: str = "float32"
) -> Workload:
    """A transformer block (norm first, 4 times the width inside), Adam."""
    layers: tuple[Layer, ...] = (
        Residual((LayerNorm(), Attention(heads))),
        Residual((LayerNorm(), Dense(4 * width), Pointwise("gelu_tanh"), Dense(width))),
    )
    name = f"attention block d={width} T={places}"
    return Workload(name, layers, (places, width), batch, "squared", "adam", 1e-3, dtype)


WORKLOADS: Mapping[str, Callable[..., Workload]] = {
    "1": toy,
    "2": small,
    "3": digits,
    "4": wide,
    "5": normalised,
    "6": lenet,
    "7": images,
    "8": chain,
    "9": deep,
    "10": attention,
}
# Shapes that nothing was tuned for: widths that are not multiples of 8, odd batches, other kernels, float64.
GENERAL = (
    "1:batch=37:width=13", "1:width=29:dtype=float32",
    "2:batch=37:width=27:classes=7", "2:dtype=float64",
    "3:batch=37:width=251:second=101:classes=7", "3:dtype=float64",
    "4:batch=37:width=1003:classes=777", "4:width=1001:activation=tanh:dtype=float64",
    "5:batch=37:width=301:classes=7", "5:dtype=float64",
    "6:batch=37:size=3:stride=2:classes=7", "6:size=1:stride=2", "6:batch=37:dtype=float64",
    "7:batch=37:size=5:first=21:second=45:classes=7", "7:size=3:stride=2", "7:batch=37:size=1:stride=2",
    "7:batch=37:first=30:second=50:dtype=float64",
    "8:batch=1037:width=999", "8:dtype=float64",
    "9:batch=37:depth=73:width=51:classes=7", "9:dtype=float64",
    "10:batch=7:width=123:places=37:heads=3", "10:dtype=float64",
)  # fmt: skip


def find(key: str) -> Workload:
    """The workload `key`: a number, and values for its parameters, as in "9:depth=800:batch=37"."""
    number, *settings = key.split(":")
    if number not in WORKLOADS:
        raise BenchmarkError(f"there is no workload {number!r}; there are {', '.join(WORKLOADS)}")
    make = WORKLOADS[number]
    known = inspect.signature(make).parameters
    given: dict[str, Any] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in known:
            raise BenchmarkError(
                f"workload {number} has no parameter {name!r}; it has {', '.join(known)}, as in {number}:batch=37"
            )
        given[name] = _value(name, value, type(known[name].default))
    return make(**given)


def _value(name: str, text: str, kind: type) -> Any:
    if name == "dtype" and text not in ("float32", "float64"):
        raise BenchmarkError(f"dtype is float32 or float64, not {text!r}")
    if kind is int and not (text.isdecimal() and int(text) > 0):
        raise BenchmarkError(f"{name} is a whole number from 1, not {text!r}")
    return kind(text)
