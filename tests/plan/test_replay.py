"""No two values that live at the same time share memory: plans of random training steps, replayed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.derive import gradients
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param
from graphc.plan import Plan, blocks, make_plan
from graphc.plan.setting import Setting
from graphc.rewrite.simplify import simplify_all
from tests.plan.replay import conflicts
from tests.plan.training import TABLES, Training, switched_off, trainings


def planned(case: Training, off: frozenset[str], table: str, hint: int, reuse: bool) -> Plan:
    simple = simplify_all([*case.outputs, *case.updates.values()])
    count, owns = len(case.outputs), bool(case.updates)
    updates = dict(zip(case.updates, simple[count:], strict=True)) if owns else None
    setting = Setting(
        sizes=(("N", hint),),
        owns=owns,
        workspace=owns or reuse,
        outputs_too=reuse,
        off=off,
        costs=TABLES[table],
    )
    return make_plan(simple[:count], updates, setting=setting)


@settings(max_examples=100)
@given(trainings(), switched_off(), st.sampled_from(sorted(TABLES)), st.sampled_from((1, 37)), st.booleans())
def test_what_a_line_reads_is_still_there(
    case: Training, off: frozenset[str], table: str, hint: int, reuse: bool
) -> None:
    assert conflicts(planned(case, off, table, hint, reuse)) == []


@settings(max_examples=50)
@given(trainings(), switched_off(), st.sampled_from(sorted(TABLES)), st.sampled_from((1, 37, 3000)))
def test_where_no_loop_is_looked_for_there_is_none(
    case: Training, off: frozenset[str], table: str, hint: int
) -> None:
    plan = planned(case, off, table, hint, False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "could_pay", lambda *_: True)
        thorough = planned(case, off, table, hint, False)
    assert (plan.steps, plan.loops, plan.buffers) == (thorough.steps, thorough.loops, thorough.buffers)


def layers(depth: int = 4) -> Plan:
    """A net whose values share slots."""
    h = input_("x", ("N", 4))
    made = [param(f"W{i}", (4, 4)) for i in range(depth)]
    for W in made:
        h = F["tanh"](h @ W)
    loss = F["sum"](h * h)
    updates = {W: W - g for W, g in zip(made, gradients(loss, made), strict=True)}
    return planned(Training((loss,), updates), frozenset(), "tiny", 37, False)


def test_a_right_plan_has_no_conflicts() -> None:
    plan = layers()
    assert {"in place", "workspace", "owned"} <= {s.place for s in plan.steps}
    assert plan.loops
    assert conflicts(plan) == []
    assert conflicts(plan, n=1) == []


@pytest.mark.parametrize("shift", [1, 2])
def test_planted_shared_slots_are_found(shift: int) -> None:
    """Every pair of slots made one: most of them live at the same time."""
    plan = layers()
    slots = sorted({b.slot for b in plan.buffers if b.slot >= 0})
    found = 0
    for a, b in zip(slots, slots[shift:], strict=False):
        merged = tuple(replace(x, slot=a) if x.slot == b else x for x in plan.buffers)
        found += bool(conflicts(replace(plan, buffers=merged)))
    assert found >= (len(slots) - shift) / 2 > 0


def test_a_planted_line_that_writes_over_a_living_value_is_found() -> None:
    plan = layers()
    found = 0
    for i, step in enumerate(plan.steps[1:], 1):
        before = plan.steps[i - 1]
        if step.place == "workspace" and before.place == "workspace" and step.buffer != before.buffer:
            spoilt = (*plan.steps[:i], replace(step, buffer=before.buffer), *plan.steps[i + 1 :])
            found += bool(conflicts(replace(plan, steps=spoilt)))
    assert found
