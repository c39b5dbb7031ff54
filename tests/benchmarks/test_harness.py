"""The harness on tiny workloads: peers agree, one that computes something else is found. No times are asserted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from benchmarks import data, harness, peers, worker, workloads

TINY = {
    "1": "",
    "2": ":batch=5:width=3",
    "3": ":batch=4:width=7:second=5:classes=3",
    "4": ":batch=3:width=6:classes=11",
    "5": ":batch=6:width=5",
    "6": ":batch=2:size=3:stride=2",
    "7": ":batch=2:first=3:second=2:size=5",
    "8": ":batch=3:width=50",
    "9": ":batch=3:depth=5:width=6",
    "10": ":batch=2:width=8:places=5:heads=2",
}
SETTINGS = harness.Settings(rounds=2, seconds=0.001, patience=120, cores=1)


class Inside:
    """A peer in this very process, with the answers of the real one."""

    def __init__(self, peer: str, workload: str, settings: harness.Settings) -> None:
        self.worker = worker.Worker(peer, workload)

    def answer(self) -> dict[str, Any]:
        return self.worker.started()

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        found: dict[str, Any] = getattr(self.worker, do)(**request)
        return found

    def close(self) -> None:
        pass


def compared(key: str, names: Sequence[str]) -> list[harness.Result]:
    return harness.compare(key, names, SETTINGS, start=Inside)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", workloads.WORKLOADS)
def test_graphc_and_numpy_agree(number: str) -> None:
    results = compared(number + TINY[number], ["course", "hand", "graphc"])
    assert [(r.peer, r.skipped, r.wrong) for r in results] == [
        (p, "", "") for p in ("course", "hand", "graphc")
    ]
    assert all(len(r.rounds) == SETTINGS.rounds and len(r.losses) == 5 for r in results)


@pytest.mark.peers
@pytest.mark.parametrize("name", ["torch", "torch_fused", "jax", "autograd"])
@pytest.mark.parametrize("number", workloads.WORKLOADS)
def test_other_libraries_agree(number: str, name: str, require_peer: Any) -> None:
    require_peer(peers.find(name).needs)
    _, other = compared(number + TINY[number], ["course", name])
    assert (other.skipped, other.wrong) == ("", "")


def test_the_peers_run_in_processes_of_their_own() -> None:
    saved, course = harness.compare("2" + TINY["2"], ["graphc_saved", "course"], SETTINGS)
    assert (saved.skipped, course.skipped, course.wrong) == ("", "", "")
    assert len(saved.rounds) == len(course.rounds) == SETTINGS.rounds
    assert harness.ratio(saved, course) > 0


def test_the_saved_module_runs_without_graphc() -> None:
    lines = (
        "import sys; from benchmarks.worker import Worker",
        f"ran = Worker('graphc_saved', '2{TINY['2']}')",
        "assert ran.round(0.001)['steps']",
        "assert not {'graphc', 'sympy'} & set(sys.modules)",
    )
    subprocess.run([sys.executable, "-c", "; ".join(lines)], cwd=harness.ROOT, check=True)


def test_a_busy_machine_is_warned_of() -> None:
    assert harness.busy(0.2, 2) == harness.busy(None, 2) == ""
    assert "load 1.5 on 2 cores" in harness.busy(1.5, 2)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda run: setattr(run.workload, "rate", 0), "the loss of step 2"),
        (lambda run: run.network.params["l0/b"].__iadd__(1e-4), "the change of l0/b"),
    ],
)
def test_a_planted_wrong_peer_is_found(spoil: Any, said: str) -> None:
    class Spoilt(Inside):
        def __init__(self, peer: str, workload: str, settings: harness.Settings) -> None:
            super().__init__(peer, workload, settings)
            if peer == "course":
                if said.startswith("the loss"):
                    self.worker.losses[1] *= 1.01
                else:
                    spoil(self.worker.run)

    right, wrong = harness.compare("2", ["hand", "course"], SETTINGS, start=Spoilt)  # type: ignore[arg-type]
    assert right.wrong == ""
    assert said in wrong.wrong
    assert wrong.wrong.endswith("from hand")


def test_a_difference_that_float64_does_not_show_is_rounding() -> None:
    class Rounded(Inside):
        def __init__(self, peer: str, workload: str, settings: harness.Settings) -> None:
            super().__init__(peer, workload, settings)
            if peer == "course" and "float64" not in workload:
                self.worker.losses[1] *= 1.01

    _, rounded = harness.compare("2", ["hand", "course"], SETTINGS, start=Rounded)  # type: ignore[arg-type]
    assert rounded.wrong == ""
    assert rounded.note.startswith("by rounding, the loss of step 2 is")
    assert len(rounded.rounds) == SETTINGS.rounds


def test_differences_see_values_that_are_not_numbers() -> None:
    tiny = workloads.find("2")
    before = data.initial(tiny)
    after = {name: value + 1 for name, value in before.items()}
    losses = [1.0] * 5
    assert harness.differences(tiny, before, (losses, losses), (after, after)) == ""
    broken = after | {"l0/W": np.full_like(after["l0/W"], np.nan)}
    assert "l0/W" in harness.differences(tiny, before, (losses, losses), (after, broken))
    assert "step 5" in harness.differences(tiny, before, (losses, [*losses[:4], np.nan]), (after, after))
    fewer = {name: value for name, value in after.items() if name != "l0/b"}
    assert "other names" in harness.differences(tiny, before, (losses, losses), (after, fewer))


def test_what_is_missing_or_fails_is_left_out_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = peers.Peer("absent", "benchmarks.peers.absent", "no_such_package")
    broken = peers.Peer("broken", "benchmarks.peers.no_such_module", "numpy")
    monkeypatch.setitem(peers.PEERS, "absent", absent)
    monkeypatch.setitem(peers.PEERS, "broken", broken)
    missing, course = compared("1", ["absent", "course"])
    assert missing.skipped == "no_such_package is not installed"
    assert course.rounds
    # A process of its own does not know the peer planted here, and ends.
    failing, course = harness.compare("1", ["broken", "course"], SETTINGS)
    assert "there is no peer 'broken'" in failing.skipped
    assert course.rounds


def test_a_peer_that_is_slow_to_start_is_left_out() -> None:
    hasty = harness.Settings(rounds=1, seconds=0.001, patience=0.001)
    (slow,) = harness.compare("1", ["course"], hasty)
    assert slow.skipped == "took longer than 0.001 s"


def test_every_round_begins_at_the_start() -> None:
    ran = worker.Worker("graphc", "2" + TINY["2"])
    ran.round(0.01)
    ran.run.reset()
    assert ran.run.step(0) == ran.losses[0]
