"""The nodes that all of a gradient comes through."""

from __future__ import annotations

from graphc.derive import derive
from graphc.ops import FUNCTIONS, input_

F = FUNCTIONS


def test_branches_meet_where_they_began() -> None:
    x = input_("x")
    start = F["sin"](x)
    left, right = F["exp"](start), start * 2
    end = left * right
    output = F["tanh"](end)
    passes = derive(output).passes
    assert passes[x] is start
    assert passes[start] is end
    assert passes[left] is passes[right] is end
    assert passes[end] is output
    assert output not in passes


def test_a_use_beside_a_chain_is_seen() -> None:
    x = input_("x")
    node = x
    for _ in range(50):
        node = F["sin"](node)
    output = node + x
    passes = derive(output).passes
    assert passes[x] is output


def test_where_nothing_flows_no_branch_is_seen() -> None:
    x, y = input_("x"), input_("y")
    output = x * F["stop_gradient"](y) + y
    assert derive(output).passes[y] is output
