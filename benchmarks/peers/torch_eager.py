"""PyTorch: eager with its optimisers, plain or fused, or the step's forward and loss under torch.compile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch._dynamo  # the first optimiser would load it
import torch.nn.functional as F

from benchmarks.data import Batch
from benchmarks.network import EPS, loss_of
from benchmarks.workloads import Workload


class TorchKit:
    """PyTorch's functions."""

    def dense(self, x: Any, W: Any, b: Any) -> Any:
        return torch.addmm(b, x, W) if x.ndim == 2 else x @ W + b

    def function(self, name: str, x: Any) -> Any:
        return F.gelu(x, approximate="tanh") if name == "gelu_tanh" else getattr(torch, name)(x)

    def batch_norm(self, x: Any, gamma: Any, beta: Any) -> Any:
        return F.batch_norm(x, None, None, gamma, beta, training=True, eps=EPS)

    def layer_norm(self, x: Any, gamma: Any, beta: Any) -> Any:
        return F.layer_norm(x, gamma.shape, gamma, beta, eps=EPS)

    def conv(self, x: Any, K: Any, b: Any, padding: int, stride: int) -> Any:
        return F.conv2d(x, K, b, padding=padding, stride=stride)

    def max_pool(self, x: Any, size: int) -> Any:
        return F.max_pool2d(x, size)

    def flatten(self, x: Any) -> Any:
        return x.flatten(1)

    def attention(self, x: Any, weights: Sequence[Any], biases: Sequence[Any], heads: int) -> Any:
        n, places, width = x.shape
        parts = [x @ W + b for W, b in zip(weights[:3], biases[:3], strict=True)]
        q, k, v = (p.view(n, places, heads, width // heads).transpose(1, 2) for p in parts)
        mixed = F.scaled_dot_product_attention(q, k, v)
        return mixed.transpose(1, 2).reshape(n, places, width) @ weights[3] + biases[3]

    def cross_entropy(self, z: Any, t: Any) -> Any:
        return F.cross_entropy(z, t)

    def squared(self, y: Any, t: Any) -> Any:
        return F.mse_loss(y, t)

    def mean(self, y: Any) -> Any:
        return y.mean()


class TorchRun:
    """Leaf tensors, an optimiser of torch.optim, and the prepared batches."""

    def __init__(
        self,
        workload: Workload,
        params: Mapping[str, Any],
        batches: Sequence[Batch],
        fused: bool,
        compiled: bool,
    ) -> None:
        self.workload, self.fused, self.initial = workload, fused, dict(params)
        self.wants_input = workload.optimiser == "none"
        tensors = [(torch.tensor(b.x), None if b.t is None else torch.tensor(b.t)) for b in batches]
        self.given = [(x.requires_grad_(self.wants_input), t) for x, t in tensors]
        self.params = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}

        def loss(x: Any, t: Any) -> Any:
            return loss_of(TorchKit(), workload, self.params, x, t)

        self.loss = torch.compile(loss) if compiled else loss
        self.optimiser = self._optimiser()

    def _optimiser(self) -> Any:
        tensors, rate = list(self.params.values()), self.workload.rate
        fused = True if self.fused else None
        match self.workload.optimiser:
            case "adam":
                return torch.optim.Adam(tensors, lr=rate, fused=fused)
            case "momentum":
                return torch.optim.SGD(tensors, lr=rate, momentum=0.9, fused=fused)
            case "sgd":
                return torch.optim.SGD(tensors, lr=rate, fused=fused)
        return None

    def step(self, i: int) -> float:
        x, t = self.given[i]
        if self.optimiser is None:
            x.grad = None
        else:
            self.optimiser.zero_grad(set_to_none=True)
        loss = self.loss(x, t)
        loss.backward()
        if self.optimiser is not None:
            self.optimiser.step()
        return float(loss.item())

    def values(self) -> dict[str, Any]:
        if self.wants_input:
            return {"dx": np.asarray(self.given[0][0].grad)}
        return {name: p.detach().numpy() for name, p in self.params.items()}

    def reset(self) -> None:
        with torch.no_grad():
            for name, p in self.params.items():
                p.copy_(torch.tensor(self.initial[name]))
        self.optimiser = self._optimiser()


def start(
    workload: Workload,
    params: Mapping[str, Any],
    batches: Sequence[Batch],
    fused: bool = False,
    compiled: bool = False,
) -> TorchRun:
    return TorchRun(workload, params, batches, fused, compiled)
