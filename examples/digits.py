"""Train a 64-64-10 network on scikit-learn's handwritten digits, with one generated NumPy function per step.

    python -m pip install ".[examples]"
    python digits.py --seeds 5

The network is written once as a graph. graphc derives the gradients and generates a module that does the forward pass,
the backward pass and the update with momentum; the module and the loss curve are saved next to this file.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from rich.progress import track
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import graphc as g

HERE = Path(__file__).parent
HIDDEN, EPOCHS, BATCH, RATE, MOMENTUM = 64, 60, 32, 0.05, 0.9


def network() -> tuple[g.Node, g.Node, list[g.Node]]:
    """Logits, loss and parameters of the network."""
    x = g.input("x", ("N", 64))
    t = g.input("t", ("N",), dtype="int")
    W1 = g.param("W1", (64, HIDDEN), init=g.init.he())
    b1 = g.param("b1", (HIDDEN,), init=g.init.zeros())
    W2 = g.param("W2", (HIDDEN, 10), init=g.init.he())
    b2 = g.param("b2", (10,), init=g.init.zeros())
    h = g.relu(x @ W1 + b1).named("h")
    z = (h @ W2 + b2).named("z")
    return z, g.cross_entropy(z, t).named("loss"), [W1, b1, W2, b2]


def training_step(loss: g.Node, params: list[g.Node]) -> Any:
    """Forward, backward and momentum update as one generated function: v = m*v + dW, W = W - lr*v."""
    lr = g.input("lr")
    updates = {}
    for p, dp in zip(params, g.gradients(loss, params), strict=True):
        v = g.state(f"v_{p.name}", p.shape)
        updates[v] = MOMENTUM * v + dp
        updates[p] = p - lr * updates[v]
    return g.compile(loss, updates=updates, dtype="float32", name="DigitsStep")


def train(seed: int) -> tuple[float, list[float], Any]:
    """Validation accuracy, the training loss after each epoch, and the step."""
    digits = load_digits()
    split = train_test_split(
        (digits.data / 16).astype(np.float32),
        digits.target,
        test_size=0.2,
        random_state=seed,
        stratify=digits.target,
    )
    x, x_valid, t, t_valid = split
    z, loss, params = network()
    step = training_step(loss, params)
    step.initialize(seed)
    logits = g.compile(z, dtype="float32")
    rng = np.random.default_rng(seed)
    curve = []
    for epoch in track(range(EPOCHS), description=f"seed {seed}"):
        rate = RATE * (1 - epoch / EPOCHS)
        order = rng.permutation(len(x))
        batches = [order[i : i + BATCH] for i in range(0, len(x), BATCH)]
        curve.append(float(np.mean([step(x=x[b], t=t[b], lr=rate) for b in batches])))
    predicted = logits(x=x_valid, **step.params).argmax(axis=1)
    return float(np.mean(predicted == t_valid)), curve, step


def save_curve(curves: list[list[float]], path: Path) -> None:
    """The loss of every run against the epoch."""
    plt.rcParams["svg.hashsalt"] = "graphc"
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    for seed, curve in enumerate(curves):
        axes.plot(range(1, len(curve) + 1), curve, label=f"seed {seed}", linewidth=1.2)
    axes.set(
        yscale="log", xlabel="epoch", ylabel="training loss", title="Digits, 64-64-10, relu, cross-entropy"
    )
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Train once per seed, print the accuracies, save the loss curve and the generated module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="number of runs, with seeds 0, 1, …")
    parser.add_argument(
        "--out", type=Path, default=HERE, help="folder for the loss curve and the generated module"
    )
    options = parser.parse_args()
    accuracies, curves = [], []
    for seed in range(options.seeds):
        start = time.perf_counter()
        accuracy, curve, step = train(seed)
        print(f"seed {seed}: validation accuracy {accuracy:.4f}, {time.perf_counter() - start:.1f} s")
        accuracies.append(accuracy)
        curves.append(curve)
    print(f"median validation accuracy {statistics.median(accuracies):.4f}")
    save_curve(curves, options.out / "digits_loss.svg")
    step.save(options.out / "digits_step.py")
    print(f"wrote {options.out / 'digits_loss.svg'} and {options.out / 'digits_step.py'}")


if __name__ == "__main__":
    main()
