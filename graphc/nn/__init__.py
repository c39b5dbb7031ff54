"""Networks: layers and models as data, their parameters, and how these start."""

from __future__ import annotations

from typing import Any

from graphc.nn import init
from graphc.nn.attention import MultiHeadAttention
from graphc.nn.containers import Residual, Sequential
from graphc.nn.cost import flops
from graphc.nn.init import initial_values
from graphc.nn.layer import Layer, monte_carlo
from graphc.nn.layers import (
    Activation,
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LayerNorm,
    MaxPool2D,
)
from graphc.nn.recurrent import GRU, LSTM, RNN
from graphc.nn.scope import Scope
from graphc.nn.summary import Summary

__all__ = [
    "Activation",
    "AvgPool2D",
    "BatchNorm",
    "Conv1D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRU",
    "LSTM",
    "Layer",
    "LayerNorm",
    "MaxPool2D",
    "MultiHeadAttention",
    "RNN",
    "Residual",
    "Scope",
    "Sequential",
    "Summary",
    "flops",
    "init",
    "initial_values",
    "monte_carlo",
]


def __getattr__(name: str) -> Any:
    from graphc.nn.describe import layer_meant  # only where a name is missing

    raise AttributeError(f"graphc.nn has no {name!r}{layer_meant(name, __all__)}")
