"""The forward pass of a workload, once for all libraries that differentiate; each brings its own `Kit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from benchmarks.layers import (
    Attention,
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    LayerNorm,
    MaxPool,
    Placed,
    Pointwise,
    Residual,
)
from benchmarks.workloads import Workload

EPS = 1e-5


class Kit(Protocol):
    """What a library has to offer; arrays are its own."""

    def dense(self, x: Any, W: Any, b: Any) -> Any: ...
    def function(self, name: str, x: Any) -> Any: ...
    def batch_norm(self, x: Any, gamma: Any, beta: Any) -> Any: ...
    def layer_norm(self, x: Any, gamma: Any, beta: Any) -> Any: ...
    def conv(self, x: Any, K: Any, b: Any, padding: int, stride: int) -> Any: ...
    def max_pool(self, x: Any, size: int) -> Any: ...
    def flatten(self, x: Any) -> Any: ...
    def attention(self, x: Any, weights: Sequence[Any], biases: Sequence[Any], heads: int) -> Any: ...
    def cross_entropy(self, z: Any, t: Any) -> Any: ...
    def squared(self, y: Any, t: Any) -> Any: ...
    def mean(self, y: Any) -> Any: ...


def loss_of(kit: Kit, workload: Workload, params: Mapping[str, Any], x: Any, t: Any) -> Any:
    """The loss of one batch."""
    y = forward(kit, workload.placed, params, x)
    match workload.loss:
        case "cross_entropy":
            return kit.cross_entropy(y, t)
        case "squared":
            return kit.squared(y, t)
    return kit.mean(y)


def forward(kit: Kit, placed: Sequence[Placed], params: Mapping[str, Any], x: Any) -> Any:
    """The output of the layers."""
    given = x
    for one in placed:
        own = {name.rpartition("/")[2]: params[name] for name in one.params()} if not one.inner else {}
        match one.layer:
            case Dense():
                x = kit.dense(x, own["W"], own["b"])
            case Pointwise("scale", number):
                x = x * number
            case Pointwise("shift", number):
                x = x + number
            case Pointwise("times_input"):
                x = x * given
            case Pointwise(name):
                x = kit.function(name, x)
            case BatchNorm():
                x = kit.batch_norm(x, own["gamma"], own["beta"])
            case LayerNorm():
                x = kit.layer_norm(x, own["gamma"], own["beta"])
            case Conv(_, _, padding, stride):
                x = kit.conv(x, own["K"], own["b"], padding, stride)
            case MaxPool(size):
                x = kit.max_pool(x, size)
            case Flatten():
                x = kit.flatten(x)
            case Attention(heads):
                weights, biases = [[own[f"{kind}{part}"] for part in "qkvo"] for kind in "Wb"]
                x = kit.attention(x, weights, biases, heads)
            case Residual():
                x = x + forward(kit, one.inner, params, x)
    return x
