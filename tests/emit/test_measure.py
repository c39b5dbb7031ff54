"""What is measured of a machine, and when a faster BLAS is advised; no test here waits for a clock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphc.emit import kernels, measure
from graphc.emit.kernels import Rates
from graphc.ir.errors import GraphcError
from graphc.plan.costs import SHIPPED

HASWELL = Rates(120.0, 60.0, 50.0, "Haswell")
WIDE = Rates(210.0, 100.0, 90.0, "SkylakeX")


def test_better_kernels_are_advised_and_never_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(kernels.CORE_TYPE, raising=False)
    advice = kernels.kernel_advice(HASWELL, wide=True, better=WIDE)
    assert advice is not None
    assert "with OPENBLAS_CORETYPE=SkylakeX in the environment" in advice
    assert "1.8 times as fast (210 instead of 120 GFLOP/s" in advice
    assert kernels.CORE_TYPE not in kernels.os.environ


def test_a_choice_that_holds_blas_back_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(kernels.CORE_TYPE, "Haswell")
    asked: list[dict[str, str | None]] = []

    def rates(environment: dict[str, str | None]) -> Rates:
        asked.append(environment)
        return WIDE

    monkeypatch.setattr(kernels, "measure_rates", rates)
    advice = kernels.kernel_advice(HASWELL, wide=True)
    assert advice is not None
    assert "without OPENBLAS_CORETYPE=Haswell in the environment" in advice
    assert [e[kernels.CORE_TYPE] for e in asked] == [None]


@pytest.mark.parametrize(
    ("now", "wide", "better"),
    [
        (HASWELL, False, WIDE),
        (WIDE, True, WIDE),
        (replace(HASWELL, kernels=None), True, WIDE),
        (HASWELL, True, replace(WIDE, float32=121.0)),
        (HASWELL, True, replace(WIDE, kernels="Zen")),
    ],
)
def test_no_advice_where_nothing_is_gained(now: Rates, wide: bool, better: Rates) -> None:
    assert kernels.kernel_advice(now, wide=wide, better=better) is None


def test_a_processor_is_asked_for_its_flags(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("model name\t: X\nflags\t\t: fpu avx2 avx512f avx512bw\n")
    assert kernels.has_avx512(info)
    info.write_text("flags\t\t: fpu avx2\nbugs\t\t: avx512f\n")
    assert not kernels.has_avx512(info)
    assert not kernels.has_avx512(tmp_path / "nowhere")


def test_a_process_that_fails_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_PROGRAM", "raise SystemExit('no NumPy here')")
    with pytest.raises(GraphcError, match="matrix products could not be measured: no NumPy here"):
        kernels.measure_rates({})


def test_every_constant_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(call: Any, runs: int = 0) -> float:
        call()
        return 1000.0

    monkeypatch.setattr(measure, "least_time", once)
    said: list[str] = []
    table = measure.measure(HASWELL, WIDE, said.append)
    assert set(table.call) == set(SHIPPED.call)
    assert set(table.entry) == set(SHIPPED.entry)
    assert table.gemm == (120.0, 60.0)
    assert table.gemm_gain == pytest.approx(1.75)
    assert said
