"""The command `check`: gradients derived by hand, judged claim by claim."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterable, Mapping, Sequence
from glob import glob
from typing import TYPE_CHECKING

import click

from graphc.cli.output import save, say, write_output
from graphc.cli.source import SourceCommand
from graphc.ir.errors import BindError

if TYPE_CHECKING:
    from rich.console import Console

    from graphc.claims.verdict import Report
    from graphc.claims.write import Line

SUFFIXES = (".graph", ".md", ".tex")
STYLES = {
    "place": "dim",
    "right": "green",
    "given": "yellow",
    "wrong": "bold red",
    "undecided": "magenta",
    "evidence": "dim",
    "summary": "bold",
}
HELP = """Each of FILES is NAME.graph, NAME.md with ```graphc blocks, NAME.tex with graphc comments,
or a text in quotes. Exit codes: 0 every claim holds, 1 a claim is wrong, 2 something could not be
read (the rest is judged all the same), 3 nothing is wrong and something is undecided."""


@click.command(cls=SourceCommand, epilog=HELP)
@click.argument("sources", nargs=-1, metavar="FILES...")
@click.option("--json", "as_json", is_flag=True, help="Write the report as JSON.")
@click.option("--junit-xml", "junit", metavar="FILE", help="Write the report to FILE too, as JUnit XML.")
@click.option("--times", is_flag=True, help="Give the seconds each claim took, in JSON and JUnit XML.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of claims that hold.")
@click.option(
    "--code", metavar="FILE.py:FUNCTION", help="Judge the gradients of a NumPy function, which is not run."
)
@click.option("--loss", metavar="MODEL", help="The model that --code differentiates, as model.graph.")
@click.option(
    "--bind",
    multiple=True,
    metavar="THERE=NAME",
    help="What the code calls THERE is NAME in the model; repeatable.",
)
@click.option(
    "--seconds",
    type=float,
    default=10.0,
    show_default=True,
    help="The most that one claim may take; it is undecided then.",
)
@click.pass_context
def check(
    ctx: click.Context,
    sources: tuple[str, ...],
    as_json: bool,
    junit: str | None,
    times: bool,
    quiet: bool,
    code: str | None,
    loss: str | None,
    bind: tuple[str, ...],
    seconds: float,
) -> None:
    """Judge the claims in FILES: proved, agreeing at points tried, wrong, or undecided.

    What is wrong is shown at a small example, and the mistake is named if one alone explains it.

    \b
    graphc check "d(sigmoid(x))/d(x) == sigmoid(x)*(1 - sigmoid(x))"
    graphc check notes.md homework.graph --junit-xml claims.xml
    graphc check --code backward.py:two_layer_backward --loss model.graph
    """
    bound = parse_names(bind)
    refuse_what_does_not_fit(sources, code, loss, bound, seconds)
    from graphc.claims.check import check_sources
    from graphc.claims.write import to_junit

    gc.enable()  # unlike other commands, hundreds of claims are long enough for collecting to pay
    report = check_sources(expand(sources), seconds=seconds, bind=bound, code=code, loss=loss)
    write_report(report, as_json=as_json, times=times, quiet=quiet)
    if junit is not None:
        save(junit, to_junit(report, times=times))
    ctx.exit(report.exit_code)


def refuse_what_does_not_fit(
    sources: Sequence[str], code: str | None, loss: str | None, bound: Mapping[str, str], seconds: float
) -> None:
    if not sources and code is None:
        raise click.UsageError('there is nothing to check; name a file, as in "graphc check notes.md".')
    if (code is None) != (loss is None):
        raise click.UsageError(
            "--code and --loss go together: the code, and the model whose gradients it computes."
        )
    if bound and code is None:
        raise click.UsageError("--bind is about names in --code; name the code.")
    if not (math.isfinite(seconds) and seconds > 0):
        raise click.UsageError(f"--seconds {seconds:g}: a time is a number above 0.")


def expand(sources: Sequence[str]) -> tuple[str, ...]:
    """`sources` with the files that `*.md` and its like stand for: not every shell looks them up itself."""
    found: list[str] = []
    for source in sources:
        pattern = source.endswith(SUFFIXES) and "*" in source and "\n" not in source
        found += (sorted(glob(source)) if pattern else []) or [source]
    return tuple(found)


def parse_names(texts: Sequence[str]) -> dict[str, str]:
    """`["h1=h"]` as names by what stands for them.

    Raises BindError for what is no pair of names, and when one is given twice.
    """
    names: dict[str, str] = {}
    for text in texts:
        there, _, name = (part.strip() for part in text.rpartition("="))
        if not there or not name.isidentifier():
            raise BindError(f"--bind {text}: a name for a name is written THERE=NAME, as in --bind h1=h")
        if there in names:
            raise BindError(f"--bind gives {there} twice; give it one name")
        names[there] = name
    return names


def write_report(report: Report, *, as_json: bool, times: bool, quiet: bool) -> None:
    """The judgements on standard output, what could not be read on standard error."""
    from graphc.claims.write import lines, to_json

    if as_json:
        write_output(None, to_json(report, times=times))
    elif found := list(lines(report, quiet=quiet)):
        show(found)
    for problem in report.problems:
        say(f"graphc: {' '.join(problem.sentence.split())}", err=True)


def show(found: Iterable[Line]) -> None:
    """Lines on standard output, with colours if it is a terminal."""
    from rich.console import Console

    console = Console()
    if console.is_terminal:
        show_coloured(found, console)
    else:
        write_output(None, "\n".join(line.text for line in found))


def show_coloured(found: Iterable[Line], console: Console) -> None:
    from rich.text import Text

    for line in found:
        pieces = ((text, STYLES.get(kind, "")) for text, kind in line.pieces)
        shown = Text.assemble(*pieces)
        shown.rstrip()
        console.print(shown, soft_wrap=True, highlight=False)
