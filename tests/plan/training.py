"""Random training steps of many kinds of network, for tests of the whole planner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param, state
from graphc.plan.costs import SHIPPED, CostTable
from graphc.plan.passes import pass_names

FUNCTIONS = ("relu", "tanh", "sigmoid", "softplus", "square", "sin", "leaky_relu")
LAYERS = (
    "dense",
    "dense",
    "bare",
    "function",
    "function",
    "batch_norm",
    "layer_norm",
    "residual",
    "gate",
    "chain",
)
IMAGE_LAYERS = ("conv", "conv", "function", "pool", "mean_pool", "channel_norm")
NAMES = pass_names()
RULES = ("sgd", "momentum", "adam", "decay", "none")

# Costs under which small arrays count as large: memory at hand, loops, blocks and threads are all used.
TINY: CostTable = replace(
    SHIPPED,
    call=dict.fromkeys(SHIPPED.call, 1e-3),
    cache=256,
    block=64,
    worthwhile=2,
    gemm=(1.0, 1.0),
    gemm_gain=1.0,
)
TABLES = {"shipped": SHIPPED, "tiny": TINY, "middle": replace(TINY, worthwhile=12, block=512)}


@dataclass(frozen=True, slots=True)
class Training:
    """What to compile: outputs, and the new values of parameters and states."""

    outputs: tuple[Node, ...]
    updates: Mapping[Node, Node]

    @property
    def leaves(self) -> list[Node]:
        roots = (*self.outputs, *self.updates, *self.updates.values())
        return [n for n in topological(roots) if n.is_leaf]

    def values(self, n: int, seed: int = 0) -> dict[str, Any]:
        """An array for each leaf, at batch size `n`."""
        rng = np.random.default_rng((n, seed))
        found: dict[str, Any] = {}
        for leaf in self.leaves:
            shape = tuple(d if isinstance(d, int) else n for d in leaf.shape)
            value: Any = rng.standard_normal(shape)
            if leaf.dtype == "int":
                value = rng.integers(2, size=shape)
            elif leaf.op.name == "state":
                value = value**2
            found[str(leaf.name)] = value
        return found


@st.composite
def trainings(draw: st.DrawFn) -> Training:
    """A step of a dense net, a convolutional net, attention, or a chain without parameters."""
    kind = draw(st.sampled_from(("dense", "dense", "images", "images", "places", "chain")))
    made: list[Node] = []
    if kind == "images":
        h = _images(draw, made)
    elif kind == "places":
        h = _places(draw, made)
    else:
        h = input_("x", ("N", draw(st.sampled_from((1, 3, 4)))))
        layers = ("function", "chain", "gate", "softmax") if kind == "chain" else LAYERS
        for _ in range(draw(st.integers(1, 5))):
            h = _layer(draw, made, h, draw(st.sampled_from(layers)))
    loss = _loss(draw, made, h).named("loss")
    targets = list(made) or [n for n in topological([loss]) if n.name == "x"]
    slopes = gradients(loss, targets)
    rule = draw(st.sampled_from(RULES)) if made else "none"
    fewest = len(slopes) if rule == "none" else 0
    shown = [*draw(st.permutations(slopes))[: max(fewest, draw(st.integers(0, 2)))]]
    if draw(st.booleans()):
        shown.append(draw(st.sampled_from([n for n in topological([h]) if n.ndim and n.dtype == "real"])))
    updates = {} if rule == "none" else updated(rule, made, slopes)
    return Training((loss, *shown), updates)


@st.composite
def switched_off(draw: st.DrawFn) -> frozenset[str]:
    """Every pass on, one off, one on, or none on."""
    kind, name = draw(st.sampled_from(("none", "one", "one", "others", "all"))), draw(st.sampled_from(NAMES))
    return frozenset(
        {"none": (), "one": (name,), "others": (n for n in NAMES if n != name), "all": NAMES}[kind]
    )


def _param(made: list[Node], shape: Sequence[int]) -> Node:
    made.append(param(f"p{len(made)}", tuple(shape)))
    return made[-1]


def _layer(draw: st.DrawFn, made: list[Node], h: Node, kind: str) -> Node:
    width = int(h.shape[-1])
    match kind:
        case "dense" | "bare":
            units = draw(st.sampled_from((1, 2, 3, 5)))
            z = h @ _param(made, (width, units))
            return z + _param(made, (units,)) if kind == "dense" else z
        case "function":
            return F[draw(st.sampled_from(FUNCTIONS))](h)
        case "softmax":
            return F["softmax"](h, axis=-1)
        case "batch_norm" | "layer_norm":
            return F[kind](h, _param(made, (width,)), _param(made, (width,)))
        case "residual":
            return h + F["tanh"](h @ _param(made, (width, width)) + _param(made, (width,)))
        case "gate":
            return F["where"](h > 0.25, h, 0.5 * h) * (1 + F["sum"](h * h, axis=0)) ** -0.5
    for _ in range(draw(st.integers(2, 6))):
        a = F[draw(st.sampled_from(FUNCTIONS))](0.5 * h)
        h = draw(st.sampled_from((a + h, a * 0.5, a - 1, a / (1 + h * h), F["maximum"](a, h))))
    return h


def _images(draw: st.DrawFn, made: list[Node]) -> Node:
    side, channels = draw(st.sampled_from((5, 6, 7))), draw(st.sampled_from((1, 2, 3)))
    h = input_("x", ("N", channels, side, side))
    for _ in range(draw(st.integers(1, 4))):
        h = _image_layer(draw, made, h, draw(st.sampled_from(IMAGE_LAYERS)))
    h = F["flatten"](h)
    return h @ _param(made, (int(h.shape[-1]), 3)) + _param(made, (3,))


def _image_layer(draw: st.DrawFn, made: list[Node], h: Node, kind: str) -> Node:
    channels, side = int(h.shape[1]), int(h.shape[2])
    if kind == "conv":
        size = draw(st.sampled_from([k for k in (1, 3, 5) if k <= side]))
        stride = draw(st.sampled_from([s for s in (1, 2) if (side - size) % s == 0]))
        padding = size // 2 if stride == 1 and draw(st.booleans()) else 0
        filters = draw(st.sampled_from((1, 2, 4)))
        K, b = _param(made, (filters, channels, size, size)), _param(made, (filters,))
        return F["conv2d"](h, K, b, padding=padding, stride=stride)
    if kind in ("pool", "mean_pool") and side >= 2:
        even = h[:, :, : side - side % 2, : side - side % 2]
        return F["max_pool2d" if kind == "pool" else "avg_pool2d"](even, size=2)
    if kind == "channel_norm":
        gamma = _param(made, (channels,)).reshape(channels, 1, 1)
        centred = h - F["mean"](h, axis=(0, 2, 3), keepdims=True)
        return gamma * centred / F["sqrt"](F["mean"](centred * centred, axis=(0, 2, 3), keepdims=True) + 0.1)
    return F[draw(st.sampled_from(FUNCTIONS))](h)


def _places(draw: st.DrawFn, made: list[Node]) -> Node:
    """Sequences: attention and layers for each place, then the mean over places."""
    places, heads, each = draw(st.sampled_from((1, 3, 4))), draw(st.sampled_from((1, 2))), 2
    width = heads * each
    h = input_("x", ("N", places, width))
    for _ in range(draw(st.integers(1, 2))):
        if draw(st.booleans()):
            weights = [_param(made, (width, width)) for _ in range(4)]
            biases = [_param(made, (width,)) for _ in range(4)]
            h = h + F["multi_head_attention"](h, h, h, *weights, *biases, heads=heads)
        else:
            h = _layer(draw, made, h, draw(st.sampled_from(("dense", "layer_norm", "residual", "function"))))
        width = int(h.shape[-1])
        if width != heads * each:
            break
    return F["mean"](h, axis=1)


def _loss(draw: st.DrawFn, made: list[Node], h: Node) -> Node:
    kind = draw(st.sampled_from(("cross_entropy", "cross_entropy", "squared", "soft", "sum")))
    if kind == "cross_entropy":
        z = h if int(h.shape[-1]) > 1 else h @ _param(made, (int(h.shape[-1]), 3))
        return F["cross_entropy"](z, input_("t", ("N",), dtype="int"))
    if kind == "squared":
        return F["mean_squared_error"](h, input_("y", h.shape))
    if kind == "soft":
        return -F["mean"](
            F["sum"](F["softmax"](input_("y", h.shape), axis=-1) * F["log_softmax"](h), axis=-1)
        )
    return F["sum"](F["tanh"](h)) / F["size"]("N")


def updated(rule: str, params: Sequence[Node], slopes: Sequence[Node]) -> dict[Node, Node]:
    """New values; rates are large and Adam's epsilon too, so that changes show and rounding does not."""
    updates: dict[Node, Node] = {}
    if rule == "adam" and params:
        k = state("k")
        updates[k] = k + 1
        scale, root = 0.5 / (1 - F["pow"](0.9, k + 1)), F["sqrt"](1 - F["pow"](0.99, k + 1))
    for p, d in zip(params, slopes, strict=False):
        v = state(f"{p.name}_v", p.shape)
        if rule == "adam":
            m = state(f"{p.name}_m", p.shape)
            updates[m], updates[v] = 0.9 * m + 0.1 * d, 0.99 * v + 0.01 * d**2
            updates[p] = p - scale * updates[m] / (F["sqrt"](updates[v]) / root + 0.1)
        elif rule == "momentum":
            updates[v] = 0.9 * v + d
            updates[p] = p - 0.5 * updates[v]
        else:
            updates[p] = p - 0.5 * (d if rule == "sgd" else d + 0.1 * p)
    return updates
