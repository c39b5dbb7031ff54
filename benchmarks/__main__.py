"""`python -m benchmarks step`, `report` and `compile`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks import acceptance, harness, kernels, peers, workloads
from benchmarks.workloads import BenchmarkError
from graphc.ir.errors import GraphcError
from graphc.plan.costs import SHIPPED, load_table

console = Console()
ALL = ",".join(workloads.WORKLOADS)
KEYS = 'As in "1,2,9:depth=800:batch=37"; "general" are shapes that nothing was tuned for.'
DOCS = Path(__file__).parent.parent / "docs"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Training steps of graphc timed against other libraries."""


@cli.command()
@click.option(
    "--workloads",
    "keys",
    default=ALL,
    show_default=True,
    help='As in "1,2,9:depth=800:batch=37"; "general" are shapes nothing was tuned for.',
)
@click.option("--vary", default="", help="One parameter over several values, as in depth=50,200,800.")
@click.option("--peers", "names", default="torch,jax,graphc", show_default=True, help=", ".join(peers.PEERS))
@click.option("--rounds", type=click.IntRange(1), default=9, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.0), default=0.5, show_default=True, help="Of each round.")
@click.option(
    "--patience", type=click.FloatRange(1), default=300, show_default=True, help="Seconds to start in."
)
@click.option("--cores", type=click.IntRange(0), default=0, help="Keep every peer to this many cores.")
@click.option(
    "--openblas",
    default="auto",
    show_default=True,
    metavar="KERNELS",
    help="OpenBLAS's kernels: the fastest (auto), as the environment says (default), or by name (SkylakeX).",
)
@click.option(
    "--json", "path", type=click.Path(dir_okay=False, path_type=Path), help="Save the results here."
)
def step(
    keys: str,
    vary: str,
    names: str,
    rounds: int,
    seconds: float,
    patience: float,
    cores: int,
    openblas: str,
    path: Path | None,
) -> None:
    """Whole training steps, side by side."""
    chosen = varied(listed(keys), vary)
    for key in chosen:
        workloads.find(key)
    wanted = names.split(",")
    for name in wanted:
        peers.find(name)
    machine = harness.machine()
    if warning := harness.busy(machine["load"], cores or machine["cores"]):
        console.print(f"warning: {warning}", style="yellow")
    settings = harness.Settings(rounds, seconds, patience, cores, kernels.choose(openblas))
    console.print(settings.kernels.sentence())
    records: list[dict[str, Any]] = []
    for key in chosen:
        with console.status(key) as status:
            results = harness.compare(key, wanted, settings, say=status.update)
        records.append(harness.record(key, results))
        console.print(table(key, results))
        console.print(*remarks(results), *accepted(records[-1]), sep="\n", end="\n\n")
        if path is not None:
            saved = {"machine": machine, "settings": asdict(settings), "records": records}
            path.write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")
    if any(r["wrong"] for record in records for r in record["results"]):
        raise BenchmarkError("not all peers computed the same; the table says which")


def listed(keys: str) -> list[str]:
    """The workloads named, with commas between them; "general" stands for a list of its own."""
    return [key for word in keys.split(",") for key in (workloads.GENERAL if word == "general" else [word])]


def varied(keys: Sequence[str], vary: str) -> list[str]:
    """The workloads, each once for every value."""
    if not vary:
        return list(keys)
    name, equals, values = vary.partition("=")
    if not equals or not values:
        raise BenchmarkError(f"--vary takes a name and values, as in depth=50,200, not {vary!r}")
    return [f"{key}:{name}={value}" for key in keys for value in values.split(",")]


def table(key: str, results: Sequence[harness.Result]) -> Table:
    """Step, time to the first step, memory, and the time of graphc (or the last peer) over each other's."""
    own = next((r for r in results if r.peer == acceptance.OWN and r.rounds), results[-1])
    chosen = workloads.find(key)
    shown = Table(title=f"{key}  {chosen.name}, batch {chosen.batch}, {chosen.dtype}", title_justify="left")
    for heading in ("peer", "step, ms", "first step, s", "peak, MiB", f"{own.peer} / peer"):
        shown.add_column(heading, justify="left" if heading == "peer" else "right")
    for r in results:
        if r.skipped:
            shown.add_row(r.peer, "", "", "", "")
            continue
        memory = f"{r.peak / 2**20:.0f}" if r.peak else "?"
        against = f"{harness.ratio(own, r):.2f}" if own.rounds and r is not own else ""
        shown.add_row(r.peer, f"{1e3 * r.step:.4g}", f"{r.first:.3g}", memory, against)
    return shown


def remarks(results: Sequence[harness.Result]) -> list[str]:
    """What was left out, and what computed something else."""
    said = ((r.peer, f"skipped: {r.skipped}" if r.skipped else r.wrong or r.note) for r in results)
    return [f"{peer}: {text}" for peer, text in said if text]


