"""What stands in the place of an index: a variable, a linear expression of some, or a part of one taken apart.

A slot is an `int`, the number of an index variable; `("+", ((slot, factor), …), number)`, a linear expression whose
factors and number are dimensions; or `("%", dims, axis, slot)`, the place along `axis` of the entry that stands at
`slot` when an array of shape `dims` is laid out in one row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from graphc.ir.types import Dim, DimLike, product

Slot = Any  # int | tuple, nested


def linear(terms: Iterable[tuple[Slot, DimLike]], number: DimLike = 0) -> Slot:
    """The slot for a sum of slots times factors, plus a number; a variable by itself stays a plain `int`."""
    total: dict[Slot, DimLike] = {}
    for slot, factor in terms:
        if isinstance(slot, tuple) and slot[0] == "+":
            number = number + factor * slot[2]
            for inner, by in slot[1]:
                total[inner] = total.get(inner, 0) + factor * by
        else:
            total[slot] = total.get(slot, 0) + factor
    kept = _joined({s: f for s, f in total.items() if f != 0})
    if number == 0 and len(kept) == 1:
        (slot, factor), *_ = kept.items()
        if factor == 1:
            return slot
    return ("+", tuple(sorted(kept.items(), key=lambda item: slot_key(item[0]))), number)


def _joined(terms: dict[Slot, DimLike]) -> dict[Slot, DimLike]:
    """The parts of one place, where all of them stand at their strides, put together again."""
    for slot in [*terms]:
        if slot not in terms or isinstance(slot, int):
            continue
        _, dims, axis, inner = slot
        factor = divided(terms[slot], strides(dims)[axis])
        parts = [("%", dims, i, inner) for i in range(len(dims))]
        if factor is not None and all(
            terms.get(p) == factor * s for p, s in zip(parts, strides(dims), strict=True)
        ):
            for part_ in parts:
                del terms[part_]
            terms[inner] = terms.get(inner, 0) + factor
    return terms


def divided(value: DimLike, by: DimLike) -> DimLike | None:
    """`value / by` where that is plainly a whole number or dimension."""
    if value == by:
        return 1
    if isinstance(value, int) and isinstance(by, int) and by and value % by == 0:
        return value // by
    return value if by == 1 else None


def number_slot(value: DimLike) -> Slot:
    """The slot that is a number."""
    return ("+", (), value)


@cache
def strides(dims: tuple[DimLike, ...]) -> tuple[DimLike, ...]:
    """How far apart neighbours along each axis stand in one row."""
    return tuple(product(dims[i + 1 :]) for i in range(len(dims)))


def laid_out(dims: tuple[DimLike, ...], slots: Iterable[Slot]) -> Slot:
    """The place in one row of the entry at `slots` of an array of shape `dims`."""
    return linear(zip(slots, strides(dims), strict=True))


def part(dims: tuple[DimLike, ...], axis: int, slot: Slot, extent: Callable[[Slot], DimLike | None]) -> Slot:
    """The place along `axis` of the entry at `slot` in one row, looked up where `slot` was laid out from such."""
    if isinstance(slot, tuple) and slot[0] == "+" and slot[2] == 0:
        found: list[Slot] = []
        terms = {factor: inner for inner, factor in slot[1]}
        for d, stride in zip(dims, strides(dims), strict=True):
            inner = terms.pop(stride, None)
            if inner is None or extent(inner) != d:
                return ("%", dims, axis, slot)
            found.append(inner)
        if not terms and len(found) == len(slot[1]):
            return found[axis]
    return ("%", dims, axis, slot)


def replaced(slot: Slot, mapping: Mapping[int, Slot], extent: Callable[[Slot], DimLike | None]) -> Slot:
    """`slot` with variables replaced."""
    if isinstance(slot, int):
        return mapping.get(slot, slot)
    if slot[0] == "+":
        return linear([(replaced(s, mapping, extent), f) for s, f in slot[1]], slot[2])
    return part(slot[1], slot[2], replaced(slot[3], mapping, extent), extent)


@cache
def variables(slot: Slot) -> frozenset[int]:
    """The index variables in a slot."""
    if isinstance(slot, int):
        return frozenset((slot,))
    inner = [s for s, _ in slot[1]] if slot[0] == "+" else [slot[3]]
    return frozenset().union(*map(variables, inner))


@cache
def slot_key(slot: Slot) -> tuple[Any, ...]:
    """What slots are sorted by."""
    if isinstance(slot, int):
        return (0, slot)
    if slot[0] == "+":
        return (1, tuple((slot_key(s), str(f)) for s, f in slot[1]), str(slot[2]))
    return (2, str(slot[1]), slot[2], slot_key(slot[3]))


@cache
def not_negative(value: DimLike) -> bool:
    """Whether a dimension is at least 0 for all sizes from 1 on; False where that is not plain."""
    if isinstance(value, int):
        return value >= 0
    total: DimLike = 0
    for monomial, factor in value.terms:
        term: DimLike = factor
        for name, power in monomial:
            for _ in range(power):
                term = term * (Dim(((((name, 1),), 1),)) + 1)
        total = total + term
    return total >= 0 if isinstance(total, int) else all(c >= 0 for _, c in total.terms)


def within(slot: Slot, size: DimLike | None, extent: Callable[[Slot], DimLike | None]) -> bool:
    """Whether a slot is surely from 0 to `size - 1`; with None for the size, from 0 on."""
    found = _range(slot, extent)
    if found is None or not not_negative(found[0]):
        return False
    return size is None or not_negative(size - 1 - found[1])


def never_zero(slot: Slot, extent: Callable[[Slot], DimLike | None]) -> bool:
    """Whether a slot is surely above or surely below 0."""
    found = _range(slot, extent)
    return found is not None and (not_negative(found[0] - 1) or not_negative(-1 * found[1] - 1))


def sign_of_slot(slot: Slot, extent: Callable[[Slot], DimLike | None]) -> int | None:
    """1 where a slot is surely above 0, 0 where it is surely not, None where it may be either."""
    found = _range(slot, extent)
    if found is not None and not_negative(found[0] - 1):
        return 1
    return 0 if found is not None and not_negative(-1 * found[1]) else None


def _range(slot: Slot, extent: Callable[[Slot], DimLike | None]) -> tuple[DimLike, DimLike] | None:
    """The least and the largest value of a slot, where they are known."""
    low: DimLike = 0
    high: DimLike = 0
    terms: Any = ((slot, 1),)
    if isinstance(slot, tuple) and slot[0] == "+":
        terms, low, high = slot[1], slot[2], slot[2]
    for inner, factor in terms:
        room = slot_extent(inner, extent)
        if room is None:
            return None
        if not_negative(factor):
            high = high + factor * (room - 1)
        elif not_negative(-1 * factor):
            low = low + factor * (room - 1)
        else:
            return None
    return low, high


def slot_extent(slot: Slot, extent: Callable[[Slot], DimLike | None]) -> DimLike | None:
    """How many values a variable or a part takes, where known."""
    return slot[1][slot[2]] if isinstance(slot, tuple) and slot[0] == "%" else extent(slot)
