"""One wrong claim at the points: everything that may have been done wrongly, weighed against it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain, islice, takewhile

import numpy as np

from graphc.claims.expressions import Expressions
from graphc.claims.mistakes import BRANCH, FORMAL, HALF, TWICE, UNDONE, Mistake
from graphc.claims.mutations.at import Array, At
from graphc.claims.mutations.backward import Backward
from graphc.claims.mutations.edges import attempts, sizes_of, summed_over
from graphc.claims.mutations.expression import everywhere, untransposed, variants
from graphc.claims.mutations.factors import factors, named, ratios, scalars
from graphc.claims.mutations.opened import opened
from graphc.claims.mutations.pairs import pairs
from graphc.claims.mutations.shapes import mended
from graphc.claims.mutations.single import Edges, Found
from graphc.claims.mutations.skips import alone, skipped
from graphc.claims.mutations.statistics import constant_statistics
from graphc.claims.mutations.summed import passed_on, summed
from graphc.claims.sample import Point, Stream
from graphc.ir.node import Node, topological
from graphc.ir.types import DimLike
from graphc.ops.move import broadcast

POINTS = 6
LEAST = 2
NOTHING = 1e-12


class Case:
    """A wrong claim: `claimed` for `right`, which is d(of)/d(by) where these are given."""

    def __init__(self, claimed: Node, right: Node, of: Node | None, by: Node | None, deadline: float) -> None:
        if claimed.constant and not claimed.shape:  # a number stands for an array of it
            claimed = broadcast(claimed, right.shape)
        self.claimed, self.right, self.of, self.by, self.deadline = claimed, right, of, by, deadline
        roots = [claimed, right] if of is None else [claimed, right, of]
        found = [At(p.arrays, p.sizes) for p in _points(roots, deadline)]
        self.ats = [at for at in found if all(np.any(at.value(side) != 0) for side in (claimed, right))]
        self.numbers = factors(sizes_of(right if of is None else of), self.ats, self._repeated())
        self.numbers += scalars(right, self.ats)

    def judgeable(self) -> bool:
        """Whether there are points at which neither side is zero."""
        return len(self.ats) >= LEAST

    def singles(self) -> Iterator[Found]:
        """The single mistakes that give what is claimed."""
        yield from self._whole(1)
        yield from self._edges()
        yield from _plainest([*self._formula(0), *self._mended()])
        yield from self._sums()

    def doubles(self) -> Iterator[Found]:
        """The pairs of mistakes."""
        yield from self._whole(2)
        yield from self._pairs()
        yield from self._formula(1)

    def _repeated(self) -> DimLike | None:
        """How many entries the gradient by an operand that is repeated, such as a bias, is a sum over."""
        edges = Backward(self.of, self.by).edges if self.of is not None and self.by is not None else []
        counts = {summed_over(e) for e in edges if e.operand is self.by and e.local is not None}
        return counts.pop() if len(counts) == 1 else None

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

    @cached_property
    def _backwards(self) -> list[Edges]:
        """The reverse pass as it was written, and with losses and normalisations opened."""
        if self.of is None or self.by is None:
            return []
        found = []
        for of, by in dict.fromkeys(((self.of, self.by), tuple(opened([self.of, self.by])))):
            backward = Backward(of, by)
            made = chain(
                attempts(backward), constant_statistics(backward), skipped(backward), alone(backward)
            )
            found.append(Edges(backward, list(takewhile(self._in_time, made)), self.ats))
        return found

    def _in_time(self, _: object = None) -> bool:
        return time.monotonic() < self.deadline

    def _edges(self) -> Iterator[Found]:
        """One changed edge, or several that are one mistake."""
        for edges in self._backwards:
            if self.claimed.shape == self.right.shape:
                yield from edges.singles(self._arrays(self.claimed))

    def _pairs(self) -> Iterator[Found]:
        if self.claimed.shape == self.right.shape:
            for edges in self._backwards:
                yield from pairs(edges, self._arrays(self.claimed), self.deadline)
        for mistake, claimed, right in mended(self.claimed, self.right):
            if right is self.right:
                for edges in self._backwards:
                    yield from ((mistake, *found) for found in edges.singles(self._arrays(claimed)))

    def _variants(self, formula: Node) -> Iterator[tuple[Mistake, Node]]:
        settled = set() if self.of is None else _settled(self.of)
        return chain(*(made(formula, settled) for made in (variants, everywhere, untransposed)))

    def _mended(self) -> Iterator[Found]:
        """The mistakes that turn what is claimed, as it is written, into what is right, when made once more."""
        for mistake, node in takewhile(self._in_time, self._variants(self.claimed)):
            if (
                mistake.name in UNDONE
                and not _is_number(mistake.where)
                and self._differ(node, self.right) == ()
            ):
                wrong, _, right = mistake.detail.partition(", not ")
                detail = f"{right}, not {wrong}" if right else mistake.detail
                yield (Mistake(UNDONE[mistake.name], mistake.where, detail),)

    def _formula(self, more: int) -> Iterator[Found]:
        """One mistake in the formula, and `more` in a factor of all of it or in its shape."""
        for mistake, node in takewhile(self._in_time, self._variants(self.right)):
            if node.shape == self.claimed.shape:
                found = self._differ(self.claimed, node)
                if found is not None and len(found) == more and (not more or mistake.name in FORMAL):
                    yield (mistake, *found)

    def _sums(self) -> Iterator[Found]:
        """The gradient of what was repeated, summed over other axes."""
        if self.of is None or self.by is None:
            return
        for mistake, node in chain(summed(self.of, self.by), passed_on(self.of, self.by)):
            if self._differ(self.claimed, node) == () or self._both_vanish(self.claimed, node):
                yield (mistake,)

    def _both_vanish(self, one: Node, other: Node) -> bool:
        """Whether two expressions of one shape are nothing but rounding next to what is right."""
        return one.shape == other.shape and all(
            np.max(np.abs(at.value(side))) < NOTHING * np.max(np.abs(at.value(self.right)))
            for at in self.ats
            for side in (one, other)
        )


def _points(roots: Sequence[Node], deadline: float) -> list[Point]:
    """Points of sizes that are no 2, which is a factor of its own, where it can be; the first two of other sizes."""
    looked_at = Expressions(roots)
    looked_at.sizes = replace(looked_at.sizes, fixed=looked_at.sizes.fixed | {2})
    found = list(islice(Stream(looked_at, seed=11, deadline=deadline), POINTS))
    first = found[:1]
    return [*first, *sorted(found[1:], key=lambda p: sum(p.sizes[s] == first[0].sizes[s] for s in p.sizes))]


def _is_number(text: str) -> bool:
    """Whether a part is a number: there is always one that makes up for another."""
    return text.replace(".", "").replace("/", "").isdecimal()


def _settled(of: Node) -> set[Node]:
    """The named parts of the forward pass: what is meant by them is not written out again, but for sums."""
    return {n for n in topological([of]) if n.name is not None and n.op.name not in ("add", "sub")}


def _plainest(found: Sequence[Found]) -> list[Found]:
    """Without a factor of a term where a term less gives the same: two that cancel is no way to lose one."""
    lost = any(f[0].name == BRANCH for f in found)
    return [f for f in found if not lost or f[0].name not in (TWICE, HALF)]
