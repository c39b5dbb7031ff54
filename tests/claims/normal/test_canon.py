"""Canonical names: sums that differ in the names of their indices alone are one atom, others are not."""

from __future__ import annotations

from itertools import permutations
from time import monotonic

import pytest

from graphc.claims.normal.algebra import Algebra, Atom, Expr, Traits
from graphc.claims.normal.heads import function
from graphc.claims.normal.sums import total
from graphc.claims.normal.terms import multiply
from graphc.ir.types import dim


@pytest.fixture
def s() -> Algebra:
    return Algebra(monotonic() + 10)


def entry(s: Algebra, name: str, *slots: object, swaps: tuple[tuple[int, ...], ...] = ()) -> Expr:
    head = s.head("leaf", name, len(slots), lambda: Traits(swaps=swaps))
    return {((s.atom(head, slots), 1),): 1}


def product(s: Algebra, *factors: Expr) -> Expr:
    result: Expr = {(): 1}
    for factor in factors:
        result = multiply(s, result, factor)
    return result


def summed(s: Algebra, names: list[int], *factors: Expr) -> Expr:
    return total(s, product(s, *factors), names)


def fresh(s: Algebra, count: int) -> list[int]:
    return [s.variable(dim("N")) for _ in range(count)]


def test_summed_indices_have_no_names(s: Algebra) -> None:
    i, j, k, m = fresh(s, 4)
    one = summed(s, [j, k], entry(s, "A", i, j), entry(s, "A", j, k), entry(s, "x", k))
    other = summed(s, [k, m], entry(s, "x", k), entry(s, "A", m, k), entry(s, "A", i, m))
    assert one == other
    turned = summed(s, [j, k], entry(s, "A", j, i), entry(s, "A", j, k), entry(s, "x", k))
    assert one != turned


def test_cycles_are_alike_from_every_start(s: Algebra) -> None:
    names = fresh(s, 4)
    found = set()
    for order in permutations(names):
        ring = [entry(s, "A", order[i], order[(i + 1) % 4]) for i in range(4)]
        found.add(tuple(summed(s, names, *ring)))
    assert len(found) == 1


def test_two_triangles_are_no_hexagon(s: Algebra) -> None:
    a = fresh(s, 6)
    square = ((1, 0),)

    def graph(edges: list[tuple[int, int]]) -> Expr:
        return summed(s, a, *(entry(s, "S", a[i], a[j], swaps=square) for i, j in edges))

    hexagon = graph([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0)])
    triangles = graph([(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)])
    assert hexagon != triangles
    assert hexagon == graph([(3, 1), (1, 2), (2, 0), (0, 4), (4, 5), (5, 3)])


def test_extents_tell_sums_apart(s: Algebra) -> None:
    i, j = s.variable(dim("N")), s.variable(dim("M"))
    assert summed(s, [i], entry(s, "x", i)) != summed(s, [j], entry(s, "x", j))


def test_a_function_takes_its_slots_in_one_order(s: Algebra) -> None:
    i, j = fresh(s, 2)
    one, other = (function(s, "exp", entry(s, "X", *order)) for order in ((i, j), (j, i)))
    assert one.head is other.head
    assert one is not other
    both = {**entry(s, "X", i, j), **entry(s, "X", j, i)}
    turned = {**entry(s, "X", j, i), **entry(s, "X", i, j)}
    assert function(s, "exp", both) is function(s, "exp", turned)
    assert isinstance(function(s, "exp", both), Atom)


def test_a_constant_is_summed_as_often_as_there_are_values(s: Algebra) -> None:
    i, j = s.variable(dim("N")), s.variable(3)
    found = total(s, {(): 2}, [i, j])
    size = s.atom(s.heads["size", "N"])
    assert found == {((size, 1),): 6}
