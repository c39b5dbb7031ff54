"""Recurrent layers: a cell unrolled over the steps of a sequence, batch first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node
from graphc.ir.types import show_shape
from graphc.nn import init as start
from graphc.nn.layer import Layer
from graphc.nn.scope import Scope
from graphc.ops.recurrent import gru, lstm, rnn


@dataclass(frozen=True, slots=True)
class RNN(Layer):
    """A vanilla RNN: (N, T, D) becomes its last output, (N, units), or with `sequences` all of them, (N, T, units).

    T has to be a number. `reverse` goes from the last entry to the first. Parameters `W` (D, units) and `U`
    (units, units) start uniform in ±1/sqrt(units) unless `init` says else, and `b` at 0; see `rnn`.
    """

    units: int
    activation: str = "tanh"
    sequences: bool = False
    reverse: bool = False
    init: start.Init | None = None
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        W, U, b = _parameters(self, 1, x, scope)
        outputs, last = rnn(x, W, U, b, activation=self.activation, reverse=self.reverse)
        return outputs if self.sequences else last


@dataclass(frozen=True, slots=True)
class GRU(Layer):
    """A GRU: (N, T, D) becomes its last state, (N, units), or with `sequences` those of all steps, (N, T, units).

    Parameters are `W` (D, 3*units), `U` (units, 3*units) and the biases `b` and `c`; all else as for `RNN`. See `gru`.
    """

    units: int
    sequences: bool = False
    reverse: bool = False
    init: start.Init | None = None
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        W, U, b = _parameters(self, 3, x, scope)
        c = scope.param("c", (3 * self.units,), start.zeros())
        outputs, last = gru(x, W, U, b, c, reverse=self.reverse)
        return outputs if self.sequences else last


@dataclass(frozen=True, slots=True)
class LSTM(Layer):
    """An LSTM: (N, T, D) becomes its last output, (N, units), or with `sequences` those of all steps, (N, T, units).

    Parameters are `W` (D, 4*units), `U` (units, 4*units) and `b`; all else as for `RNN`. See `lstm`.
    """

    units: int
    sequences: bool = False
    reverse: bool = False
    init: start.Init | None = None
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        W, U, b = _parameters(self, 4, x, scope)
        outputs, last, _ = lstm(x, W, U, b, reverse=self.reverse)
        return outputs if self.sequences else last


def _parameters(layer: Any, gates: int, x: Node, scope: Scope) -> tuple[Node, Node, Node]:
    units = layer.units
    if isinstance(units, bool) or not isinstance(units, int) or units < 1:
        raise ShapeError(f"{scope.path}: units is a whole number from 1, not {units!r}")
    if x.ndim != 3 or x.dtype != "real":
        given = f"{show_shape(x.shape)} {x.dtype}"
        raise ShapeError(
            f"{scope.path}: the input is a batch of sequences of real rows, (N, T, D), not {given}"
        )
    bound = 1 / math.sqrt(units)
    init = layer.init or start.uniform(-bound, bound)
    W = scope.param("W", (x.shape[2], gates * units), init)
    U = scope.param("U", (units, gates * units), init)
    return W, U, scope.param("b", (gates * units,), start.zeros())
