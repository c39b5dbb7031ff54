"""`python -m benchmarks.claims`: how the corpus of claims is judged, and which gradient checks find planted errors."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks.gradient_checks import CHECKS
from benchmarks.planted import cases
from tests.claims.changes import changed
from tests.claims.rates import Outcome, Rates, judge_all, outcomes, rates, unlabelled
from tests.claims.sheets import sheets
from tests.claims.truth import labelled

console = Console()
SAID = {True: "found", False: "passed", None: "open"}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--only", default="", help="Only sheets whose name contains this.")
@click.option("--checks", default=",".join(CHECKS), show_default=True, help="Gradient checks to compare.")
@click.option("--corpus/--no-corpus", default=True, help="Judge the corpus.")
@click.option("--changes", is_flag=True, help="Judge true claims of the corpus changed by a sign or a word.")
@click.option("--planted/--no-planted", default=True, help="Hold gradient checks against planted errors.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True)
@click.option(
    "--seconds", type=click.FloatRange(0.1), default=10.0, show_default=True, help="For each claim."
)
@click.option("-v", "--verbose", is_flag=True, help="List every claim that was not judged as labelled.")
@click.option(
    "--json", "path", type=click.Path(dir_okay=False, path_type=Path), help="Save the results here."
)
def cli(
    only: str,
    checks: str,
    corpus: bool,
    changes: bool,
    planted: bool,
    workers: int,
    seconds: float,
    verbose: bool,
    path: Path | None,
) -> None:
    """The rates at which claims are judged rightly, and at which planted errors are found."""
    results: dict[str, Any] = {}
    if corpus:
        found, rate = judged(only, workers, seconds)
        console.print(str(rate), highlight=False)
        for problem in trouble(found) if verbose else ():
            console.print(problem, highlight=False, markup=False)
        results["corpus"] = rate.counts
    if changes:
        said = every_change(only, workers, seconds)
        console.print(str(rates(said, sum(o.seconds for o in said))), highlight=False)
        for outcome in (o for o in said if o.holds is not (o.label.kind == "right")):
            console.print(str(outcome), highlight=False, markup=False)
        results["changes"] = rates(said, 0.0).counts
    if planted:
        results["planted"] = compared(checks.split(","))
        console.print(shown(results["planted"]))
    if path is not None:
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def judged(only: str, workers: int, seconds: float) -> tuple[list[Outcome], Rates]:
    """What is said of each claim of the corpus."""
    began = perf_counter()
    chosen = [sheet for sheet in sheets() if only in sheet.name]
    reports = judge_all(chosen, workers=workers, seconds=seconds)
    for sheet, report in reports:
        for line in unlabelled(sheet, report):
            console.print(f"called wrong, and not labelled: {line}", highlight=False, markup=False)
    found = [o for sheet, report in reports for o in outcomes(sheet, report)]
    return found, rates(found, perf_counter() - began)


def every_change(only: str, workers: int, seconds: float) -> list[Outcome]:
    """What is said of every small change of a true claim; whether it is still true is found by numbers."""
    pairs = [changed(sheet) for sheet in sheets() if sheet.path.suffix == ".graph" and only in sheet.name]
    made = [labelled(base, lines) for base, lines in filter(None, pairs)]
    reports = judge_all([s for s in made if s.labels], workers=workers, seconds=seconds)
    return [o for sheet, report in reports for o in outcomes(sheet, report)]


def trouble(found: Sequence[Outcome]) -> list[str]:
    """The claims that were not judged as their label says, by what is wrong with that."""
    kinds: dict[str, list[Outcome]] = {
        "true, and not proved": [
            o for o in found if o.label.kind in ("right", "postponed") and (o.verdict != "proved" or o.given)
        ],
        "not told to follow": [
            o for o in found if o.label.kind == "follows" and not (o.given and o.verdict != "wrong")
        ],
        "wrong, and not called so": [o for o in found if o.label.kind == "wrong" and o.verdict != "wrong"],
        "named falsely": [o for o in found if o.label.kind == "wrong" and o.named == "falsely"],
        "not named": [o for o in found if o.label.single and o.verdict == "wrong" and o.named == "not"],
    }
    return [f"\n== {kind}: {len(some)}\n" + "\n".join(map(str, some)) for kind, some in kinds.items() if some]


def compared(names: Sequence[str]) -> dict[str, Any]:
    """For each check and group of planted errors how many were found, passed or left open, and the seconds it took."""
    results: dict[str, Any] = {}
    for name in names:
        began = perf_counter()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:  # libraries do not meet
            groups = pool.submit(said_by, name).result()
        results[name] = {"groups": groups, "seconds": perf_counter() - began}
        console.print(f"{name}: {results[name]['seconds']:.0f} s", highlight=False)
    return results


def said_by(name: str) -> dict[str, dict[str, int]]:
    """How often a check found, passed or left open what was planted, by group."""
    counts: dict[str, Counter[str]] = {}
    for case in cases():
        try:
            said = SAID[CHECKS[name](case)]
        except Exception as error:  # a check that fails has not found the error
            said = f"failed: {type(error).__name__}"
        counts.setdefault(case.group, Counter())[said] += 1
    return {group: dict(found) for group, found in counts.items()}


def shown(results: dict[str, Any]) -> Table:
    """Of each group the share that was found; of right gradients the share that was called wrong."""
    table = Table("planted", *results, title="share of wrong gradients that were found")
    for group in dict.fromkeys(g for r in results.values() for g in r["groups"]):
        cells = []
        for result in results.values():
            counts = Counter(result["groups"].get(group, {}))
            left = f" ({counts['open']} open)" if counts["open"] else ""
            cells.append(f"{counts['found']}/{counts.total()}{left}")
        table.add_row("right (false alarms)" if group == "right" else group, *cells)
    return table


if __name__ == "__main__":
    sys.exit(cli())
