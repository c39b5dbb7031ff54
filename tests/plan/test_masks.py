"""Masks read from outputs: equal for every number, and the input need not be kept."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.ir.node import Node, make, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param
from graphc.ops.leaf import const
from graphc.ops.naive import evaluate
from graphc.plan.live import frugal
from graphc.plan.lower import Lowered, lower
from graphc.plan.masks import masks_of_outputs
from graphc.plan.setting import Setting

x = input_("x", 7)
EDGES = [-np.inf, -1.0, -0.0, 0.0, 1e-300, np.inf, np.nan]


def same(one: Lowered, other: Lowered) -> bool:
    pairs = zip(*(evaluate(g.roots, {"x": EDGES}) for g in (one, other)), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def with_mask(kind: str, extreme: str, bound: Node, turned: bool) -> Lowered:
    mask = F[kind](*((bound, x) if turned else (x, bound)))
    return lower([F[extreme](x, bound), F["where"](mask, x + 1, 2)])


@pytest.mark.parametrize("bound", [0, 1e-300, -1, "inf", "-inf"])
@pytest.mark.parametrize("extreme", ["maximum", "minimum"])
@pytest.mark.parametrize("kind", ["greater", "less", "greater_equal", "less_equal", "equal"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_mask_is_the_same_at_every_edge(bound: object, extreme: str, kind: str, turned: bool) -> None:
    lowered = with_mask(kind, extreme, const(bound), turned)  # type: ignore[arg-type]
    assert same(masks_of_outputs(lowered, Setting()), lowered)


@pytest.mark.parametrize(
    ("kind", "extreme", "turned", "found"),
    [
        ("greater", "maximum", False, True),
        ("less", "maximum", True, True),
        ("greater", "maximum", True, False),
        ("greater_equal", "maximum", False, False),
        ("less", "minimum", False, True),
        ("less", "maximum", False, False),
    ],
)
def test_only_comparisons_that_the_output_decides_are_read_from_it(
    kind: str, extreme: str, turned: bool, found: bool
) -> None:
    setting = Setting()
    lowered = masks_of_outputs(with_mask(kind, extreme, const(0), turned), setting)
    mask = next(n for n in topological(lowered.roots) if n.dtype == "bool")
    assert any(a.op.name == extreme for a in mask.args) is found
    assert len(setting.notes) == found


def test_the_input_of_relu_goes() -> None:
    h, params = input_("x", ("N", 16)), []
    for i in range(8):
        params.append(param(f"W{i}", (16, 16)))
        h = F["relu"](h @ params[-1])
    loss = F["mean"](h)
    lowered = lower([loss, *gradients(loss, params)])
    setting = Setting(sizes=(("N", 100),))
    assert frugal(masks_of_outputs(lowered, setting), setting).peak < 0.95 * frugal(lowered, setting).peak


def test_a_wrong_mask_is_found() -> None:
    lowered = with_mask("greater", "maximum", const(0), False)
    shown, chosen = lowered.roots
    wrong = make(chosen.op, (F["greater_equal"](shown, 0), *chosen.args[1:]))
    assert not same(lowered, lower([shown, wrong]))
