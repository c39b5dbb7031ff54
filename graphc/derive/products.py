"""Products of numbers under sums over indices: what does not depend on an index stands before its sum."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from graphc.ir.node import Node
from graphc.ir.types import DimLike
from graphc.ops.form import Form, form
from graphc.ops.leaf import size
from graphc.ops.notation import number_text

Range = tuple[str, DimLike]
"""An index and the size it runs over."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A number for each choice of the `letters`: how it is written, or the sum that it is."""

    form: Node | Form
    letters: frozenset[str] = frozenset()
    total: Total | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """The factors above the line of a fraction over those below it, with a sign."""

    above: tuple[Factor, ...] = ()
    below: tuple[Factor, ...] = ()
    negative: bool = False

    @property
    def letters(self) -> frozenset[str]:
        """The indices it depends on."""
        return frozenset[str]().union(*(f.letters for f in (*self.above, *self.below)))


@dataclass(frozen=True, slots=True)
class Total:
    """A sum of `body` over the indices of `ranges`."""

    ranges: tuple[Range, ...]
    body: Product


def number(value: Fraction) -> Product:
    """An exact number as a quotient of whole numbers."""
    parts = [
        (Factor(Form("number", (), number_text("", n))),) if n != 1 else ()
        for n in (abs(value.numerator), value.denominator)
    ]
    return Product(parts[0], parts[1], value < 0)


def times(one: Product, other: Product) -> Product:
    """The product of two products."""
    return Product(one.above + other.above, one.below + other.below, one.negative != other.negative)


def over(one: Product, other: Product) -> Product:
    """The quotient of two products."""
    return Product(one.above + other.below, one.below + other.above, one.negative != other.negative)


def negated(one: Product) -> Product:
    """The product with the other sign."""
    return replace(one, negative=not one.negative)


def summed(ranges: Sequence[Range], body: Product) -> Product:
    """The sum of `body` over indices, its constant factors before it; a sum within a product joins the sum."""
    letters = {letter for letter, _ in ranges}
    inside = [f for f in body.above if f.letters & letters]
    below = [f for f in body.below if f.letters & letters]
    used = frozenset[str]().union(*(f.letters for f in (*inside, *below)))
    repeated = tuple(Factor(form(size(extent))) for letter, extent in ranges if letter not in used)
    outside = Product(
        (*repeated, *(f for f in body.above if not f.letters & letters)),
        tuple(f for f in body.below if not f.letters & letters),
        body.negative,
    )
    kept = tuple((letter, extent) for letter, extent in ranges if letter in used)
    if not kept:
        return outside
    kept, core = _joined(kept, inside, below)
    free = core.letters - {letter for letter, _ in kept}
    sign = Product(negative=core.negative)
    core = replace(core, negative=False)
    total = Total(kept, core)
    return times(times(outside, sign), Product((Factor(_total_form(total), free, total),)))


def _joined(
    ranges: tuple[Range, ...], inside: Sequence[Factor], below: Sequence[Factor]
) -> tuple[tuple[Range, ...], Product]:
    """The factors under a sum, with the sums among them made one with it where their indices differ from all others."""
    core = Product((), tuple(below))
    for at, factor in enumerate(inside):
        total = factor.total
        taken = {letter for letter, _ in ranges} | core.letters
        taken |= frozenset[str]().union(*(f.letters | _bound(f) for f in inside[at + 1 :]))
        if total is None or any(letter in taken for letter, _ in total.ranges):
            core = times(core, Product((factor,)))
        else:
            ranges += total.ranges
            core = times(core, total.body)
    return ranges, core


def _bound(factor: Factor) -> frozenset[str]:
    if factor.total is None:
        return frozenset()
    inner = frozenset[str]().union(*(_bound(f) for f in factor.total.body.above))
    return inner | {letter for letter, _ in factor.total.ranges}


def _total_form(total: Total) -> Form:
    ranges = tuple((letter, str(extent)) for letter, extent in total.ranges)
    return Form("total", (written(total.body),), "", ranges)


def written(product: Product) -> Node | Form:
    """The notation of a product: a single sum with what stands before it, or a quotient."""
    totals = [f for f in product.above if f.total is not None]
    others = [f for f in product.above if f.total is None]
    if len(totals) == 1 and (others or product.below):
        above, below = _chain(others), _chain(product.below)
        found: Node | Form = Form("scaled", (above, below, totals[0].form))
    elif product.below:
        found = Form("div", (_chain(product.above), _chain(product.below)))
    else:
        found = _chain(product.above)
    return Form("neg", (found,)) if product.negative else found


def _chain(factors: Sequence[Factor] | Collection[Factor]) -> Node | Form:
    found: Node | Form | None = None
    for factor in factors:
        found = factor.form if found is None else Form("mul", (found, factor.form))
    return Form("number", (), "1") if found is None else found
