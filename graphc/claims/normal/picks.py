"""Entries picked by a label: `sum(t[i, j] * a[j] for j)` with a one-hot row t is the one a[j] the label points at.

Products of picks by one row are one pick of the product, and a function of a pick is the pick of the function.
"""

from __future__ import annotations

from collections.abc import Callable

from graphc.claims.normal.algebra import Algebra, Atom, Expr, Head, Power, constant, of_atom
from graphc.claims.normal.index import Slot
from graphc.claims.normal.sums import opened_sum, total
from graphc.claims.normal.terms import (
    RELATIONS_OF_PRODUCTS,
    add_into,
    delta,
    multiply,
    normalised,
    power,
    substitute,
)

Row = tuple[Head, tuple[Slot, ...]]


def row_of(s: Algebra, atom: Atom) -> Row | None:
    """The one-hot row a sum picks by, or an entry of one stands in."""
    along = atom.head.traits.one_hot
    if along is not None:
        return atom.head, atom.slots[:along] + atom.slots[along + 1 :]
    if atom.head.kind != "sum":
        return None
    place = dict(enumerate(atom.slots))
    for inner, p in next(iter(atom.head.body)):
        along = inner.head.traits.one_hot
        if along is None or p != 1:
            continue
        own = inner.slots[along]
        others = inner.slots[:along] + inner.slots[along + 1 :]
        if not isinstance(own, int) or own < atom.head.arity or not all(t in place for t in others):
            continue
        if inner.head.extents[along : along + 1] in ((), (atom.head.extents[own - atom.head.arity],)):
            return inner.head, tuple(place[t] for t in others)
    return None


def _joined(s: Algebra, powers: dict[Atom, Power]) -> Expr | None:
    """Several picks by one row as one."""
    rows: dict[Row, list[Atom]] = {}
    for atom, p in powers.items():
        row = row_of(s, atom) if isinstance(p, int) and p > 0 else None
        if row is not None:
            rows.setdefault(row, []).append(atom)
    for atoms in rows.values():
        sums = [a for a in atoms if a.head.kind == "sum"]
        if not sums or (len(atoms) == 1 and powers[atoms[0]] == 1):
            continue
        result = normalised(s, {a: p for a, p in powers.items() if a not in sums})
        names: frozenset[int] = frozenset()
        for atom in sums:
            for _ in range(int(powers[atom])):
                body, new = opened_sum(s, atom)
                result, names = multiply(s, result, body), names | new
        return total(s, result, names)
    return None


RELATIONS_OF_PRODUCTS.append(_joined)


def by_label(s: Algebra, expr: Expr, f: Callable[[Expr], Expr]) -> Expr | None:
    """`f` of an expression that picks by a one-hot row with a known total: `f` of every entry, then picked."""
    for m in expr:
        for atom, p in m:
            row = row_of(s, atom) if atom.head.kind == "sum" and isinstance(p, int) and p > 0 else None
            if row is None:
                continue
            along = row[0].traits.one_hot
            known = dict(row[0].traits.sums)
            if along is None or known.get(along) != 1:
                continue
            name = s.variable(row[0].extents[along])
            entry = s.atom(row[0], (*row[1][:along], name, *row[1][along:]))
            return total(s, multiply(s, of_atom(entry), f(_at(s, expr, row, name))), [name])
    return None


def _at(s: Algebra, expr: Expr, row: Row, name: int) -> Expr:
    """An expression where the one of a row stands at `name`."""
    result: Expr = {}
    for m, c in expr.items():
        product = constant(1)
        for atom, p in m:
            if row_of(s, atom) != row or not isinstance(p, int) or p < 0:
                factor = of_atom(atom, p)
            elif atom.head.kind == "sum":
                factor = power(s, _body_at(s, atom, row, name), p)
            else:
                factor = delta(s, atom.slots[atom.head.traits.one_hot or 0], name)
            product = multiply(s, product, factor)
        add_into(result, product, c)
    return result


def _body_at(s: Algebra, atom: Atom, row: Row, name: int) -> Expr:
    """What a sum picks at a place of the row."""
    body, names = opened_sum(s, atom)
    result: Expr = {}
    for m, c in body.items():
        own = next(a for a, _ in m if a.head is row[0] and row_of(s, a) == row)
        place = own.slots[row[0].traits.one_hot or 0]
        assert isinstance(place, int)
        rest = normalised(s, {a: p for a, p in m if a is not own})
        left = names - {place}
        add_into(result, total(s, substitute(s, rest, {place: name}), left), c)
    return result
