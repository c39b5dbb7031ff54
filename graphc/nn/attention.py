"""Attention as a layer: the places of a sequence look at each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphc.ir.errors import ShapeError
from graphc.ir.node import Node
from graphc.ir.types import show_shape
from graphc.nn import init as start
from graphc.nn.layer import Layer
from graphc.nn.scope import Scope
from graphc.ops.attention import multi_head_attention


@dataclass(frozen=True, slots=True)
class MultiHeadAttention(Layer):
    """Self-attention of `heads` heads: (…, L, E) stays (…, L, E), E being a multiple of `heads`.

    With `causal` no place sees a later one. Parameters are `Wq`, `Wk`, `Wv`, `Wo`, each (E, E), and their biases. For
    masks, and for keys and values from elsewhere, build it from `multi_head_attention`.
    """

    heads: int
    causal: bool = False
    bias: bool = True
    init: start.Init = field(default_factory=start.xavier)
    name: str = ""

    def build(self, x: Node, scope: Scope) -> Node:
        if isinstance(self.heads, bool) or not isinstance(self.heads, int) or self.heads < 1:
            raise ShapeError(f"{scope.path}: heads is a whole number from 1, not {self.heads!r}")
        if x.ndim < 2 or x.dtype != "real":
            given = f"{show_shape(x.shape)} {x.dtype}"
            raise ShapeError(f"{scope.path}: attention takes real rows, one for each place, not {given}")
        width = x.shape[-1]
        weights = [scope.param(f"W{part}", (width, width), self.init) for part in "qkvo"]
        biases = [scope.param(f"b{part}", (width,), start.zeros()) for part in "qkvo"] if self.bias else []
        return multi_head_attention(x, x, x, *weights, *biases, heads=self.heads, causal=self.causal)
