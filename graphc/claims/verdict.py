"""What is found out about claims: a verdict each, with its evidence, and the report of them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from graphc.claims.write import text


class Verdict(StrEnum):
    """`proved` by algebra for all sizes and values, `agrees` at the points tried, `wrong`, or `undecided`."""

    PROVED = "proved"
    AGREES = "agrees"
    WRONG = "wrong"
    UNDECIDED = "undecided"

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the claim, and something for it."""
        return self in (Verdict.PROVED, Verdict.AGREES)


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Values of the leaves, by name, at which two sides differ in `entry`; an empty entry for scalars."""

    values: Mapping[str, Any]
    entry: tuple[int, ...]
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """One claim and what came of it.

    `claim` is the text as written, `source`, `line` and `column` where. `reason` is one sentence: how it was decided,
    or what is wrong. `mistakes` names the mistakes that alone explain a wrong claim. `given` are the lines of wrong
    claims that a right one takes as they are written: it is right given these. A claim about the gradient of one name
    with respect to another has them in `of` and `subject`; where the one is computed from the other directly, it is
    about an edge of the graph, and `local` is set. `claimed` and `right` are expressions as text. A judgement is plain
    data, so that it can come from another process.
    """

    claim: str
    verdict: Verdict
    reason: str = ""
    source: str | None = None
    line: int = 1
    column: int = 1
    name: str = ""
    mistakes: tuple[str, ...] = ()
    given: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    points: int = 0
    error: float = 0.0
    seconds: float = 0.0
    subject: str = ""
    of: str = ""
    local: bool = False
    claimed: str = ""
    right: str = ""

    @property
    def place(self) -> str:
        """`notes.md:12`, or `line 12` of a text without a name."""
        return f"{self.source}:{self.line}" if self.source else f"line {self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A source, or a line of one, that could not be read: `sentence` says what, where and how to mend it."""

    sentence: str
    source: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Report(Sequence[Judgement]):
    """The judgements in the order of the claims, and what could not be read."""

    judgements: tuple[Judgement, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    def __getitem__(self, index: Any) -> Any:
        return self.judgements[index]

    def __len__(self) -> int:
        return len(self.judgements)

    def __iter__(self) -> Iterator[Judgement]:
        return iter(self.judgements)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return text(self).rstrip("\n")

    @property
    def ok(self) -> bool:
        """Whether everything was read and every claim holds."""
        return not self.problems and all(j.verdict.holds for j in self.judgements)

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many claims got each verdict."""
        found = Counter(j.verdict for j in self.judgements)
        return {verdict: found[verdict] for verdict in Verdict}

    @property
    def exit_code(self) -> int:
        """2 after bad input, 1 with a wrong claim, 3 with undecided ones only, else 0."""
        if self.problems:
            return 2
        counts = self.counts
        return 1 if counts[Verdict.WRONG] else 3 if counts[Verdict.UNDECIDED] else 0
