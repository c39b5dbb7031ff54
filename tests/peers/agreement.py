"""One comparison for networks: a scalar and its gradients, derived, compiled, and by PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.node import Node
from graphc.ops.leaf import input_
from graphc.ops.naive import evaluate

RTOL = 1e-10
Values = Mapping[str, Any]


def assert_per_entry(actual: Any, expected: Any, what: str, scale: float = 0.0) -> None:
    """Relative per entry; one that cancels is measured by the roundings of `scale`, the size of what it sums."""
    expected = np.asarray(expected)
    slack = 1e-14 * max(scale, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(actual, expected, rtol=RTOL, atol=slack, err_msg=what)


def leaves_for(values: Values) -> dict[str, Node]:
    """An input for each value, of its shape and dtype."""
    kinds = {"f": "real", "i": "int", "b": "bool"}
    return {n: input_(n, np.shape(v), dtype=kinds[np.asarray(v).dtype.kind]) for n, v in values.items()}


def check_network(
    torch: Any,
    values: Values,
    ours: Callable[..., Node],
    theirs: Callable[..., Any],
    *,
    float32: bool = True,
) -> None:
    """Assert that `ours(**nodes)` and `theirs(**tensors)`, scalars, have one value and the same gradients.

    A gradient that is 0, such as that of the bias of attention's keys, is measured by the largest of the others.
    """
    nodes = leaves_for(values)
    loss = ours(**nodes)
    wrt = [n for n in nodes.values() if n.dtype == "real"]
    tensors = {n: torch.tensor(v, requires_grad=np.asarray(v).dtype.kind == "f") for n, v in values.items()}
    expected = theirs(**tensors)
    expected.backward()
    wanted = [expected.detach().numpy(), *(tensors[str(n.name)].grad.numpy() for n in wrt)]
    scale = max(float(np.abs(w).max(initial=0)) for w in wanted)
    found = [loss, *gradients(loss, wrt)]
    f = compile_(found)
    ways = {
        "derived": evaluate([loss, *gradients(loss, wrt, simplify=False)], values),
        "simplified": evaluate(found, values),
        "compiled": f(**values),
    }
    for way, arrays in ways.items():
        for what, a, b in zip(["value", *(f"d/d{n.name}" for n in wrt)], arrays, wanted, strict=True):
            assert_per_entry(a, b, f"{way}: {what}", scale)
    if float32:
        single = compile_(found, dtype="float32")
        rounded = {n: np.float32(v) if np.asarray(v).dtype.kind == "f" else v for n, v in values.items()}
        for a, b in zip(single(**rounded), f(**rounded), strict=True):
            assert a.dtype == np.float32
            np.testing.assert_allclose(a, b, rtol=3e-4, atol=1e-5 * scale)
