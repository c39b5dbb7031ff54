"""The claims of a text one after the other: what a wrong one does to those after it, and factors put back later.

A line that uses a wrong gradient is judged as written, and with the true gradient in its place: then it may be right
given the wrong line. A gradient that is wrong by a constant factor only, which a later line puts back, is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic

from graphc.claims.judge import Outcome, hints, judge, told, why
from graphc.claims.reading import Claim, Claims
from graphc.claims.trial import Trial
from graphc.claims.verdict import Judgement, Verdict
from graphc.ir.node import Node, substitute, topological
from graphc.ir.types import Dim
from graphc.ops.leaf import as_node
from graphc.ops.pointwise import div, mul

UNJUDGEABLE = (ArithmeticError, ValueError, TypeError, RecursionError, MemoryError)
BY_ITSELF = "every side is written with a derivative, so that nothing was derived by hand"


@dataclass(frozen=True, slots=True)
class _Factor:
    """By what a written gradient differs from the true one."""

    text: str
    true: Node  # the true gradient, times the factor


class Judge:
    """The state of the claims of one text while they are judged in order."""

    def __init__(self, claims: Claims, *, source: str | None = None, seconds: float = 10.0) -> None:
        self.claims, self.source, self.seconds = claims, source, seconds
        self.named = {claim.name: claim for claim in claims.found if claim.name}
        self.lines = {claim.name: claim.at.line for claim in claims.found if claim.name}
        self.wrong: dict[str, Judgement] = {}
        self.factors: dict[str, _Factor] = {}
        self.put_back: dict[str, int] = {}
        self.right: set[str] = set()
        self.done: dict[int, Judgement] = {}

    def unjudged(self) -> list[Judgement]:
        """The claims as they stand before anything is known."""
        return [self._told(claim, Outcome(Verdict.UNDECIDED, "")) for claim in self.claims.found]

    def judgements(
        self, start: int = 0, begin: Callable[[int], None] = lambda i: None
    ) -> Iterator[tuple[int, Judgement]]:
        """The judgement of each claim from `start` on, with its place in the order; `begin` is told of it before.

        Where a later line puts a factor back, the judgements it changes come again at the end.
        """
        for i, claim in enumerate(self.claims.found[start:], start):
            begin(i)
            self.done[i] = self.one(claim)
            yield i, self.done[i]
        if self.put_back:
            for i, claim in enumerate(self.claims.found):
                begin(i)
                again = self._again(claim, self.done.get(i))
                if again is not None:
                    yield i, again

    def resume(self, known: Mapping[int, Judgement]) -> None:
        """Enter what was found out before this process began, by the places of the claims."""
        for i, judgement in sorted(known.items()):
            claim = self.claims.found[i]
            self.done[i] = judgement
            wrong = [n for n in self.claims.used_by(claim) if n in self.wrong]
            self.take(judgement)
            with suppress(*UNJUDGEABLE):
                if judgement.verdict is Verdict.WRONG or judgement.given:
                    self._find_factor(claim)
                elif judgement.verdict.holds:
                    self._puts_back(claim, wrong)

    def take(self, judgement: Judgement) -> None:
        """Enter what was found out of a gradient."""
        if judgement.name and (judgement.verdict is Verdict.WRONG or judgement.given):
            self.wrong[judgement.name] = judgement
        elif judgement.name and judgement.verdict.holds:
            self.right.add(judgement.name)

    def one(self, claim: Claim) -> Judgement:
        """The judgement of one claim."""
        began = monotonic()
        try:
            found = self._judged(claim)
        except UNJUDGEABLE as error:
            found = self._told(claim, Outcome(Verdict.UNDECIDED, f"this could not be judged: {error}"))
        found = replace(found, seconds=monotonic() - began)
        self.take(found)
        return found

    def _judged(self, claim: Claim) -> Judgement:
        wrong = [n for n in self.claims.used_by(claim) if n in self.wrong]
        if claim.failure:
            return self._misfit(claim, wrong)
        failed: list[Outcome] = []
        for sides in claim.readings:
            outcome = judge(sides, of_zero=claim.of_zero, seconds=self.seconds)
            if outcome.holds:
                self._puts_back(claim, wrong)
                return self._told(claim, outcome)
            for true, given in self._with_true(sides, wrong):
                outcome = judge(true, of_zero=True, seconds=self.seconds)
                if outcome.holds:
                    self._find_factor(claim)
                    return self._told(claim, outcome, given=given)
            failed.append(outcome)
        if failed[0].verdict is Verdict.WRONG:
            self._find_factor(claim)
        return self._blamed(claim, failed[0])

    def _blamed(self, claim: Claim, outcome: Outcome) -> Judgement:
        mistakes: tuple[str, ...] = ()
        notes: tuple[str, ...] = ()
        if outcome.verdict is Verdict.WRONG and len(outcome.sides) == 2:
            right, claimed = self._oriented(claim, outcome.sides)
            mistakes = why(claim, claimed, right, self.seconds / 2)
            notes = hints(claimed)
            if not mistakes:
                notes += self._first_wrong(claim)
        return self._told(claim, replace(outcome, notes=(*outcome.notes, *notes)), mistakes=mistakes)

    @staticmethod
    def _oriented(claim: Claim, sides: Sequence[Node]) -> tuple[Node, Node]:
        """What is right and what is claimed: the derivative that the chain begins with is right."""
        left, right = sides
        reference = claim.sides[0]
        return (right, left) if right is reference and left is not reference else (left, right)

    def _misfit(self, claim: Claim, wrong: Sequence[str]) -> Judgement:
        """A claim with a side that could not be built."""
        right = claim.sides[0] if claim.sides else None
        repairs = tuple(replace(r, node=self._first_true([r.node], wrong)[0]) for r in claim.repairs)
        mistakes = (
            why(replace(claim, repairs=repairs), right, right, self.seconds / 2)
            if right is not None and repairs
            else ()
        )
        reason = claim.failure.partition(": ")[2] or claim.failure
        return self._told(claim, Outcome(Verdict.WRONG, reason), mistakes=mistakes)

    def _first_wrong(self, claim: Claim) -> tuple[str, ...]:
        """Which gradient on the way from the output is still right, where the mistake itself has no name."""
        used = [n for n in self.claims.used_by(claim) if n in self.right]
        return (
            (f"first wrong here: {', '.join(used)} {'is' if len(used) == 1 else 'are'} right",)
            if used
            else ()
        )

    # factors that are put back later

    def _find_factor(self, claim: Claim) -> None:
        """Whether what is written is the gradient times a constant; which one is told by what it is made of."""
        if not claim.name or claim.failure:
            return
        true, written = claim.sides[0], claim.sides[1]
        if true.shape != written.shape:
            return
        trial = Trial([true, written])
        for text, scaled in _scaled(true, [*_sizes(true), *_sizes(written)]):
            if (
                trial.agree(scaled, written)
                and judge((scaled, *claim.sides[1:]), seconds=self.seconds / 2).holds
            ):
                self.factors[claim.name] = _Factor(text, scaled)
                return

    def _puts_back(self, claim: Claim, wrong: Sequence[str]) -> None:
        """Note which wrong gradients a right line uses, that is not right with the true ones: it puts a factor back."""
        late = [name for name in wrong if name in self.factors and name not in self.put_back]
        if late and not self._holds_anyway(claim, late):
            self.put_back.update(dict.fromkeys(late, claim.at.line))

    def _holds_anyway(self, claim: Claim, wrong: Sequence[str]) -> bool:
        """Whether a claim does not depend on the factor of gradients it uses, as where it is zero."""
        sides = self._first_true(claim.sides, wrong)
        return judge(sides, of_zero=True, seconds=self.seconds / 2).holds

    def _again(self, claim: Claim, before: Judgement | None) -> Judgement | None:
        """The judgement of a claim once it is known which factors are put back; None where it is as before."""
        if claim.name in self.put_back:
            factor = self.factors[claim.name]
            note = (
                f"{claim.name} is {factor.text} the gradient; line {self.put_back[claim.name]} puts it back"
            )
            outcome = judge((factor.true, *claim.sides[1:]), seconds=self.seconds / 2)
            return self._told(claim, replace(outcome, notes=(note,))) if outcome.holds else None
        if before is None or not before.given:
            return None
        given = [n for n in self.claims.used_by(claim) if n in self.wrong and n not in self.put_back]
        sides = self._first_true(claim.sides, given)
        outcome = judge(sides, of_zero=True, seconds=self.seconds)
        if outcome.holds:
            return self._told(claim, outcome, given=given)
        self.wrong[claim.name] = before
        return self._blamed(claim, outcome)

    def _with_true(
        self, sides: Sequence[Node], wrong: Sequence[str]
    ) -> Iterator[tuple[tuple[Node, ...], Sequence[str]]]:
        """The sides with the true gradient wherever a wrong one is used, or what it was made of, and the names taken.

        First for all names; then for each, since in code two names may stand for one array.
        """
        fitting = [n for n in wrong if self._fits(n)]
        for names in [fitting, *([n] for n in fitting if len(fitting) > 1)]:
            stages = {n: self.claims.stages(n) for n in names}
            for place in range(max(map(len, stages.values()), default=0)):
                true = {
                    found[min(place, len(found) - 1)]: self.named[n].sides[0] for n, found in stages.items()
                }
                yield tuple(substitute(sides, true)), names

    def _first_true(self, sides: Sequence[Node], wrong: Sequence[str]) -> tuple[Node, ...]:
        return next((true for true, _ in self._with_true(sides, wrong)), tuple(sides))

    def _fits(self, name: str) -> bool:
        """Whether what is written for a name could be the gradient by its shape."""
        stages, right = self.claims.stages(name), self.named[name].sides[0]
        return bool(stages) and all(node.shape == right.shape for node in stages)

    def _roots(self, names: Sequence[str]) -> tuple[int, ...]:
        """The lines of gradients that are wrong by themselves, of those that `names` are right given of too."""
        lines: set[int] = set()
        for name in names:
            lines.update(self.wrong[name].given or [self.lines[name]])
        return tuple(sorted(lines))

    def _told(
        self, claim: Claim, outcome: Outcome, *, mistakes: tuple[str, ...] = (), given: Sequence[str] = ()
    ) -> Judgement:
        return Judgement(
            claim=claim.text,
            verdict=outcome.verdict,
            reason=outcome.reason,
            source=self.source,
            line=claim.at.line,
            column=claim.at.column,
            name=claim.name,
            mistakes=mistakes,
            given=self._roots(given),
            notes=(*outcome.notes, *((BY_ITSELF,) if claim.derived else ())),
            counterexample=outcome.counterexample,
            points=outcome.points,
            error=outcome.error,
            subject=str(claim.target.name or "") if claim.target is not None else "",
            of=str(claim.output.name or "") if claim.output is not None else "",
            local=claim.local,
            claimed=told(claim.sides[-1] if claim.sides else None),
            right=told(claim.sides[0] if claim.sides else None),
        )


def _sizes(node: Node) -> list[Dim]:
    """The sizes that an expression divides or multiplies by, and those of its own shape."""
    found = [n.attr("dim") for n in topological([node]) if n.op.name == "size"]
    return [d for d in dict.fromkeys([*found, *node.shape]) if isinstance(d, Dim)]


def _scaled(true: Node, sizes: Sequence[Dim]) -> Iterator[tuple[str, Node]]:
    """The gradient times each factor that writers leave for later."""
    for size in dict.fromkeys(sizes):
        yield f"{size} times", mul(true, size)
        yield f"1/{size} of", div(true, size)
    yield "twice", mul(true, as_node(2))
    yield "half", div(true, as_node(2))
    yield "minus", -true
    for size in dict.fromkeys(sizes):
        yield f"{size}/2 times", mul(true, size) / 2
        yield f"2/{size} of", mul(true, as_node(2)) / size
