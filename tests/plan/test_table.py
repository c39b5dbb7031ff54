"""The table of a plan: where results go, what they take, and the mathematics."""

from __future__ import annotations

import pytest

from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param
from graphc.plan import Plan, make_plan
from graphc.plan.setting import Setting
from graphc.plan.table import mathematics, show_bytes, show_count, show_time

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
    plan = make_plan([F["sum"](F["exp"](z)) + F["sum"](z)], setting=Setting(sizes=(("N", 10),)))
    shown = columns(plan)
    assert shown["mathematics"] == ["z = x @ W", "v1 = sum(exp(z)) + sum(z)", "in all"]
    assert shown["buffer"] == ["2 new", "3 new", ""]
    assert shown["shape"] == ["(N, 300)", "()", ""]
    assert shown["bytes"] == ["23.4 KiB", "8 B", "23.4 KiB"]
    assert shown["FLOPs"] == ["2.4 M", "9 k", "2.41 M"]  # 2*10*400*300; exp, two sums


def test_the_sum_of_the_times_stands_below() -> None:
    plan = make_plan([F["exp"](z), F["tanh"](z)], setting=Setting(sizes=(("N", 1000),)))
    times = [float(t.split()[0]) / (1000 if t.endswith("µs") else 1) for t in columns(plan)["time"]]
    assert times[-1] == pytest.approx(sum(times[:-1]), rel=0.02)


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
    assert list(mathematics(make_plan([F["max"](h * h)]))) == [
        "z = x @ W",
        "h = tanh(z)",
        "v1 = max(h*h)",
    ]


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
