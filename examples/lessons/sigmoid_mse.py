"""Behind a sigmoid, squared error barely corrects a unit that is sure and wrong; cross-entropy corrects it fully.

    python sigmoid_mse.py [-o DIR]

With t = 1 and y = sigmoid(z) -> 0, d(loss)/d(z) tends to 0 for the squared error and to -1 for the cross-entropy:
limits SymPy takes of the derived formulas.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import picture
import sympy

import graphc as g
from graphc.derive.scalar import to_sympy

LOSSES = {
    "squared error": g.mean_squared_error,
    "cross-entropy": partial(g.binary_cross_entropy, from_logits=False),
}
LIMITS = {"squared error": 0, "cross-entropy": -1}
STYLES = {
    "squared error": {"color": picture.VERMILION, "linewidth": 2, "linestyle": "--"},
    "cross-entropy": {"color": picture.BLUE, "linewidth": 2},
}


def limit(name: str) -> Any:
    """Derives d(loss)/d(z) and takes its limit at t = 1, once as y -> 0 and once, the same, as z -> -oo."""
    z, t = g.input("z"), g.input("t")
    y = g.sigmoid(z).named("y")
    loss = LOSSES[name](y, t).named("loss")
    slope = g.grad(loss, z)
    real, output = sympy.Symbol("z", real=True), sympy.Symbol("y", positive=True)
    one = sympy.Integer(1)
    in_y = to_sympy(slope, {y: output, t: one})
    found = sympy.limit(in_y, output, 0, "+")
    assert found == sympy.limit(to_sympy(slope, {z: real, t: one}), real, -sympy.oo)
    print(f"{name}:\n")
    print("  " + g.derive(loss, wrt=[z]).text().rstrip().replace("\n", "\n  ").replace("\n  \n", "\n\n"))
    print(f"\n  at t = 1: d(loss)/d(z) = {sympy.factor(in_y)}, which tends to {found} as y -> 0\n")
    return found


def draw() -> Any:
    """The two losses and their derived gradients at t = 1, against z."""
    figure, (above, below) = picture.plot(2, 1, width=7, height=6, sharex=True)
    points = np.linspace(-10, 6, 321)
    z = g.input("z", "N")
    y = g.sigmoid(z)
    for name, declared in LOSSES.items():
        loss = declared(y, g.ones("N"), reduction="none")
        values, slopes = g.compile([loss, g.grad(g.sum(loss), z)])(z=points)
        above.plot(points, values, label=name, **STYLES[name])
        below.plot(points, slopes, **STYLES[name])
    above.set(ylabel="loss", title="t = 1, y = σ(z)", ylim=(-0.2, 6.2))
    below.set(xlabel="z", ylabel="d(loss)/d(z)", ylim=(-1.08, 0.08))
    below.text(-9.8, -0.13, "sure and wrong: gradient → 0", color=picture.VERMILION)
    below.text(-9.8, -0.93, "sure and wrong: gradient → −1", color=picture.BLUE)
    above.legend(loc="upper right")
    return figure


def main() -> None:
    """Derive both gradients, take their limits, and draw them."""
    out = picture.folder(__doc__)
    for name, expected in LIMITS.items():
        assert limit(name) == expected
    picture.save(draw(), out / "sigmoid_mse.svg")


if __name__ == "__main__":
    main()
