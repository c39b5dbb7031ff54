"""Initialisation: zeros keep hidden units identical, small normals die with depth, Xavier fits tanh and He fits relu.

    python initialisation.py [-o DIR]

With equal weights, hidden units have equal gradients, so that no step of training tells them apart. A layer multiplies
the mean square of a small signal by fan_in*Var(W)*c, and that of the gradient by fan_out*Var(W)*c: c is 1 for tanh,
whose slope at 0 is 1, and 1/2 for relu, which lets half through. Small normals, N(0, 0.01**2), lose a part in every
layer; Xavier's variance 2/(fan_in + fan_out) keeps both with tanh, He's variance 2/fan_in with relu.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import picture

import graphc as g

DEPTH, WIDTH, BATCH, SCALE = 10, 144, 128, 0.1
INITS = {"N(0, 0.01²)": g.init.normal(0.01), "Xavier": g.init.xavier(), "He": g.init.he()}
VARIANCES = {"N(0, 0.01²)": 0.01**2, "Xavier": 2 / (WIDTH + WIDTH), "He": 2 / WIDTH}
ACTIVATIONS = {"tanh": g.tanh, "relu": g.relu}
FITS = {"tanh": "Xavier", "relu": "He"}
STYLES = {
    "N(0, 0.01²)": {"color": picture.VERMILION, "marker": "s"},
    "Xavier": {"color": picture.BLUE, "marker": "o"},
    "He": {"color": picture.GREEN, "marker": "^"},
}


def show_equal_weights() -> None:
    """Train a network whose weights start at one value, and compare its hidden units with one another."""
    print("The 4 hidden units of a network 3-4-1 after 100 steps, when all weights start at\n")
    for said, init in (
        ("zero", g.init.zeros()),
        ("0.5", g.init.constant(0.5)),
        ("N(0, 0.5²)", g.init.normal(0.5)),
    ):
        W, dW = train(init)
        different = len({tuple(unit) for unit in W.T})
        moved = "" if W.any() else ", not moved at all"
        print(f"  {said:11} {different} different: weights from the first input {W[0].round(2) + 0.0}{moved}")
        assert different == (4 if isinstance(init, g.init.Normal) else 1)
        assert different == 4 or all(np.array_equal(unit, dW.T[0]) for unit in dW.T)
        assert said != "zero" or not W.any()


def train(init: Any) -> tuple[Any, Any]:
    """The weights into the hidden units after 100 steps, and their gradient in the last one."""
    x, t = g.input("x", ("N", 3)), g.input("t", ("N", 1))
    model = g.nn.Sequential(g.nn.Dense(4, "tanh", init=init), g.nn.Dense(1, init=init))
    loss = g.mean_squared_error(model(x), t)
    params = model.params(x)
    gradients = g.gradients(loss, params)
    step = g.compile(gradients[0], updates={p: p - 0.1 * d for p, d in zip(params, gradients, strict=True)})
    step.initialize(0)
    given = np.random.default_rng(0).normal(size=(64, 3))
    wanted = np.sin(given.sum(axis=1, keepdims=True))
    for _ in range(100):
        dW = step(x=given, t=wanted)
    return step.params["net/dense1/W"].copy(), dW


def kept(activation: str) -> float:
    """The part of a small signal's mean square that gets through: the mean of the squared slope on both sides of 0."""
    z = g.input("z", "N")
    slope = g.grad(g.sum(ACTIVATIONS[activation](z)), z)
    return float((g.compile(slope)(z=[-1e-9, 1e-9]) ** 2).mean())


def through(activation: str, init: Any) -> tuple[Any, Any]:
    """The root mean square of the input and of each layer's output, and of the gradients by them, before training."""
    x, v = g.input("x", ("N", WIDTH)), g.input("v", ("N", WIDTH))
    layers = [x]
    for k in range(DEPTH):
        layers.append(g.nn.Dense(WIDTH, activation, init=init, name=f"layer{k + 1}")(layers[-1]))
    end = g.sum(v * layers[-1])  # so that v is the gradient that arrives from above
    rng = np.random.default_rng(0)
    given = {"x": SCALE * rng.normal(size=(BATCH, WIDTH)), "v": SCALE * rng.normal(size=(BATCH, WIDTH))}
    found = g.compile([*layers, *g.gradients(end, layers)])(**given, **g.nn.initial_values(end, seed=0))
    sizes = np.array([np.sqrt((values**2).mean()) for values in found])
    return sizes[: DEPTH + 1], sizes[DEPTH + 1 :]


def show_depth() -> dict[str, dict[str, tuple[Any, Any]]]:
    """Signals and gradients through ten layers for each activation and each initial value."""
    assert (kept("tanh"), kept("relu")) == (1, 0.5)
    print(f"\n{DEPTH} layers of {WIDTH}: after the last one the signal, before the first one the gradient,")
    print("each as a multiple of what came in; then the factor of a layer, expected and measured\n")
    print("                      signal   gradient   expected   measured")
    measured = {a: {name: through(a, init) for name, init in INITS.items()} for a in ACTIVATIONS}
    for activation, runs in measured.items():
        for name, (signal, gradient) in runs.items():
            expected = np.sqrt(WIDTH * VARIANCES[name] * kept(activation))
            both = signal[-1] / signal[0], gradient[0] / gradient[-1]
            factor = both[1] ** (1 / DEPTH)
            note = "   fits" if FITS[activation] == name else ""
            print(
                f"  {activation}  {name:12}{both[0]:9.1e}  {both[1]:9.1e}   {expected:8.3f}   {factor:8.3f}{note}"
            )
            saturated = activation == "tanh" and name == "He"
            assert saturated or abs(factor / expected - 1) < 0.05
            assert (0.5 < min(both) <= max(both) < 2) == (FITS[activation] == name)
    return measured


def draw(measured: dict[str, dict[str, tuple[Any, Any]]]) -> Any:
    """Signal and gradient in every layer, tanh above and relu below."""
    figure, panels = picture.plot(2, 2, width=10, height=7, sharex=True, sharey=True)
    for (activation, runs), row in zip(measured.items(), panels, strict=True):
        for (name, sizes), kind in ((run, k) for run in runs.items() for k in (0, 1)):
            row[kind].plot(sizes[kind], label=name, markersize=5, linewidth=1.6, **STYLES[name])
        row[0].set(title=f"{activation}: signal", ylabel="root mean square", yscale="log")
        row[1].set(title=f"{activation}: gradient")
    for panel in panels[-1]:
        panel.set(xlabel="layer (0 is the input)", xticks=range(DEPTH + 1))
    panels[0, 0].legend(loc="lower left")
    return figure


def main() -> None:
    """Show what equal weights and each initial value come to; assert and draw it."""
    out = picture.folder(__doc__)
    show_equal_weights()
    measured = show_depth()
    picture.save(draw(measured), out / "initialisation.svg")


if __name__ == "__main__":
    main()
