"""The table of costs: saved, loaded, refused; and what the scheduler asks of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphc.emit import compile_
from graphc.ir.errors import GraphcError, OutputError
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.plan.costs import SHIPPED, block_entries, item_size, load_table, on_all_cores, parallel_gain

OTHER = replace(SHIPPED, gemm=(10.0, 5.0), worthwhile=7)


def test_a_table_that_was_saved_is_loaded(tmp_path: Path) -> None:
    for table in (SHIPPED, OTHER):
        table.save(tmp_path / "costs.json")
        loaded = load_table(tmp_path / "costs.json")
        assert loaded == table
        assert loaded.digest() == table.digest()
    assert [p.name for p in tmp_path.iterdir()] == ["costs.json"]


def test_the_digest_tells_tables_apart() -> None:
    assert SHIPPED.digest() == replace(SHIPPED).digest()
    assert SHIPPED.digest() != OTHER.digest()
    assert len(SHIPPED.digest()) == 8


def test_a_table_can_be_a_key() -> None:
    assert {SHIPPED: 1, OTHER: 2}[replace(SHIPPED)] == 1


def spoilt(change: Callable[[dict[str, Any]], object]) -> str:
    values = json.loads(SHIPPED.json())
    change(values)
    return json.dumps(values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "it is not JSON"),
        ("[" * 10**5, "it is not JSON"),
        ("[]", "the table is not an object with names"),
        ("{}", "the table has no 'cores'"),
        (spoilt(lambda v: v.pop("gemm")), "the table has no 'gemm'"),
        (spoilt(lambda v: v["entry"].pop("exp")), "entry has no 'exp'"),
        (spoilt(lambda v: v.update(colour=1)), "the table has an unknown 'colour'"),
        (spoilt(lambda v: v.update(call=3)), "call is not an object with names"),
        (spoilt(lambda v: v["call"].update(dot=0)), "call dot has to be a positive number, not 0"),
        (spoilt(lambda v: v["call"].update(dot=True)), "call dot has to be a positive number, not True"),
        (
            spoilt(lambda v: v.update(bandwidth=float("nan"))),
            "bandwidth has to be a positive number, not nan",
        ),
        (
            spoilt(lambda v: v.update(bandwidth=float("inf"))),
            "bandwidth has to be a positive number, not inf",
        ),
        (spoilt(lambda v: v.update(bandwidth=10**400)), "bandwidth has to be a positive number, not 1000"),
        (spoilt(lambda v: v.update(gemm=[1])), "gemm has to be two numbers, for float32 and float64"),
        (spoilt(lambda v: v.update(gemm="12")), "gemm has to be two numbers, for float32 and float64"),
        (spoilt(lambda v: v["entry"].update(exp=[1, "2"])), "entry exp has to be a positive number, not 2"),
        (spoilt(lambda v: v.update(cores=1.5)), "cores has to be a positive whole number, not 1.5"),
        (spoilt(lambda v: v.update(block=-1)), "block has to be a positive whole number, not -1"),
    ],
)
def test_a_file_that_holds_no_table_is_refused_in_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "costs.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(GraphcError) as caught:
        load_table(file)
    assert said in str(caught.value)
    assert "graphc tune -o FILE" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GraphcError, match="cannot be read: No such file"):
        load_table(tmp_path / "nowhere.json")
    (tmp_path / "latin").write_bytes(b"\xff")
    with pytest.raises(GraphcError, match="is not JSON"):
        load_table(tmp_path / "latin")
    with pytest.raises(GraphcError, match="costs are a table, or the path of one, not 3"):
        load_table(3)  # type: ignore[arg-type]
    with pytest.raises(OutputError, match="cannot be written"):
        SHIPPED.save(tmp_path / "nowhere" / "costs.json")


# use in compiling -------------------------------------------------------------------------------------------


def test_code_planned_with_another_table_says_so(tmp_path: Path) -> None:
    y = F["exp"](input_("x", "N"))
    file = tmp_path / "costs.json"
    OTHER.save(file)
    assert f"Planned with cost table {OTHER.digest()}." in compile_(y, costs=OTHER).source
    assert (
        compile_(y, costs=str(file)).source
        == compile_(y, costs=file).source
        == compile_(y, costs=OTHER).source
    )
    SHIPPED.save(file)
    assert compile_(y, costs=file).source == compile_(y).source
    assert "cost table" not in compile_(y).source


def test_the_table_guides_the_plan() -> None:
    x = input_("x", (8, 8))
    y = F["tanh"](F["exp"](x).named("a"))
    eager = replace(SHIPPED, worthwhile=1)
    assert "out=" not in compile_(y).source
    assert "out=" in compile_(y, costs=eager).source


# what the scheduler asks ------------------------------------------------------------------------------------


def test_a_block_holds_as_many_bytes_in_either_precision() -> None:
    assert block_entries(SHIPPED, "float32") == 2 * block_entries(SHIPPED, "float64") == 32768
    assert [item_size(d, "float32") for d in ("real", "int", "bool")] == [4, 8, 1]
    assert item_size("real", "float64") == 8


def test_all_cores_help_long_products_and_never_harm() -> None:
    assert on_all_cores(SHIPPED, 1e-6) == 1e-6
    assert on_all_cores(SHIPPED, 1.0) == pytest.approx(1 / SHIPPED.gemm_gain, rel=1e-3)
    times = [on_all_cores(SHIPPED, 10.0**k) for k in range(-9, 2)]
    assert times == sorted(times)


def test_parts_pay_for_elementwise_work_and_not_for_tiny_or_pure_products() -> None:
    assert parallel_gain(SHIPPED, 10e-3, 10e-3, 1e6) > 4e-3
    assert parallel_gain(SHIPPED, 20e-6, 5e-6, 1e3) < 0
    assert parallel_gain(SHIPPED, 0.0, 100e-3, 30e6) < 0.1 * 100e-3
    # Much to add up eats the gain.
    assert parallel_gain(SHIPPED, 10e-3, 10e-3, 1e9) < 0


def test_parts_gain_nothing_on_one_core() -> None:
    alone = replace(SHIPPED, cores=1, gemm_gain=1.0)
    assert parallel_gain(alone, 10e-3, 10e-3, 1e6) < 0
    assert parallel_gain(SHIPPED, 10e-3, 10e-3, 0, parts=4) < parallel_gain(SHIPPED, 10e-3, 10e-3, 0)
