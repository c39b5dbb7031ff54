"""Random dense networks and their training steps, for tests of passes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.ir.node import Node
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param, state
from graphc.plan.lower import Lowered, lower
from graphc.rewrite.simplify import simplify_all

ACTIVATIONS = ("relu", "tanh", "sigmoid", "softplus")
N = 5


@st.composite
def steps(draw: st.DrawFn) -> Lowered:
    """A step of a dense net: any depth, widths, activation, loss and optimiser; layers tied or used twice, or not."""
    layers = _layers(draw)
    x, rate = input_("x", ("N", 4)), draw(st.sampled_from([0.5, 0.01, input_("rate")]))
    h = x
    for i, (W, b) in enumerate(layers):
        h = h @ W + b if b is not None else h @ W
        if i < len(layers) - 1:
            h = F[draw(st.sampled_from(ACTIVATIONS))](h)
    loss = _loss(draw, h)
    leaves = list(dict.fromkeys(p for layer in layers for p in layer if p is not None))
    slopes = gradients(loss, leaves)
    updates: dict[Node, Node] = {}
    rule = draw(st.sampled_from(["sgd", "momentum", "adaptive", "decay"]))
    for p, slope in zip(leaves, slopes, strict=True):
        v = state(f"v_{p.name}", p.shape)
        if rule in ("momentum", "adaptive"):
            updates[v] = 0.9 * v + (slope if rule == "momentum" else 0.1 * slope**2)
            step = updates[v] if rule == "momentum" else slope / (F["sqrt"](updates[v]) + 0.1)
        else:
            step = slope if rule == "sgd" else slope + 0.1 * p
        updates[p] = p - rate * step
    shown = draw(st.lists(st.sampled_from(slopes), max_size=2))
    simple = simplify_all([loss, *shown, *updates.values()])
    count = 1 + len(shown)
    return lower(simple[:count], list(zip(updates, simple[count:], strict=True)))


def _layers(draw: st.DrawFn) -> list[tuple[Node, Node | None]]:
    widths = [4, *draw(st.lists(st.sampled_from([1, 3, 4]), min_size=1, max_size=4))]
    made: list[tuple[Node, Node | None]] = []
    for i, (a, b) in enumerate(pairwise(widths)):
        tied = [layer for layer in made if layer[0].shape == (a, b)]
        if tied and draw(st.booleans()):
            made.append(draw(st.sampled_from(tied)))
        else:
            made.append((param(f"W{i}", (a, b)), param(f"b{i}", (b,)) if draw(st.booleans()) else None))
    return made


def _loss(draw: st.DrawFn, z: Node) -> Node:
    kind = draw(st.sampled_from(["cross_entropy", "squared", "sum"]))
    if kind == "cross_entropy":
        return F["cross_entropy"](z, input_("t", ("N",), dtype="int") if z.shape[1] != 1 else z * 0 + 1)
    if kind == "squared":
        return F["mean_squared_error"](z, input_("y", z.shape))
    return F["sum"](F["tanh"](z)) / F["size"]("N") + F["sum"](z * z)


def values_for(leaves: list[Node], n: int = N) -> dict[str, Any]:
    """An array for each leaf; labels are 0."""
    rng = np.random.default_rng(0)
    return {
        str(leaf.name): np.zeros(n, int)
        if leaf.dtype == "int"
        else np.abs(rng.standard_normal([d if isinstance(d, int) else n for d in leaf.shape]))
        for leaf in leaves
    }
