"""Maxima and minima against rows of constants: the same values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphc.emit import compile_
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import const, input_
from graphc.ops.naive import evaluate
from graphc.plan.limits import LIMITS
from graphc.plan.lower import lower
from graphc.plan.setting import Setting


def shapes(node: Node) -> list[tuple[object, ...]]:
    """The shapes of the constant arrays."""
    return [n.shape for n in topological([node]) if n.op.name == "broadcast"]


@pytest.mark.parametrize(
    ("shape", "row"),
    [
        (("N", 512), [(512,)]),
        (("N", 2048), [(2048,)]),
        (("N", "M"), [("M",)]),
        (("N", 3), []),
        ((100, 64), [(1280,)]),
        ((4096,), [(4096,)]),
        ((20, 20), []),
        (("N", 8, 8, 32), [(32,)]),
    ],
)
def test_the_row_that_stands_for_a_number(shape: tuple[int | str, ...], row: list[object]) -> None:
    x = input_("x", shape)
    core = LIMITS.run(lower([F["maximum"](x, 0)]), Setting(sizes=(("N", 200), ("M", 200)))).outputs[0]
    assert [tuple(map(str, s)) for s in shapes(core)] == [tuple(map(str, s)) for s in row]
    assert core.shape == x.shape


def test_rows_that_merge_are_taken_together() -> None:
    x = input_("x", ("N", 24, 24, 20))
    merged = F["reshape"](x, (576 * F["size"]("N").attrs[0], 20))
    core = LIMITS.run(lower([F["maximum"](F["tanh"](merged), 0)]), Setting()).outputs[0]
    assert shapes(core) == [(1280,)]


@given(
    st.sampled_from([("N", 5), ("N", 40), (6, 16), ("N", 4, 33), ("N", "M"), (70,)]),
    st.sampled_from([0, 0.5, -1]),
    st.sampled_from(["maximum", "minimum"]),
    st.booleans(),
    st.sampled_from([0, 1, 9]),
)
def test_every_limit_is_kept(
    shape: tuple[int | str, ...], limit: float, name: str, first: bool, n: int
) -> None:
    x = input_("x", shape)
    given_ = F["tanh"](x) * 2
    node = F[name](const(limit), given_) if first else F[name](given_, const(limit))
    setting = Setting(sizes=(("N", 2000), ("M", 2000)))
    values = {"x": np.random.default_rng(1).normal(size=[{"N": n, "M": 21}.get(d, d) for d in shape])}
    values["x"][..., :1] = np.nan
    core = LIMITS.run(lower([node]), setting).outputs[0]
    expected = evaluate([node], values, sizes={"N": n, "M": 21})[0]
    np.testing.assert_array_equal(evaluate([core], values, sizes={"N": n, "M": 21})[0], expected)
    for without in ((), ("limits",)):
        f = compile_(node, sizes={d: 2000 for d in shape if isinstance(d, str)}, without=without)
        if n:
            np.testing.assert_array_equal(f(**values), expected)


def test_it_says_what_it_did_once() -> None:
    said, again = Setting(), Setting()
    once = LIMITS.run(lower([F["relu"](input_("x", (100, 100)))]), said)
    assert [n.text for n in said.notes] == ["1 maximum or minimum is against an array instead of a number"]
    assert LIMITS.run(once, again).outputs == once.outputs
    assert not again.notes
