"""tanh(x) = 2*sigmoid(2*x) - 1; without the 2 inside, 2*sigmoid(x) - 1 is another function, of slope at most 1/2.

    python tanh_identity.py [-o DIR]

Both statements are proved by SymPy from the formulas graphc holds and derives: the two sides and their slopes differ
by 0, and 1/2 exceeds the slope of 2*sigmoid(x) - 1 by a square.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import picture
import sympy

import graphc as g
from graphc.derive.scalar import to_sympy

REAL = sympy.Symbol("x", real=True)
X = g.input("x")
TANH, DOUBLED, PLAIN = g.tanh(X), 2 * g.sigmoid(2 * X) - 1, 2 * g.sigmoid(X) - 1


def difference(a: g.Node, b: g.Node) -> Any:
    """What is left of `a - b` when SymPy has written both with exponentials and simplified."""
    return sympy.simplify(to_sympy(a - b, {X: REAL}).rewrite(sympy.exp))


def prove_identity() -> None:
    """The functions are equal, and so are their slopes."""
    slope, same = g.grad(TANH, X), g.grad(DOUBLED, X)
    print("tanh(x) = 2*sigmoid(2*x) - 1:\n")
    print(f"  {TANH} - ({DOUBLED}) = {difference(TANH, DOUBLED)}")
    print(f"  slopes: {slope}")
    print(f"          {same}, which differs by {difference(slope, same)}")
    assert difference(TANH, DOUBLED) == 0
    assert difference(slope, same) == 0


def prove_bound() -> None:
    """The function without the 2 inside is tanh(x/2); in s = sigmoid(x), 1/2 - slope is a square."""
    slope, s = g.grad(PLAIN, X), sympy.Symbol("s", real=True)
    short = sympy.factor(sympy.Rational(1, 2) - to_sympy(slope, {g.sigmoid(X): s}))
    print(f"\n{PLAIN} is another function:\n")
    print(f"  {TANH} - ({PLAIN}) = {float(difference(TANH, PLAIN).subs(REAL, 1)):.4f} at x = 1")
    print(f"  slope: {slope}; with s for sigmoid(x), 1/2 - slope = {short}, so slope <= 1/2")
    print(f"  it is tanh(x/2): the two differ by {difference(g.tanh(X / 2), PLAIN)}")
    assert difference(TANH, PLAIN) != 0
    assert sympy.expand(short - (2 * s - 1) ** 2 / 2) == 0
    assert difference(g.tanh(X / 2), PLAIN) == 0


def draw() -> Any:
    """The three functions, and beside them their derived slopes."""
    figure, axes = picture.plot(1, 2, width=9.5, height=4)
    points = np.linspace(-4, 4, 161)
    x = g.input("x", "N")
    functions = (
        ("tanh(x)", g.tanh(x), {"color": picture.BLUE, "linewidth": 4.5, "alpha": 0.45}),
        ("2σ(2x) − 1", 2 * g.sigmoid(2 * x) - 1, {"color": "black", "linewidth": 1.3, "linestyle": "--"}),
        ("2σ(x) − 1", 2 * g.sigmoid(x) - 1, {"color": picture.VERMILION, "linewidth": 1.8}),
    )
    for label, y, style in functions:
        for panel, shown in zip(axes, (y, g.grad(g.sum(y), x)), strict=True):
            panel.plot(points, g.compile(shown)(x=points), label=label, **style)
    axes[0].set(xlabel="x", title="Values", yticks=[-1, -0.5, 0, 0.5, 1])
    axes[1].set(xlabel="x", title="Derived slopes", yticks=[0, 0.25, 0.5, 0.75, 1])
    axes[1].axhline(0.5, color=picture.VERMILION, linestyle=":", linewidth=1.2)
    axes[1].text(2.0, 0.52, "slope ≤ 1/2", color=picture.VERMILION)
    axes[0].legend(loc="upper left")
    return figure


def main() -> None:
    """Prove the identity and the bound, and draw the functions."""
    out = picture.folder(__doc__)
    prove_identity()
    prove_bound()
    picture.save(draw(), out / "tanh_identity.svg")


if __name__ == "__main__":
    main()
