"""Sums over indices: deltas used up, totals that are known, and each connected part of a product one atom.

A sum of products falls apart into factors that share no variable that is summed over. Each such factor is an atom of
its own, with a power: so `sum(exp(z[i, j]) for j)` cancels against its inverse. Where a further sum runs over one of
its slots the atom is opened again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from graphc.claims.normal.algebra import (
    Algebra,
    Atom,
    Expr,
    Head,
    Monomial,
    Power,
    Traits,
    constant,
    exact,
    of_atom,
)
from graphc.claims.normal.heads import function
from graphc.claims.normal.index import Slot, laid_out, linear, number_slot, variables, within
from graphc.claims.normal.terms import (
    AGAIN,
    add_into,
    multiply,
    normalised,
    replace_in,
    substitute,
    times,
)
from graphc.ir.types import Dim, DimLike

FEW = 4

# More that a sum over variables, which all stand somewhere, may come to: entered by other modules.
RELATIONS: list[Callable[[Algebra, dict[Atom, Power], frozenset[int]], Expr | None]] = []


def total(s: Algebra, expr: Expr, bound: Iterable[int]) -> Expr:
    """The sum of an expression over variables."""
    names = frozenset(bound)
    if s.unrolled:
        expr, names = _written_out(s, expr, names)
    result: Expr = {}
    for m, c in expr.items():
        s.tick(len(result))
        add_into(result, _summed(s, dict(m), names), c)
    return result


def _written_out(s: Algebra, expr: Expr, bound: frozenset[int]) -> tuple[Expr, frozenset[int]]:
    """Sums over variables of a few values as that many terms."""
    for name in sorted(bound):
        extent = s.extents[name]
        if isinstance(extent, int) and extent <= FEW:
            whole: Expr = {}
            for i in range(extent):
                add_into(whole, substitute(s, expr, {name: number_slot(i)}))
            expr, bound = whole, bound - {name}
    return expr, bound


def size(s: Algebra, extent: DimLike) -> Expr:
    """A dimension as an expression."""
    if not isinstance(extent, Dim):
        return constant(extent)
    result: Expr = {}
    for powers, c in extent.terms:
        atoms = {_size_atom(s, name): p for name, p in powers}
        add_into(result, normalised(s, dict(atoms)), c)
    return result


def _size_atom(s: Algebra, name: str) -> Atom:
    return s.atom(s.head("size", name, 0, lambda: Traits(sign=2, whole=True, smooth=True)))


def _summed(s: Algebra, powers: dict[Atom, Power], bound: frozenset[int]) -> Expr:
    """The sum of one product over variables."""
    for step in (_opened, _related, _delta_used, _known_total, _taken_apart, _turned):
        found = step(s, powers, bound)
        if found is not None:
            return found
    factor = constant(1)
    used = frozenset().union(*(a.variables for a in powers))
    for name in sorted(bound - used):
        factor = multiply(s, factor, size(s, s.extents[name]))
    return multiply(s, factor, _parts(s, powers, bound & used))


def _monomial(powers: Mapping[Atom, Power]) -> Monomial:
    return tuple(sorted(powers.items(), key=lambda item: item[0].number))


def _opened(s: Algebra, powers: dict[Atom, Power], bound: frozenset[int]) -> Expr | None:
    """A sum that has a slot summed over, opened: its own variables are summed over as well."""
    for atom, p in powers.items():
        if atom.head.kind == "sum" and isinstance(p, int) and p > 0 and not atom.variables.isdisjoint(bound):
            rest = {a: q for a, q in {**powers, atom: p - 1}.items() if q}
            body, names = opened_sum(s, atom)
            return total(s, multiply(s, normalised(s, rest), body), bound | names)
    return None


def opened_sum(s: Algebra, atom: Atom) -> tuple[Expr, frozenset[int]]:
    """What a sum is taken of, with new variables."""
    names = [s.variable(e) for e in atom.head.extents]
    mapping: dict[int, Slot] = dict(enumerate((*atom.slots, *names)))
    return substitute(s, atom.head.body, mapping), frozenset(names)


def _related(s: Algebra, powers: dict[Atom, Power], bound: frozenset[int]) -> Expr | None:
    expr = normalised(s, powers)
    return None if expr == {_monomial(powers): 1} else total(s, expr, bound)


def _delta_used(s: Algebra, powers: dict[Atom, Power], bound: frozenset[int]) -> Expr | None:
    """A delta with a summed variable: what it equals takes its place, if that is within its range."""
    for atom in powers:
        if atom.head.kind != "delta":
            continue
        for name, other in (atom.slots, atom.slots[::-1]):
            if not isinstance(name, int) or name not in bound or name in variables(other):
                continue
            if within(other, s.extents[name], s.extent):
                rest = {a: p for a, p in powers.items() if a is not atom}
                return total(s, replace_in(s, rest, {name: other}), bound - {name})
    return None


def _known_total(s: Algebra, powers: dict[Atom, Power], bound: frozenset[int]) -> Expr | None:
    """A factor whose total over a variable that stands nowhere else is known."""
    for atom, p in powers.items():
        for slot, value in atom.head.traits.sums if p == 1 else ():
            name = atom.slots[slot]
            if (
                not isinstance(name, int)
                or name not in bound
                or s.extents[name] != extent_of(atom.head, slot)
            ):
                continue
            rest = {a: q for a, q in powers.items() if a is not atom}
            if any(name in a.variables for a in rest) or atom.slots.count(name) > 1:
                continue
            if any(name in variables(t) for i, t in enumerate(atom.slots) if i != slot):
                continue
            return times(total(s, normalised(s, rest), bound - {name}), exact(value))
    return None


def extent_of(head: Head, slot: int) -> DimLike | None:
    """How many values a slot of a leaf, or of another head with known extents, takes."""
    return head.extents[slot] if slot < len(head.extents) else None


def _taken_apart(s: Algebra, powers: dict[Atom, Power], bound: frozenset[int]) -> Expr | None:
    """Variables that are summed over places laid out from several: the several ones in their place."""
    for atom in powers:
        for slot in atom.slots:
            for name, dims in _parts_in(slot):
                if name in bound:
                    names = [s.variable(d) for d in dims]
                    there = {name: laid_out(dims, names)}
                    return total(s, replace_in(s, powers, there), (bound - {name}) | {*names})
    return None


def _turned(s: Algebra, powers: dict[Atom, Power], bound: frozenset[int]) -> Expr | None:
    """A variable that is only counted down, as in `x[N - 1 - i]`: counted up in its place."""
    slots = [t for a in powers for t in a.slots if not variables(t).isdisjoint(bound)]
    up = {t for t in slots if isinstance(t, int)}
    down: dict[int, bool] = {}
    for slot in slots:
        for inner, factor in slot[1] if isinstance(slot, tuple) and slot[0] == "+" else ():
            for name in variables(inner):
                down[name] = down.get(name, True) and factor == -1 and isinstance(inner, int)
    for name in sorted(bound - up):
        if down.get(name):
            return total(s, replace_in(s, powers, {name: linear([(name, -1)], s.extents[name] - 1)}), bound)
    return None


def _parts_in(slot: Slot) -> list[tuple[int, tuple[DimLike, ...]]]:
    if isinstance(slot, int):
        return []
    if slot[0] == "%":
        inner = slot[3]
        return [(inner, slot[1])] if isinstance(inner, int) else _parts_in(inner)
    return [found for t, _ in slot[1] for found in _parts_in(t)]


# Connected parts --------------------------------------------------------------------------------------------------


def _parts(s: Algebra, powers: dict[Atom, Power], bound: frozenset[int]) -> Expr:
    """The sum over variables that all stand somewhere, as a product of the sums of connected parts."""
    for step in (_cancelled, *RELATIONS):
        found = step(s, powers, bound)
        if found is not None:
            return found
    outside = {a: p for a, p in powers.items() if a.variables.isdisjoint(bound)}
    result = normalised(s, outside)
    for names, atoms in connected(powers, bound):
        result = multiply(s, result, of_atom(_closed(s, atoms, names)))
    return result


def _closed(s: Algebra, atoms: Mapping[Atom, Power], names: frozenset[int]) -> Atom:
    """The atom of a connected sum."""
    return function(s, "sum", {_monomial(atoms): 1}, {n: s.extents[n] for n in sorted(names)})


def connected(
    powers: Mapping[Atom, Power], bound: frozenset[int]
) -> list[tuple[frozenset[int], dict[Atom, Power]]]:
    """The factors that share summed variables, directly or through others."""
    groups: list[tuple[frozenset[int], dict[Atom, Power]]] = []
    for atom, p in powers.items():
        names = atom.variables & bound
        if not names:
            continue
        atoms = {atom: p}
        apart = []
        for known, others in groups:
            if known.isdisjoint(names):
                apart.append((known, others))
            else:
                names, atoms = names | known, {**others, **atoms}
        groups = [*apart, (names, atoms)]
    return groups


def _cancelled(s: Algebra, powers: dict[Atom, Power], bound: frozenset[int]) -> Expr | None:
    """Inner sums that cancel against an inverse, or reduce with one, when closed before the outer variables."""
    for atom, p in powers.items():
        if atom.head.kind not in ("sum", "base") or p >= 0 or atom.variables.isdisjoint(bound):
            continue
        inner = bound - atom.variables
        outside = {a: q for a, q in powers.items() if a.variables.isdisjoint(inner)}
        closed = dict(outside)
        for names, atoms in connected(powers, inner):
            part = _closed(s, atoms, names)
            closed[part] = exact(closed.get(part, 0) + 1)
        left = {a: q for a, q in closed.items() if q}
        expr = normalised(s, left)
        if expr != {_monomial(left): 1} or any(closed.get(a) != q for a, q in outside.items() if q < 0):
            return total(s, expr, bound & atom.variables)
    return None


def _again(s: Algebra, head: Head, slots: tuple[Slot, ...]) -> Expr:
    body, names = opened_sum(s, s.atom(head, slots))
    return total(s, body, names)


AGAIN["sum"] = _again
