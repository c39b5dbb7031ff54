"""Sums and products of expressions, and the relations between atoms that a product brings to bear.

Relations: idempotents; Kronecker deltas, which replace a variable by what it equals; entries of one one-hot row, whose
product vanishes; powers of sums, which are multiplied out where positive; `lead * base**-1 = 1 - rest * base**-1`;
whole powers of numbers; `sin**2 = 1 - cos**2`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

from graphc.claims.normal.algebra import (
    Algebra,
    Atom,
    Coefficient,
    Expr,
    Head,
    Monomial,
    Power,
    Traits,
    Unknown,
    constant,
    exact,
    monomial,
    of_atom,
)
from graphc.claims.normal.index import Slot, linear, never_zero, not_negative, slot_key, variables

LARGEST_POWER = 12
# How an atom is worked out anew when its slots are not all different any more, by the kind of its head.
AGAIN: dict[str, Callable[[Algebra, Head, tuple[Slot, ...]], Expr]] = {}
RELATIONS_OF_PRODUCTS: list[
    Callable[[Algebra, dict[Atom, Power]], Expr | None]
] = []  # more, from other modules
RAISED: list[
    Callable[[Algebra, Expr, Power], Expr]
] = []  # rational powers, entered by the module of functions


def add_into(total: Expr, expr: Expr, by: Coefficient = 1) -> None:
    """`total += by * expr`."""
    for m, c in expr.items():
        value = exact(total.get(m, 0) + c * by)
        if value:
            total[m] = value
        else:
            total.pop(m, None)


def plus(*exprs: Expr) -> Expr:
    """The sum of expressions."""
    total: Expr = {}
    for e in exprs:
        add_into(total, e)
    return total


def times(expr: Expr, by: Coefficient) -> Expr:
    """An expression times a number."""
    return {m: exact(c * by) for m, c in expr.items()} if by else {}


def minus(a: Expr, b: Expr) -> Expr:
    """The difference of two expressions."""
    total = dict(a)
    add_into(total, b, -1)
    return total


def multiply(s: Algebra, a: Expr, b: Expr) -> Expr:
    """The product of two expressions, multiplied out."""
    if len(b) == 1 and () in b:
        return times(a, b[()])
    if len(a) == 1 and () in a:
        return times(b, a[()])
    total: Expr = {}
    for m, c in a.items():
        for n, d in b.items():
            s.tick(len(total))
            add_into(total, product_of(s, m, n), c * d)
    return total


def product_of(s: Algebra, m: Monomial, n: Monomial) -> Expr:
    """The product of two monomials."""
    powers = dict(m)
    for atom, p in n:
        powers[atom] = exact(powers.get(atom, 0) + p)
    return normalised(s, powers)


def power(s: Algebra, expr: Expr, n: int) -> Expr:
    """A whole power from 0 on, multiplied out."""
    if len(expr) > 1 and n > LARGEST_POWER:
        raise Unknown
    if len(expr) == 1:
        ((m, c),) = expr.items()
        if abs(n) > 1000 and c not in (1, -1):
            raise Unknown
        return times(normalised(s, {a: exact(p * n) for a, p in m}), c**n)
    result = constant(1)
    for _ in range(n):
        result = multiply(s, result, expr)
    return result


def normalised(s: Algebra, powers: dict[Atom, Power]) -> Expr:
    """The product of atoms with these powers, after every relation between them was used."""
    if not any(atom.head.special for atom in powers):
        return {monomial(powers): 1}
    s.tick()
    result = _idempotent(powers)
    for relation in (_deltas, _one_hot, _primes, _circle, _expanded, _reduced, *RELATIONS_OF_PRODUCTS):
        found = relation(s, result)
        if found is not None:
            return found
    return {monomial(result): 1}


def _idempotent(powers: dict[Atom, Power]) -> dict[Atom, Power]:
    return {a: 1 if a.head.traits.idempotent else p for a, p in powers.items() if p}


# Kronecker deltas -------------------------------------------------------------------------------------------------


def delta(s: Algebra, a: Slot, b: Slot) -> Expr:
    """1 where two slots are equal, else 0."""
    if a == b:
        return constant(1)
    apart = linear([(a, 1), (b, -1)])
    if isinstance(apart, tuple) and apart[0] == "+":
        if not apart[1]:
            return (
                {} if not_negative(apart[2] - 1) or not_negative(-1 * apart[2] - 1) else _delta_atom(s, a, b)
            )
        split = _sides(apart)
        if split is not None:
            return _delta_atom(s, *split)
        if never_zero(apart, s.extent):
            return {}
    return _delta_atom(s, a, b)


def _sides(apart: Slot) -> tuple[Slot, Slot] | None:
    """`f*x - f*y` as x and y; `x - rest` as x and the rest, if only one variable stands by itself."""
    terms, number = apart[1], apart[2]
    if number == 0 and len(terms) == 2 and terms[0][1] + terms[1][1] == 0:
        return terms[0][0], terms[1][0]
    alone = [(t, f) for t, f in terms if f in (1, -1)]
    if len(alone) == 1:
        ((t, f),) = alone
        return t, linear([(u, -1 * f * g) for u, g in terms if u != t], -1 * f * number)
    return None


def _delta_atom(s: Algebra, a: Slot, b: Slot) -> Expr:
    head = s.head("delta", (), 2, lambda: Traits(sign=1, idempotent=True, whole=True, swaps=((1, 0),)))
    return of_atom(s.atom(head, (a, b)))


def equated(a: Slot, b: Slot) -> tuple[int, Slot] | None:
    """A variable and what it has to be replaced by where two slots are equal; of two variables the later one."""
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b), min(a, b)
    for x, y in ((a, b), (b, a)):
        if isinstance(x, int) and x not in variables(y):
            return x, y
    return None


def _deltas(s: Algebra, powers: dict[Atom, Power]) -> Expr | None:
    for atom in sorted((a for a in powers if a.head.kind == "delta"), key=lambda a: a.number):
        known = equated(*atom.slots)
        if known is None or not any(known[0] in a.variables for a in powers if a is not atom):
            continue
        rest = {a: p for a, p in powers.items() if a is not atom}
        return multiply(s, of_atom(atom), replace_in(s, rest, {known[0]: known[1]}))
    return None


def replace_in(s: Algebra, powers: Mapping[Atom, Power], mapping: Mapping[int, Slot]) -> Expr:
    """A product with index variables replaced."""
    kept: dict[Atom, Power] = {}
    others: list[Expr] = []
    for atom, p in powers.items():
        if atom.variables.isdisjoint(mapping):
            kept[atom] = exact(kept.get(atom, 0) + p)
            continue
        found = place(s, atom.head, tuple(s.replaced(t, mapping) for t in atom.slots))
        if isinstance(found, Atom):
            kept[found] = exact(kept.get(found, 0) + p)
        else:
            others.append(RAISED[0](s, found, p))
    result = normalised(s, kept)
    for other in others:
        result = multiply(s, result, other)
    return result


def place(s: Algebra, head: Head, slots: tuple[Slot, ...]) -> Atom | Expr:
    """The atom of a head at slots; worked out anew where slots are equal, or are numbers."""
    if head.kind == "delta":
        return delta(s, *slots)
    if head.kind in AGAIN and (
        len(set(slots)) < len(slots) or any(_is_new(head, t) for t in slots) or _has_delta(head)
    ):
        return AGAIN[head.kind](s, head, slots)
    return s.atom(head, slots)


def _has_delta(head: Head) -> bool:
    """Whether a sum has a delta in it, which may come to something else within other ranges."""
    return head.kind == "sum" and any(a.head.kind == "delta" for m in head.body for a, _ in m)


def _is_new(head: Head, slot: Slot) -> bool:
    """Whether a slot may let a head come to something simpler: a number, or in a comparison of places any sum."""
    given = isinstance(slot, tuple) and slot[0] == "+"
    return given and (not slot[1] or head.kind in ("indicator", "zero", "iota"))


def substitute(s: Algebra, expr: Expr, mapping: Mapping[int, Slot]) -> Expr:
    """An expression with index variables replaced, all at once."""
    mapping = {a: b for a, b in mapping.items() if a != b}
    if not mapping:
        return expr
    total: Expr = {}
    for m, c in expr.items():
        s.tick()
        if all(a.variables.isdisjoint(mapping) for a, _ in m):
            add_into(total, {m: c})
        else:
            add_into(total, replace_in(s, dict(m), mapping), c)
    return total


# The other relations ----------------------------------------------------------------------------------------------


def _one_hot(s: Algebra, powers: dict[Atom, Power]) -> Expr | None:
    """Entries of one row: `t[i, j] * t[i, k]` is `t[i, j]` where j and k are equal, else 0."""
    rows: dict[tuple[Head, tuple[Slot, ...]], Atom] = {}
    for atom in sorted(powers, key=lambda a: a.number):
        along = atom.head.traits.one_hot
        if along is None:
            continue
        row = (atom.head, atom.slots[:along] + atom.slots[along + 1 :])
        other = rows.setdefault(row, atom)
        if other is not atom:
            rest = {a: p for a, p in powers.items() if a is not atom}
            return multiply(s, delta(s, other.slots[along], atom.slots[along]), normalised(s, rest))
    return None


def _primes(s: Algebra, powers: dict[Atom, Power]) -> Expr | None:
    """Whole powers of numbers are numbers; what stays has a power between 0 and 1."""
    factor: Coefficient = 1
    kept = dict(powers)
    for atom, p in powers.items():
        if atom.head.kind == "prime" and not 0 < p < 1:
            whole = floor(p)
            factor = exact(factor * Fraction(atom.head.body) ** whole)
            kept[atom] = exact(p - whole)
    if kept == powers:
        return None
    return times(normalised(s, {a: p for a, p in kept.items() if p}), factor)


def _circle(s: Algebra, powers: dict[Atom, Power]) -> Expr | None:
    for atom, p in powers.items():
        if atom.head.kind == "sin" and p >= 2:
            other = s.atom(s.heads["cos", atom.head.data], atom.slots)
            rest = {**powers, atom: exact(p - 2)}
            both = minus(constant(1), of_atom(other, 2))
            return multiply(s, normalised(s, {a: q for a, q in rest.items() if q}), both)
    return None


def body_of(s: Algebra, atom: Atom) -> Expr:
    """What the atom of a function is taken of, at its slots."""
    return substitute(s, atom.head.body, dict(enumerate(atom.slots)))


def _expanded(s: Algebra, powers: dict[Atom, Power]) -> Expr | None:
    """Positive powers of sums, and whole ones of products, multiplied out."""
    for atom, p in powers.items():
        if atom.head.kind != "base" or (p <= 0 and (len(atom.head.body) > 1 or p > -1)):
            continue
        whole = ceil(p)
        rest = {**powers, atom: exact(p - whole)}
        kept = normalised(s, {a: q for a, q in rest.items() if q})
        return multiply(s, kept, RAISED[0](s, body_of(s, atom), whole))
    return None


def _reduced(s: Algebra, powers: dict[Atom, Power]) -> Expr | None:
    """`lead * base**-1` is `1 - rest * base**-1`: no monomial keeps both a base below and its leading term above."""
    for atom, p in powers.items():
        if atom.head.kind != "base" or p > -1 or len(atom.head.body) < 2:
            continue
        body = body_of(s, atom)
        if any(a.head.traits.idempotent for m in body for a, _ in m):
            continue  # it may be 0 in one of its cases
        lead = max(body, key=order_key)
        if all(powers.get(a, 0) >= q for a, q in lead):
            rest = dict(powers)
            for a, q in lead:
                rest[a] = exact(rest[a] - q)
            over = Fraction(1) / body[lead]
            below = {m: c for m, c in body.items() if m != lead}
            once = normalised(s, {a: q for a, q in {**rest, atom: exact(p + 1)}.items() if q})
            again = normalised(s, {a: q for a, q in rest.items() if q})
            s.tick()
            return times(minus(once, multiply(s, again, below)), exact(over))
    return None


def order_key(m: Monomial) -> list[Any]:
    """A monomial order that does not change when variables are renamed, but among entries of one array."""
    return [
        (h, slots, p)
        for h, slots, p in sorted(
            ((a.head.number, [slot_key(t) for t in a.slots], p) for a, p in m), reverse=True
        )
    ]


def atoms_of(expr: Expr) -> Iterable[Atom]:
    """The atoms of an expression, each once, in order."""
    return dict.fromkeys(a for m in expr for a, _ in m)
