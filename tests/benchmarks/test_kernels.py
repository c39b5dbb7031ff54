"""Which kernels OpenBLAS is told to use."""

from __future__ import annotations

import pytest

from benchmarks import kernels
from benchmarks.kernels import VARIABLE, Kernels, choose


def chosen(rates: dict[str, float], wide: bool = True, **environment: str) -> str | None:
    found = choose("auto", environment=environment, wide=lambda: wide, rate=lambda name: rates.get(name, 0.0))
    return found.chosen


def test_the_fastest_are_taken_when_clearly_faster() -> None:
    assert chosen({"": 100, "SkylakeX": 200, "Cooperlake": 201}) == "SkylakeX"
    assert chosen({"": 100, "SkylakeX": 103}) == ""
    assert chosen({"": 100, "SkylakeX": 200}, wide=False) == ""


def test_what_the_environment_says_is_one_of_the_choices() -> None:
    assert chosen({"": 200, "Haswell": 100}, OPENBLAS_CORETYPE="Haswell") == ""
    assert chosen({"": 100, "Zen": 200}, OPENBLAS_CORETYPE="Zen") == "Zen"


def test_a_choice_reaches_the_environment_of_a_process() -> None:
    given = {VARIABLE: "Haswell", "PATH": "p"}
    assert Kernels().environment(given) == given
    assert Kernels("").environment(given) == {"PATH": "p"}
    assert Kernels("SkylakeX").environment(given) == {VARIABLE: "SkylakeX", "PATH": "p"}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (choose("default", environment={}), "OpenBLAS runs with the kernels it chooses itself"),
        (choose("default", environment={VARIABLE: "Zen"}), "as the environment says"),
        (choose("Zen", environment={}), f"{VARIABLE}=Zen in every peer"),
        (Kernels("", "Haswell", (("", 200.0), ("Haswell", 100.0))), "100 GFLOP/s with Haswell"),
    ],
)
def test_the_choice_is_said(found: Kernels, said: str) -> None:
    assert said in found.sentence()


def test_a_rate_is_measured_in_a_process_that_has_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "RATE", "import os; print(len(os.environ.get('OPENBLAS_CORETYPE', '')))")
    assert kernels.rate("Haswell") == 7
    assert kernels.rate("") == 0
    monkeypatch.setattr(kernels, "RATE", "raise SystemExit(1)")
    assert kernels.rate("Haswell") == 0
