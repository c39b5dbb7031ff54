"""Axes in front left out where broadcasting adds them."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive.leading import without_leading
from graphc.ir.node import Node
from graphc.lang import parse
from graphc.ops.form import show
from graphc.ops.naive import evaluate

DECLARED = "x = input(3, 4); r = input(4); c = input(3, 1); z = input(2, 3, 4); "


def leaf(node: Node) -> bool:
    return not node.args


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x - mean(x, axis=0, keepdims=True)", "x - mean(x, axis=0)"),
        ("x*reshape(r, (1, 4))", "x*r"),
        ("x + broadcast(r, (3, 4))/2", "x + r/2"),
        ("x/sqrt(mean(x**2, axis=0, keepdims=True) + 1)", "x/sqrt(mean(x**2, axis=0) + 1)"),
        ("z - sum(z, axis=(0, 1), keepdims=True)", "z - sum(z, axis=(0, 1))"),
        ("x - mean(x, axis=1, keepdims=True)", "x - mean(x, axis=1, keepdims=True)"),
        ("z - sum(z, axis=(0, 2), keepdims=True)", "z - sum(z, axis=(0, 2), keepdims=True)"),
        ("sum(x, axis=0, keepdims=True)", "sum(x, axis=0, keepdims=True)"),
        ("broadcast(r, (3, 4))", "broadcast(r, (3, 4))"),
        ("sum(broadcast(r, (3, 4)) + 1, axis=0)", "sum(broadcast(r, (3, 4)) + 1, axis=0)"),
        ("c*sum(x, axis=0, keepdims=True)", "c*sum(x, axis=0)"),
    ],
)
def test_what_is_left_out(text: str, expected: str) -> None:
    root = parse(DECLARED + text).require_root()
    found = without_leading(root, leaf)
    assert show(found) == expected
    assert found.shape == root.shape
    rng = np.random.default_rng(0)
    point = {n: rng.normal(size=s) for n, s in {"x": (3, 4), "r": 4, "c": (3, 1), "z": (2, 3, 4)}.items()}
    before, after = evaluate([root, found], point)
    np.testing.assert_allclose(before, after, rtol=1e-12)


def test_nothing_below_a_settled_node_is_changed() -> None:
    root = parse(DECLARED + "s = x - mean(x, axis=0, keepdims=True); s*2").require_root()
    assert without_leading(root, lambda n: leaf(n) or n.name == "s") is root
