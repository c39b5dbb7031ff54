"""The last gates of a neuron are one sigmoid gate, whose local gradient is (1 - s)*s.

    python sigmoid_gate.py [-o DIR]

The neuron of Stanford's course CS231n is 1/(1 + exp(-(w0*x0 + w1*x1 + w2))) with w = [2, -3, -3] and x = [-1, -2]. Its
last four gates are *-1, exp, +1 and 1/x. Gate by gate, or with the four taken as one, the gradients are the same.
"""

from __future__ import annotations

import numpy as np
import picture

import graphc as g

NUMBERS = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}


def main() -> None:
    """Derive the slope, then the gradients of the neuron through four gates and through one."""
    out = picture.folder(__doc__)
    z = g.input("z")
    s = g.sigmoid(z).named("s")
    print("The chain rule for a sigmoid:\n")
    print(g.derive(s).text().rstrip())
    assert g.grad(s, z) is s * (1 - s)

    w0, x0, w1, x1, w2 = inputs = [g.input(name) for name in NUMBERS]
    total = (w0 * x0 + w1 * x1 + w2).named("z")
    opened = 1 / (1 + g.exp(-total))
    closed = g.sigmoid(total).named("s")
    four, one = (g.compile([y, *g.gradients(y, [total, *inputs])])(**NUMBERS) for y in (opened, closed))
    value, dz, *rest = one

    print("\nAt w = [2, -3, -3], x = [-1, -2]:\n")
    print(f"  s = {value:.2f} and ds/dz = (1 - s)*s = {dz:.2f}")
    print("  " + "  ".join(f"d{name} = {number:.2f}" for name, number in zip(NUMBERS, rest, strict=True)))
    print("  the four gates give the same")
    assert np.allclose(one, four, rtol=1e-12, atol=0)
    assert np.isclose(dz, (1 - value) * value, rtol=1e-12)
    assert np.allclose(rest, [dz * d for d in (-1, 2, -2, -3, 1)], rtol=1e-12)
    picture.save(g.draw(closed, at=NUMBERS, expand="sigmoid", legend=True), out / "sigmoid_gate.svg")


if __name__ == "__main__":
    main()
