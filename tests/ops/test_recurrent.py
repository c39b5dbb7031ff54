"""Sequences: a loop over cells, in both directions; what they refuse; and the size of what is derived."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as g
from graphc.ir.errors import ShapeError
from graphc.ir.node import topological

xs = g.input("xs", ("N", 3, 2))
h = g.input("h", ("N", 4))


def weights(gates):
    return [g.param("W", (2, gates * 4)), g.param("U", (4, gates * 4)), g.param("b", gates * 4)]


def values(nodes):
    rng = np.random.default_rng(0)
    return {
        n.name: rng.normal(size=[2 if d == "N" or not isinstance(d, int) else d for d in n.shape])
        for n in nodes
    }


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_a_sequence_is_a_loop_over_cells(kind, reverse):
    parameters = weights({"rnn": 1, "gru": 3, "lstm": 4}[kind])
    steps = range(3)[::-1] if reverse else range(3)
    last, c, by_place = h, h * 2, {}
    for t in steps:
        if kind == "lstm":
            last, c = g.lstm_cell(xs[:, t], last, c, *parameters)
        else:
            last = {"rnn": g.rnn_cell, "gru": g.gru_cell}[kind](xs[:, t], last, *parameters)
        by_place[t] = last
    start = {"h": h, "c": h * 2} if kind == "lstm" else {"h": h}
    outputs, end, *memory = {"rnn": g.rnn, "gru": g.gru, "lstm": g.lstm}[kind](
        xs, *parameters, **start, reverse=reverse
    )
    found = g.compile([outputs, end, *memory])(**values([xs, h, *parameters]))
    loop = [g.stack([by_place[t] for t in range(3)], 1), last, *([c] if memory else [])]
    expected = g.compile(loop)(**values([xs, h, *parameters]))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)


def test_an_lstm_that_keeps_everything_remembers():
    """With the forget gate open and the input gate shut the memory stays as it was."""
    bias = g.concat([g.full(4, -1000), g.full(4, 1000), g.zeros(8)])
    _, _, memory = g.lstm(xs, g.zeros((2, 16)), g.zeros((4, 16)), bias, h, h)
    at = values([xs, h])
    np.testing.assert_array_equal(g.compile(memory)(**at), at["h"])


def test_the_gradient_grows_by_as_much_for_each_step():
    """The template of a cell is derived once: what a step adds to the graph does not depend on their number."""

    def size(steps):
        x = g.input("x", ("N", steps, 2))
        parameters = weights(4)
        outputs, *_ = g.lstm(x, *parameters)
        return len(topological(g.gradients(g.sum(outputs**2), [x, *parameters])))

    few, more, most = size(10), size(20), size(40)
    assert most - more == 2 * (more - few)


def test_the_gradients_of_gates_are_joined_not_padded():
    x = g.input("x", ("N", 5, 2))
    parameters = weights(4)
    outputs, *_ = g.lstm(x, *parameters)
    found = topological(g.gradients(g.sum(outputs**2), [x, *parameters]))
    assert [n for n in found if n.op.name == "pad"] == []


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (
            lambda: g.lstm(g.input("x", ("N", "T", 2)), *weights(4)),
            r"\(N, T, D\), batch first, with a number T",
        ),
        (lambda: g.rnn(g.input("x", (3, 2)), *weights(1)), r"batch first"),
        (lambda: g.gru(xs, *weights(4)), r"gru: U has to have the shape \(H, 3\*H\), not \(4, 16\)"),
        (lambda: g.lstm_memory(g.input("z", ("N", 7)), h), "4 gates for a state"),
        (lambda: g.gru_state(g.input("z", ("N", 12)), g.input("u", ("N", 8)), h), "3 gates for a state"),
        (lambda: g.rnn_cell(xs[:, 0], h, *weights(1), activation="tanj"), "no activation 'tanj'"),
    ],
)
def test_refusals_are_sentences(ask, sentence):
    with pytest.raises(ShapeError, match=sentence):
        ask()


def test_text_names_an_activation_as_a_word():
    given = {n: g.input(n, s) for n, s in (("x", ("N", 3)), ("h", ("N", 2)), ("W", (3, 2)), ("U", (2, 2)))}
    written = g.expression("rnn_cell(x, h, W, U, activation=relu)", **given)
    assert written is g.rnn_cell(*given.values(), activation="relu")
    with pytest.raises(g.ParseError, match=r"`activation` is `tanh`, .* or a value, not `foo`"):
        g.expression("rnn_cell(x, h, W, U, activation=foo)", **given)
