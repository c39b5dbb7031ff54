"""The commands. Everything heavier than click is imported inside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from graphc.cli.output import choose_format, write_output
from graphc.cli.source import SourceCommand, parse_bindings, parse_bytes, parse_sizes

if TYPE_CHECKING:
    from graphc.pipeline import Picture, Report

PICTURE_FORMATS = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".png": "png"}
DERIVATION_FORMATS = {".txt": "text", ".md": "markdown", ".tex": "latex", ".json": "json"}
CODE_FORMATS = {".py": "python"}

SOURCE_HELP = """SOURCE is an expression, which may begin with a minus, or a file: NAME.graph, NAME.md
with a ```graphc block, or FILE.py:NAME for a Python object of your own."""

Decorator = Callable[[Callable[..., None]], Callable[..., None]]

source_argument = click.argument("source")
at_option = click.option(
    "--at",
    multiple=True,
    metavar="NAME=VALUE",
    help='A value, as in --at x=-2 or --at "w=[1, -2, 3]"; repeatable.',
)
wrt_option = click.option(
    "--wrt", multiple=True, metavar="NAME", help="Differentiate with respect to NAME only; repeatable."
)
dtype_option = click.option(
    "--dtype",
    type=click.Choice(["float32", "float64"]),
    default="float64",
    show_default=True,
    help="The precision of the reals.",
)
costs_option = click.option(
    "--costs", metavar="FILE", help="Plan with this table of costs, which graphc tune wrote."
)

size_option = click.option(
    "--size", "sizes", multiple=True, metavar="NAME=NUMBER", help="A size, as in --size N=128; repeatable."
)


def output_option(text: str) -> Decorator:
    return click.option("-o", "--output", metavar="FILE", help=text)


def format_option(by_suffix: dict[str, str]) -> Decorator:
    formats = click.Choice(list(dict.fromkeys(by_suffix.values())))
    return click.option("--format", "form", type=formats, help="The format, whatever the suffix.")


@click.command(cls=SourceCommand, epilog=SOURCE_HELP)
@source_argument
@at_option
@wrt_option
@click.option(
    "--expand", multiple=True, metavar="OP", help="Open this gate into elementary ones; repeatable."
)
@click.option(
    "--fold",
    multiple=True,
    metavar="SCOPE",
    help="Draw all of a scope, as net/dense1, as one gate; repeatable.",
)
@click.option("--roles", is_flag=True, help="Say which gates distribute, route or switch gradients.")
@click.option(
    "--digits", type=click.IntRange(0, 15), default=2, show_default=True, help="Decimals of the numbers."
)
@click.option("--check", "checked", is_flag=True, help="Judge the claims in SOURCE, and mark them.")
@output_option("Where to: *.svg, *.dot, *.png, or - for standard output.  [default: circuit.svg]")
@format_option(PICTURE_FORMATS)
@click.pass_context
def draw(
    ctx: click.Context,
    source: str,
    at: tuple[str, ...],
    wrt: tuple[str, ...],
    expand: tuple[str, ...],
    fold: tuple[str, ...],
    roles: bool,
    digits: int,
    checked: bool,
    output: str | None,
    form: str | None,
) -> None:
    """Draw SOURCE as a backprop circuit.

    Values stand above the wires, gradients below, local derivatives on the edges. Without --at the
    picture is symbolic. With --check, claims about gradients and local derivatives are marked as
    right, wrong (with what was claimed) or undecided, and the exit code is that of graphc check.

    \b
    graphc draw "(x + y) * z" --at x=-2 --at y=5 --at z=-4 -o circuit.svg
    graphc draw "sigmoid(w*x + b)" --expand sigmoid -o neuron.png
    graphc draw --check notes.md -o marked.svg
    """
    output = f"circuit.{form or 'svg'}" if output is None else output
    form = choose_format(output, form, PICTURE_FORMATS, None)
    values = parse_bindings(at)
    from graphc import pipeline

    options: dict[str, Any] = {
        "at": values, "expand": expand, "fold": fold, "roles": roles, "wrt": wrt, "digits": digits
    }  # fmt: skip
    if not checked:
        write_output(
            output, picture_content(pipeline.draw(pipeline.load(source, given=values), **options), form)
        )
        return
    program, report = pipeline.load_judged(source)
    write_output(output, picture_content(pipeline.draw(program, check=report, **options), form))
    ctx.exit(report.exit_code)


def picture_content(picture: Picture, form: str) -> str | bytes:
    match form:
        case "png":
            return picture.png
        case "dot":
            return picture.dot
        case _:
            return picture.svg


@click.command(cls=SourceCommand, epilog=SOURCE_HELP)
@source_argument
@wrt_option
@at_option
@output_option("Where to: *.txt, *.md, *.tex, *.json, or -.  [default: standard output]")
@format_option(DERIVATION_FORMATS)
@click.option("--indices", is_flag=True, help="Definitions in index notation too, as gradients are.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def derive(
    source: str,
    wrt: tuple[str, ...],
    at: tuple[str, ...],
    output: str | None,
    form: str | None,
    indices: bool,
    as_json: bool,
) -> None:
    """Write out the chain rule for SOURCE, step by step.

    LaTeX is a whole document in a file, and the bare steps on standard output.

    \b
    graphc derive "sigmoid(x)"
    graphc derive "-t*log(p)" --wrt p -o steps.tex
    """
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json and --format {form} contradict each other; give one of them.")
    form = choose_format(output, "json" if as_json else form, DERIVATION_FORMATS, "text")
    values = parse_bindings(at)
    from graphc import pipeline

    report = pipeline.derive(pipeline.load(source, given=values), wrt=wrt, at=values, indices=indices)
    whole = output is not None and output != "-"
    write_output(output, report_content(report, form, document=whole))


def report_content(report: Report, form: str, *, document: bool) -> str:
    match form:
        case "latex":
            return report.latex(document=document)
        case "markdown":
            return report.markdown()
        case "json":
            return report.json()
        case _:
            return report.text()


@click.command(name="compile", cls=SourceCommand, epilog=SOURCE_HELP)
@source_argument
@wrt_option
@dtype_option
@size_option
@click.option(
    "--memory",
    metavar="BYTES",
    help="What intermediate values may take at these sizes, as 64MB; the others are computed again.",
)
@costs_option
@click.option(
    "--target",
    type=click.Choice(("numpy", "numba")),
    default="numpy",
    show_default=True,
    help="What runs the code; with numba, cheap elementwise chains are compiled loops.",
)
@output_option("Where to: *.py, or -.  [default: standard output]")
def compile_(
    source: str,
    wrt: tuple[str, ...],
    dtype: str,
    sizes: tuple[str, ...],
    memory: str | None,
    costs: str | None,
    target: str,
    output: str | None,
) -> None:
    """Print SOURCE and its gradients as a NumPy module.

    The module stands on its own: it needs NumPy, not graphc. It is right for every size, and planned
    for those that are given; a size that is not is reckoned at 64.

    \b
    graphc compile "mean((w*x + b - t)**2)" --wrt w --wrt b
    graphc compile model.graph --dtype float32 -o step.py
    graphc compile model.graph --size N=2048 --memory 64MB -o step.py
    """
    choose_format(output, None, CODE_FORMATS, "python")
    counts, budget = parse_sizes(sizes), parse_bytes(memory)
    from graphc import pipeline

    function = pipeline.compile(
        pipeline.load(source),
        wrt=wrt,
        dtype=dtype,
        sizes=counts,
        memory=budget,
        costs=costs,
        target=target,
    )
    write_output(output, function.source)
