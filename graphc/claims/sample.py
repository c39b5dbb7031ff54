"""Points at which expressions are defined and smooth: an endless stream of them, of several characters and shapes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphc.claims.attempt import Attempt, Kind, Trouble, attempt
from graphc.claims.domain import in_words
from graphc.claims.draws import CHARACTERS, Leaf, draw
from graphc.claims.expressions import Expressions
from graphc.claims.kinks import Sides, side, threshold
from graphc.ir.node import Node

TRIES = 150  # for one point
SECONDS = 2.0  # for one point
PATIENCE = 6  # how often only the bad entries are drawn again, before the character of a leaf changes
THEMES = ("normal", "normal", "positive", "mixed", "unit", "normal", "small", "between", "large")
WHOLE_THEMES = ("normal", "positive", "normal", "mixed", "negative")
STRETCHES = (1.5, 5.0, 0.1, 30.0, 0.01, 300.0, 3000.0)
SHAPELESS = 3  # how often legal sizes are looked for in vain
MOST_ENTRIES = 20_000_000  # of one array
TOO_LARGE = "the arrays are too large to be worked out at points"
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


@dataclass(slots=True)
class _Draft:
    """A point in the making: sizes, each leaf's character and stretch, and the values drawn so far."""

    sizes: dict[str, int]
    characters: dict[str, str]
    stretches: dict[str, float]
    values: dict[str, Any]


