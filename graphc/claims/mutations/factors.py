"""One number between what is claimed and what is right: a sign, a 2, a size, or several of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np

from graphc.claims import mistakes
from graphc.claims.mistakes import Mistake
from graphc.claims.mutations.at import Array, At, close
from graphc.ir.node import Node, topological
from graphc.ir.types import DimLike, evaluate_dim

LARGEST = 12
_SIGNS: tuple[tuple[tuple[Mistake, ...], float], ...] = (((), 1.0), ((Mistake(mistakes.SIGN),), -1.0))
_TWOS: tuple[tuple[tuple[Mistake, ...], float], ...] = (
    ((), 1.0),
    ((Mistake(mistakes.TWICE),), 2.0),
    ((Mistake(mistakes.HALF),), 0.5),
)


@dataclass(frozen=True, slots=True)
class Factor:
    """A number, one per point, and the mistakes that it stands for."""

    mistakes: tuple[Mistake, ...]
    values: tuple[float, ...]


def factors(sizes: Sequence[DimLike], ats: Sequence[At], repeated: DimLike | None = None) -> list[Factor]:
    """All numbers that a sign, a 2 and one size make, those of fewest mistakes first.

    `repeated` is the number of entries that a sum is over where a mean would divide by it.
    """
    shares: list[tuple[tuple[Mistake, ...], tuple[float, ...]]] = [((), (1.0,) * len(ats))]
    for d in sizes:
        numbers = [float(evaluate_dim(d, at.sizes)) for at in ats]
        text = share_of(d)
        shares.append(((Mistake(mistakes.MISSING_SHARE, "", text),), tuple(numbers)))
        extra = Mistake(mistakes.MEAN_FOR_SUM if d == repeated else mistakes.EXTRA_SHARE, "", text)
        shares.append(((extra,), tuple(1 / n if n else np.inf for n in numbers)))
    found = [
        Factor((*sign, *two, *many), tuple(s * t * n for n in numbers))
        for (sign, s), (two, t), (many, numbers) in product(_SIGNS, _TWOS, shares)
        if sign or two or many
    ]
    return sorted(found, key=lambda f: len(f.mistakes))


def scalars(right: Node, ats: Sequence[At]) -> list[Factor]:
    """The scalars of an expression, such as a temperature, left out: where they multiply, or where they divide."""
    found = []
    order = topological([right])
    dividing = below_bars(order)
    for node in order:
        if node.is_leaf and node.shape == () and node.dtype == "real":
            values = [float(at.value(node)) for at in ats]
            if all(v not in (0.0, 1.0) for v in values):
                name = f"1/{node.name}" if node in dividing else str(node.name)
                missing = tuple(v if node in dividing else 1 / v for v in values)
                found.append(Factor((Mistake(mistakes.CHAIN, "", name),), missing))
    return found


def below_bars(order: Sequence[Node]) -> set[Node]:
    """The parts of an expression, its nodes operands first, that stand below a fraction bar."""
    found: set[Node] = set()
    for node in reversed(order):
        inverse = node.op.name in ("div", "reciprocal")
        products = node.op.name in ("mul", "div", "broadcast", "reshape", "neg")
        for i, a in enumerate(node.args):
            if (inverse and i == len(node.args) - 1) != (products and node in found):
                found.add(a)
    return found


def share_of(d: DimLike) -> str:
    """`1/K`, or `1/(N*K)`; nothing for N, which the names of the mistakes have."""
    if str(d) == "N":
        return ""
    return f"1/{d}" if str(d).isalnum() else f"1/({d})"


def ratios(claimed: Sequence[Array], right: Sequence[Array]) -> tuple[float, ...] | None:
    """The one number per point that the right arrays have to be multiplied by; None if there is none."""
    found = []
    for c, r in zip(claimed, right, strict=True):
        if c.shape != r.shape or not r.size:
            return None
        place = np.unravel_index(int(np.argmax(np.abs(r))), r.shape)
        if not np.isfinite(r[place]) or r[place] == 0 or not np.isfinite(c[place]) or c[place] == 0:
            return None
        ratio = float(c[place]) / float(r[place])
        if not close(np.asarray(c), np.asarray(ratio * r)):
            return None
        found.append(ratio)
    return tuple(found)


def named(ratio: tuple[float, ...], known: Sequence[Factor]) -> tuple[Mistake, ...] | None:
    """The mistakes a factor stands for; None for 1, and for a number that says nothing."""
    if all(abs(r - 1) < 1e-9 for r in ratio):
        return ()
    for factor in known:
        if all(abs(r - v) <= 1e-8 * abs(v) for r, v in zip(ratio, factor.values, strict=True)):
            return factor.mistakes
    simple = Fraction(ratio[0]).limit_denominator(LARGEST)
    if abs(simple.numerator) <= LARGEST and all(abs(r - float(simple)) < 1e-9 for r in ratio):
        sign = (Mistake(mistakes.SIGN),) if simple < 0 else ()
        if abs(simple.numerator) == 1:
            return (*sign, Mistake(mistakes.CHAIN, "", f"{simple.denominator}"))
        return (*sign, Mistake(mistakes.CONSTANT, "", f"{abs(simple)} times the right one"))
    return None
