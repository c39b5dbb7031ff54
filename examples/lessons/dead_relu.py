"""A relu unit below 0 for all data gets no gradient and stays dead; a leaky relu comes back to life.

    python dead_relu.py [-o DIR]

The unit y = v*relu(w*x + b) + c is to learn t = 2*max(0, x) from points in [-1, 1]. It starts at b = -2, where w*x + b
is negative for every point: the derived gradients of w, b and v are exactly 0, and only c learns.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import picture

import graphc as g

STEPS, RATE = 2000, 0.1
START = {"w": 1.0, "b": -2.0, "v": 1.0, "c": 0.0}
POINTS = np.linspace(-1, 1, 41)
TARGETS = 2 * np.maximum(0, POINTS)
LEAKY = partial(g.leaky_relu, slope=0.1)
STYLES = {
    "relu": {"color": picture.VERMILION, "linewidth": 2},
    "leaky relu": {"color": picture.BLUE, "linewidth": 2, "linestyle": "--"},
}


def unit(activation: Callable[[g.Node], g.Node]) -> tuple[g.Node, g.Node, list[g.Node]]:
    """The output of the unit, its squared error, and its parameters."""
    x, t = g.input("x", "N"), g.input("t", "N")
    w, b, v, c = params = [g.param(name, init=g.init.constant(value)) for name, value in START.items()]
    y = (v * activation((w * x + b).named("z")).named("h") + c).named("y")
    return y, g.mean_squared_error(y, t).named("loss"), params


def train(activation: Callable[[g.Node], g.Node]) -> tuple[Any, Any, dict[str, float], Any]:
    """The gradients at the start, the loss of every step, the parameters at the end, and the outputs with them."""
    y, loss, params = unit(activation)
    derived = g.gradients(loss, params)
    first = g.compile(derived)(x=POINTS, t=TARGETS, **START)
    step = g.compile(loss, updates={p: p - RATE * d for p, d in zip(params, derived, strict=True)})
    step.initialize(0)
    losses = [float(step(x=POINTS, t=TARGETS)) for _ in range(STEPS)]
    learned = {name: float(step.params[name]) for name in START}
    return first, losses, learned, g.compile(y)(x=POINTS, **learned)


def draw(runs: dict[str, Any]) -> Any:
    """What each unit has learned, and its loss on the way there."""
    figure, (left, right) = picture.plot(1, 2, width=9.5, height=4)
    left.plot(POINTS, TARGETS, "o", color=picture.GREY, markersize=4, alpha=0.6, label="targets")
    for name, (_, losses, _, outputs) in runs.items():
        left.plot(POINTS, outputs, label=name, **STYLES[name])
        right.plot(range(1, STEPS + 1), losses, label=name, **STYLES[name])
    left.set(xlabel="x", ylabel="y", xticks=[-1, -0.5, 0, 0.5, 1], title=f"After {STEPS} steps from b = −2")
    right.set(xscale="log", yscale="log", xlabel="step", ylabel="squared error", title="Training")
    left.legend(loc="upper left")
    right.legend(loc="lower left")
    return figure


def main() -> None:
    """Derive the gradients of the dead unit, then train it with either activation."""
    out = picture.folder(__doc__)
    _, loss, params = unit(g.relu)
    print(g.derive(loss, wrt=params).text().rstrip())
    assert np.all(START["w"] * POINTS + START["b"] < 0)
    runs = {"relu": train(g.relu), "leaky relu": train(LEAKY)}
    print(f"\nFrom w = 1, b = -2, where every w*x + b is negative, {STEPS} steps:\n")
    for name, (first, losses, learned, _) in runs.items():
        start = ", ".join(f"d{p} = {d:.3g}" for p, d in zip(START, first, strict=True))
        end = ", ".join(f"{p} = {value:.2f}" for p, value in learned.items())
        print(f"  {name}: at the start {start}")
        print(f"  {' ' * len(name)}  at the end {end}, loss {losses[-1]:.2g}")
    dead, revived = runs["relu"], runs["leaky relu"]
    assert dead[0][:3] == [0, 0, 0]
    assert all(dead[2][p] == START[p] for p in "wbv")
    assert all(d != 0 for d in revived[0])
    assert np.any(revived[2]["w"] * POINTS + revived[2]["b"] > 0)
    assert revived[1][-1] < dead[1][-1] / 10
    picture.save(draw(runs), out / "dead_relu.svg")


if __name__ == "__main__":
    main()