class Stream(Iterator[Point]):
    """Points at which all `roots` are defined and no kink is met; it ends where none are found.

    Deterministic by `seed`. `reason` says why it ended, when it did; `one_sided` lists the conditions that had the
    same outcome at every entry so far.
    """

    def __init__(
        self,
        roots: Sequence[Node] | Expressions,
        *,
        seed: int = 0,
        whole: bool = False,
        deadline: float | None = None,
    ) -> None:
        self.expressions = roots if isinstance(roots, Expressions) else Expressions(roots)
        self.whole = whole
        self.deadline = deadline
        self.domain = ""
        self.reason = "no point was found at which both sides are defined"
        self._rng = np.random.default_rng([seed, whole])
        self._sides = Sides(self.expressions.conditions)
        self._count = 0
        self._culprits: dict[Node, None] = {}
        self._told = 0
        self._working: dict[str, list[str]] = {}
        self._together: dict[Node, list[dict[str, str]]] = {}
        self._failing: set[tuple[str, str]] = set()
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
        draft: _Draft | None = None
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

    def _keep(self, draft: _Draft, found: Attempt) -> Point:
        self._count += 1
        self._sides.meet(found.arrays)
        for name, character in draft.characters.items():
            known = self._working.setdefault(name, [])
            if character not in known:
                known.append(character)
        for node in self._culprits:
            names = [leaf.name for leaf in self.expressions.leaves_below(node)]
            together = {name: draft.characters[name] for name in names}
            if together not in self._together.setdefault(node, []):
                self._together[node].append(together)
        if self._told < len(self._culprits):
            self._told = len(self._culprits)
            self.domain = in_words(self.expressions, [*self._culprits][:6], draft.values, draft.sizes)
        return Point(draft.values, draft.sizes, found.arrays, self.domain, found.underflow)

    # a point to be tried

    def _draft(self) -> _Draft | None:
        rng, leaves = self._rng, self.expressions.leaves
        most, least = (3, 1) if self.whole else (5 if self._count < 4 else 7, 2)
        sizes = self.expressions.sizes.draw(rng, most, least=least)
        if sizes is None or self.expressions.sizes.entries(sizes) > MOST_ENTRIES:
            self._shapeless += 1
            self.reason = "no sizes were found at which every shape is legal" if sizes is None else TOO_LARGE
            return None
        themes = WHOLE_THEMES if self.whole else THEMES
        theme = themes[self._count % len(themes)]
        characters = {leaf.name: theme for leaf in leaves}
        stretches = {leaf.name: 1.0 for leaf in leaves}
        for node in self._culprits:
            if known := self._together.get(node):
                names = {leaf.name for leaf in self.expressions.leaves_below(node)}
                if any((name, characters[name]) in self._failing for name in names) or len(names) > 1:
                    characters.update(known[rng.integers(len(known))])
        draft = _Draft(sizes, characters, stretches, {})
        return draft if all(self._redraw(draft, leaf) for leaf in leaves) else None

    def _redraw(self, draft: _Draft, leaf: Leaf) -> bool:
        name = leaf.name
        value = draw(leaf, draft.characters[name], draft.sizes, self._rng, self.whole, draft.stretches[name])
        draft.values = {**draft.values, name: value}
        return value is not None

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
            for leaf in self.expressions.leaves_below(node):
                draft.characters[leaf.name] = str(self._rng.choice(DIRECTED))
                draft.stretches[leaf.name] = STRETCHES[tried // 2 % len(STRETCHES)] * (
                    edge if tried % 2 else 1.0
                )
                self._redraw(draft, leaf)
            found = attempt(self.expressions, draft.values, draft.sizes, lenient=self._lenient)
            if found.good and side(node, found.arrays) & ~self._sides.seen[node]:
                return self._keep(draft, found)
        return None

    # a point that is not good

    def _mend(self, draft: _Draft, troubles: Sequence[Trouble], blamed: dict[Node, int]) -> bool:
        """Draw again what stands below the troubles; False where nothing can help."""
        for trouble in troubles:
            node = trouble.node
            leaves = self.expressions.leaves_below(node)
            if not any(leaf for leaf in leaves) and not self.expressions.sizes.names:
                return False
            blamed[node] = blamed.get(node, 0) + 1
            if trouble.kind is Kind.UNDEFINED:
                self._culprits[node] = None
            if trouble.kind is Kind.TIE:
                if blamed[node] > 25 and not self.whole:
                    self._lenient.add(node)
                if not self._again(draft, leaves, trouble):
                    for leaf in leaves:
                        self._redraw(draft, leaf)
            elif blamed[node] % (PATIENCE + 1) and self._again(draft, leaves, trouble):
                continue
            else:
                self._change(draft, leaves, trouble)
        return True

    def _again(self, draft: _Draft, leaves: Sequence[Leaf], trouble: Trouble) -> bool:
        """Draw only the bad entries again, where leaves can be lined up with the node that is bad."""
        if trouble.mask is None or trouble.kind is Kind.OVERFLOW:
            return False
        helped = False
        for leaf in leaves:
            mask = _laid(trouble.mask, np.shape(draft.values[leaf.name]))
            if mask is None or not leaf.free or not leaf.movable:
                continue
            if trouble.kind is not Kind.TIE and len(leaves) == 1 and mask.size > 1 and mask.all():
                return False  # this character hardly ever works
            old = draft.values[leaf.name]
            if self._redraw(draft, leaf):
                draft.values[leaf.name] = np.where(mask, draft.values[leaf.name], old)
                helped = True
        return helped

    def _change(self, draft: _Draft, leaves: Sequence[Leaf], trouble: Trouble) -> None:
        """Other characters for the leaves: such as have worked, or any."""
        known = self._together.get(trouble.node, [])
        if len(leaves) == 1:
            self._failing.add((leaves[0].name, draft.characters[leaves[0].name]))
        chosen: Mapping[str, str] = {}
        if known and self._rng.random() < 0.7:
            chosen = known[self._rng.integers(len(known))]
        names = CALM if trouble.kind is Kind.OVERFLOW else [*CHARACTERS]
        for leaf in leaves:
            draft.stretches[leaf.name] = 1.0
            if trouble.kind is Kind.OVERFLOW and draft.characters[leaf.name] in CALM:
                draft.stretches[leaf.name] = 0.1
            draft.characters[leaf.name] = chosen.get(leaf.name) or str(self._rng.choice(names))
            self._redraw(draft, leaf)


def points(
    roots: Sequence[Node], *, seed: int = 0, whole: bool = False, deadline: float | None = None
) -> Stream:
    """An endless, deterministic stream of points at which all `roots` are defined and no kink is met.

    With `whole` the entries are small whole numbers and the sizes from 1 to 3. `deadline`, a time of
    `time.monotonic()`, ends the stream; so does a search that finds nothing.
    """
    return Stream(roots, seed=seed, whole=whole, deadline=deadline)


def _laid(mask: Any, shape: tuple[int, ...]) -> Any | None:
    """A mask over a node's entries laid onto a leaf that broadcasts to them; None where it does not."""
    if mask.ndim < len(shape):
        return None
    lead = mask.ndim - len(shape)
    mask = mask.any(axis=tuple(range(lead)))
    if any(n not in (m, 1) for n, m in zip(shape, mask.shape, strict=True)):
        return None
    return mask.any(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)
