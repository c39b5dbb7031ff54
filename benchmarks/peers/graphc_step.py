"""graphc: the network as a graph, gradients and update in it, one generated step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import graphc as g
import graphc.emit.compile  # graphc would load it when it is first asked for
from benchmarks.data import Batch
from benchmarks.network import loss_of
from benchmarks.peers.generated import StepRun
from benchmarks.workloads import Workload
from graphc.plan.live import frugal
from graphc.plan.lower import lower
from graphc.plan.passes import run_passes
from graphc.plan.setting import Setting
from graphc.rewrite.simplify import simplify_all

LOADED = (g.compile, g.gradients)  # modules are loaded when first asked for, and imports are not counted


class GraphcKit:
    """graphc's operations."""

    def dense(self, x: g.Node, W: g.Node, b: g.Node) -> g.Node:
        return x @ W + b

    def function(self, name: str, x: g.Node) -> g.Node:
        return getattr(g, name)(x)  # type: ignore[no-any-return]

    def batch_norm(self, x: g.Node, gamma: g.Node, beta: g.Node) -> g.Node:
        return g.batch_norm(x, gamma, beta)

    def layer_norm(self, x: g.Node, gamma: g.Node, beta: g.Node) -> g.Node:
        return g.layer_norm(x, gamma, beta)

    def conv(self, x: Any, K: Any, b: g.Node, padding: int, stride: int) -> g.Node:
        size, sides = K.shape[2], []
        for axis in (2, 3):  # graphc wants windows that fit: what the last one does not reach is cut off
            rest = (x.shape[axis] + 2 * padding - size) % stride if stride > 1 else 0
            cut = max(rest - padding, 0)
            x = x[(slice(None),) * axis + (slice(0, x.shape[axis] - cut),)] if cut else x
            sides.append((padding, padding - rest + cut))
        return g.conv2d(x, K, b, padding=tuple(sides), stride=stride)

    def max_pool(self, x: Any, size: int) -> g.Node:
        rows, columns = (n - n % size for n in x.shape[2:])  # whole windows, as before
        return g.max_pool2d(x[:, :, :rows, :columns], size=size)

    def flatten(self, x: g.Node) -> g.Node:
        return g.flatten(x)

    def attention(self, x: g.Node, weights: Sequence[g.Node], biases: Sequence[g.Node], heads: int) -> g.Node:
        return g.multi_head_attention(x, x, x, *weights, *biases, heads=heads)

    def cross_entropy(self, z: g.Node, t: g.Node) -> g.Node:
        return g.cross_entropy(z, t)

    def squared(self, y: g.Node, t: g.Node) -> g.Node:
        return g.mean_squared_error(y, t)

    def mean(self, y: g.Node) -> g.Node:
        return g.mean(y)


def build(workload: Workload) -> tuple[g.Node, dict[str, g.Node]]:
    """The loss, and the leaves to differentiate by: the parameters, or the input where there is no optimiser."""
    x = g.input("x", ("N", *workload.shape))
    params = {name: g.param(name, shape) for name, shape in workload.params.items()}
    t = None
    if workload.loss == "cross_entropy":
        t = g.input("t", ("N",), dtype="int")
    elif workload.loss == "squared":
        t = g.input("t", ("N", *workload.output))
    loss = loss_of(GraphcKit(), workload, params, x, t).named("loss")
    return loss, {"dx": x} if workload.optimiser == "none" else params


def updates_of(
    workload: Workload, params: Sequence[g.Node], slopes: Sequence[g.Node]
) -> dict[g.Node, g.Node]:
    """The new value of each parameter and state; moments by PyTorch's formulas."""
    rate, updates = workload.rate, {}
    if workload.optimiser == "adam":
        k = g.state("k")
        updates[k] = k + 1
        scale = rate / (1 - g.pow(0.9, k + 1))
        root = g.sqrt(1 - g.pow(0.999, k + 1))
    for p, dp in zip(params, slopes, strict=True):
        if workload.optimiser == "adam":
            m, v = g.state(f"{p.name}/m", p.shape), g.state(f"{p.name}/v", p.shape)
            updates[m] = 0.9 * m + 0.1 * dp
            updates[v] = 0.999 * v + 0.001 * dp**2
            updates[p] = p - scale * updates[m] / (g.sqrt(updates[v]) / root + 1e-8)
        elif workload.optimiser == "momentum":
            v = g.state(f"{p.name}/v", p.shape)
            updates[v] = 0.9 * v + dp
            updates[p] = p - rate * updates[v]
        else:
            updates[p] = p - rate * dp
    return updates


def compiled(workload: Workload, share: float | None = None) -> Any:
    """The compiled step; without an optimiser the function of loss and gradient.

    `share` is a budget of memory: that part of what intermediate values take without one.
    """
    loss, leaves = build(workload)
    slopes = g.gradients(loss, list(leaves.values()))
    options: dict[str, Any] = {"dtype": workload.dtype, "sizes": {"N": workload.batch}}
    if workload.optimiser == "none":
        return g.compile({"loss": loss, "dx": slopes[0]}, reuse=True, **options)
    updates = updates_of(workload, list(leaves.values()), slopes)
    if share is not None:
        options["memory"] = int(share * intermediate(loss, updates, workload))
    return g.compile(loss, updates=updates, name="Step", **options)


def intermediate(loss: g.Node, updates: Mapping[g.Node, g.Node], workload: Workload) -> int:
    """The most bytes that intermediate values of a step take at once, as the planner reckons."""
    setting = Setting(real=workload.dtype, sizes=(("N", workload.batch),), owns=True, workspace=True)
    simple = simplify_all([loss, *updates.values()])
    lowered = lower(simple[:1], list(zip(updates, simple[1:], strict=True)))
    return frugal(run_passes(lowered, setting), setting).peak


def start(
    workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch], share: float | None = None
) -> StepRun:
    return StepRun(compiled(workload, share), params, batches)
