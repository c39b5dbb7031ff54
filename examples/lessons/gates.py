"""An add gate distributes its gradient, a max gate routes it to the greater input, a multiply gate switches it.

    python gates.py [-o DIR]

The roles are read off the derived local gradients: 1 and 1; 1 for the greater input and 0 for the other; for each
input the other one. The circuit saved, f = 2*(x*y + max(z, w)), has all three gates.
"""

from __future__ import annotations

import picture

import graphc as g

NUMBERS = {"x": 3, "y": -4, "z": 2, "w": -1}


def show_roles() -> None:
    """Print the local gradients of the three gates, and assert the roles they stand for."""
    a, b = g.input("a"), g.input("b")
    total, product, greater = a + b, a * b, g.maximum(a, b)
    print("Local gradients, as derived:\n")
    for gate, role in ((total, "distributor"), (greater, "router"), (product, "switcher")):
        da, db = g.gradients(gate, [a, b])
        print(f"  {gate!s:10}  d/da: {da!s:6}  d/db: {db!s:6}  {role}")
    one = g.const(1.0)
    assert g.gradients(total, [a, b]) == [one, one]
    assert g.gradients(product, [a, b]) == [b, a]
    route = g.compile(g.gradients(greater, [a, b]))
    assert route(a=2, b=-1) == [1, 0]
    assert route(a=-1, b=2) == [0, 1]


def main() -> None:
    """Show the roles one by one, then at work together in one circuit."""
    out = picture.folder(__doc__)
    show_roles()
    x, y, z, w = (g.input(name) for name in NUMBERS)
    p, m = (x * y).named("p"), g.maximum(z, w).named("m")
    f = (2 * (p + m)).named("f")
    dp, dm, dx, dy, dz, dw = g.compile(g.gradients(f, [p, m, x, y, z, w]))(**NUMBERS)

    print("\nIn f = 2*(x*y + max(z, w)) at x = 3, y = -4, z = 2, w = -1:\n")
    print(f"  the sum passes its gradient 2 on to both: {dp:g} and {dm:g}")
    print(f"  the maximum routes {dm:g} to z, which is greater, and leaves w with {dw:g}: dz = {dz:g}")
    print(f"  the product gives x the factor y and y the factor x: dx = {dx:g}, dy = {dy:g}")
    assert (dp, dm) == (2, 2)
    assert (dz, dw) == (dm, 0)
    assert (dx, dy) == (dp * NUMBERS["y"], dp * NUMBERS["x"])
    picture.save(g.draw(f, at=NUMBERS, roles=True, legend=True), out / "gates.svg")


if __name__ == "__main__":
    main()
