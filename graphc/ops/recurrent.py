"""Recurrent cells: the vanilla RNN, GRU and LSTM, and their unrolling over a fixed number of steps.

Weights multiply from the right, `x @ W + h @ U + b`; the columns of `W`, `U` and `b` hold the gates side by side in
PyTorch's order. What a cell does after its products is a composite: its gradient is derived once, for all steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS, function
from graphc.ir.types import DimLike, show_shape
from graphc.ops.activations import sigmoid
from graphc.ops.composite import composite
from graphc.ops.index import zeros
from graphc.ops.leaf import as_node
from graphc.ops.move import reshape, slice_axis, stack
from graphc.ops.pointwise import tanh

# The graph language takes these words; in Python an activation of one's own has a name as well.
Usual = Literal["tanh", "relu", "sigmoid", "identity", "leaky_relu", "elu", "softsign"]


def _gate(z: Node, place: int, width: DimLike) -> Node:
    """The gate at `place` among those that stand side by side in the last axis of `z`, each `width` wide."""
    return slice_axis(z, z.ndim - 1, slice(place * width, (place + 1) * width))


def _check_gates(what: str, z: Node, gates: int, h: Node) -> None:
    if not z.ndim or not h.ndim or z.shape[-1] != gates * h.shape[-1]:
        raise ShapeError(
            f"{what}: {gates} gates for a state of shape {show_shape(h.shape)} do not stand side by side in shape "
            f"{show_shape(z.shape)}"
        )


# The parts of the cells that follow the products ------------------------------------------------------------------


@composite()
def gru_state(a: Node, u: Node, h: Node) -> Node:
    """The next state of a GRU, from `a = x @ W + b` and `u = h @ U + c`, each of three gates (r, z, n).

    `r = sigmoid(a_r + u_r)`, `z = sigmoid(a_z + u_z)`, `n = tanh(a_n + r*u_n)`; the state is `(1 - z)*n + z*h`
    (Cho et al. 2014, with the reset gate after the product, as in cuDNN and PyTorch).
    """
    for part in (a, u):
        _check_gates("gru_state", part, 3, h)
    width = h.shape[-1]
    r, z = (sigmoid(_gate(a, i, width) + _gate(u, i, width)) for i in (0, 1))
    n = tanh(_gate(a, 2, width) + r * _gate(u, 2, width))
    return (1 - z) * n + z * h


@composite()
def lstm_memory(z: Node, c: Node) -> Node:
    """The next memory of an LSTM from `z = x @ W + h @ U + b`, of four gates (i, f, g, o), and the memory `c`.

    `sigmoid(z_f)*c + sigmoid(z_i)*tanh(z_g)` (Hochreiter and Schmidhuber 1997; Gers et al. 2000).
    """
    _check_gates("lstm_memory", z, 4, c)
    i, f, g = (_gate(z, place, c.shape[-1]) for place in (0, 1, 2))
    return sigmoid(f) * c + sigmoid(i) * tanh(g)


@composite()
def lstm_output(z: Node, c: Node) -> Node:
    """The output of an LSTM from `z = x @ W + h @ U + b`, of four gates (i, f, g, o), and the next memory `c`.

    `sigmoid(z_o)*tanh(c)`.
    """
    _check_gates("lstm_output", z, 4, c)
    return sigmoid(_gate(z, 3, c.shape[-1])) * tanh(c)


# Cells ------------------------------------------------------------------------------------------------------------


@function
def rnn_cell(x: Any, h: Any, W: Any, U: Any, b: Any = None, *, activation: Usual | str = "tanh") -> Node:
    """One step of a vanilla RNN: `activation(x @ W + h @ U + b)` (Elman 1990).

    `x` is (..., D), `h` (..., H), `W` (D, H), `U` (H, H), `b` (H,) or left out. `activation` names any operation of
    one operand. Raises ShapeError where the shapes do not fit.

    >>> from graphc.ops import input_
    >>> rnn_cell(input_("x", ("N", 3)), input_("h", ("N", 5)), input_("W", (3, 5)), input_("U", (5, 5)))
    <tanh(add) (N, 5) real>
    """
    _check_weights("rnn_cell", 1, h, W, U)
    return _rnn_step(_affine(x, W, b), as_node(h), U, activation)


@function
def gru_cell(x: Any, h: Any, W: Any, U: Any, b: Any = None, c: Any = None) -> Node:
    """One step of a GRU: the next state, `gru_state(x @ W + b, h @ U + c, h)`.

    `x` is (..., D), `h` (..., H), `W` (D, 3*H), `U` (H, 3*H), and the biases `b` and `c` (3*H,) or left out; the
    gates stand in the order r, z, n. Raises ShapeError where the shapes do not fit.
    """
    h = as_node(h)
    _check_weights("gru_cell", 3, h, W, U)
    return gru_state(_affine(x, W, b), _affine(h, U, c), h)


def lstm_cell(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any = None) -> tuple[Node, Node]:
    """One step of an LSTM: the next output and the next memory, `(h, c)`.

    `x` is (..., D), `h` and `c` (..., H), `W` (D, 4*H), `U` (H, 4*H), `b` (4*H,) or left out; the gates stand in the
    order i, f, g, o:

        z = x @ W + h @ U + b
        c' = sigmoid(z_f)*c + sigmoid(z_i)*tanh(z_g)
        h' = sigmoid(z_o)*tanh(c')

    PyTorch has two biases, of which only the sum matters. Raises ShapeError where the shapes do not fit.
    """
    _check_weights("lstm_cell", 4, h, W, U)
    return _lstm_step(_affine(x, W, b), as_node(h), as_node(c), U)


def _check_weights(cell: str, gates: int, state: Any, W: Any, U: Any) -> None:
    """Refuse matrices whose columns are not those of the gates."""
    h, input_weights, recurrent = as_node(state), as_node(W), as_node(U)
    width = h.shape[-1] if h.ndim else 1
    columns = "H" if gates == 1 else f"{gates}*H"
    for name, rows, weights in (("W", "D", input_weights), ("U", "H", recurrent)):
        if weights.ndim != 2 or weights.shape[1] != gates * width:
            raise ShapeError(
                f"{cell}: {name} has to have the shape ({rows}, {columns}) for a state of {width} numbers, not "
                f"{show_shape(weights.shape)}"
            )


def _affine(x: Any, W: Any, b: Any) -> Node:
    product = as_node(x) @ as_node(W)
    return product if b is None else product + as_node(b)


def _rnn_step(a: Node, h: Node, U: Any, activation: str) -> Node:
    if activation not in FUNCTIONS:
        raise ShapeError(f"rnn: there is no activation {activation!r}; name one such as 'tanh' or 'relu'")
    return FUNCTIONS[activation](a + h @ as_node(U))


def _lstm_step(a: Node, h: Node, c: Node, U: Any) -> tuple[Node, Node]:
    z = a + h @ as_node(U)
    memory = lstm_memory(z, c)
    return lstm_output(z, memory), memory


# Sequences --------------------------------------------------------------------------------------------------------


def rnn(
    xs: Any, W: Any, U: Any, b: Any = None, h: Any = None, *, activation: str = "tanh", reverse: bool = False
) -> tuple[Node, Node]:
    """A vanilla RNN over a sequence: the outputs of all steps, (N, T, H), and the last state, (N, H).

    `xs` is (N, T, D), batch first, and T a number: the loop is unrolled. Parameters are those of `rnn_cell`; `h` is
    the state before the first step, zeros without it. `reverse` goes from the last entry to the first, and the
    outputs still stand beside the entries they belong to.
    """
    steps, start = _unrolled("rnn", xs, W, U, b, h, 1, reverse)
    outputs, (last,) = _run(lambda a, s: (_rnn_step(a, s[0], U, activation),), steps, (start,), reverse)
    return outputs, last


def gru(
    xs: Any, W: Any, U: Any, b: Any = None, c: Any = None, h: Any = None, *, reverse: bool = False
) -> tuple[Node, Node]:
    """A GRU over a sequence: the outputs of all steps, (N, T, H), and the last state, (N, H).

    Parameters are those of `gru_cell`, all else as for `rnn`.
    """
    steps, start = _unrolled("gru", xs, W, U, b, h, 3, reverse)
    outputs, (last,) = _run(lambda a, s: (gru_state(a, _affine(s[0], U, c), s[0]),), steps, (start,), reverse)
    return outputs, last


def lstm(
    xs: Any, W: Any, U: Any, b: Any = None, h: Any = None, c: Any = None, *, reverse: bool = False
) -> tuple[Node, Node, Node]:
    """An LSTM over a sequence: the outputs of all steps, (N, T, H), the last output and the last memory, (N, H).

    Parameters are those of `lstm_cell`; `h` and `c` are the output and the memory before the first step, zeros
    without them. All else as for `rnn`.
    """
    steps, start = _unrolled("lstm", xs, W, U, b, h, 4, reverse)
    memory = zeros(start.shape) if c is None else as_node(c)
    outputs, (last, memory) = _run(lambda a, s: _lstm_step(a, s[0], s[1], U), steps, (start, memory), reverse)
    return outputs, last, memory


def _unrolled(
    what: str, given: Any, W: Any, U: Any, b: Any, h: Any, gates: int, reverse: bool
) -> tuple[list[Node], Node]:
    """What the input gives to each step, `x_t @ W + b`, in the order of the steps, and the state before the first.

    The product is one for all steps: so is its part of the gradient.
    """
    xs, recurrent = as_node(given), as_node(U)
    if xs.ndim != 3 or not isinstance(xs.shape[1], int) or not xs.shape[1]:
        raise ShapeError(
            f"{what}: a sequence has the shape (N, T, D), batch first, with a number T of steps of at least 1, not "
            f"{show_shape(xs.shape)}"
        )
    if recurrent.ndim != 2 or recurrent.shape[1] != gates * recurrent.shape[0]:
        wanted = f"(H, {gates}*H)" if gates > 1 else "(H, H)"
        raise ShapeError(f"{what}: U has to have the shape {wanted}, not {show_shape(recurrent.shape)}")
    projected = _affine(xs, W, b)
    shape = (xs.shape[0], projected.shape[2])
    order = range(xs.shape[1])
    steps = [reshape(slice_axis(projected, 1, slice(t, t + 1)), shape) for t in order]
    start = zeros((xs.shape[0], recurrent.shape[0])) if h is None else as_node(h)
    return steps[::-1] if reverse else steps, start


def _run(
    step: Callable[[Node, Sequence[Node]], tuple[Node, ...]],
    steps: Sequence[Node],
    state: tuple[Node, ...],
    reverse: bool,
) -> tuple[Node, tuple[Node, ...]]:
    """The outputs of all steps side by side, and the state after the last; the output is the state's first part."""
    outputs: list[Node] = []
    for a in steps:
        state = step(a, state)
        outputs.append(state[0])
    return stack(outputs[::-1] if reverse else outputs, 1), state
