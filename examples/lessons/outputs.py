"""Softmax outputs share one whole among the classes; sigmoid outputs answer one question each.

    python outputs.py [-o DIR]

One class of several: a one-hot target, softmax, cross-entropy. The Jacobian of softmax is diag(p) - p p^T, whose rows
sum to 0: what one class gains, the others lose. Any number of labels at once: a target of zeros and ones, sigmoid, a
binary cross-entropy for each label. The Jacobian of sigmoid is diagonal: a logit moves its own output only. With the
loss that belongs to it, either output has the gradient p - t at its logits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import picture

import graphc as g

CLASSES = ("cat", "dog", "bird", "fish")
LOGITS = np.array([1.0, 0.5, 0.0, -1.0])
RAISED = 1  # the class whose logit is raised by 1 in the picture
BOTH = np.array([1, 1, 0, 0])  # a picture with a cat and a dog in it
STEPS, RATE = 400, 0.5
OUTPUTS = {"softmax": g.softmax, "sigmoid": g.sigmoid}
LOSSES = {"softmax": g.cross_entropy, "sigmoid": g.multi_label_cross_entropy}


def show_targets() -> None:
    """A label as a row of zeros with a single one; several labels as several ones."""
    labels = g.input("t", ("N",), dtype="int")
    rows = g.compile(g.one_hot(labels, len(CLASSES)))(t=[0, 2])
    np.testing.assert_array_equal(rows, np.eye(len(CLASSES))[[0, 2]])
    print(f"Targets for the classes {', '.join(CLASSES)}:\n")
    for label, row in zip((0, 2), rows, strict=True):
        print(f"  {row.astype(int)}   one-hot: class {label}, {CLASSES[label]}")
    print(f"  {BOTH}   several labels: {' and '.join(np.array(CLASSES)[BOTH == 1])}")


def show_jacobians() -> dict[str, Any]:
    """The derivatives of all outputs by all logits, in symbols and at the logits; these are returned."""
    z = g.input("z", ("K",))
    print("\nThe derivatives of all outputs by all logits, as graphc derives them:\n")
    values = {}
    for name, f in OUTPUTS.items():
        derived = g.jacobian(f(z), z)
        print(f"  d {name}(z)/dz = {derived}")
        values[name] = g.compile(derived)(z=LOGITS)
    p, s = (g.compile(f(z))(z=LOGITS) for f in OUTPUTS.values())
    np.testing.assert_allclose(values["softmax"], np.diag(p) - np.outer(p, p), atol=1e-15)
    np.testing.assert_allclose(values["softmax"].sum(axis=1), 0, atol=1e-15)
    np.testing.assert_allclose(values["sigmoid"], np.diag(s * (1 - s)), rtol=1e-14)
    # Each row times a column of ones: what the same change of all logits comes to.
    (together,) = g.jvp([g.softmax(z)], {z: g.ones(("K",))})
    assert str(together) == str(g.grad(g.sum(g.softmax(z)), z)) == str(g.zeros(("K",)))
    print(
        "\nOf softmax it is diag(p) - outer(p, p). Rows sum to 0: the same added to all logits changes nothing."
    )
    print(
        "Columns sum to 0: the outputs always sum to 1. Of sigmoid it is diagonal: no output knows of another."
    )
    return values


def show_gradients() -> None:
    """The derived gradients at the logits: p - t for both, over the batch."""
    z, label = g.input("z", ("N", "K")), g.input("t", ("N",), dtype="int")
    several = g.input("t", ("N", "K"))
    one = g.grad(g.cross_entropy(z, label), z)
    each = g.grad(g.multi_label_cross_entropy(z, several), z)
    print("\nThe gradient of the mean loss at the logits is (p - t)/N for both:\n")
    print(f"  one class,   softmax and cross-entropy:          {one}")
    print(f"  many labels, sigmoid and binary cross-entropies: {each}")
    assert one is g.simplify((g.softmax(z) - g.one_hot(label, "K")) / g.size("N"))
    assert each is g.simplify((g.sigmoid(z) - several) / g.size("N"))


def learn(name: str) -> Any:
    """The outputs after descent on the logits themselves, for one picture with two labels."""
    z = g.param("z", (1, len(CLASSES)), init=g.init.zeros())
    t = g.input("t", (1, len(CLASSES)))
    loss = LOSSES[name](z, t)
    step = g.compile(loss, updates={z: z - RATE * g.grad(loss, z)})
    step.initialize(0)
    for _ in range(STEPS):
        step(t=BOTH[None])
    return g.compile(OUTPUTS[name](z))(z=step.params["z"])[0]


def show_learning() -> dict[str, Any]:
    """What each output makes of a picture with a cat and a dog in it."""
    learned = {name: learn(name) for name in OUTPUTS}
    print(f"\nThe target {BOTH}, after {STEPS} steps of descent on the logits:\n")
    for name, outputs in learned.items():
        print(f"  {name}   {' '.join(f'{p:.2f}' for p in outputs)}")
    print("\nSoftmax can only divide one whole between the two: for several labels at once, take sigmoids.")
    np.testing.assert_allclose(learned["softmax"], BOTH / 2, atol=0.01)
    np.testing.assert_allclose(learned["sigmoid"], BOTH, atol=0.01)
    return learned


def draw(jacobians: dict[str, Any], learned: dict[str, Any]) -> Any:
    """For softmax above and sigmoid below: one logit raised, the Jacobian, and two labels learned."""
    figure, panels = picture.plot(2, 3, width=11, height=6.4, width_ratios=(1.15, 1, 1.15))
    raised = LOGITS + (np.arange(len(CLASSES)) == RAISED)
    z = g.input("z", ("K",))
    for (name, f), (before_after, matrix, labels) in zip(OUTPUTS.items(), panels, strict=True):
        outputs = g.compile(f(z))
        draw_bars(before_after, {"before": outputs(z=LOGITS), "after": outputs(z=raised)})
        before_after.set(title=f"Logit of {CLASSES[RAISED]} raised by 1", ylabel=name)
        before_after.yaxis.label.set(size=14, weight="bold")
        draw_matrix(matrix, jacobians[name])
        draw_bars(labels, {"target": BOTH, "learned": learned[name]})
        labels.set(title="Target: cat and dog")
    return figure


def draw_bars(panel: Any, series: dict[str, Any]) -> None:
    """Two bars for each class."""
    places = np.arange(len(CLASSES))
    for (name, values), colour, side in zip(
        series.items(), ("#bfe0f5", picture.BLUE), (-0.2, 0.2), strict=True
    ):
        panel.bar(places + side, values, 0.38, color=colour, label=name)
        for place, value in zip(places, values, strict=True):
            panel.text(place + side, value + 0.015, f"{value:.2f}", ha="center", fontsize=7.5)
    panel.set(xticks=places, xticklabels=CLASSES, ylim=(0, 1.12))
    panel.legend(loc="upper right", fontsize=9)
    panel.grid(visible=False, axis="x")
    panel.set_axisbelow(True)


def draw_matrix(panel: Any, matrix: Any) -> None:
    """A Jacobian: outputs down, logits across; blue raises, vermilion lowers."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("signs", [picture.VERMILION, "white", picture.BLUE])
    panel.imshow(matrix, cmap=colours, vmin=-0.3, vmax=0.3)
    for (row, column), value in np.ndenumerate(matrix):
        shown = "0" if value == 0 else f"{value:.2f}"
        panel.text(
            column, row, shown, ha="center", va="center", color="white" if abs(value) > 0.2 else "black"
        )
    places = range(len(CLASSES))
    panel.set(
        xticks=places, xticklabels=CLASSES, yticks=places, yticklabels=CLASSES, title="d(output)/d(logit)"
    )
    panel.grid(visible=False)
    panel.tick_params(length=0)


def main() -> None:
    """Show targets, Jacobians, gradients, and what two labels at once come to; assert them and draw."""
    out = picture.folder(__doc__)
    show_targets()
    jacobians = show_jacobians()
    show_gradients()
    learned = show_learning()
    picture.save(draw(jacobians, learned), out / "outputs.svg")


if __name__ == "__main__":
    main()
