"""Initial values: how a parameter or a state starts.

Each constructor gives a frozen record with `sample(shape, rng)`. For a matrix used as `x @ W`, of shape
(fan_in, fan_out), fan-in is the number of inputs of a unit and fan-out the number of units an input reaches.
Of a kernel, the units are the last axis and the leading ones the window, `(height, width, channels_in, units)`; with
`units_first`, which convolutions of the layout NCHW fill in, it is `(units, channels_in, height, width)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np

from graphc.ir.errors import GraphcError, ShapeError
from graphc.ir.graph import Graph
from graphc.ir.node import Node, expect_node
from graphc.ir.text import literal
from graphc.ir.types import check_sizes, evaluate_dim


def fans(shape: tuple[int, ...], units_first: bool = False) -> tuple[int, int]:
    """Fan-in and fan-out of a parameter of this shape.

    >>> fans((784, 10)), fans((3, 3, 16, 32)), fans((32, 16, 3, 3), units_first=True), fans((10,))
    ((784, 10), (144, 288), (144, 288), (10, 10))
    """
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    if units_first:
        units, channels, *sizes = shape
        return math.prod(sizes) * channels, math.prod(sizes) * units
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


@literal
@dataclass(frozen=True, slots=True)
class Constant:
    """Every entry is `value`."""

    value: float = 0.0

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return np.full(shape, self.value)


@literal
@dataclass(frozen=True, slots=True)
class Normal:
    """Independent normal entries with standard deviation `std` around `mean`."""

    std: float = 1.0
    mean: float = 0.0

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return rng.normal(self.mean, self.std, shape)


@literal
@dataclass(frozen=True, slots=True)
class Uniform:
    """Independent entries, uniform in [low, high)."""

    low: float = 0.0
    high: float = 1.0

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return rng.uniform(self.low, self.high, shape)


@literal
@dataclass(frozen=True, slots=True)
class Xavier:
    """Entries with variance `gain**2 * 2 / (fan_in + fan_out)`, normal or uniform."""

    gain: float = 1.0
    uniform: bool = False
    units_first: bool = False

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        variance = self.gain**2 * 2 / max(1, sum(fans(shape, self.units_first)))
        return _with_variance(variance, self.uniform, shape, rng)


@literal
@dataclass(frozen=True, slots=True)
class He:
    """Entries with variance `gain**2 / fan_in`, normal or uniform."""

    gain: float = math.sqrt(2)
    uniform: bool = False
    units_first: bool = False

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        variance = self.gain**2 / max(1, fans(shape, self.units_first)[0])
        return _with_variance(variance, self.uniform, shape, rng)


def _with_variance(variance: float, uniform: bool, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    if uniform:
        bound = math.sqrt(3 * variance)
        return rng.uniform(-bound, bound, shape)
    return rng.normal(0.0, math.sqrt(variance), shape)


@literal
@dataclass(frozen=True, slots=True)
class Orthogonal:
    """A matrix with orthonormal rows or columns, whichever are fewer, times `gain`; a kernel as one row per unit."""

    gain: float = 1.0
    units_first: bool = False

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        if len(shape) < 2:
            raise ShapeError(f"orthogonal needs a matrix or a kernel, and the shape is {shape}")
        units = shape[0] if self.units_first else shape[-1]
        rest = math.prod(shape[1:] if self.units_first else shape[:-1])
        tall = rng.normal(0.0, 1.0, (max(units, rest), min(units, rest)))
        q, r = np.linalg.qr(tall)
        q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)  # without it, q would not be uniform (Mezzadri 2007)
        wanted = (units, rest) if self.units_first else (rest, units)
        return self.gain * (q if q.shape == wanted else q.T).reshape(shape)


Init = Constant | Normal | Uniform | Xavier | He | Orthogonal


def units_first(init: Init) -> Init:
    """The same initial value for a kernel whose first axis counts the units."""
    return replace(init, units_first=True) if isinstance(init, Xavier | He | Orthogonal) else init


def initial_values(
    nodes: Node | Iterable[Node] | Mapping[Any, Node],
    seed: int | None = 0,
    *,
    sizes: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Values for the parameters and states below `nodes` by name, as float64 arrays from one random stream.

    `sizes` gives the named sizes in their shapes. A state without an `init` is zero; a parameter without one has to be
    given by you, and is left out.

    >>> import graphc as g
    >>> W = g.param("W", (2, 3), init=g.init.ones())
    >>> g.nn.initial_values(g.sum(W))
    {'W': array([[1., 1., 1.],
           [1., 1., 1.]])}
    """
    roots = (nodes,) if isinstance(nodes, Node) else nodes.values() if isinstance(nodes, Mapping) else nodes
    leaves = Graph(tuple(expect_node(n, "what initial values are for") for n in roots)).leaves
    try:
        rng = np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise GraphcError(f"a seed is a whole number from 0, not {seed!r}") from None
    check_sizes(sizes)
    values: dict[str, Any] = {}
    for kind in ("param", "state"):
        for leaf in leaves:
            if leaf.op.name != kind:
                continue
            start = leaf.attr("init") or (zeros() if kind == "state" else None)
            if start is not None:
                shape = tuple(evaluate_dim(d, sizes or {}) for d in leaf.shape)
                values[leaf.name or ""] = start.sample(shape, rng)
    return values


