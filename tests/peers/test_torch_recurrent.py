"""Recurrent cells and sequences against PyTorch's own modules, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.ops.index import embedding
from graphc.ops.losses import cross_entropy
from graphc.ops.move import concat
from graphc.ops.recurrent import gru, gru_cell, lstm, lstm_cell, rnn, rnn_cell
from graphc.ops.reduce import mean, sum_
from tests.peers.agreement import check_network

pytestmark = pytest.mark.peers
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
# batch, steps, entries, units
SIZES = [(3, 4, 2, 5), (1, 1, 1, 1), (1, 6, 3, 2), (2, 3, 4, 1)]


def values(kind, sizes, *, steps=True, states=True):
    n, t, d, h = sizes
    rng = np.random.default_rng(sizes)
    width = GATES[kind] * h
    shapes = {
        "x": (n, t, d) if steps else (n, d),
        "W": (d, width),
        "U": (h, width),
        "b": (width,),
        "w": (n, h),
    }
    shapes |= {"c": (width,)} if kind == "gru" else {}
    shapes |= {"h": (n, h)} if states else {}
    shapes |= {"m": (n, h)} if states and kind == "lstm" else {}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def module(torch, kind, given, *, cell=False, **options):
    """PyTorch's module as a function of our parameters: its weights are ours transposed."""
    units = given["U"].shape[0]
    name = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}[kind] + ("Cell" if cell else "")
    sequence = {} if cell else {"batch_first": True}
    made = getattr(torch.nn, name)(given["W"].shape[0], units, dtype=torch.float64, **sequence, **options)
    tail = "" if cell else "_l0"
    other = given.get("c", torch.zeros_like(given["b"]))
    weights = {
        f"weight_ih{tail}": given["W"].T,
        f"weight_hh{tail}": given["U"].T,
        f"bias_ih{tail}": given["b"],
        f"bias_hh{tail}": other,
    }
    return lambda *args: torch.func.functional_call(made, weights, args)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_rnn_cell(sizes, activation, require_peer):
    torch = require_peer("torch")
    check_network(
        torch,
        values("rnn", sizes, steps=False),
        lambda x, W, U, b, w, h: sum_(rnn_cell(x, h, W, U, b, activation=activation) * w),
        lambda **a: (
            module(torch, "rnn", a, cell=True, nonlinearity=activation)(a["x"], a["h"]) * a["w"]
        ).sum(),
    )


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_gru_cell(sizes, require_peer):
    torch = require_peer("torch")
    check_network(
        torch,
        values("gru", sizes, steps=False),
        lambda x, W, U, b, w, c, h: sum_(gru_cell(x, h, W, U, b, c) * w),
        lambda **a: (module(torch, "gru", a, cell=True)(a["x"], a["h"]) * a["w"]).sum(),
    )


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_lstm_cell(sizes, require_peer):
    torch = require_peer("torch")

    def ours(x, W, U, b, w, h, m):
        output, memory = lstm_cell(x, h, m, W, U, b)
        return sum_(output * w + memory**2)

    def theirs(**a):
        output, memory = module(torch, "lstm", a, cell=True)(a["x"], (a["h"], a["m"]))
        return (output * a["w"] + memory**2).sum()

    check_network(torch, values("lstm", sizes, steps=False), ours, theirs)


@pytest.mark.parametrize("states", [True, False])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_a_sequence(kind, sizes, states, require_peer):
    torch = require_peer("torch")
    unrolled = {"rnn": rnn, "gru": gru, "lstm": lstm}[kind]

    def ours(x, W, U, b, w, c=None, h=None, m=None):
        more = {"gru": {"c": c, "h": h}, "rnn": {"h": h}, "lstm": {"h": h, "c": m}}[kind]
        outputs, *last = unrolled(x, W, U, b, **more)
        return mean(outputs**3) + sum_(last[-1] * w + last[0])

    def theirs(**a):
        start = (
            (a["h"][None], a["m"][None]) if kind == "lstm" and states else a["h"][None] if states else None
        )
        outputs, last = module(torch, kind, a)(a["x"], *([] if start is None else [start]))
        last = last if kind == "lstm" else (last,)
        return (outputs**3).mean() + (last[-1][0] * a["w"] + last[0][0]).sum()

    check_network(torch, values(kind, sizes, states=states), ours, theirs)


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_backwards_through_time_is_the_other_way_round(kind, require_peer):
    torch = require_peer("torch")
    unrolled = {"rnn": rnn, "gru": gru, "lstm": lstm}[kind]
    given = values(kind, (2, 4, 3, 2), states=False)

    def ours(x, W, U, b, w, c=None):
        outputs, *last = unrolled(x, W, U, b, *([c] if kind == "gru" else []), reverse=True)
        return mean(outputs**2 * x[:, :, :1]) + sum_(last[-1] * w)

    def theirs(**a):
        outputs, last = module(torch, kind, a)(a["x"].flip(1))
        last = last[-1] if kind == "lstm" else last
        return (outputs.flip(1) ** 2 * a["x"][:, :, :1]).mean() + (last[0] * a["w"]).sum()

    check_network(torch, given, ours, theirs)


@pytest.mark.parametrize("kind", ["rnn", "gru", "lstm"])
def test_a_classifier_of_fifty_steps(kind, require_peer):
    """An embedding, fifty steps, a dense layer and cross-entropy: all gradients."""
    torch = require_peer("torch")
    unrolled = {"rnn": rnn, "gru": gru, "lstm": lstm}[kind]
    n, t, vocabulary, d, h, k = 3, 50, 11, 4, 6, 5
    given = values(kind, (n, t, d, h), states=False)
    rng = np.random.default_rng(50)
    scale = 0.3 if kind == "rnn" else 1
    given = {name: v * scale for name, v in given.items() if name not in "xw"} | {
        "E": rng.normal(size=(vocabulary, d)),
        "V": rng.normal(size=(h, k)),
        "ids": rng.integers(0, vocabulary, (n, t)),
        "labels": np.array([0, 3, 3]),
    }

    def ours(W, U, b, E, V, ids, labels, c=None):
        outputs, last, *_ = unrolled(embedding(E, ids), W, U, b, *([c] if kind == "gru" else []))
        return cross_entropy(last @ V, labels) + mean(outputs**2)

    def theirs(E, V, ids, labels, **a):
        outputs, last = module(torch, kind, a)(torch.nn.functional.embedding(ids, E))
        last = last[0] if kind == "lstm" else last
        return torch.nn.functional.cross_entropy(last[0] @ V, labels) + (outputs**2).mean()

    check_network(torch, given, ours, theirs)


def test_gates_in_another_order_are_noticed(require_peer):
    torch = require_peer("torch")
    given = values("gru", (2, 3, 2, 2), steps=False)

    def swapped(x, W, U, b, w, c, h):
        r, z, n = (slice(i, i + 2) for i in (0, 2, 4))
        order = [z, r, n]
        W, U, b, c = (concat([p[..., s] for s in order], axis=-1) for p in (W, U, b, c))
        return sum_(gru_cell(x, h, W, U, b, c) * w)

    with pytest.raises(AssertionError, match="derived: value"):
        check_network(
            torch,
            given,
            swapped,
            lambda **a: (module(torch, "gru", a, cell=True)(a["x"], a["h"]) * a["w"]).sum(),
        )
