"""What is asked, judged on results made up for it."""

from __future__ import annotations

from typing import Any

from benchmarks import peers, workloads
from benchmarks.acceptance import BOUNDS, verdicts


def record(key: str, **rounds: float) -> dict[str, Any]:
    results = [
        {"peer": peer, "rounds": [value], "first": value, "peak": value, "skipped": ""}
        for peer, value in rounds.items()
    ]
    return {"workload": key, "results": results}


def words(key: str, **rounds: float) -> list[str]:
    return [v.words for v in verdicts([record(key, **rounds)]) if v.bound.what == "step"]


def test_every_bound_is_of_a_workload_and_peers_there_are() -> None:
    assert {b.workload for b in BOUNDS} == set(workloads.WORKLOADS)
    assert {p for b in BOUNDS for p in (b.peer, b.own)} <= set(peers.PEERS)
    assert all(b.goal is None or b.goal < b.required for b in BOUNDS)


def test_required_and_goal() -> None:
    assert words("1", graphc=0.5, jax=1.0) == ["met, and the goal"]
    assert words("1", graphc=0.7, jax=1.0) == ["met, not the goal"]
    assert words("1", graphc=0.9, jax=1.0) == ["not met"]
    assert words("2", graphc=0.1, torch=1.0) == ["met"]
    assert words("1", graphc=0.5, torch=1.0) == []


def test_other_shapes_have_some_slack_and_the_deeper_net_has_not() -> None:
    assert words("1:batch=37", graphc=0.9, jax=1.0) == ["met, not the goal"]
    assert words("9:depth=800", graphc=1.0, jax=1.0) == ["not met"]
    assert words("9:depth=73", graphc=1.0, jax=1.0) == ["met, not the goal"]


def test_of_several_runs_the_median_counts() -> None:
    runs = [record("1", graphc=g, jax=1.0) for g in (0.1, 0.7, 5.0)]
    step, first = verdicts(runs)
    assert (step.ratio, step.words, step.ratios) == (0.7, "met, not the goal", (0.1, 0.7, 5.0))
    assert (first.bound.what, first.words) == ("first", "not met")


def test_memory_is_that_of_the_saved_module() -> None:
    (memory,) = (
        v for v in verdicts([record("1", graphc=9, graphc_saved=1, torch=4)]) if v.bound.what == "peak"
    )
    assert memory.ratio == 0.25
