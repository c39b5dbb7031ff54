"""Canonical naming: what is equal up to the names of its indices gets one head.

Indices are told apart by colours, refined by where they stand until nothing changes (partition refinement); what is
still alike is tried in every order, within bounds, and the least writing wins. Orders that give the same writing are
symmetries, and are kept with the head. A bound that is met costs proofs, never truth: the writing says all there is.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphc.claims.normal.algebra import Algebra, Atom, Coefficient, Expr, Head, Monomial, Power
from graphc.claims.normal.index import Slot, linear, slot_key, variables
from graphc.ir.types import DimLike

MOST_ORDERS = 48

Pattern = tuple[Head, tuple[Slot, ...], Power]  # an atom whose slots are made of vertices


@dataclass(frozen=True, slots=True)
class Written:
    """A canonical writing: the key, the order of the vertices in it, and the symmetries of the free ones."""

    key: Hashable
    order: tuple[int, ...]
    swaps: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """An expression over vertices: the free ones stand for slots, the others for bound variables with extents."""

    sums: tuple[tuple[tuple[Pattern, ...], Coefficient], ...]
    extents: tuple[DimLike | None, ...]

    @property
    def key(self) -> Hashable:
        """What tells it from others, but for the names of the vertices."""
        return (
            tuple((tuple((h.number, t, p) for h, t, p in m), c) for m, c in self.sums),
            self.extents,
        )


def shape_of(expr: Expr, bound: Mapping[int, DimLike]) -> tuple[Shape, list[Slot]]:
    """The shape of an expression, and what its vertices stand for."""
    labels: dict[Slot, int] = {}
    sums = []
    for m, c in expr.items():
        patterns = tuple((a.head, tuple(_pattern(t, bound, labels) for t in a.slots), p) for a, p in m)
        sums.append((patterns, c))
    extents = tuple(bound.get(t) if isinstance(t, int) else None for t in labels)
    return Shape(tuple(sums), extents), [*labels]


def _pattern(slot: Slot, bound: Mapping[int, DimLike], labels: dict[Slot, int]) -> Slot:
    """A slot over vertices: each largest part without a bound variable is one vertex."""
    if isinstance(slot, int) or variables(slot).isdisjoint(bound):
        if isinstance(slot, tuple) and slot[0] == "+" and not slot[1]:
            return slot
        return labels.setdefault(slot, len(labels))
    if slot[0] == "%":
        return ("%", slot[1], slot[2], _pattern(slot[3], bound, labels))
    free = [(t, f) for t, f in slot[1] if variables(t).isdisjoint(bound)]
    rest = [(_pattern(t, bound, labels), f) for t, f in slot[1] if not variables(t).isdisjoint(bound)]
    if not free:
        return ("+", _sorted(rest), slot[2])
    vertex = labels.setdefault(linear(free, slot[2]), len(labels))
    return ("+", _sorted([*rest, (vertex, 1)]), 0)


def _sorted(terms: Iterable[tuple[Slot, DimLike]]) -> tuple[tuple[Slot, DimLike], ...]:
    return tuple(sorted(terms, key=lambda item: (slot_key(item[0]), str(item[1]))))


def written(s: Algebra, shape: Shape) -> Written:
    """The canonical writing of a shape."""
    key = shape.key
    found: Written | None = s.shapes.get(key)
    if found is None:
        found = s.shapes[key] = _write(s, shape)
    return found


def _write(s: Algebra, shape: Shape) -> Written:
    first = _ranked([(e is not None, str(e)) for e in shape.extents])
    best: tuple[Any, tuple[int, ...]] | None = None
    equal: list[tuple[int, ...]] = []
    for count, order in enumerate(_orders(shape, _refined(shape, first))):
        if count >= MOST_ORDERS:
            break
        s.tick()
        key = _spell(shape, order)
        if best is None or key[0] < best[0][0]:
            best, equal = (key, order), []
        elif key[0] == best[0][0]:
            equal.append(order)
    assert best is not None
    free = sum(e is None for e in shape.extents)
    swaps = {_free_swap(best[1], other, free) for other in equal} - {tuple(range(free))}
    return Written((best[0][1], shape_extents(shape, best[1])), best[1], _group(swaps))


def shape_extents(shape: Shape, order: Sequence[int]) -> tuple[DimLike, ...]:
    """The extents of the bound vertices in order."""
    return tuple(e for v in order if (e := shape.extents[v]) is not None)


def _free_swap(best: Sequence[int], other: Sequence[int], free: int) -> tuple[int, ...]:
    """The permutation of free places that leads from one order to another that is written alike."""
    return tuple(best.index(other[i]) for i in range(free))


def _group(swaps: set[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """All permutations made of these, up to a bound."""
    found = set(swaps)
    grown = True
    while grown and len(found) < MOST_ORDERS:
        new = {tuple(p[i] for i in q) for p in found for q in found} - found
        found |= new
        grown = bool(new)
    return tuple(sorted(p for p in found if p != tuple(range(len(p)))))


def _ranked(values: Sequence[Any]) -> list[int]:
    order = {v: i for i, v in enumerate(sorted(set(values)))}
    return [order[v] for v in values]


def _refined(shape: Shape, colours: list[int]) -> list[int]:
    """Colours split by where the vertices stand, until that splits no more."""
    while len(set(colours)) < len(colours):
        seen: list[list[Any]] = [[] for _ in colours]
        for patterns, c in shape.sums:
            signed = [_signatures(p, colours) for p in patterns]
            whole = (tuple(sorted(sig for sig, _ in signed)), str(c))
            for sig, places in signed:
                for vertex, where in places:
                    seen[vertex].append((where, sig, whole))
        new = _ranked([(c, tuple(sorted(found))) for c, found in zip(colours, seen, strict=True)])
        if len(set(new)) == len(set(colours)):
            return new
        colours = new
    return colours


def _signatures(pattern: Pattern, colours: Sequence[int]) -> tuple[Any, list[tuple[int, Any]]]:
    """What an atom looks like with colours for its vertices, and the place of each vertex in it."""
    head, slots, p = pattern
    best: Any = None
    for order in (range(len(slots)), *head.traits.swaps):
        arranged = [slots[i] for i in order]
        look = tuple(_coloured(t, colours) for t in arranged)
        if best is None or look < best[0]:
            best = (look, [(v, (i, _path(t, v))) for i, t in enumerate(arranged) for v in variables(t)])
        elif look == best[0]:  # places that a symmetry exchanges are one place
            best[1].extend((v, (i, _path(t, v))) for i, t in enumerate(arranged) for v in variables(t))
    return (head.number, str(p), best[0] if best else ()), best[1] if best else []


def _coloured(slot: Slot, colours: Sequence[int]) -> tuple[Any, ...]:
    if isinstance(slot, int):
        return (0, colours[slot])
    if slot[0] == "+":
        return (1, tuple(sorted((_coloured(t, colours), str(f)) for t, f in slot[1])), str(slot[2]))
    return (2, str(slot[1]), slot[2], _coloured(slot[3], colours))


def _path(slot: Slot, vertex: int) -> tuple[Any, ...]:
    """Where a vertex stands within a slot."""
    if isinstance(slot, int):
        return (0,)
    if slot[0] == "+":
        return (1, tuple(sorted((str(f), _path(t, vertex)) for t, f in slot[1] if vertex in variables(t))))
    return (2, str(slot[1]), slot[2], _path(slot[3], vertex))


def _orders(shape: Shape, colours: list[int]) -> Iterator[tuple[int, ...]]:
    """The orders of the vertices that agree with the colours; where some are alike, each of them once first."""
    stack = [colours]
    while stack:
        current = stack.pop()
        classes: dict[int, list[int]] = {}
        for vertex, colour in enumerate(current):
            classes.setdefault(colour, []).append(vertex)
        alike = next((classes[c] for c in sorted(classes) if len(classes[c]) > 1), None)
        if alike is None:
            yield tuple(sorted(range(len(current)), key=current.__getitem__))
            continue
        for vertex in reversed(alike):
            split = [2 * c + (c == current[vertex] and v != vertex) for v, c in enumerate(current)]
            stack.append(_refined(shape, _ranked(split)))


def _spell(shape: Shape, order: Sequence[int]) -> tuple[Any, Any]:
    """The writing under an order of the vertices: to compare, and as the key of a head."""
    number = {vertex: i for i, vertex in enumerate(order)}
    spelt = sorted((_spelt(patterns, number), c) for patterns, c in shape.sums)
    compared = [([(h, [slot_key(t) for t in slots], p) for h, slots, p in m], c) for m, c in spelt]
    return compared, tuple(spelt)


def _spelt(patterns: Sequence[Pattern], number: Mapping[int, int]) -> Any:
    found = []
    for head, slots, p in patterns:
        named = tuple(renamed(t, number) for t in slots)
        if head.traits.swaps:
            arranged = [tuple(named[i] for i in order) for order in (range(len(named)), *head.traits.swaps)]
            named = min(arranged, key=lambda given: [slot_key(t) for t in given])
        found.append((head.number, named, p))
    return _Comparable(sorted(found, key=_spelt_key))


def _spelt_key(item: tuple[int, tuple[Slot, ...], Power]) -> Any:
    return item[0], [slot_key(t) for t in item[1]], item[2]


class _Comparable(tuple[Any, ...]):
    """Atoms of a monomial as written; compared by their keys, for slots are of several types."""

    __slots__ = ()

    def __lt__(self, other: tuple[Any, ...]) -> bool:
        return [*map(_spelt_key, self)] < [*map(_spelt_key, other)]


def renamed(slot: Slot, number: Mapping[int, int]) -> Slot:
    """A slot with vertices replaced by numbers."""
    if isinstance(slot, int):
        return number[slot]
    if slot[0] == "+":
        return ("+", _sorted((renamed(t, number), f) for t, f in slot[1]), slot[2])
    return ("%", slot[1], slot[2], renamed(slot[3], number))


def body(s: Algebra, shape: Shape, order: Sequence[int]) -> Expr:
    """The expression of a shape over place-holders: 0, 1, … in the order of the vertices."""
    number = {vertex: i for i, vertex in enumerate(order)}
    result: Expr = {}
    for patterns, c in shape.sums:
        atoms: dict[Atom, Power] = {}
        for head, slots, p in patterns:
            atom = s.atom(head, [renamed(t, number) for t in slots])
            atoms[atom] = atoms.get(atom, 0) + p
        result[_monomial(atoms)] = c
    return result


def _monomial(atoms: Mapping[Atom, Power]) -> Monomial:
    return tuple(sorted(atoms.items(), key=lambda item: item[0].number))
