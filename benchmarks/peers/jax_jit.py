"""JAX: the whole step under one jit, parameters and moments donated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.data import Batch
from benchmarks.network import loss_of
from benchmarks.peers.array_kit import ArrayKit
from benchmarks.workloads import Workload


class JaxKit(ArrayKit):
    """jax.numpy, and jax.nn and jax.lax where they have the function whole."""

    def __init__(self) -> None:
        super().__init__(jnp)

    def function(self, name: str, x: Any) -> Any:
        return jax.nn.gelu(x, approximate=True) if name == "gelu_tanh" else self._plain(name, x)

    def _plain(self, name: str, x: Any) -> Any:
        return getattr(jax.nn if name in ("relu", "sigmoid") else jnp, name)(x)

    def conv(self, x: Any, K: Any, b: Any, padding: int, stride: int) -> Any:
        pads = [(padding, padding)] * 2
        return jax.lax.conv_general_dilated(x, K, (stride, stride), pads) + b[:, None, None]

    def max_pool(self, x: Any, size: int) -> Any:
        window = (1, 1, size, size)
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")


def make_step(workload: Workload) -> Any:
    """`(params, moments, x, t) -> (params, moments, loss)`."""
    rate = workload.rate

    def loss(params: Any, x: Any, t: Any) -> Any:
        return loss_of(JaxKit(), workload, params, x, t)

    def plain(params: Any, moments: Any, x: Any, t: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(params, x, t)
        return jax.tree.map(lambda p, d: p - rate * d, params, slopes), moments, value

    def momentum(params: Any, moments: Any, x: Any, t: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(params, x, t)
        v = jax.tree.map(lambda v, d: 0.9 * v + d, moments["v"], slopes)
        return jax.tree.map(lambda p, v: p - rate * v, params, v), {"v": v}, value

    def adam(params: Any, moments: Any, x: Any, t: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(params, x, t)
        k = moments["k"] + 1
        m = jax.tree.map(lambda m, d: 0.9 * m + 0.1 * d, moments["m"], slopes)
        v = jax.tree.map(lambda v, d: 0.999 * v + 0.001 * d * d, moments["v"], slopes)
        scale, root = rate / (1 - 0.9**k), jnp.sqrt(1 - 0.999**k)
        new = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) / root + 1e-8), params, m, v)
        return new, {"m": m, "v": v, "k": k}, value

    def gradient(params: Any, moments: Any, x: Any, t: Any) -> Any:
        value, dx = jax.value_and_grad(loss, argnums=1)(params, x, t)
        return params, dx, value

    steps = {"sgd": plain, "momentum": momentum, "adam": adam, "none": gradient}
    return partial(jax.jit, donate_argnums=(0, 1))(steps[workload.optimiser])


class JaxRun:
    """Parameters and moments on the device, and the prepared batches."""

    def __init__(self, workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> None:
        self.workload, self.initial = workload, dict(params)
        self.given = [(jnp.asarray(b.x), None if b.t is None else jnp.asarray(b.t)) for b in batches]
        self.compiled = make_step(workload)
        self.params: dict[str, Any] = {}
        self.moments: Any = {}
        self.reset()

    def step(self, i: int) -> float:
        self.params, self.moments, loss = self.compiled(self.params, self.moments, *self.given[i])
        return float(loss)

    def values(self) -> dict[str, Any]:
        import numpy as np

        kept = {"dx": self.moments} if self.workload.optimiser == "none" else self.params
        return {name: np.asarray(value) for name, value in kept.items()}

    def reset(self) -> None:
        self.params = {name: jnp.array(value) for name, value in self.initial.items()}
        zeros = {slot: {n: jnp.zeros_like(p) for n, p in self.params.items()} for slot in "mv"}
        match self.workload.optimiser:
            case "adam":
                self.moments = {**zeros, "k": jnp.zeros((), self.workload.dtype)}
            case "momentum":
                self.moments = {"v": zeros["v"]}
            case "none":
                self.moments = jnp.zeros_like(self.given[0][0])
            case _:
                self.moments = {}
        jax.block_until_ready((self.params, self.moments))


def start(workload: Workload, params: Mapping[str, Any], batches: Sequence[Batch]) -> JaxRun:
    jax.config.update("jax_enable_x64", workload.dtype == "float64")
    return JaxRun(workload, params, batches)
