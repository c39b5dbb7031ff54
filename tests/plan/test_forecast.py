"""What the lines of a plan are predicted to take, in loops and out of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.plan.costs import SHIPPED
from graphc.plan.forecast import inner_nodes, line_cost, step_flops, step_seconds
from graphc.plan.loops import Loop
from graphc.plan.plan import Plan, make_plan
from graphc.plan.predict import flops, predict
from graphc.plan.setting import Setting

F32 = Setting(real="float32")
a, b = input_("a", (1000, 1000)), input_("b", (1000, 1000))


def test_a_line_takes_what_all_in_it_takes() -> None:
    h = F["exp"](a)
    node = F["sum"](h * b + h)
    assert inner_nodes(node, {h})[0] is node
    assert h not in inner_nodes(node, {h})
    assert h in inner_nodes(node, set())
    assert line_cost(node, {h}, SHIPPED, F32) < line_cost(node, (), SHIPPED, F32)


def test_a_chain_of_twenty_operations_against_a_product() -> None:
    """A chain over a matrix takes longer than a thin product of it, and less than a square one."""
    x, thin = input_("x", (4096, 1024)), input_("thin", (1024, 8))
    chain: Node = x
    for i in range(20):
        chain = F["tanh"](chain) if i % 5 == 0 else chain * x
    whole = line_cost(chain, (), SHIPPED, F32).seconds(SHIPPED)
    square = input_("square", (1024, 4096))
    assert predict(x @ thin, SHIPPED, F32) < whole < predict(x @ square, SHIPPED, F32)


def test_a_wrong_table_changes_the_order() -> None:
    x, y = input_("x", (512, 512)), input_("y", (512, 512))
    costly = F["sum"](F["sin"](F["erf"](x)))
    planted = replace(SHIPPED, gemm=(100 * SHIPPED.gemm[0], 100 * SHIPPED.gemm[1]))
    orders = [
        line_cost(x @ y, (), table, F32).seconds(table)
        > line_cost(F["exp"](x), (), table, F32).seconds(table)
        for table in (SHIPPED, planted)
    ]
    assert orders == [True, False]
    assert line_cost(costly, (), planted, F32) == line_cost(costly, (), SHIPPED, F32)


# plans ------------------------------------------------------------------------------------------------------


def plan_of(*outputs: Node, n: int = 64, **options: object) -> Plan:
    return make_plan(outputs, setting=Setting(real="float32", sizes=(("N", n),), **options))  # type: ignore[arg-type]


def seconds(plan: Plan, loops: tuple[Loop, ...] | None = None) -> list[float]:
    return step_seconds(plan if loops is None else replace(plan, loops=loops))


def test_the_lines_of_a_plan_take_what_their_nodes_take() -> None:
    x, t = input_("x", ("N", 30)), input_("t", "N", dtype="int")
    plan = plan_of(F["cross_entropy"](F["relu"](x), t))
    core = topological(plan.output_nodes)
    assert sum(step_flops(plan)) == sum(flops(n, plan.setting) for n in core)
    assert sum(seconds(plan)) == pytest.approx(sum(predict(n, SHIPPED, plan.setting) for n in core), rel=0.2)


def test_a_larger_batch_takes_longer() -> None:
    x, t = input_("x", ("N", 30)), input_("t", "N", dtype="int")
    loss = F["cross_entropy"](F["tanh"](x @ input_("W", (30, 10))), t)
    times = [sum(seconds(plan_of(loss, n=n))) for n in (1, 100, 10_000, 1_000_000)]
    assert times == sorted(times)
    assert times[-1] > 50 * times[-2]


def test_pieces_that_are_computed_where_they_belong_are_not_copied() -> None:
    x = input_("x", (1000, 1000))
    whole = F["concat"]([F["exp"](x).reshape(10**6), F["tanh"](x).reshape(10**6)])
    setting = Setting(real="float32", workspace=True)
    plan = make_plan([F["sin"](whole), F["sum"](whole)], setting=setting)
    at = [step.node for step in plan.steps].index(whole)
    assert any(b.piece is not None for b in plan.buffers)
    assert step_seconds(plan)[at] < 1e-6 < predict(whole, SHIPPED, setting)
    last = max(b.number for b in plan.buffers if b.piece is not None)
    copied = replace(
        plan, buffers=tuple(replace(b, piece=None) if b.number == last else b for b in plan.buffers)
    )
    assert step_seconds(copied)[at] == pytest.approx(predict(whole, SHIPPED, setting) / 2, rel=0.1)


def test_slices_stay_in_cache_and_cost_a_call_each() -> None:
    x = input_("x", ("N", 1000))
    plan = plan_of(F["exp"](x) * x + 1, n=10_000)
    last, rows = len(plan.steps), x.shape[0]
    whole = seconds(plan, ())
    few, many = (seconds(plan, (Loop("blocks", 0, last, rows, size, frozenset()),)) for size in (100, 1))
    assert sum(few) < min(sum(whole), sum(many))
    calls = 9_900 * 1e-9 * SHIPPED.call["ufunc"]
    assert [m - f for m, f in zip(many, few, strict=True)] == pytest.approx([calls] * last)


def test_parts_share_the_work_and_each_has_one_core() -> None:
    x = input_("x", ("N", 1000))
    plan = plan_of(F["exp"](x), F["tanh"](x @ input_("W", (1000, 1000))), n=10_000)
    last, rows = len(plan.steps), x.shape[0]
    whole = seconds(plan, ())
    half = seconds(plan, (Loop("parts", 0, last, rows, 2, frozenset()),))
    for step, one, two in zip(plan.steps, whole, half, strict=True):
        gain = SHIPPED.gemm_gain if step.node.op.name == "contract" else 1.0
        assert two == pytest.approx(one * gain / 2, rel=0.02)


def test_predictions_of_deep_graphs_are_linear() -> None:
    node: Node = input_("s", 4)
    for _ in range(20_000):
        node = F["tanh"](node)
    assert line_cost(node, (), SHIPPED, F32).calls == pytest.approx(20_000 * SHIPPED.call["ufunc"] * 1e-9)
