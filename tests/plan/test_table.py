"""The table of a plan: where results go, what they take, and the mathematics."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param
from graphc.plan import Plan, make_plan
from graphc.plan.costs import SHIPPED
from graphc.plan.loops import Loop
from graphc.plan.setting import Setting
from graphc.plan.table import clipped, mathematics, show_bytes, show_count, show_time

x = input_("x", ("N", 400))
W = param("W", (400, 300))
z = (x @ W).named("z")


def columns(plan: Plan) -> dict[str, list[str]]:
    """The cells of each column, by its heading, without blanks."""
    head, *rows = str(plan).splitlines()
    starts = [(name, head.index(name)) for name in head.split()]
    found: dict[str, list[str]] = {}
    for name, start in starts:
        # Cells are aligned with their heading on the left, or end with it.
        end = start + len(name)
        if name in ("buffer", "shape", "mathematics"):
            found[name] = [row[start:].partition("  ")[0].strip() for row in rows]
        else:
            found[name] = [row[:end].rpartition("  ")[2].strip() if len(row) >= end else "" for row in rows]
    return found


def test_a_plan_prints_each_step_with_what_it_takes() -> None:
    setting = Setting(sizes=(("N", 10),), costs=replace(SHIPPED, worthwhile=16384))
    plan = make_plan([F["sum"](F["exp"](z)) + F["sum"](z)], setting=setting)
    shown = columns(plan)
    assert shown["mathematics"] == ["z = x @ W", "v1 = sum(exp(z)) + sum(z)", "in all"]
    assert shown["buffer"] == ["2 new", "3 new", ""]
    assert shown["shape"] == ["(N, 300)", "()", ""]
    assert shown["bytes"] == ["23.4 KiB", "8 B", "23.4 KiB"]
    assert shown["FLOPs"] == ["2.4 M", "9 k", "2.41 M"]  # 2*10*400*300; exp, two sums


def in_microseconds(text: str) -> float:
    number, unit = text.split()
    return float(number) * {"ns": 1e-3, "µs": 1.0, "ms": 1e3}[unit]


def test_the_sum_of_the_times_stands_below() -> None:
    plan = make_plan([F["exp"](z), F["tanh"](z)], setting=Setting(sizes=(("N", 1000),)))
    times = [in_microseconds(t) for t in columns(plan)["time"] if t]
    assert times[-1] == pytest.approx(sum(times[:-1]), rel=0.02)


def test_loops_show_what_is_in_them() -> None:
    plan = replace(
        make_plan([F["exp"](z)]),
        loops=(
            Loop("parts", 0, 2, z.shape[0], 2, frozenset()),
            Loop("blocks", 1, 2, z.shape[0], 32, frozenset()),
        ),
    )
    head, *rows = str(plan).splitlines()
    at = head.index("mathematics")
    assert [row[at:] for row in rows] == [
        "for N in 2 parts, side by side:",
        "    z = x @ W",
        "    for 32 of N at a time:",
        "        exp_z = exp(z)",
        "in all",
    ]


def test_a_long_line_is_cut() -> None:
    assert clipped("x" * 100) == "x" * 100
    assert clipped("x" * 101) == "x" * 99 + "…"


def test_memory_that_is_used_again_is_not_counted_again() -> None:
    node = x
    for i in range(5):
        node = F["tanh"](node @ param(f"W{i}", (400, 400))).named(f"h{i}")
    setting = Setting(real="float32", sizes=(("N", 100),), workspace=True, outputs_too=True)
    plan = make_plan([F["sum"](node)], setting=setting)
    kept = sum(b.role not in ("argument", "owned") and b.shape != () for b in plan.buffers)
    assert sum(cell == "156 KiB" for cell in columns(plan)["bytes"][:-1]) == kept


def test_what_the_passes_did_stands_beneath() -> None:
    setting = Setting()
    setting.say("bias", "3 biases are rows of their weights")
    assert (
        str(make_plan([x + 1], setting=setting)).splitlines()[-1]
        == "bias: 3 biases are rows of their weights"
    )


def test_the_mathematics_is_in_the_names_of_earlier_steps() -> None:
    h = F["tanh"](z).named("h")
    texts = list(mathematics(make_plan([F["max"](h * h)])))
    assert texts[:2] == ["z = x @ W", "h = tanh(z)"]
    assert any("h*h" in text for text in texts[2:])


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (show_time(0), "0 ns"),
        (show_time(447e-6), "447 µs"),
        (show_time(1.25e-3), "1.25 ms"),
        (show_time(999.7e-9), "1 µs"),
        (show_time(12), "12 s"),
        (show_time(1e4), "10000 s"),
        (show_bytes(0), ""),
        (show_bytes(1023), "1023 B"),
        (show_bytes(1024), "1 KiB"),
        (show_bytes(3 << 29), "1.5 GiB"),
        (show_count(0), ""),
        (show_count(999), "999"),
        (show_count(51_400_000), "51.4 M"),
    ],
)
def test_amounts_read_at_a_glance(shown: str, text: str) -> None:
    assert shown == text
