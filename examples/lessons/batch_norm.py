"""Batch norm forward and backward: each unit gets mean beta and standard deviation gamma; the gradient has three terms.

    python batch_norm.py [-o DIR]

Forward, a unit's values over the batch are standardised (mean 0, variance 1), then scaled by gamma and shifted by beta.
Backward, two terms are taken from the upstream gradient: its mean over the batch, and its part along xhat. What is left
sums to 0 over the batch, so that a bias before batch norm has no gradient. Training takes the statistics of the batch;
testing takes running averages, so that a single sample has an output of its own. The picture shows all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import picture

import graphc as g

EPS = 1e-5
BATCH, UNITS = 128, 4
MEAN, DEVIATION = 5.0, 3.0  # of the data that the running averages are to find
STEPS = 60


@dataclass(frozen=True)
class Layer:
    """`y = batch_norm(x @ W + b)` from its parts, with `dy`, the gradient that arrives from above, as an input."""

    x: g.Node
    b: g.Node
    z: g.Node
    gamma: g.Node
    beta: g.Node
    xhat: g.Node
    y: g.Node
    dy: g.Node
    loss: g.Node


def layer() -> Layer:
    """The graph; its loss is `sum(y*dy)`, whose gradient by y is dy, whatever dy is."""
    x, dy = g.input("x", ("N", "C")), g.input("dy", ("N", "D"))
    W, b = g.param("W", ("C", "D")), g.param("b", ("D",))
    gamma, beta = g.param("gamma", ("D",)), g.param("beta", ("D",))
    z = (x @ W + b).named("z")
    xhat = g.standardize(z, axes=0, eps=EPS).named("xhat")
    y = (gamma * xhat + beta).named("y")
    return Layer(x, b, z, gamma, beta, xhat, y, dy, g.sum(y * dy).named("loss"))


def vanishes(node: g.Node) -> bool:
    """Whether a node comes to zeros by the rules."""
    return str(g.simplify(node)) == str(g.zeros(node.shape))


def show_forward(net: Layer) -> None:
    """The mean over the batch, exactly: 0 after standardising, then beta."""
    print("Forward, over the batch:\n")
    means = [g.simplify(g.sum(node, axis=0) / g.size("N")) for node in (net.xhat, net.y)]
    for node, mean in zip((net.xhat, net.y), means, strict=True):
        print(f"  {f'{node.name} = {node}':34}sum({node.name})/N = {mean}")
    print()
    assert vanishes(means[0])
    assert means[1] is net.beta


def show_backward(net: Layer) -> None:
    """The gradients as derived, and what follows from them."""
    print("Backward, as graphc derives it:\n")
    print(g.derive(net.loss, wrt=[net.z, net.b, net.gamma, net.beta]).text())
    dz, db, dgamma, dbeta = g.gradients(net.loss, [net.z, net.b, net.gamma, net.beta])

    def mean(v: g.Node) -> g.Node:
        return g.mean(v, axis=0, keepdims=True)

    deviation = g.sqrt(mean((net.z - mean(net.z)) ** 2) + EPS)
    three_terms = net.gamma / deviation * (net.dy - mean(net.dy) - net.xhat * mean(net.dy * net.xhat))
    assert vanishes(dz - three_terms)
    print("In other words  dloss/dz = gamma/deviation*(dy - mean(dy) - xhat*mean(dy*xhat)).")
    assert vanishes(g.sum(dz, axis=0))
    assert vanishes(db)
    assert dgamma is g.simplify(g.sum(net.dy * net.xhat, axis=0))
    assert dbeta is g.simplify(g.sum(net.dy, axis=0))
    print("It sums to 0 over the batch, and so dloss/db = 0: batch norm takes away any bias before it.")


def backward_by_hand(z: Any, gamma: Any, dy: Any) -> Any:
    """dz in the stages in which it is usually written: one line back for each line forward."""
    n = len(z)
    centred = z - z.mean(axis=0)
    deviation = np.sqrt((centred**2).mean(axis=0) + EPS)
    dxhat = dy * gamma
    dinverse = (dxhat * centred).sum(axis=0)
    ddeviation = -dinverse / deviation**2
    dvariance = ddeviation / (2 * deviation)
    dcentred = dxhat / deviation + 2 * centred * dvariance / n
    return dcentred - dcentred.sum(axis=0) / n


def show_numbers(net: Layer) -> dict[str, Any]:
    """Statistics and gradients of a batch; asserts them and gives the values that are plotted."""
    rng = np.random.default_rng(0)
    gamma, beta = np.array([1, 0.5, 2, 1.5]), np.array([0, 2, -1, 1])
    z = rng.normal([4, -3, 8, 0], [3, 0.5, 1, 2], (BATCH, UNITS))
    given = {"x": z, "W": np.eye(UNITS), "b": np.zeros(UNITS), "gamma": gamma, "beta": beta}
    xhat = g.compile(net.xhat)(**{name: given[name] for name in ("x", "W", "b")})
    y = g.compile(net.y)(**given)
    dy = 0.8 * xhat + 0.6 + rng.normal(0, 0.5, z.shape)
    dz = g.compile(g.grad(net.loss, net.z))(**{k: v for k, v in given.items() if k != "beta"}, dy=dy)
    print(f"\nA batch of {BATCH}, {UNITS} units:")
    print("\n          mean                          standard deviation")
    for name, values in (("z", z), ("xhat", xhat), ("y", y), ("dy", dy), ("dz", dz)):
        rows = [" ".join(f"{v:6.2f}" for v in f(axis=0).round(9) + 0.0) for f in (values.mean, values.std)]
        print(f"  {name:6}{rows[0]}   {rows[1]}")
    shrunk = np.sqrt(z.var(axis=0) / (z.var(axis=0) + EPS))
    np.testing.assert_allclose(xhat.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(xhat.std(axis=0), shrunk, rtol=1e-12)
    np.testing.assert_allclose(y.mean(axis=0), beta, atol=1e-13)
    np.testing.assert_allclose(y.std(axis=0), gamma * shrunk, rtol=1e-12)
    by_hand = backward_by_hand(z, gamma, dy)
    np.testing.assert_allclose(dz, by_hand, rtol=1e-10, atol=1e-13)
    print("\nThe backward pass written in stages by hand gives the same dz, to 10 digits.")
    return {"z": z, "xhat": xhat, "y": y, "dy": dy, "dz": dz}


def show_test_time() -> tuple[Any, Any]:
    """Running mean and deviation after each training step, and what a single sample comes to."""
    model, x = g.nn.Sequential(g.nn.BatchNorm(eps=EPS)), g.input("x", ("N", 1))
    y, updates = model.train(x)
    step = g.compile(y, updates=updates)
    step.initialize(0)
    rng = np.random.default_rng(1)
    running = [(0.0, 1.0)]
    for _ in range(STEPS):
        batch = rng.normal(MEAN, DEVIATION, (32, 1))
        step(x=batch)
        mean, variance = (float(step.state[f"net/batchnorm1/running_{what}"][0]) for what in ("mean", "var"))
        np.testing.assert_allclose(mean, 0.9 * running[-1][0] + 0.1 * batch.mean(), rtol=1e-12)
        np.testing.assert_allclose(variance, 0.9 * running[-1][1] + 0.1 * batch.var(ddof=1), rtol=1e-12)
        running.append((mean, variance))
    means, variances = np.array(running).T
    as_trained, as_tested = g.compile(y), g.compile(model.test(x))
    data = f"data with mean {MEAN} and standard deviation {DEVIATION}"
    print(f"\nA single sample, after {STEPS} training steps on {data}:\n")
    print("      x   training form   test form")
    for value in (2.0, 5.0, 8.0):
        trained = float(as_trained(x=[[value]], **step.params)[0, 0])
        tested = float(as_tested(x=[[value]], **step.params, **step.state)[0, 0])
        print(f"  {value:5.1f}   {trained:13.2f}   {tested:9.2f}")
        assert trained == 0
        np.testing.assert_allclose(tested, (value - means[-1]) / np.sqrt(variances[-1] + EPS), rtol=1e-12)
    return means, np.sqrt(variances)


def draw(values: dict[str, Any], means: Any, deviations: Any) -> Any:
    """The batch on its way forward, the gradient on its way back, and the running averages."""
    figure, axes = picture.plot(2, 2, width=10, height=7.5)
    (before, after), (backward, running) = axes
    for panel, key, title in (
        (before, "z", "Before: every unit has its own mean ± std"),
        (after, "y", "After: mean beta, std gamma"),
    ):
        draw_units(panel, values[key])
        panel.set(title=title, ylabel=f"{key}, a dot per sample")
    draw_backward(backward, values)
    draw_running(running, means, deviations)
    return figure


def draw_units(panel: Any, values: Any) -> None:
    """The values of each unit over the batch, spread sideways, with mean and deviation."""
    colours = (picture.BLUE, picture.ORANGE, picture.GREEN, picture.PURPLE)
    aside = np.random.default_rng(2).uniform(-0.2, 0.2, len(values))
    for unit, colour in enumerate(colours):
        column = values[:, unit]
        panel.scatter(unit + aside, column, s=9, color=colour, alpha=0.6, linewidths=0)
        panel.errorbar(
            unit + 0.32, column.mean(), column.std(), color="black", marker="o", markersize=4, capsize=3
        )
    units = [
        f"unit {k + 1}\n{m + 0:.1f} ± {values[:, k].std():.1f}"
        for k, m in enumerate(values.mean(axis=0).round(9))
    ]
    panel.set(xticks=range(len(units)), xticklabels=units, xlim=(-0.5, len(units) - 0.3))


def draw_backward(panel: Any, values: Any) -> None:
    """Unit 1: the upstream gradient against xhat, its line of regression, and what batch norm lets through."""
    xhat, dy = values["xhat"][:, 0], values["dy"][:, 0]
    through = values["dz"][:, 0] * values["z"][:, 0].std()  # gamma is 1
    ends = np.array([xhat.min(), xhat.max()])
    panel.scatter(xhat, dy, s=12, color=picture.ORANGE, marker="^", linewidths=0, label="dy, from above")
    panel.plot(
        ends,
        dy.mean() + ends * (dy * xhat).mean(),
        color=picture.VERMILION,
        label="mean(dy) + xhat*mean(dy*xhat)",
    )
    panel.scatter(xhat, through, s=12, color=picture.BLUE, linewidths=0, label="what is left of dy")
    panel.axhline(0, color="black", linewidth=0.8)
    panel.set(
        title="Backward: mean and slope are taken out of dy", xlabel="xhat of unit 1", ylabel="gradient"
    )
    panel.set_ylim(top=panel.get_ylim()[1] + 1.6)
    panel.legend(loc="upper left", fontsize=9)


def draw_running(panel: Any, means: Any, deviations: Any) -> None:
    """The running averages against the training step."""
    for found, true, colour, name in (
        (means, MEAN, picture.BLUE, "running mean"),
        (deviations, DEVIATION, picture.VERMILION, "root of the running variance"),
    ):
        panel.plot(found, color=colour, linewidth=1.8)
        panel.axhline(true, color=colour, linestyle=":")
        panel.text(STEPS, true - 0.45, name, color=colour, ha="right", va="top")
    panel.set(title="Test time: running averages find the data's own", xlabel="training step", ylim=(0, 6))


def main() -> None:
    """Show the forward and the backward pass in formulas and numbers, then testing; assert all of it."""
    out = picture.folder(__doc__)
    net = layer()
    show_forward(net)
    show_backward(net)
    values = show_numbers(net)
    means, deviations = show_test_time()
    picture.save(draw(values, means, deviations), out / "batch_norm.svg")


if __name__ == "__main__":
    main()
