"""Convolution sizes: a 5x5x3 filter on a 32x32x3 image gives 28x28x1, six of them 28x28x6.

    python convolution_sizes.py [-o DIR]

A filter spans all channels and slides along height and width. With size F, stride S and padding P there are
(H + 2P - F)/S + 1 places along an axis of H, which has to be a whole number. A filter has F*F*C weights and a bias,
shared by all places: their gradients are sums over places. A 1x1 convolution is a dense layer at every place; pooling
2x2 halves height and width and learns nothing. The picture shows the volumes, and windows along one axis.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import picture

import graphc as g

IMAGE = ("N", 3, 32, 32)
CASES = (  # H, F, S, P
    (32, 5, 1, 0),
    (32, 5, 1, 2),
    (32, 3, 1, 1),
    (32, 1, 1, 0),
    (32, 2, 2, 0),
    (227, 11, 4, 0),
    (7, 3, 1, 0),
    (7, 3, 2, 0),
    (7, 3, 3, 0),
    (7, 3, 3, 1),
)
SKY, SAND = "#bfe0f5", "#f7d99a"
LINE = 7  # cells along the axis that the picture shows


def show_volumes() -> None:
    """One filter, then six: the shapes of the outputs and the numbers that are learned."""
    print("One 5x5x3 filter on 32x32x3 images, then six of them:\n")
    for filters in (1, 6):
        model = g.nn.Sequential(g.nn.Conv2D(filters, 5))
        x = g.input("x", IMAGE)
        K, b = model.params(x)
        summary = model.summary(x)
        shape = summary.rows[0].output
        print(f"  kernels {K.shape}, biases {b.shape}: output {shape}, {summary.parameters} parameters")
        assert shape[1:] == (filters, 28, 28)
        assert summary.parameters == filters * (5 * 5 * 3 + 1) == filters * 76


def places(height: int, size: int, stride: int, padding: int) -> int:
    """The places graphc finds for a window along an axis."""
    image, kernel = g.input("x", ("N", 1, height, height)), g.param("K", (1, 1, size, size))
    found = g.conv2d(image, kernel, stride=stride, padding=padding).shape[-1]
    assert isinstance(found, int)
    return found


def show_formula() -> None:
    """The formula, held against the shapes of graphc; where it gives no whole number, there is none."""
    print("\n    H   F   S   P   (H + 2P - F)/S + 1\n")
    for height, size, stride, padding in CASES:
        formula = Fraction(height + 2 * padding - size, stride) + 1
        line = " ".join(f"{v:3}" for v in (height, size, stride, padding))
        try:
            found = places(height, size, stride, padding)
        except g.ShapeError as error:
            assert formula.denominator != 1
            print(f"  {line}   {formula}\n      {error}")
        else:
            assert found == formula
            print(f"  {line}   {formula}")
    height = g.input("x", ("N", 1, "H", "H"))
    same = g.conv2d(height, g.param("K", (1, 1, 3, 3)), padding=1)
    print(f"\nFor every size at once: a 3x3 filter with padding 1 takes {height.shape} to {same.shape}.")
    assert same.shape == height.shape


def show_gradients() -> None:
    """The derived gradients: every place adds to the gradient of the one kernel that all share."""
    x, dy = g.input("x", ("N", 3, 32, 32)), g.input("dy", ("N", 6, 28, 28))
    K, b = g.param("K", (6, 3, 5, 5)), g.param("b", (6,))
    y = g.conv2d(x, K, b).named("y")
    loss = g.sum(y * dy).named("loss")
    print("\nThe gradients, as graphc derives them:\n")
    print(g.derive(loss, wrt=[K, b]).text())
    dK, db = g.gradients(loss, [K, b])
    rng = np.random.default_rng(0)
    image, above = rng.normal(size=(2, 3, 32, 32)), rng.normal(size=(2, 6, 28, 28))
    found = g.compile([dK, db])(x=image, dy=above)
    by_place = sum(
        np.einsum("nf,ncij->fcij", above[:, :, h, w], image[:, :, h : h + 5, w : w + 5])
        for h in range(28)
        for w in range(28)
    )
    np.testing.assert_allclose(found[0], by_place, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found[1], above.sum(axis=(0, 2, 3)), rtol=1e-9, atol=1e-9)


def show_special_cases() -> None:
    """A 1x1 convolution against a matrix product over the channels, and pooling."""
    x, K = g.input("x", ("N", 64, 8, 8)), g.param("K", (16, 64, 1, 1))
    dense = g.contract("nchw,fc->nfhw", x, g.reshape(K, (16, 64)))
    rng = np.random.default_rng(0)
    given = {"x": rng.normal(size=(2, 64, 8, 8)), "K": rng.normal(size=(16, 64, 1, 1))}
    one, other = g.compile([g.conv2d(x, K), dense])(**given)
    np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)
    print(f"16 filters 1x1 on {x.shape}: {g.conv2d(x, K).shape}, the same (16, 64) matrix at every place.")
    pool, image = g.nn.Sequential(g.nn.MaxPool2D(2)), g.input("x", ("N", 6, 28, 28))
    summary = pool.summary(image)
    print(f"Pooling 2x2 on {image.shape}: {pool(image).shape}, {summary.parameters} parameters.")
    assert pool(image).shape[1:] == (6, 14, 14)
    assert summary.parameters == 0


def draw() -> Any:
    """The volumes above, windows along one axis below."""
    figure, panels = picture.plot(2, 1, width=10, height=5.4, height_ratios=(1.35, 1))
    for panel in panels:
        panel.set_aspect("equal")
        panel.axis("off")
    draw_volumes(panels[0])
    draw_windows(panels[1])
    return figure


SLANT = np.array([1.1, 0.8])  # how a channel is drawn behind the one before
MIDDLE = 16


def draw_volumes(panel: Any) -> None:
    """An image, what one filter makes of it, and what six make of it."""
    side = places(32, 5, 1, 0)
    for left, height, depth, colour, title in (
        (0, 32, 3, SKY, "image 32×32×3"),
        (60, side, 1, SAND, f"one filter: {side}×{side}×1"),
        (113, side, 6, SAND, f"six filters: {side}×{side}×6"),
    ):
        draw_box(panel, (left, MIDDLE - height / 2), height, depth, colour)
        panel.text(left + height / 2, -2, title, ha="center", va="top", fontsize=12)
    row, column = 8, 19
    window = np.array([column, 32 - row - 5])
    entry = np.array([60 + column, MIDDLE + side / 2 - row - 1])
    draw_box(panel, window, 5, 3, picture.VERMILION)
    draw_box(panel, entry, 1, 1, picture.VERMILION)
    panel.text(
        window[0] + 2.5, window[1] - 1, "filter 5×5×3\n75 weights, 1 bias", ha="center", va="top", fontsize=9
    )
    arrow = {"arrowstyle": "->", "color": "black", "linewidth": 1.2}
    panel.annotate("", entry + np.array([0, 0.5]), window + np.array([7.4, 3]), arrowprops=arrow)
    panel.text(47.5, 23.5, "a sum of 75\nproducts, + b", ha="center", fontsize=9)
    panel.set(xlim=(-2, 149), ylim=(-6, 36))


def draw_box(panel: Any, corner: Any, side: float, depth: int, colour: str) -> None:
    """`depth` channels of side by side, one behind the other."""
    from matplotlib.patches import Rectangle

    for channel in reversed(range(depth)):
        place = np.asarray(corner) + channel * SLANT
        panel.add_patch(Rectangle(place, side, side, facecolor=colour, edgecolor="black", linewidth=0.7))


def draw_windows(panel: Any) -> None:
    """Windows of 3 along an axis of 7: with stride 1, 2, 3, and with stride 3 and padding."""
    from matplotlib.patches import Rectangle

    for number, (stride, padding) in enumerate(((1, 0), (2, 0), (3, 0), (3, 1))):
        left, size = number * 11.5 + padding, 3
        formula = Fraction(LINE + 2 * padding - size, stride) + 1
        for cell in range(-padding, LINE + padding):
            inside = 0 <= cell < LINE
            panel.add_patch(
                Rectangle((left + cell, 0), 1, 1, facecolor=SKY if inside else "white", edgecolor="black")
            )
            if not inside:
                panel.text(left + cell + 0.5, 0.45, "0", ha="center", va="center", fontsize=9)
        for row, start in enumerate(range(-padding, LINE + padding, stride)):
            fits = start + size <= LINE + padding
            if not fits and formula.denominator == 1:
                continue
            colour, line = (SAND, "-") if fits else ("white", "--")
            panel.add_patch(
                Rectangle((left + start + 0.08, -0.9 - row * 0.85), size - 0.16, 0.6, facecolor=colour,
                          edgecolor="black" if fits else picture.VERMILION, linestyle=line)
            )  # fmt: skip
        middle = left + LINE / 2
        panel.text(
            middle,
            2.6,
            f"stride {stride}" + (f", padding {padding}" * bool(padding)),
            ha="center",
            fontsize=12,
        )
        shown = f"({LINE} + 2·{padding} − {size})/{stride} + 1 = {formula}"
        whole = formula.denominator == 1
        panel.text(
            middle, 1.5, shown, ha="center", color="black" if whole else picture.VERMILION, fontsize=9.5
        )
        if not whole:
            panel.text(
                middle,
                -3.8,
                "no whole number of places: refused",
                ha="center",
                color=picture.VERMILION,
                fontsize=9.5,
            )
    panel.set(xlim=(-0.6, 4 * 11.5 - 1.2), ylim=(-4.9, 3.5))


def main() -> None:
    """Show shapes, formula, gradients and the special cases; assert them; draw the volumes and the windows."""
    out = picture.folder(__doc__)
    show_volumes()
    show_formula()
    show_gradients()
    show_special_cases()
    picture.save(draw(), out / "convolution_sizes.svg")


if __name__ == "__main__":
    main()
