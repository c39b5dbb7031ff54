"""Why a claim is wrong: the named mistake under which the derivation gives exactly what was claimed.

A gradient is derived once more with one step done wrongly, in every way that people are known to do it: on each edge
of the reverse pass, in the final formula, or in the whole by a factor or a shape. A mistake is named when what comes
out is what was claimed, at points where all values and sizes are different, and nothing else says it as well.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

import numpy as np

from graphc.claims.expressions import Expressions
from graphc.claims.mistakes import Explanation, same
from graphc.claims.mutations.at import Array, At
from graphc.claims.mutations.backward import Backward
from graphc.claims.mutations.edges import attempts, sizes_of, summed_over
from graphc.claims.mutations.expression import everywhere, variants
from graphc.claims.mutations.factors import factors, named, ratios
from graphc.claims.mutations.opened import opened
from graphc.claims.mutations.pairs import pairs
from graphc.claims.mutations.shapes import mended
from graphc.claims.mutations.single import Edges, Found
from graphc.claims.mutations.skips import skipped
from graphc.claims.mutations.statistics import constant_statistics
from graphc.claims.sample import Point, Stream
from graphc.derive.reverse import grad
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, topological
from graphc.ir.types import DimLike

POINTS = 2
LOOKED_AT = 4


def explain(claimed: Node, of: Node, by: Node, *, seconds: float = 4.0) -> Explanation | None:
    """The mistake, or the two, by which d(of)/d(by) comes out as `claimed`; None if none fits, or several do.

    `of` is a scalar. `claimed` is wrong by now; it may have another shape than `by`.
    """
    deadline = time.monotonic() + seconds
    try:
        case = _Case(claimed, grad(of, by), of, by, deadline)
    except (GraphcError, ValueError):
        return None
    return case.explain()


def explain_equal(claimed: Node, right: Node, *, seconds: float = 4.0) -> Explanation | None:
    """The mistake in the formula `right` that makes it `claimed`: for claims that are no gradient of a scalar."""
    deadline = time.monotonic() + seconds
    return _Case(claimed, right, None, None, deadline).explain()


class _Case:
    """One wrong claim, and all that is known of it at the points."""

    def __init__(self, claimed: Node, right: Node, of: Node | None, by: Node | None, deadline: float) -> None:
        self.claimed, self.right, self.of, self.by, self.deadline = claimed, right, of, by, deadline
        roots = [claimed, right] if of is None else [claimed, right, of]
        self.ats = [At(p.arrays, p.sizes) for p in _points(roots, deadline)]
        self.numbers = factors(sizes_of(right if of is None else of), self.ats, self._repeated())

    def explain(self) -> Explanation | None:
        """Single mistakes, then pairs."""
        if len(self.ats) < POINTS or not self._says_something():
            return None
        with np.errstate(all="ignore"):
            singles = [*self._whole(1), *self._edges(), *self._formula(0)]
            return _chosen(singles or [*self._whole(2), *self._pairs(), *self._formula(1)])

    def _repeated(self) -> DimLike | None:
        """How many entries the gradient by an operand that is repeated, such as a bias, is a sum over."""
        edges = Backward(self.of, self.by).edges if self.of is not None and self.by is not None else []
        counts = {summed_over(e) for e in edges if e.operand is self.by and e.local is not None}
        return counts.pop() if len(counts) == 1 else None

    def _says_something(self) -> bool:
        return all(
            np.any(at.value(self.claimed) != 0) and np.any(at.value(self.right) != 0) for at in self.ats
        )

    def _arrays(self, node: Node) -> list[Array]:
        return [at.value(node) for at in self.ats]

    def _differ(self, claimed: Node, right: Node) -> Found | None:
        """The mistakes in the factor between two expressions; none in equal ones."""
        if claimed.shape != right.shape:
            return None
        ratio = ratios([self.ats[0].value(claimed)], [self.ats[0].value(right)])
        if ratio is None:
            return None
        ratio = ratios(self._arrays(claimed), self._arrays(right))
        return None if ratio is None else named(ratio, self.numbers)

    def _whole(self, most: int) -> Iterator[Found]:
        """A factor of the whole, another shape, or both, by `most` mistakes."""
        found = self._differ(self.claimed, self.right)
        if found is not None and len(found) == most:
            yield found
        for mistake, claimed, right in mended(self.claimed, self.right):
            more = self._differ(claimed, right)
            if more is not None and len(more) == most - 1:
                yield (mistake, *more)

    def _backwards(self) -> Iterator[Edges]:
        """The reverse pass as it was written, then with losses and normalisations opened."""
        assert self.of is not None
        assert self.by is not None
        known = None
        for of, by in ((self.of, self.by), opened([self.of, self.by])):
            if of is known or time.monotonic() > self.deadline:
                return
            known = of
            backward = Backward(of, by)
            made = [*attempts(backward), *constant_statistics(backward), *skipped(backward)]
            yield Edges(backward, made, self.ats)

    def _edges(self) -> Iterator[Found]:
        """One changed edge, or several that are one mistake."""
        if self.of is None or self.claimed.shape != self.right.shape:
            return
        for edges in self._backwards():
            yield from edges.singles(self._arrays(self.claimed))

    def _pairs(self) -> Iterator[Found]:
        if self.of is None:
            return
        if self.claimed.shape == self.right.shape:
            for edges in self._backwards():
                yield from pairs(edges, self._arrays(self.claimed), self.deadline)
        for mistake, claimed, right in mended(self.claimed, self.right):
            if right is self.right:
                for edges in self._backwards():
                    yield from ((mistake, *found) for found in edges.singles(self._arrays(claimed)))

    def _formula(self, more: int) -> Iterator[Found]:
        """One mistake in the formula, and `more` in a factor of all of it or in its shape."""
        settled = set() if self.of is None else set(topological([self.of]))
        for mistake, node in chain(variants(self.right, settled), everywhere(self.right, settled)):
            if time.monotonic() > self.deadline:
                return
            if node.shape == self.claimed.shape:
                found = self._differ(self.claimed, node)
                if found is not None and len(found) == more:
                    yield (mistake, *found)


def _points(roots: Sequence[Node], deadline: float) -> list[Point]:
    """Two points of sizes that are no 2, which is a factor of its own, and all different, where it can be."""
    looked_at = Expressions(roots)
    looked_at.sizes = replace(looked_at.sizes, fixed=looked_at.sizes.fixed | {2})
    found = list(islice(Stream(looked_at, seed=11, deadline=deadline), LOOKED_AT))
    first = found[:1]
    return [*first, *sorted(found[1:], key=lambda p: sum(p.sizes[s] == first[0].sizes[s] for s in p.sizes))][
        :POINTS
    ]


def _chosen(found: Sequence[Found]) -> Explanation | None:
    """The one account that says the most; None where two say as much and differ."""
    if not found:
        return None
    ranked = sorted(found, key=_rank)
    first = ranked[0]
    rivals = [f for f in ranked if _rank(f) == _rank(first)]
    if any(not _alike(first, f) for f in rivals):
        return None
    told = next((f for f in rivals if all(m.detail for m in f)), first)
    return Explanation(tuple(sorted(told, key=lambda m: m.rank)))


def _rank(found: Found) -> tuple[int, ...]:
    return tuple(sorted((m.rank for m in found), reverse=True))


def _alike(one: Found, other: Found) -> bool:
    """Whether two accounts name the same mistakes."""
    if len(one) != len(other):
        return False
    names = [sorted(m.name for m in f) for f in (one, other)]
    return all(same(a, b) for a, b in zip(*names, strict=True))
