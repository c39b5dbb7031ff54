"""Convolutions and pools for the tests of what the planner makes of them, and how a pass is put on trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.derive import gradients
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.ops.naive import evaluate
from graphc.plan.lower import Lowered, lower
from graphc.plan.rewriting import Pass
from graphc.plan.setting import Setting

SETTING = Setting(sizes=(("N", 3),))


def convolution(shape: Sequence[Any], kernel: Sequence[int], **options: Any) -> list[Node]:
    """A convolution of an array computed elementwise, and the gradients by that, by the kernel and by the bias."""
    name = "conv1d" if len(shape) == 3 else "conv2d"
    first = not str(options.get("layout", "NC")).endswith("C") or "layout" not in options
    x, K = input_("x", shape), input_("K", kernel)
    b = input_("b", (kernel[0] if first else kernel[-1],))
    h = F["tanh"](x)
    y = F[name](h, K, b, **options)
    loss = F["sum"](input_("w", y.shape) * y**2)
    return [y, *gradients(loss, [x, K, b])]


def pooled(pool: str, shape: Sequence[Any], **options: Any) -> list[Node]:
    """A pool, and its gradient."""
    x = input_("x", shape)
    y = F[pool](x, **options)
    return [y, *gradients(F["sum"](input_("w", y.shape) * y), [x])]


def values_of(nodes: Sequence[Node], *, whole: bool = False, n: int = 3) -> dict[str, Any]:
    """Numbers for all inputs; small whole ones have many ties."""
    rng = np.random.default_rng(0)
    leaves = [leaf for leaf in topological(nodes) if leaf.is_leaf]
    shapes = {str(leaf.name): [d if isinstance(d, int) else n for d in leaf.shape] for leaf in leaves}
    draw = (lambda s: rng.integers(0, 3, s)) if whole else (lambda s: rng.normal(size=s))
    return {name: draw(shape) for name, shape in shapes.items()}


def ran(nodes: Sequence[Node], *passes: Pass, setting: Setting = SETTING) -> Lowered:
    """The core graph after some passes."""
    lowered = lower(nodes)
    for one in passes:
        lowered = one.run(lowered, setting)
    return lowered


def ops(lowered: Lowered) -> list[str]:
    """The names of all operations of a core graph."""
    return [n.op.name for n in topological(lowered.roots)]


def assert_same(
    nodes: Sequence[Node], lowered: Lowered, values: dict[str, Any], tolerance: float = 1e-11
) -> None:
    """The core graph computes what the nodes mean."""
    wanted, found = evaluate(nodes, values), evaluate(lowered.outputs, values)
    assert len(wanted) == len(found)
    for a, b in zip(wanted, found, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(a).max())))
