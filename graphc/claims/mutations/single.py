"""One mistake: which changes of an edge, of the formula, or of the whole give what was claimed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from graphc.claims.mistakes import Mistake
from graphc.claims.mutations.at import Array, At, close
from graphc.claims.mutations.backward import Backward, Pass
from graphc.claims.mutations.edges import Attempt

Found = tuple[Mistake, ...]


class Edges:
    """A reverse pass at the points, with all attempts on its edges weighed against a claim.

    At the first point each attempt is weighed by one number: how much it moves the gradient along a random direction.
    That is the inner product of what the edge passes back too much with how the operand moves when `by` does.
    """

    def __init__(self, backward: Backward, attempts: Sequence[Attempt], ats: Sequence[At]) -> None:
        self.backward = backward
        self.attempts = attempts
        self.ats = ats
        self.first = first = Pass(backward, ats[0])
        self._passes = [first]
        self.right = first.gradient({})
        self.direction = np.asarray(np.random.default_rng(7).normal(size=self.right.shape))
        self.tangents = first.tangents(self.direction)
        self.moves = [self._move(a) for a in attempts]
        self.weights = np.array([self._weight(a, m) for a, m in zip(attempts, self.moves, strict=True)])

    def _move(self, attempt: Attempt) -> Array | None:
        """What a changed edge passes back too much; None where several edges are changed."""
        if len(attempt.changes) != 1:
            return None
        ((i, change),) = attempt.changes.items()
        if change[1] is not None and change[1].shape:
            return None
        edge, first = self.backward.edges[i], self.first
        upstream = first.upstream.get(edge.user)
        if upstream is None:
            return None
        return first.passed(edge, upstream, change) - first.passed(edge, upstream)

    def _weight(self, attempt: Attempt, move: Array | None) -> float:
        if move is None:
            gap = self.first.gradient(attempt.changes, attempt.skip) - self.right
            return float(np.sum(gap * self.direction))
        ((i, _),) = attempt.changes.items()
        return float(np.sum(move * self.tangents.get(self.backward.edges[i].operand, np.zeros(()))))

    def target(self, claimed: Array) -> float:
        """The weight an attempt has to have to give `claimed`."""
        return float(np.sum((claimed - self.right) * self.direction))

    def tolerance(self, claimed: Array) -> float:
        """How far a weight may be off by rounding."""
        sizes = np.abs(claimed) + np.abs(self.right)
        return 1e-7 * float(np.sum(sizes * np.abs(self.direction)))

    def gives(self, changes: Sequence[Attempt], claimed: Sequence[Array]) -> bool:
        """Whether the reverse pass with these changes comes to `claimed` at every point, all of them needed."""
        together = {i: c for attempt in changes for i, c in attempt.changes.items()}
        skip = next((attempt.skip for attempt in changes if attempt.skip), None)
        for i, c in enumerate(claimed):
            if i == len(self._passes):
                self._passes.append(Pass(self.backward, self.ats[i]))
            if not close(self._passes[i].gradient(together, skip), np.asarray(c)):
                return False
        return True

    def singles(self, claimed: Sequence[Array]) -> Iterator[Found]:
        """The attempts that alone give what is claimed."""
        gap, tolerance = self.target(claimed[0]), self.tolerance(claimed[0])
        fitting = np.flatnonzero(np.abs(self.weights - gap) <= tolerance)
        for i in map(int, fitting):
            if self.gives([self.attempts[i]], claimed):
                yield (self.attempts[i].mistake,)
