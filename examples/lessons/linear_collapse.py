"""Two linear layers in a row are one, with W = W1 @ W2 and b = b1 @ W2 + b2; with a relu between they are not.

    python linear_collapse.py [-o DIR]

The derived gradient by x holds the proof: for the two layers it is G @ W2.T @ W1.T, which is free of x, so that the
outputs are those of one layer; with a relu between, it depends on x.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import picture

import graphc as g
from graphc.ir.graph import Graph

INPUTS, HIDDEN, OUTPUTS = 3, 5, 2
x = g.input("x", ("N", INPUTS))
G = g.input("G", ("N", OUTPUTS))
W1, b1 = (
    g.param("W1", (INPUTS, HIDDEN), init=g.init.xavier()),
    g.param("b1", (HIDDEN,), init=g.init.normal(0.5)),
)
W2, b2 = (
    g.param("W2", (HIDDEN, OUTPUTS), init=g.init.xavier()),
    g.param("b2", (OUTPUTS,), init=g.init.normal(0.5)),
)
H = x @ W1 + b1
TWO = (H @ W2 + b2).named("two")
BENT = (g.relu(H) @ W2 + b2).named("bent")
W, b = (W1 @ W2).named("W"), (b1 @ W2 + b2).named("b")
ONE = (x @ W + b).named("one")


def prove() -> None:
    """Print the derived gradients by x, where G comes from above, and assert which of them depends on x."""
    two, one, bent = (g.grad(g.sum(y * G), x) for y in (TWO, ONE, BENT))
    print("The gradient by x, where G comes from above:\n")
    print(f"  two linear layers:    {two}")
    print(f"  the one layer:        {one}, where W = {W}")
    print(f"  with a relu between:  {bent}")
    assert x not in Graph((two,)).leaves
    assert x in Graph((bent,)).leaves


def check_gradient(values: dict[str, Any], data: Any) -> None:
    """An affine function is its value at 0 and its gradient times x: hold the derived gradient to that."""
    above = np.random.default_rng(1).normal(size=(len(data), OUTPUTS))
    f = g.sum(TWO * G)
    run = g.compile([f, g.grad(f, x)])
    value, gradient = run(x=data, G=above, **values)
    at_zero, _ = run(x=0 * data, G=above, **values)
    assert np.isclose(value, at_zero + np.sum(gradient * data), rtol=1e-10)


def ask() -> None:
    """What `describe` says of the same network written as layers, without and with a relu between them."""
    linear = g.nn.Sequential(g.nn.Dense(HIDDEN), g.nn.Dense(OUTPUTS))
    bent = g.nn.Sequential(g.nn.Dense(HIDDEN, activation="relu"), g.nn.Dense(OUTPUTS))
    print("\nAsked of the model, describe says:\n")
    print("  " + str(g.describe(linear, x=("N", INPUTS))).replace("\n", "\n  "))
    assert g.describe(linear, x=("N", INPUTS)).linear_runs == (("net/dense1", "net/dense2"),)
    assert g.describe(bent, x=("N", INPUTS)).linear_runs == ()


def draw(values: dict[str, Any]) -> Any:
    """The outputs along a line through the inputs: of two layers, with a relu between, and of the one layer."""
    figure, panels = picture.plot(1, 2, width=9.5, height=4, sharey=True)
    places = np.linspace(-3, 3, 121)
    line = np.outer(places, np.array([0.8, -0.5, 0.4])) + np.array([0.2, 0.3, -0.4])
    outputs = g.compile([TWO, BENT, ONE])(x=line, **values)
    titles = ("Two linear layers", "With a relu between")
    for panel, title, shown in zip(panels, titles, outputs, strict=False):
        for k, colour in enumerate((picture.BLUE, picture.VERMILION)):
            panel.plot(places, shown[:, k], color=colour, linewidth=2, label=f"output {k + 1}")
            panel.plot(
                places[::10], outputs[2][::10, k], "o", color=colour, markerfacecolor="white", markersize=6,
                label=f"output {k + 1} of one layer, W = W1 W2",
            )  # fmt: skip
        panel.set(title=title, xlabel="place on a line through the inputs")
    panels[0].set(ylabel="output")
    panels[0].legend(fontsize=9)
    return figure


def main() -> None:
    """Prove it from the gradients, then hold the outputs against each other."""
    out = picture.folder(__doc__)
    prove()
    values = g.nn.initial_values([TWO], seed=3)
    data = np.random.default_rng(0).normal(size=(100, INPUTS))
    two, bent, one = g.compile([TWO, BENT, ONE])(x=data, **values)
    apart, bends = np.abs(two - one).max(), np.abs(bent - one).max()
    check_gradient(values, data)
    print("\nOutputs against those of one layer, W = W1 @ W2, b = b1 @ W2 + b2:\n")
    print(f"  two linear layers:    at most {apart:.0e} apart, which is rounding")
    print(f"  with a relu between:  up to {bends:.2f} apart")
    assert apart < 1e-12
    assert bends > 0.1
    ask()
    picture.save(draw(values), out / "linear_collapse.svg")


if __name__ == "__main__":
    main()
