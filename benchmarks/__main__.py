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

from benchmarks import harness, peers, workloads
from benchmarks.workloads import BenchmarkError

console = Console()
ALL = ",".join(workloads.WORKLOADS)
DOCS = Path(__file__).parent.parent / "docs"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Training steps of graphc timed against other libraries."""


@cli.command()
@click.option("--workloads", "keys", default=ALL, show_default=True, help='As in "1,2,9:depth=800:batch=37".')
@click.option("--vary", default="", help="One parameter over several values, as in depth=50,200,800.")
@click.option("--peers", "names", default="torch,jax,graphc", show_default=True, help=", ".join(peers.PEERS))
@click.option("--rounds", type=click.IntRange(1), default=9, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.0), default=0.5, show_default=True, help="Of each round.")
@click.option(
    "--patience", type=click.FloatRange(1), default=300, show_default=True, help="Seconds to start in."
)
@click.option("--cores", type=click.IntRange(0), default=0, help="Keep every peer to this many cores.")
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
    path: Path | None,
) -> None:
    """Whole training steps, side by side."""
    chosen = varied(keys.split(","), vary)
    for key in chosen:
        workloads.find(key)
    wanted = names.split(",")
    for name in wanted:
        peers.find(name)
    settings = harness.Settings(rounds, seconds, patience, cores)
    records: list[dict[str, Any]] = []
    for key in chosen:
        with console.status(key) as status:
            results = harness.compare(key, wanted, settings, say=status.update)
        records.append(harness.record(key, results))
        console.print(table(key, results))
        if path is not None:
            saved = {"machine": harness.machine(), "settings": asdict(settings), "records": records}
            path.write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")
    if any(r["wrong"] for record in records for r in record["results"]):
        raise BenchmarkError("not all peers computed the same; the table says which")


def varied(keys: Sequence[str], vary: str) -> list[str]:
    """The workloads, each once for every value."""
    if not vary:
        return list(keys)
    name, equals, values = vary.partition("=")
    if not equals or not values:
        raise BenchmarkError(f"--vary takes a name and values, as in depth=50,200, not {vary!r}")
    return [f"{key}:{name}={value}" for key in keys for value in values.split(",")]


def table(key: str, results: Sequence[harness.Result]) -> Table:
    """Step, time to the first step, memory, and the last peer's time over each other's."""
    own = results[-1]
    chosen = workloads.find(key)
    shown = Table(title=f"{key}  {chosen.name}, batch {chosen.batch}", title_justify="left")
    for heading in ("peer", "step, ms", "first step, s", "peak, MiB", f"{own.peer} / peer"):
        shown.add_column(heading, justify="left" if heading == "peer" else "right")
    shown.add_column("")
    for r in results:
        if r.skipped:
            shown.add_row(r.peer, "", "", "", "", f"skipped: {r.skipped}")
            continue
        memory = f"{r.peak / 2**20:.0f}" if r.peak else "?"
        against = f"{harness.ratio(own, r):.2f}" if own.rounds and r is not own else ""
        shown.add_row(r.peer, f"{1e3 * r.step:.4g}", f"{r.first:.3g}", memory, against, r.wrong)
    return shown


@cli.command(name="compile")
@click.option("--workloads", "keys", default=ALL, show_default=True)
@click.option("--vary", default="", help="One parameter over several values, as in depth=50,200,800.")
@click.option(
    "--json", "path", type=click.Path(dir_okay=False, path_type=Path), help="Save the results here."
)
def compile_(keys: str, vary: str, path: Path | None) -> None:
    """The stages of compiling with graphc, each workload in a process of its own."""
    chosen = varied(keys.split(","), vary)
    for key in chosen:
        workloads.find(key)
    names = ("build", "derive", "simplify", "plan", "emit", "total", "imports")
    shown = Table(
        title="compiling, ms; in brackets ms per thousand nodes; imports are not in the total",
        title_justify="left",
    )
    for heading in ("workload", "nodes", *names):
        shown.add_column(heading, justify="right")
    found = []
    for key in chosen:
        with console.status(key):
            stages = staged(key)
        found.append(stages)
        per = 1e6 / stages["nodes"]
        cells = [f"{1e3 * stages[n]:.1f} ({per * stages[n]:.0f})" for n in names]
        shown.add_row(key, str(stages["nodes"]), *cells)
    console.print(shown)
    if path is not None:
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


STAGES = """
import time
begin = time.perf_counter()
import sympy  # graphc loads it with the first derivative
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
