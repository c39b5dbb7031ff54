"""Cases: recurrent cells and their parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.cases.case import F, case, sigmoid


def gru(a: Any, u: Any, h: Any) -> Any:
    (ar, az, an), (ur, uz, un) = np.split(a, 3, -1), np.split(u, 3, -1)
    z = sigmoid(az + uz)
    return (1 - z) * np.tanh(an + sigmoid(ar + ur) * un) + z * h


def memory(z: Any, c: Any) -> Any:
    i, f, g, _ = np.split(z, 4, -1)
    return sigmoid(f) * c + sigmoid(i) * np.tanh(g)


def output(z: Any, c: Any) -> Any:
    return sigmoid(np.split(z, 4, -1)[3]) * np.tanh(c)


for _name, _numpy in (("lstm_memory", memory), ("lstm_output", output)):
    case(_name, lambda z, c, f=_name: F[f](z, c), numpy=_numpy, z=("N", 8), c=("N", 2))
    case(_name, lambda z, c, f=_name: F[f](z, c), numpy=_numpy, z="4*M", c="M", note="one vector")
case("gru_state", lambda a, u, h: F["gru_state"](a, u, h), numpy=gru, a=("N", 6), u=("N", 6), h=("N", 2))
case(
    "gru_state",
    lambda a, u, h: F["gru_state"](a, u, h),
    numpy=gru,
    a=(1, "3*M"),
    u="3*M",
    h="M",
    note="start",
)
case(
    "rnn_cell",
    lambda x, h, W, U, b: F["rnn_cell"](x, h, W, U, b),
    numpy=lambda x, h, W, U, b: np.tanh(x @ W + h @ U + b),
    x=("N", 3),
    h=("N", 2),
    W=(3, 2),
    U=(2, 2),
    b=2,
)
case(
    "rnn_cell",
    lambda x, h, W, U: F["rnn_cell"](x, h, W, U, activation="relu"),
    numpy=lambda x, h, W, U: np.maximum(x @ W + h @ U, 0),
    x=3,
    h="K",
    W=(3, "K"),
    U=("K", "K"),
    note="relu",
)
case(
    "gru_cell",
    lambda x, h, W, U, b, c: F["gru_cell"](x, h, W, U, b, c),
    numpy=lambda x, h, W, U, b, c: gru(x @ W + b, h @ U + c, h),
    x=("N", 2),
    h=("N", 2),
    W=(2, 6),
    U=(2, 6),
    b=6,
    c=6,
)