def accepted(record: dict[str, Any]) -> list[Table]:
    """What is asked next to what was measured; nothing where no bound's two peers were. By hand for comparison."""
    found = acceptance.verdicts([record])
    by_hand = {v.bound: v for v in acceptance.verdicts([record], own="hand")}
    if not found:
        found = [v for v in by_hand.values() if v.bound.what == "step"]
    if not found:
        return []
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("", "required", "goal", "measured", "", "by hand"):
        shown.add_column(heading, justify="left" if not heading else "right")
    for v in found:
        b = v.bound
        goal = "" if b.goal is None else f"{b.goal * v.slack:.2f}"
        measured = "" if v is by_hand.get(b) else f"{v.ratio:.2f}"
        hand = f"{by_hand[b].ratio:.2f}" if b in by_hand and b.what == "step" else ""
        words = v.words if measured else ""
        shown.add_row(
            f"{b.what}, {b.own} / {b.peer}", f"{b.required * v.slack:.2f}", goal, measured, words, hand
        )
    return [shown]


@cli.command(name="compile")
@click.option("--workloads", "keys", default=ALL, show_default=True)
@click.option("--vary", default="", help="One parameter over several values, as in depth=50,200,800.")
@click.option(
    "--json", "path", type=click.Path(dir_okay=False, path_type=Path), help="Save the results here."
)
def compile_(keys: str, vary: str, path: Path | None) -> None:
    """The stages of compiling with graphc, each workload in a process of its own."""
    chosen = varied(listed(keys), vary)
    for key in chosen:
        workloads.find(key)
    names = ("build", "derive", "simplify", "plan", "emit", "total", "imports")
    shown = Table(
        title="compiling, ms; in brackets ms per thousand nodes; imports are not in the total",
        title_justify="left",
    )
    for heading in ("workload", "nodes", *names, "at most"):
        shown.add_column(heading, justify="right")
    found = []
    for key in chosen:
        with console.status(key):
            stages = staged(key)
        found.append(stages)
        per = 1e6 / stages["nodes"]
        cells = [f"{1e3 * stages[n]:.1f} ({per * stages[n]:.0f})" for n in names]
        limit = acceptance.COMPILING.get(key)
        cells.append("" if limit is None else f"{1e3 * limit:.0f}")
        shown.add_row(key, str(stages["nodes"]), *cells)
    console.print(shown)
    if path is not None:
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


STAGES = """
import time
begin = time.perf_counter()
from benchmarks.stages import measure
imports = time.perf_counter() - begin
import json, sys
from dataclasses import asdict
stages = measure(sys.argv[1])
print(json.dumps(asdict(stages) | {"total": stages.total, "imports": imports}))
"""


def staged(key: str) -> dict[str, Any]:
    """The stages of one workload, measured in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", STAGES, key], cwd=harness.ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchmarkError(f"compiling {key} failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@cli.command()
@click.option("--workloads", "keys", default=ALL, show_default=True)
@click.option("--vary", default="", help="One parameter over several values, as in depth=50,200,800.")
@click.option("--costs", "path", default=None, help="The table that graphc tune wrote, for the shipped one.")
@click.option(
    "--repeat", type=click.IntRange(1), default=20, show_default=True, help="Runs, of which medians."
)
def costs(keys: str, vary: str, path: str | None, repeat: int) -> None:
    """Forecasts of graphc's cost model against measurements: whether what it takes for slower is slower."""
    from benchmarks.costs import compare, spearman

    try:
        given = load_table(path) if path else SHIPPED
    except GraphcError as error:
        raise BenchmarkError(str(error)) from None
    chosen = varied(listed(keys), vary)
    for key in chosen:
        workloads.find(key)
    found = []
    shown = Table(title="a step, ms; the order is Spearman's correlation", title_justify="left")
    for heading in ("workload", "lines", "predicted", "measured", "ratio", "order of lines"):
        shown.add_column(heading, justify="right")
    for key in chosen:
        with console.status(key):
            one = compare(key, given, repeat)
        found.append(one)
        whole = sum(one.predicted)
        cells = (
            f"{1e3 * whole:.4g}",
            f"{1e3 * one.whole:.4g}",
            f"{whole / one.whole:.2f}",
            f"{one.order:.2f}",
        )
        shown.add_row(key, str(len(one.predicted)), *cells)
    console.print(shown)
    lines = spearman(*(sum((getattr(o, kind) for o in found), ()) for kind in ("predicted", "measured")))
    console.print(f"order of all lines: {lines:.2f}")
    whole_steps = spearman([sum(o.predicted) for o in found], [o.whole for o in found])
    console.print(f"order of the workloads: {whole_steps:.2f}")


@cli.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default=DOCS / "performance.md"
)
def report(files: tuple[Path, ...], output: Path) -> None:
    """Write docs/performance.md and its plot from saved results of `step`; of several runs, the medians."""
    from benchmarks.report import write_report

    write_report(files, output)
    console.print(f"wrote {output}")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line; 2 after bad input or wrong results, which one sentence tells."""
    try:
        cli.main(args, prog_name="benchmarks", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"benchmarks: {error.format_message()}", err=True)
        return 2
    except BenchmarkError as error:
        click.echo(f"benchmarks: {error}", err=True)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
