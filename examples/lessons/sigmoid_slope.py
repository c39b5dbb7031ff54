"""The slope of a sigmoid is at most 1/4, that of tanh at most 1: through ten sigmoid layers the gradient vanishes.

    python sigmoid_slope.py [-o DIR]

Each layer multiplies the gradient by a slope and by its weights. With orthogonal weights, which keep lengths, the
product of the greatest slopes bounds what is left of it: (1/4)**10, about one millionth, for sigmoid, and 1 for tanh.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import picture
import sympy

import graphc as g
from graphc.derive.scalar import to_sympy

DEPTH, WIDTH, SAMPLES = 10, 32, 64
ACTIVATIONS = {"sigmoid": g.sigmoid, "tanh": g.tanh}
MIDDLE = {"sigmoid": sympy.Rational(1, 2), "tanh": sympy.Integer(0)}
COLOURS = {"sigmoid": picture.VERMILION, "tanh": picture.BLUE}


def bound(name: str) -> float:
    """The greatest slope, as `describe` finds it; proved by a square: the slope falls short of it by (y - m)**2."""
    facts = g.describe(name)
    y = g.input("y")
    symbol = sympy.Symbol("y", real=True)
    assert facts.slopes.high.exact
    greatest = sympy.Rational(facts.slopes.high.exact)
    short = sympy.factor(greatest - to_sympy(g.expression(facts.derivative, y=y), {y: symbol}))
    print(
        f"  {name:8}  dy/dx = {facts.derivative:9}  {greatest!s:3} - dy/dx = {short!s:14}  so dy/dx <= {greatest}"
    )
    assert sympy.expand(short - (symbol - MIDDLE[name]) ** 2) == 0
    return float(greatest)


def slopes(f: Callable[[g.Node], g.Node], points: Any) -> Any:
    """The derived slope of an activation at many points."""
    x = g.input("x", "N")
    return g.compile(g.grad(g.sum(f(x)), x))(x=points)


def lengths(f: Callable[[g.Node], g.Node]) -> Any:
    """The length of the gradient before 0, 1, … layers, for every sample, where that at the end has length 1."""
    x, v = g.input("x", ("N", WIDTH)), g.input("v", ("N", WIDTH))
    layers = [x]
    for k in range(DEPTH):
        W = g.param(f"W{k}", (WIDTH, WIDTH), init=g.init.orthogonal())
        layers.append(f(layers[-1] @ W))
    end = g.sum(v * layers[-1])
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(SAMPLES, WIDTH))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    gradients = g.compile(g.gradients(end, layers))(
        x=rng.normal(size=(SAMPLES, WIDTH)), v=direction, **g.nn.initial_values(end, seed=0)
    )
    return np.linalg.norm(gradients, axis=2)


def draw(bounds: dict[str, float], measured: dict[str, Any]) -> Any:
    """The two slopes, and beside them the length of the gradient from the last layer back to the first."""
    figure, (left, right) = picture.plot(1, 2, width=9.5, height=4)
    points = np.linspace(-6, 6, 241)
    layers = np.arange(DEPTH + 1)
    for name, f in ACTIVATIONS.items():
        style = {"color": COLOURS[name], "linewidth": 1.8}
        left.plot(points, slopes(f, points), **style)
        left.axhline(bounds[name], color=COLOURS[name], linestyle=":", linewidth=1.2)
        right.plot(layers, np.median(measured[name], axis=1), marker="o", markersize=4, **style)
        right.plot(
            layers, bounds[name] ** (DEPTH - layers), color=COLOURS[name], linestyle=":", linewidth=1.5
        )
    left.text(1.1, 0.9, "tanh′ ≤ 1", color=COLOURS["tanh"])
    left.text(2.6, 0.275, "σ′ ≤ 1/4", color=COLOURS["sigmoid"])
    left.set(xlabel="x", ylabel="slope", title="Derived slopes", ylim=(0, 1.08))
    right.text(0.3, 0.09, "tanh", color=COLOURS["tanh"])
    right.text(2.3, 4e-6, "sigmoid", color=COLOURS["sigmoid"])
    right.plot([], [], color=picture.GREY, marker="o", markersize=4, label="measured (median of samples)")
    right.plot([], [], color=picture.GREY, linestyle=":", label="bound: product of greatest slopes")
    right.set(
        yscale="log", xlabel="layer", ylabel="length of the gradient", title="Ten layers, orthogonal weights",
        xticks=layers,
    )  # fmt: skip
    right.legend(loc="lower right", fontsize=9)
    return figure


def main() -> None:
    """Prove the bounds on the slopes, then hold the gradient through ten layers against their product."""
    out = picture.folder(__doc__)
    print("The greatest slopes, from the derived formulas:\n")
    bounds = {name: bound(name) for name in ACTIVATIONS}
    measured = {name: lengths(f) for name, f in ACTIVATIONS.items()}
    print(f"\nA gradient of length 1 after {DEPTH} layers has, before them, the length\n")
    for name, length in measured.items():
        least, most = length[0].min(), length[0].max()
        print(f"  {name:8}  {least:.1e} to {most:.1e}; the bound is {bounds[name] ** DEPTH:.1e}")
        assert np.all(length <= bounds[name] ** (DEPTH - np.arange(DEPTH + 1))[:, None] * (1 + 1e-12))
    assert measured["sigmoid"][0].max() < 1e-6 < 1e-3 < measured["tanh"][0].min()
    picture.save(draw(bounds, measured), out / "sigmoid_slope.svg")


if __name__ == "__main__":
    main()
