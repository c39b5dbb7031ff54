"""How the judge does on the corpus: what it says of each claim, held against the label, and the rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from graphc.claims.check import check, check_sources
from graphc.claims.mistakes import NAMES
from graphc.claims.verdict import Judgement, Report, Verdict
from tests.claims.sheets import Label, Sheet

# A label that stands first is met by the others as well: they say the same, or less.
ALSO = {
    "missing 1/N": {"sum instead of mean"},
    "sum instead of mean": {"missing 1/N"},
    "extra 1/N": {"mean instead of sum"},
    "mean instead of sum": {"extra 1/N"},
    "forgotten branch": {"forgotten term"},
    "missing chain factor": {"missing factor"},
    "missing activation derivative": {"missing chain factor", "missing factor"},
    "forgotten regularisation term": {"forgotten term", "forgotten branch"},
}


@dataclass(frozen=True)
class Outcome:
    """What was said of one labelled claim."""

    place: str
    claim: str
    label: Label
    verdict: str
    given: tuple[int, ...]
    mistakes: tuple[str, ...]
    reason: str
    seconds: float

    @property
    def names(self) -> frozenset[str]:
        """The names of the mistakes, without their places."""
        return frozenset(max((n for n in NAMES if text.startswith(n)), key=len) for text in self.mistakes)

    @property
    def holds(self) -> bool:
        """Whether the claim passes as it stands."""
        return self.verdict in ("proved", "agrees") and not self.given

    @property
    def named(self) -> str:
        """`rightly`, `falsely`, or `not`."""
        if not self.mistakes:
            return "not"
        return "rightly" if any(_meets(self.names, way) for way in self.label.names) else "falsely"

    def __str__(self) -> str:
        label = " | ".join(" + ".join(sorted(way)) for way in self.label.names) or "none"
        said = "; ".join(self.mistakes) or self.reason
        judged = f"{self.verdict}, given {list(self.given)}" if self.given else self.verdict
        return f"{self.place}: {self.claim}\n    {self.label.kind}: {label}; judged {judged}: {said}"


def _meets(names: frozenset[str], way: frozenset[str]) -> bool:
    """Whether each of the names is one of the label's, or says the same, and none is missing."""
    return len(names) == len(way) and all(any(n == w or n in ALSO.get(w, ()) for w in way) for n in names)


def judge(sheet: Sheet, seconds: float = 10.0) -> tuple[Report, float]:
    """The report on one sheet, and the seconds it took."""
    began = perf_counter()
    if sheet.function:
        code, model = f"{sheet.path}:{sheet.function}", str(sheet.model)
        report = check_sources([], code=code, loss=model, bind=dict(sheet.bind), seconds=seconds)
    elif sheet.path.suffix == ".graph":
        report = check(sheet.text, source=sheet.name, seconds=seconds)
    else:
        report = check_sources([str(sheet.path)], seconds=seconds)
    return report, perf_counter() - began


def outcomes(sheet: Sheet, report: Report) -> Iterator[Outcome]:
    """What was said of each labelled claim; one that was not judged at all counts as unread."""
    said: dict[int, Judgement] = {j.line: j for j in report}
    for label in sheet.labels:
        found = said.get(label.line)
        name = f"{sheet.path.name}:{label.line}"
        if found is None:
            why = "; ".join(p.sentence for p in report.problems) or "nothing was said of this line"
            yield Outcome(name, "", label, "unread", (), (), why, 0.0)
        else:
            yield Outcome(
                name,
                found.claim,
                label,
                str(found.verdict),
                found.given,
                found.mistakes,
                found.reason,
                found.seconds,
            )


def unlabelled(sheet: Sheet, report: Report) -> Iterator[str]:
    """Lines without a label that were called wrong."""
    known = {label.line for label in sheet.labels}
    for j in report:
        if j.verdict is Verdict.WRONG and j.line not in known:
            yield f"{sheet.path.name}:{j.line}: {j.claim}: {j.reason}"


@dataclass(frozen=True)
class Rates:
    """Counts over a corpus."""

    true: Counter[str]
    wrong: Counter[str]
    single: Counter[str]
    other: Counter[str]
    follows: Counter[str]
    seconds: float

    @property
    def proved(self) -> float:
        """The share of true claims that are proved."""
        return self.true["proved"] / self.true.total()

    @property
    def rightly_named(self) -> float:
        """The share of claims with one mistake that has a name, that it is named in."""
        return self.single["rightly"] / self.single.total()

    @property
    def falsely_named(self) -> int:
        """How many wrong claims are said to have a mistake they were not made by."""
        return self.single["falsely"] + self.other["falsely"]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """The same for programs."""
        named = {"true": self.true, "wrong": self.wrong, "single": self.single, "other": self.other}
        return {what: dict(found) for what, found in {**named, "follows": self.follows}.items()}

    def __str__(self) -> str:
        def line(what: str, counts: Counter[str]) -> str:
            total = counts.total()
            shares = ", ".join(f"{k} {n} ({n / total:.1%})" for k, n in sorted(counts.items()))
            return f"{what:<28}{total:>5}   {shares}"

        return "\n".join(
            [
                line("true claims", self.true),
                line("wrong claims", self.wrong),
                line("  one named mistake", self.single),
                line("  several, or without a name", self.other),
                line("right given a wrong line", self.follows),
                f"{self.seconds:.1f} s",
            ]
        )


def _passed(o: Outcome) -> str:
    return f"{o.verdict}, given" if o.given else o.verdict


def rates(found: Iterable[Outcome], seconds: float) -> Rates:
    """The counts over outcomes."""
    found = list(found)
    wrong = [o for o in found if o.label.kind == "wrong"]
    return Rates(
        Counter(_passed(o) for o in found if o.label.kind in ("right", "postponed")),
        Counter(_passed(o) for o in wrong),
        Counter(o.named for o in wrong if o.label.single),
        Counter(o.named for o in wrong if not o.label.single),
        Counter(_passed(o) for o in found if o.label.kind == "follows"),
        seconds,
    )


def judge_all(
    every: Iterable[Sheet], *, workers: int = 2, seconds: float = 10.0
) -> list[tuple[Sheet, Report]]:
    """The reports on all sheets, by two processes at a time."""
    every = list(every)
    with ProcessPoolExecutor(workers) as pool:
        reports = pool.map(partial(judge, seconds=seconds), every)
        return [(sheet, report) for sheet, (report, _) in zip(every, reports, strict=True)]
