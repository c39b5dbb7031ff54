"""Cases: random draws and dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.cases.case import F, Leaf, case

_STEP = Leaf((), given=3, dtype="int")


def drawn(shape: tuple[int, ...], key: int, seed: int = 0, step: int = 0) -> Any:
    """The numbers as the documentation says they are drawn."""
    bits = np.random.Philox(
        key=np.array([seed, key], np.uint64), counter=np.array([0, 0, step, 0], np.uint64)
    )
    return np.random.Generator(bits).random(shape)


case(
    "random_uniform",
    lambda step: F["random_uniform"]((3, 2), key=7, seed=5, step=step),
    numpy=lambda step: drawn((3, 2), 7, 5, 3),
    smooth=False,
    step=_STEP,
)
case(
    "random_uniform",
    lambda: F["random_uniform"]((4,), key="a place", step=1),
    smooth=False,
    note="a text as key",
)
case(
    "random_uniform",
    lambda x: F["random_uniform"](("N", "K"), key=2**63, step=0) * x,
    numpy=lambda x: drawn((3, 4), 2**63) * x,
    x=("N", "K"),
    note="times x",
)
for _rate in (0, 0.25, 0.5):
    case(
        "dropout",
        lambda x, step, r=_rate: F["dropout"](x, rate=r, key=11, step=step),
        numpy=lambda x, step, r=_rate: np.where(drawn((3, 4), 11, 0, 3) >= r, x / (1 - r), 0),
        x=("N", 4),
        step=_STEP,
        note=f"rate={_rate}",
    )
