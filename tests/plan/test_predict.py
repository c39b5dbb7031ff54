"""Predicted times: of the right order, growing with sizes, and following the table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphc.ir.node import Node, make, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_
from graphc.ops.flops import own_flops
from graphc.plan.costs import SHIPPED
from graphc.plan.lower import lower
from graphc.plan.predict import (
    Cost,
    copy_cost,
    cost,
    flops,
    likeness,
    predict,
    size_in_bytes,
    total,
    traffic,
)
from graphc.plan.setting import Setting
from tests.cases import CASES
from tests.cases.case import Case

F32 = Setting(real="float32")
a, b = input_("a", (1000, 1000)), input_("b", (1000, 1000))


def seconds(node: Node, table=SHIPPED, setting: Setting = F32, place: str = "new") -> float:  # type: ignore[no-untyped-def]
    return predict(node, table, setting, place)


# counts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "operations", "moved"),
    [
        (a @ b, 2 * 10**9, 3 * 4 * 10**6),
        (a + b, 10**6, 3 * 4 * 10**6),
        (a + a, 10**6, 2 * 4 * 10**6),
        (a * 2, 10**6, 2 * 4 * 10**6),
        (a.T, 0, 0),
        (a[:10], 0, 0),
        (F["sum"](a, axis=0), 10**6, 4 * 10**6 + 4 * 1000),
        (F["greater"](a, b), 10**6, 2 * 4 * 10**6 + 10**6),
        (a, 0, 0),
    ],
    ids=str,
)
def test_operations_and_bytes_are_the_count_by_hand(node: Node, operations: int, moved: int) -> None:
    assert flops(node, F32) == operations
    assert traffic(node, F32) == moved


def test_in_place_nothing_else_is_written() -> None:
    assert traffic(a + b, F32, "in place") == 2 * 4 * 10**6
    assert size_in_bytes(a, Setting(real="float64")) == 2 * size_in_bytes(a, F32) == 8 * 10**6


def test_named_sizes_are_reckoned_at_what_is_expected() -> None:
    x = input_("x", ("N", 10))
    assert flops(F["exp"](x), Setting(sizes=(("N", 7),))) == 70
    assert flops(F["exp"](x), Setting()) == 640


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_operation_has_a_prediction(case: Case) -> None:
    for node in topological(lower([case.node()]).roots):
        found = cost(node, SHIPPED, Setting())
        assert all(part >= 0 for part in found)
        assert node.is_leaf or node.op.kind == "const" or found.seconds(SHIPPED) > 0


def test_nodes_that_are_alike_take_the_same() -> None:
    found: dict[object, set[Cost]] = {}
    for node in topological(lower([case.node() for case in CASES]).roots):
        found.setdefault(likeness(node), set()).add(cost(node, SHIPPED, F32))
    assert all(len(costs) == 1 for costs in found.values())


def test_what_decides_on_a_cost_tells_nodes_apart() -> None:
    c = input_("c", (1000, 1000))
    assert likeness(a + b) == likeness(b + c)
    assert likeness(a + b) != likeness(a + a)
    assert likeness(a + b) != likeness(F["greater"](a, b))
    assert likeness(F["exp"](a)) != likeness(F["exp"](a[:10]))


def test_an_operation_of_ones_own_has_a_prediction() -> None:
    own = replace(F["tanh"](a).op, name="own")
    assert seconds(make(own, (a,))) == seconds(F["exp"](a))


# order ------------------------------------------------------------------------------------------------------


def growing(n: int) -> list[Node]:
    x, y = input_("x", (n, n)), input_("y", (n, n))
    labels = input_("labels", n, dtype="int")
    return [
        x @ y,
        F["exp"](x),
        x + y,
        F["sum"](x, axis=0),
        F["sum"](x, axis=1),
        F["max"](x, axis=1),
        F["cumsum"](x, axis=0),
        x[labels],
        F["concat"]([x, y]),
        F["contract"]("bnk,bmk->bnm", input_("u", (8, n, n)), input_("v", (8, n, n))),
        F["recurrence"](x, y, axis=0),
        F["overlap_add"](F["sliding_window"](x, 3, axes=0), (n, n), axes=0),
    ]


def test_what_is_larger_takes_longer() -> None:
    for sizes in zip(*map(growing, (16, 64, 256, 1024)), strict=True):
        times = [seconds(node) for node in sizes]
        assert times == sorted(times)
        assert times[-1] > 2 * times[0]


def test_the_order_of_things_is_the_usual_one() -> None:
    assert seconds(a + b, place="in place") < seconds(a + b)
    assert seconds(a.T) < 1e-6 < seconds(a + b) < 10 * seconds(F["exp"](a))
    assert seconds(a + b) < seconds(a @ b)
    assert seconds(F["exp"](a)) < seconds(F["erf"](a))
    double = Setting(real="float64")
    for node in (a @ b, a + b, F["exp"](a), F["sum"](a)):
        assert seconds(node, setting=double) > seconds(node)
    narrow = input_("narrow", (10**5, 10))
    assert seconds(F["max"](narrow, axis=1)) > seconds(F["max"](narrow.reshape(10, 10**5), axis=1))


def test_small_products_are_far_from_the_full_rate() -> None:
    x = input_("x", (8, 8))
    rate = flops(x @ x, F32) / seconds(x @ x)
    assert rate < 0.1 * flops(a @ b, F32) / seconds(a @ b)


# memory, cores, views ---------------------------------------------------------------------------------------


def test_what_stays_in_cache_does_not_wait_for_memory() -> None:
    far, near = cost(a + b, SHIPPED, F32), cost(a + b, SHIPPED, F32, cached=True)
    assert near.entries < far.entries
    assert near.calls == far.calls
    slow = replace(SHIPPED, bandwidth=0.1)
    assert cost(a + b, slow, F32).entries > 100 * far.entries
    assert cost(a + b, slow, F32, cached=True) == near


def test_products_are_kept_apart_because_they_use_all_cores() -> None:
    found = cost(a @ b, SHIPPED, F32)
    assert found.products == pytest.approx(2e9 / 115e9, rel=0.05)
    assert found.seconds(SHIPPED) == pytest.approx(found.products / SHIPPED.gemm_gain, rel=0.05)
    assert total([found, found]) == Cost(*(2 * part for part in found))
    assert total([]) == Cost()


def test_a_batch_of_products_starts_one_by_one() -> None:
    u, v = input_("u", (1000, 4, 4)), input_("v", (1000, 4, 4))
    each = cost(F["contract"]("bnk,bkm->bnm", u, v), SHIPPED, F32).calls
    assert each == pytest.approx(1000 * SHIPPED.call["product"] * 1e-9, rel=0.05)


def test_a_reshape_of_windows_copies() -> None:
    x = input_("x", (64, 64))
    windows = F["sliding_window"](x, (3, 3), axes=(0, 1))
    assert traffic(windows, F32) == 0
    assert traffic(x.reshape(4096), F32) == 0
    assert traffic(windows.reshape(62 * 62, 9), F32) > 0
    assert seconds(windows.reshape(62 * 62, 9)) > 10 * seconds(windows)


def test_operations_of_one_node_do_not_count_its_operands() -> None:
    assert own_flops(F["exp"](a @ b)) == 10**6


def test_a_copy_reads_and_writes() -> None:
    assert copy_cost(a, SHIPPED, F32).entries == pytest.approx(8e-3 / SHIPPED.bandwidth)
    small = input_("small", 100)
    assert copy_cost(small, SHIPPED, F32).seconds(SHIPPED) < 1e-6
