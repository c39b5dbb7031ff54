"""Multiplying out: products of sums written as one sum of terms, where something cancels by it."""

from __future__ import annotations

from fractions import Fraction

from graphc.ir.node import Node
from graphc.rewrite.choice import chosen
from graphc.rewrite.terms import SEEN_THROUGH, Factors, Terms, is_short, terms_of, tidy, times

MAX_EXPANDED = 40


def expand(terms: Terms) -> Terms | None:
    """Products of sums multiplied out, if something cancels by it; None if not, or if it grows beyond the bound."""
    if (len(terms.by_factors) < 2 and not terms.below) or not _may_cancel(terms):
        return None
    work, done, cancelled = list(terms.items()), list[tuple[Factors, Fraction]](), False
    decimal = terms.decimal
    while work:
        factors, coefficient = work.pop(0)
        opened = next((f for f, p in factors if 0 < p <= 2 and len(_opened(f)) > 1), None)
        if opened is None:
            done.append((factors, coefficient))
            continue
        inner = _opened(opened)
        decimal = decimal or inner.decimal
        rest = times(factors, ((opened, 1),), -1)
        fresh: list[tuple[Factors, Fraction]] = []
        for f, c in inner.items():
            both = tidy(times(rest, f))
            cancelled = cancelled or _degree(both) < _degree(rest) + _degree(f)
            fresh.append((both, coefficient * c))
        work[:0] = fresh
        if len(work) + len(done) > MAX_EXPANDED:
            return None
    result = Terms(done, decimal=decimal)
    if not all(map(is_short, result.by_factors.values())):
        return None
    return result if cancelled or len(result) < len(done) else None


def _may_cancel(terms: Terms) -> bool:
    """Whether multiplying out can shorten anything: a factor above and below, or a factor shared between terms."""
    items = terms.items()
    above, below, size, sums = set[Node](), set[Node](), 0, False
    for factors, _ in items:
        product_size = 1
        for f, p in factors:
            (above if p > 0 else below).add(f)
            inner = _opened(f) if p > 0 else None
            if inner is not None and len(inner) > 1:
                sums = True
                product_size *= len(inner) ** p
                for g, q in (pair for factors_, _ in inner.items() for pair in factors_):
                    (above if q > 0 else below).add(g)
                    deeper = _opened(g) if q > 0 else None
                    column = chosen(g) if q < 0 else None
                    if column is not None:
                        below.add(column[0])
                    if deeper is not None and len(deeper) > 1:
                        below.update(h for fs, _ in deeper.items() for h, r in fs if r < 0)
        size += product_size
        if size > MAX_EXPANDED:
            return False
    return sums and (bool(above & below) or len(items) > 1)


def _opened(factor: Node) -> Terms:
    return terms_of(factor) if factor.op.name in SEEN_THROUGH else _ATOM


_ATOM = Terms([((), Fraction(1))])


def _degree(factors: Factors) -> int:
    return sum(abs(p) for _, p in factors)