def _number(what: str, value: Any, least: float = -math.inf) -> float:
    """A finite number from what a user passes; else one sentence that begins with `what`."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise GraphcError(f"{what} is a finite number, not {value!r}")
    if value < least:
        raise GraphcError(f"{what} is at least {least:g}, not {value!r}")
    return float(value)


def zeros() -> Constant:
    """Zero everywhere: biases."""
    return Constant(0.0)


def ones() -> Constant:
    """One everywhere: the scale of a normalisation."""
    return Constant(1.0)


def constant(value: float) -> Constant:
    """`value` everywhere."""
    return Constant(_number("constant: the value", value))


def normal(std: float = 1.0, mean: float = 0.0) -> Normal:
    """Normal entries, `N(mean, std**2)`."""
    return Normal(_number("normal: std", std, least=0), _number("normal: the mean", mean))


def uniform(low: float = 0.0, high: float = 1.0) -> Uniform:
    """Entries uniform between `low` and `high`."""
    low, high = _number("uniform: low", low), _number("uniform: high", high)
    if low > high:
        raise GraphcError(f"uniform: low is not above high, and {low:g} and {high:g} were given")
    return Uniform(low, high)


def xavier(gain: float = 1.0, *, uniform: bool = False) -> Xavier:
    """`Var = gain**2 * 2 / (fan_in + fan_out)`: keeps the scale of signals and gradients through tanh layers.

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks
    (2010), equations 12 and 16; the uniform form is `U(-a, a)` with `a = gain * sqrt(6 / (fan_in + fan_out))`.
    """
    return Xavier(_number("xavier: gain", gain), uniform)


def he(gain: float = math.sqrt(2), *, uniform: bool = False) -> He:
    """`Var = gain**2 / fan_in`, by default `2 / fan_in`: keeps the scale of signals through relu layers.

    Source: He et al., Delving deep into rectifiers (2015), equation 10; the uniform form is `U(-a, a)` with
    `a = gain * sqrt(3 / fan_in)`.
    """
    return He(_number("he: gain", gain), uniform)


def orthogonal(gain: float = 1.0) -> Orthogonal:
    """Orthonormal rows or columns times `gain`: all singular values are `gain`, so signals keep their length.

    The Q of a normal matrix, its columns turned so that R has a positive diagonal, which makes it uniform among the
    orthogonal matrices.

    Source: Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks (2014), section 3.2.
    """
    return Orthogonal(_number("orthogonal: gain", gain))
