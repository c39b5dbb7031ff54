"""Slots: linear expressions of index variables, places laid out in a row, and their ranges."""

from graphc.claims.normal.index import (
    laid_out,
    linear,
    never_zero,
    not_negative,
    number_slot,
    part,
    replaced,
    sign_of_slot,
    variables,
    within,
)
from graphc.ir.types import Dim, dim

N, M = dim("N"), dim("M")
EXTENTS = {10: N, 11: M, 12: 3, 13: N - 1 if isinstance(N, Dim) else 0}


def extent(slot: object) -> object:
    return EXTENTS.get(slot) if isinstance(slot, int) else None


def test_a_variable_by_itself_is_plain() -> None:
    assert linear([(10, 1)]) == 10
    assert linear([(linear([(10, 2)], 1), 1), (10, -1)], -1) == 10
    assert linear([(10, 1), (10, -1)], 4) == number_slot(4)


def test_places_laid_out_and_looked_up_again() -> None:
    row = laid_out((N, M), [10, 11])
    assert part((N, M), 0, row, extent) == 10
    assert part((N, M), 1, row, extent) == 11
    assert part((M, N), 0, row, extent) == ("%", (M, N), 0, row)
    parts = [part((N, M), axis, 20, extent) for axis in (0, 1)]
    assert laid_out((N, M), parts) == 20


def test_a_slot_with_equal_strides_is_not_looked_up() -> None:
    both = linear([(10, 1), (11, 1)])
    assert part((3, 1), 1, both, extent) == ("%", (3, 1), 1, both)


def test_variables_are_replaced_within() -> None:
    slot = linear([(10, 2), (11, 1)], 3)
    assert variables(slot) == {10, 11}
    assert replaced(slot, {10: 11, 11: number_slot(1)}, extent) == linear([(11, 2)], 4)


def test_what_is_not_negative_for_all_sizes_from_one_on() -> None:
    assert not_negative(N - 1)
    assert not_negative(N * M - 1)
    assert not not_negative(N - 2)
    assert not not_negative(N - M)


def test_ranges() -> None:
    assert within(10, N, extent)
    assert not within(10, M, extent)
    assert within(linear([(10, 1)], 2), N + 2, extent)
    assert not within(linear([(10, 1)], 2), N + 1, extent)
    assert within(linear([(10, -1)], N - 1), N, extent)
    assert within(linear([(10, 1), (12, 1)]), N + 2, extent)
    assert never_zero(linear([(10, 1)], 1), extent)
    assert not never_zero(10, extent)
    assert sign_of_slot(linear([(10, 1)], -1 * N), extent) == 0
    assert sign_of_slot(linear([(10, 1)], 1), extent) == 1
    assert sign_of_slot(linear([(10, 1), (11, -1)]), extent) is None
