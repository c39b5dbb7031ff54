"""Named sizes are read from shapes, through simple formulas where they stand nowhere plain."""

from __future__ import annotations

import pytest

from graphc.ir.errors import BindError
from graphc.ops import input_
from graphc.plan.sizes import size_rules, solve_sizes


@pytest.mark.parametrize(
    ("declared", "given", "sizes"),
    [
        ([("N", "D")], [(3, 4)], {"N": 3, "D": 4}),
        ([("2*N + 1",)], [(7,)], {"N": 3}),
        ([("N*D",), ("D",)], [(12,), (4,)], {"D": 4, "N": 3}),
        ([("N - M", "M")], [(5, 2)], {"M": 2, "N": 7}),
        ([("N + 1", "N")], [(5, 4)], {"N": 4}),
        ([("5 - N",)], [(2,)], {"N": 3}),
    ],
)
def test_sizes_that_can_be_worked_out(
    declared: list[tuple[str, ...]], given: list[tuple[int, ...]], sizes: dict[str, int]
) -> None:
    leaves = [input_(f"x{i}", shape) for i, shape in enumerate(declared)]
    rules = size_rules(leaves, sizes)
    assert solve_sizes(rules, dict(zip(leaves, given, strict=True))) == sizes


@pytest.mark.parametrize("shape", [("N*M",), ("N + M",), ("N**2",)])
def test_sizes_that_cannot(shape: tuple[str, ...]) -> None:
    with pytest.raises(BindError, match="the size N cannot be worked out"):
        size_rules([input_("x", shape)], ["N"])
