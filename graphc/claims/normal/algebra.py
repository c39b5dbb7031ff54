"""Heads, atoms and the tables they are kept in: the vocabulary of one proof.

An expression is a sum of monomials, a dictionary from monomial to its exact rational coefficient. A monomial is a
sorted tuple of (atom, power). An atom is a head with slots: `X[i, j]` is the head of the leaf X with two slots. The
head of a function has in its body what the function is taken of, with the numbers 0, 1, … as place-holders for its
slots; so `exp(X[i, j])` is one head too. Heads and atoms are interned: equality is `is`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from time import monotonic
from typing import Any

from graphc.claims.normal.index import Slot, replaced, slot_key, variables
from graphc.ir.node import Node
from graphc.ir.types import DimLike

FIRST_VARIABLE = 1 << 16  # smaller numbers are place-holders
MOST_TERMS = 4000
Coefficient = int | Fraction
Power = int | Fraction


class Unknown(Exception):
    """The proof is given up: time is out, terms are too many, or something has no normal form."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of a quantity.

    `sign` is 2 where it is positive almost everywhere, 1 where it is never negative, else 0. An `idempotent` one is 0
    or 1. A `smooth` one is analytic, `varying` one that depends on a real leaf. `one_hot` is the slot along which one
    entry is 1 and the others are 0, `sums` the total along each slot where it is known, `swaps` the permutations of
    the slots that change nothing, `leaves` what it depends on.
    """

    sign: int = 0
    idempotent: bool = False
    whole: bool = False
    smooth: bool = False
    varying: bool = False
    one_hot: int | None = None
    sums: tuple[tuple[int, Fraction], ...] = ()
    swaps: tuple[tuple[int, ...], ...] = ()
    leaves: frozenset[Node] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What an atom is, but for its slots: `kind` and `data` tell heads apart, `body` is what it is made of.

    `extents` are those of the variables summed over in the body, place-holders from `arity` on.
    """

    number: int
    kind: str
    data: Hashable
    arity: int
    traits: Traits
    body: Any = None
    extents: tuple[DimLike, ...] = ()
    special: bool = False

    def __repr__(self) -> str:
        return f"{self.kind}{self.number}"


@dataclass(frozen=True, slots=True, eq=False)
class Atom:
    """A head with its slots filled in."""

    number: int
    head: Head
    slots: tuple[Slot, ...]
    variables: frozenset[int]

    def __repr__(self) -> str:
        return f"{self.head!r}{list(self.slots)}" if self.slots else repr(self.head)


Monomial = tuple[tuple[Atom, Power], ...]
Expr = dict[Monomial, Coefficient]


@dataclass(slots=True)
class Algebra:
    """The tables of one proof, and its limits.

    With `through_exp`, tanh is written in exp; `unrolled`, sums over a few numbered places are written out. `positive`
    holds leaves that are positive wherever both sides are defined, `classes` how many classes labels are of.
    """

    deadline: float
    through_exp: bool = False
    unrolled: bool = False
    positive: frozenset[tuple[str, Hashable]] = frozenset()
    heads: dict[tuple[str, Hashable], Head] = field(default_factory=dict)
    atoms: dict[tuple[Head, tuple[Slot, ...]], Atom] = field(default_factory=dict)
    extents: dict[int, DimLike] = field(default_factory=dict)
    axes: dict[tuple[int, DimLike], int] = field(default_factory=dict)
    shapes: dict[Hashable, Any] = field(default_factory=dict)
    classes: Mapping[Node, DimLike] = field(default_factory=dict)
    ticks: int = 0

    def tick(self, terms: int = 0) -> None:
        """One step done; raises Unknown when time is out or there are too many terms."""
        self.ticks += 1
        if terms > MOST_TERMS or (self.ticks % 64 == 0 and monotonic() > self.deadline):
            raise Unknown

    def variable(self, extent: DimLike) -> int:
        """A new index variable."""
        number = FIRST_VARIABLE + len(self.extents)
        self.extents[number] = extent
        return number

    def axis(self, from_right: int, extent: DimLike) -> int:
        """The variable that stands for an axis of an array, counted from the right: the same for all arrays."""
        key = (from_right, extent)
        if key not in self.axes:
            self.axes[key] = self.variable(extent)
        return self.axes[key]

    def extent(self, slot: Slot) -> DimLike | None:
        """How many values a variable takes; None for what is none."""
        return self.extents.get(slot) if isinstance(slot, int) else None

    def replaced(self, slot: Slot, mapping: Mapping[int, Slot]) -> Slot:
        """`slot` with variables replaced."""
        return replaced(slot, mapping, self.extent)

    def head(
        self,
        kind: str,
        data: Hashable,
        arity: int,
        traits: Callable[[], Traits],
        body: Any = None,
        extents: tuple[DimLike, ...] = (),
    ) -> Head:
        """The head of that kind and data; its traits are worked out once."""
        key = (kind, data)
        found = self.heads.get(key)
        if found is None:
            known = traits()
            special = (
                known.idempotent or kind in ("base", "prime", "sin", "delta", "before") or picks(kind, body)
            )
            found = Head(len(self.heads), kind, data, arity, known, body, extents, special)
            self.heads[key] = found
        return found

    def atom(self, head: Head, slots: Iterable[Slot] = ()) -> Atom:
        """The atom with these slots, in the order that its symmetries allow and that comes first."""
        given = tuple(slots)
        if head.traits.swaps:
            given = min(
                (tuple(given[i] for i in p) for p in (range(len(given)), *head.traits.swaps)), key=_slots_key
            )
        found = self.atoms.get((head, given))
        if found is None:
            names = frozenset().union(*map(variables, given)) if given else frozenset()
            found = Atom(len(self.atoms), head, given, names)
            self.atoms[head, given] = found
        return found


def _slots_key(slots: tuple[Slot, ...]) -> list[Any]:
    return [slot_key(s) for s in slots]


def picks(kind: str, body: Any) -> bool:
    """Whether a head is a sum over the entries of a one-hot row, among others."""
    return kind == "sum" and any(a.head.traits.one_hot is not None for m in body for a, _ in m)


def exact(value: Fraction | int) -> int | Fraction:
    """A fraction that is whole as an int."""
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


def monomial(powers: Mapping[Atom, Power]) -> Monomial:
    """The monomial of these atoms and powers."""
    return tuple(sorted(((a, p) for a, p in powers.items() if p), key=_number))


def _number(item: tuple[Atom, Power]) -> int:
    return item[0].number


def constant(value: Coefficient) -> Expr:
    """The expression that is a number."""
    return {(): value} if value else {}


def of_atom(atom: Atom, power: Power = 1) -> Expr:
    """The expression that is one atom."""
    return {((atom, power),): 1}


def number_of(expr: Expr) -> Coefficient | None:
    """The number an expression is, if it is one."""
    if not expr:
        return 0
    return expr[()] if len(expr) == 1 and () in expr else None
