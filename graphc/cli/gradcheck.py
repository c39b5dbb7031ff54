"""The command `gradcheck`: derived gradients beside numeric slopes."""

from __future__ import annotations

import click

from graphc.cli.commands import SOURCE_HELP, at_option, source_argument, wrt_option
from graphc.cli.output import write_output
from graphc.cli.source import SourceCommand, parse_bindings


@click.command(cls=SourceCommand, epilog=SOURCE_HELP)
@source_argument
@at_option
@wrt_option
@click.option(
    "--entries", type=click.IntRange(1), help="Check at most so many entries of each array, at random."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="For random values.")
@click.option("--json", "as_json", is_flag=True, help="The report for programs.")
@click.pass_context
def gradcheck(
    ctx: click.Context,
    source: str,
    at: tuple[str, ...],
    wrt: tuple[str, ...],
    entries: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Check the gradients of SOURCE numerically, entry by entry.

    Without --at this is done at three random points. Exit codes: 0 every gradient is right, 1 one is
    wrong, 2 bad input, 3 none is wrong and one stays undecided.

    \b
    graphc gradcheck "mean((w*x + b - t)**2)" --wrt w --wrt b
    graphc gradcheck "relu(x)" --at x=0
    """
    values = parse_bindings(at)
    from graphc import pipeline
    from graphc.claims.gradcheck.check import gradcheck as check

    root = pipeline.load(source, given=values).require_root()
    report = check(root, at=values or None, wrt=wrt, entries=entries, seed=seed)
    write_output(None, report.json() if as_json else str(report))
    ctx.exit(report.exit_code)
