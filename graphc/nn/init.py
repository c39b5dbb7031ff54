"""Initial values: how a parameter or a state starts.

Each constructor gives a frozen record with `sample(shape, rng)`. For a matrix used as `x @ W`, of shape
(fan_in, fan_out), fan-in is the number of inputs of a unit and fan-out the number of units an input reaches.
Of a kernel, the leading axes are the window: `(height, width, channels_in, channels_out)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphc.ir.text import literal


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Fan-in and fan-out of a parameter of this shape.

    >>> fans((784, 10)), fans((3, 3, 16, 32)), fans((10,))
    ((784, 10), (144, 288), (10, 10))
    """
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
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

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return _with_variance(self.gain**2 * 2 / max(1, sum(fans(shape))), self.uniform, shape, rng)


@literal
@dataclass(frozen=True, slots=True)
class He:
    """Entries with variance `gain**2 / fan_in`, normal or uniform."""

    gain: float = math.sqrt(2)
    uniform: bool = False

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return _with_variance(self.gain**2 / max(1, fans(shape)[0]), self.uniform, shape, rng)


def _with_variance(variance: float, uniform: bool, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    if uniform:
        bound = math.sqrt(3 * variance)
        return rng.uniform(-bound, bound, shape)
    return rng.normal(0.0, math.sqrt(variance), shape)


Init = Constant | Normal | Uniform | Xavier | He


def zeros() -> Constant:
    """Zero everywhere: biases."""
    return Constant(0.0)


def ones() -> Constant:
    """One everywhere: the scale of a normalisation."""
    return Constant(1.0)


def constant(value: float) -> Constant:
    """`value` everywhere."""
    return Constant(float(value))


def normal(std: float = 1.0, mean: float = 0.0) -> Normal:
    """Normal entries, `N(mean, std**2)`."""
    return Normal(float(std), float(mean))


def uniform(low: float = 0.0, high: float = 1.0) -> Uniform:
    """Entries uniform between `low` and `high`."""
    return Uniform(float(low), float(high))


def xavier(gain: float = 1.0, *, uniform: bool = False) -> Xavier:
    """`Var = gain**2 * 2 / (fan_in + fan_out)`: keeps the scale of signals and gradients through tanh layers.

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks
    (2010), equations 12 and 16; the uniform form is `U(-a, a)` with `a = gain * sqrt(6 / (fan_in + fan_out))`.
    """
    return Xavier(float(gain), uniform)


def he(gain: float = math.sqrt(2), *, uniform: bool = False) -> He:
    """`Var = gain**2 / fan_in`, by default `2 / fan_in`: keeps the scale of signals through relu layers.

    Source: He et al., Delving deep into rectifiers (2015), equation 10; the uniform form is `U(-a, a)` with
    `a = gain * sqrt(3 / fan_in)`.
    """
    return He(float(gain), uniform)
