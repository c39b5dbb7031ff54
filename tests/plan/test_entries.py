"""Compiled loops: which lines they take, and that no value in them is lost before it is read."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.ir.node import Node
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param
from graphc.plan import Plan, make_plan
from graphc.plan.entries import MOST_ARRAYS
from graphc.plan.setting import Setting
from graphc.rewrite.simplify import simplify_all
from tests.plan.replay import conflicts
from tests.plan.training import TABLES, Training, trainings


def planned(case: Training, table: str = "tiny", hint: int = 37, reuse: bool = False) -> Plan:
    simple = simplify_all([*case.outputs, *case.updates.values()])
    count, owns = len(case.outputs), bool(case.updates)
    updates = dict(zip(case.updates, simple[count:], strict=True)) if owns else None
    setting = Setting(
        sizes=(("N", hint),),
        owns=owns,
        workspace=owns or reuse,
        outputs_too=reuse,
        costs=TABLES[table],
        target="numba",
    )
    return make_plan(simple[:count], updates, setting=setting)


@settings(max_examples=60)
@given(trainings(), st.sampled_from(sorted(TABLES)), st.sampled_from((1, 37)), st.booleans())
def test_what_a_line_reads_is_still_there(case: Training, table: str, hint: int, reuse: bool) -> None:
    plan = planned(case, table, hint, reuse)
    assert conflicts(plan) == []
    for loop in plan.loops:
        if loop.kind == "entries":
            assert len({plan.steps[i].node.shape for i in range(loop.first, loop.last)}) == 1


def chain(*outputs: Node) -> Plan:
    return planned(Training(outputs, {}))


def test_a_value_that_is_read_after_the_loop_has_memory_and_others_have_none() -> None:
    x = input_("x", 40)
    inner = F["abs"](x) * 0.5
    outer = (inner + x) * inner
    plan = chain(F["exp"](outer))
    (loop,) = (k for k in plan.loops if k.kind == "entries")
    inside = plan.steps[loop.first : loop.last]
    assert [s.place for s in inside] == ["entry"] * (len(inside) - 1) + ["workspace"]
    assert inside[-1].node is plan.steps[loop.last].node.args[0]
    assert "one entry after the other" in plan.table()


def test_a_value_kept_in_a_loop_and_read_after_it_is_found() -> None:
    """A planted error: the value that is read after the loop shares the memory of what the loop reads."""
    x = input_("x", 40)
    plan = chain(F["exp"]((F["abs"](x) * 0.5 + x) * 3) * F["exp"](x))
    (loop,) = (k for k in plan.loops if k.kind == "entries")
    last = plan.steps[loop.last - 1]
    wrong = replace(last, buffer=plan.steps[loop.first].reads[0])
    steps = (*plan.steps[: loop.last - 1], wrong, *plan.steps[loop.last :])
    assert conflicts(plan) == []
    assert conflicts(replace(plan, steps=steps)) != []


def test_without_the_target_there_are_none() -> None:
    x = input_("x", 40)
    setting = Setting(costs=TABLES["tiny"])
    assert all(k.kind != "entries" for k in make_plan([F["abs"](x) * 0.5 + x], setting=setting).loops)


def test_lines_of_another_shape_or_another_kind_make_no_loop() -> None:
    x, b = input_("x", ("N", 40)), input_("b", 40)
    for y in (x + b, F["exp"](x), F["transpose"](x) + 1, F["sum"](x)):
        assert all(k.kind != "entries" for k in chain(y).loops)


def test_a_loop_has_a_bounded_number_of_arrays() -> None:
    ps = [param(f"p{i}", 40 + i // 30) for i in range(30)]
    one = F["stack"](ps, axis=0)
    plan = planned(
        Training((F["sum"](one),), {p: p - 0.1 * p * F["abs"](ps[i - 1]) for i, p in enumerate(ps)})
    )
    loops = [k for k in plan.loops if k.kind == "entries"]
    assert loops
    for loop in loops:
        inside = range(loop.first, loop.last)
        buffers = {plan.steps[i].buffer for i in inside} | {b for i in inside for b in plan.steps[i].reads}
        assert (
            sum(bool(plan.buffers[b].shape) and plan.buffers[b].role != "local" for b in buffers)
            <= MOST_ARRAYS
        )
