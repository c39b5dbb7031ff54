"""Points at which expressions are defined and smooth: an endless stream of them, of several characters and shapes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphc.claims.expressions import Expressions
from graphc.claims.points.attempt import Attempt, Kind, Trouble, attempt
from graphc.claims.points.domain import in_words
from graphc.claims.points.draft import Draft, Way
from graphc.claims.points.draws import CHARACTERS, Leaf
from graphc.claims.points.kinks import Sides, side, threshold
from graphc.ir.node import Node

NOWHERE = "no point was found at which both sides are defined"
TRIES = 150  # for one point
SECONDS = 2.0  # for one point
PATIENCE = 6  # how often only the bad entries are drawn again, before the character of a leaf changes
THEMES = ("normal", "normal", "positive", "mixed", "unit", "normal", "small", "between", "large")
WHOLE_THEMES = ("normal", "positive", "normal", "mixed", "negative")
STRETCHES = (1.5, 5.0, 0.1, 30.0, 0.01, 300.0, 3000.0)
SHAPELESS = 3  # how often legal sizes are looked for in vain
MOST_ENTRIES = 20_000_000  # of one array
TOO_LARGE = "the arrays are too large to be worked out at points"
SHAPELESS_REASON = "no sizes were found at which every shape is legal"
UNAVOIDABLE = 25  # ties in a row after which a condition is taken to tie for a reason
STEERED = 8  # how often in a row the other side of a condition is tried for
AT_MOST = 32  # and how often altogether
DIRECTED = ("normal", "positive", "negative")
CALM = ("small", "unit", "between", "normal")


@dataclass(frozen=True, slots=True)
class Point:
    """Values of the leaves by name, the named sizes, and what every node comes to, composites by their definition.

    `domain` says in words where points had to be drawn; `underflow` whether a number fell below floating point.
    """

    values: dict[str, Any]
    sizes: dict[str, int]
    arrays: dict[Node, Any]
    domain: str = ""
    underflow: bool = False


class Stream(Iterator[Point]):
    """Points at which all `roots` are defined and no kink is met; it ends where none are found.

    Deterministic by `seed`. With `whole` the entries are small whole numbers and the sizes from 1 to 3; with `tiny` the
    sizes are 1 and 2, and may be equal. `reason` says why the stream ended, when it did; `one_sided` lists the
    conditions that had the same outcome at every entry so far.
    """

    def __init__(
        self,
        roots: Sequence[Node] | Expressions,
        *,
        seed: int = 0,
        whole: bool = False,
        tiny: bool = False,
        deadline: float | None = None,
    ) -> None:
        self.expressions = roots if isinstance(roots, Expressions) else Expressions(roots)
        self.whole = whole
        self.tiny = tiny
        self.deadline = deadline
        self.domain = ""
        self.reason = NOWHERE
        self.news = False  # whether the last point met a side of a condition for the first time
        self._rng = np.random.default_rng([seed, whole])
        self._sides = Sides(self.expressions.conditions)
        self._count = 0
        self._culprits: dict[Node, None] = {}
        self._told = 0
        self._together: dict[Node, list[dict[str, Way]]] = {}
        self._failing: set[tuple[str, Way]] = set()
        self._lenient: set[Node] = set()
        self._tried: dict[Node, int] = {}
        self._shapeless = 0

    @property
    def one_sided(self) -> tuple[str, ...]:
        """The conditions of which only one side was met, as they were met."""
        return self._sides.told()

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Point:
        if any(
            (n.shape, n.dtype) != (leaf.shape, leaf.dtype)
            for leaf in self.expressions.leaves
            for n in leaf.nodes
        ):
            self.reason = "two leaves of different shape share a name"
            raise StopIteration
        steered = self._steered()
        if steered is not None:
            return steered
        end = time.monotonic() + SECONDS
        draft: Draft | None = None
        blamed: dict[Node, int] = {}
        for tries in range(TRIES):
            if tries % 30 == 0 or draft is None:
                draft = self._draft()
            if time.monotonic() > min(end, self.deadline or end) or self._shapeless >= SHAPELESS:
                raise StopIteration
            if draft is None:
                continue
            found = attempt(
                self.expressions, draft.values, draft.sizes, whole=self.whole, lenient=self._lenient
            )
            if found.good:
                return self._keep(draft, found)
            if not self._mend(draft, found.troubles, blamed):
                raise StopIteration
        raise StopIteration

    # a point that is good

    def _keep(self, draft: Draft, found: Attempt) -> Point:
        self._count += 1
        self.news = self._sides.meet(found.arrays)
        for node in self._culprits:
            together = {leaf.name: draft.ways[leaf.name] for leaf in self.expressions.leaves_below(node)}
            if together not in self._together.setdefault(node, []):
                self._together[node].append(together)
        if self._told < len(self._culprits):
            self._told = len(self._culprits)
            self.domain = in_words(self.expressions, [*self._culprits][:6], draft.values, draft.sizes)
        return Point(draft.values, dict(draft.sizes), found.arrays, self.domain, found.underflow)

    # a point to be tried

    def _draft(self) -> Draft | None:
        sizes = self._sizes()
        if sizes is None:
            return None
        themes = WHOLE_THEMES if self.whole else THEMES
        theme = Way(themes[self._count % len(themes)])
        ways = {leaf.name: theme for leaf in self.expressions.leaves}
        for node in self._culprits:
            if known := self._together.get(node):
                names = [leaf.name for leaf in self.expressions.leaves_below(node)]
                if len(names) > 1 or any((name, ways[name]) in self._failing for name in names):
                    ways.update(known[self._rng.integers(len(known))])
        draft = Draft(sizes, self._rng, self.whole)
        return draft if all(draft.draw(leaf, ways[leaf.name]) for leaf in self.expressions.leaves) else None

    def _sizes(self) -> dict[str, int] | None:
        most, least = (3, 1) if self.whole else (5 if self._count < 4 else 7, 2)
        most = min(self._count + 1, 2) if self.tiny else most
        sizes = self.expressions.sizes.draw(self._rng, most, least=least, apart=not self.tiny)
        if sizes is not None and self.expressions.sizes.entries(sizes) <= MOST_ENTRIES:
            return sizes
        self._shapeless += 1
        self.reason = SHAPELESS_REASON if sizes is None else TOO_LARGE
        return None

    def _steered(self) -> Point | None:
        """A point on the side of a condition that was not met yet, if one is soon found."""
        missing = [n for n in self._sides.missing() if self._tried.get(n, 0) < AT_MOST]
        if self.whole or self._count < 2 or not missing:
            return None
        node = min(missing, key=lambda n: self._tried.get(n, 0))
        edge = abs(threshold(node)) or 1.0
        for _ in range(STEERED):
            tried = self._tried[node] = self._tried.get(node, 0) + 1
            draft = self._draft()
            if draft is None:
                return None
            stretch = STRETCHES[tried // 2 % len(STRETCHES)] * (edge if tried % 2 else 1.0)
            for leaf in self.expressions.leaves_below(node):
                draft.draw(leaf, Way(str(self._rng.choice(DIRECTED)), stretch, self._about(0.2)))
            found = attempt(self.expressions, draft.values, draft.sizes, lenient=self._lenient)
            if found.good and side(node, found.arrays) & ~self._sides.seen[node]:
                return self._keep(draft, found)
        return None

    def _about(self, share: float) -> float:
        """Now and then a number that stands in the expressions, else 0."""
        numbers = self.expressions.numbers
        return float(self._rng.choice(numbers)) if numbers and self._rng.random() < share else 0.0

    # a point that is not good

    def _mend(self, draft: Draft, troubles: Sequence[Trouble], blamed: dict[Node, int]) -> bool:
        """Draw again what stands below the troubles; False where nothing can help."""
        for trouble in troubles:
            node = trouble.node
            leaves = self.expressions.leaves_below(node)
            if not leaves and not self.expressions.sizes.names:
                return False
            blamed[node] = blamed.get(node, 0) + 1
            tie = trouble.kind is Kind.TIE
            if trouble.kind is Kind.UNDEFINED:
                self._culprits[node] = None
            if tie and blamed[node] > UNAVOIDABLE and not self.whole:
                self._lenient.add(node)
            local = trouble.mask is not None and trouble.kind is not Kind.OVERFLOW
            patient = local and (tie or blamed[node] % (PATIENCE + 1) > 0)
            if patient and draft.draw_again(leaves, trouble.mask, give_up=not tie):
                continue
            if tie:
                for leaf in leaves:
                    draft.draw(leaf)
            else:
                self._change(draft, leaves, trouble)
        return True

    def _change(self, draft: Draft, leaves: Sequence[Leaf], trouble: Trouble) -> None:
        """Draw the leaves in other ways: such as have worked, or any."""
        if len(leaves) == 1:
            self._failing.add((leaves[0].name, draft.ways[leaves[0].name]))
        known = self._together.get(trouble.node, [])
        chosen: Mapping[str, Way] = {}
        if known and self._rng.random() < 0.7:
            chosen = known[self._rng.integers(len(known))]
        for leaf in leaves:
            if trouble.kind is Kind.OVERFLOW:
                calm = draft.ways[leaf.name].character in CALM
                other = Way(str(self._rng.choice(CALM)), 0.1 if calm else 1.0)
            else:
                about = self._about(0.3)
                stretch = float(self._rng.choice((1.0, 0.05))) if about and not self.whole else 1.0
                other = Way(str(self._rng.choice([*CHARACTERS])), stretch, about)
            draft.draw(leaf, chosen.get(leaf.name, other))


def points(
    roots: Sequence[Node], *, seed: int = 0, whole: bool = False, deadline: float | None = None
) -> Stream:
    """An endless, deterministic stream of points at which all `roots` are defined and no kink is met.

    With `whole` the entries are small whole numbers and the sizes from 1 to 3. `deadline`, a time of
    `time.monotonic()`, ends the stream; so does a search that finds nothing.
    """
    return Stream(roots, seed=seed, whole=whole, deadline=deadline)
