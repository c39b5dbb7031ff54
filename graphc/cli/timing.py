"""The commands about time: `tune` measures the machine, `profile` a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from graphc.cli.commands import (
    SOURCE_HELP,
    at_option,
    costs_option,
    dtype_option,
    output_option,
    size_option,
    source_argument,
    wrt_option,
)
from graphc.cli.output import choose_format, write_output
from graphc.cli.source import SourceCommand, parse_bindings, parse_sizes

if TYPE_CHECKING:
    from rich.console import Console

    from graphc.plan.costs import CostTable

TABLE_FORMATS = {".json": "json"}


@click.command()
@output_option(
    "Where the table goes: *.json, or - for standard output.  [default: nowhere, it is only shown]"
)
def tune(output: str | None) -> None:
    """Measure what array operations take on this machine.

    Takes a few seconds; let the machine do nothing else. The table is used where it is asked for,
    with compile --costs FILE: without it, code is the same on every machine.

    \b
    graphc tune -o machine.json
    graphc compile model.graph --costs machine.json -o step.py
    """
    choose_format(output, None, TABLE_FORMATS, "json")
    from rich.console import Console

    from graphc.emit import kernels
    from graphc.emit.measure import measure

    console = Console(stderr=output == "-")
    with Console(stderr=True).status("matrix products") as status:
        alone = kernels.measure_rates(kernels.ONE_THREAD)
        table = measure(alone, kernels.measure_rates({}), say=status.update)
        advice = kernels.kernel_advice(alone, wide=kernels.has_avx512())
    if output == "-":
        write_output(output, table.json())
    else:
        show_table(table, console)
        if output is not None:
            write_output(output, table.json())
    if advice:
        console.print(f"advice: {advice}", soft_wrap=True, highlight=False)


def show_table(table: CostTable, console: Console) -> None:
    """The constants, beside those that are shipped."""
    from rich.table import Table

    from graphc.plan.costs import SHIPPED

    shown = Table(
        box=None, pad_edge=False, caption="of two numbers, the first is for float32", caption_justify="left"
    )
    for heading in ("", "here", "shipped", "unit"):
        shown.add_column(heading, justify="right" if heading in ("here", "shipped") else "left", no_wrap=True)
    for (name, here, unit), (_, usual, _) in zip(constants(table), constants(SHIPPED), strict=True):
        shown.add_row(name, here, usual, unit)
    console.print(shown)


def constants(table: CostTable) -> Sequence[tuple[str, str, str]]:
    """Each constant of a table: what it is, its value, its unit."""
    rows = [
        ("cores", str(table.cores), ""),
        ("matrix products, one core", digits(*table.gemm), "GFLOP/s"),
        ("on all cores", digits(table.gemm_gain), "times that"),
        ("memory", digits(table.bandwidth), "GB/s"),
        ("cache", digits(table.cache / 2**20), "MiB"),
        ("slice of a chain", digits(table.block / 2**10), "KiB of each array"),
    ]
    rows += [(f"call: {name}", digits(value), "ns") for name, value in table.call.items()]
    rows += [(name, digits(*pair), "ns per entry") for name, pair in table.entry.items()]
    return rows


def digits(*values: float) -> str:
    """Numbers with two digits at least, and no more than can be measured."""
    return " / ".join(f"{v:,.0f}" if v >= 100 else f"{v:.2g}" for v in values)


@click.command(cls=SourceCommand, epilog=SOURCE_HELP)
@source_argument
@wrt_option
@at_option
@size_option
@dtype_option
@costs_option
@click.option(
    "--repeat",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="How often to run; medians are shown.",
)
def profile(
    source: str,
    wrt: tuple[str, ...],
    at: tuple[str, ...],
    sizes: tuple[str, ...],
    dtype: str,
    costs: str | None,
    repeat: int,
) -> None:
    """Run SOURCE and its gradients, and show the time of each step beside its mathematics.

    Inputs without a value are random, at the sizes given; a size that is not given is 64.

    \b
    graphc profile model.graph --size N=128 --dtype float32
    """
    values, counts = parse_bindings(at), parse_sizes(sizes)
    from rich.console import Console

    from graphc import pipeline

    program = pipeline.load(source, given=values)
    found = pipeline.profile(
        program, at=values, sizes=counts, wrt=wrt, dtype=dtype, costs=costs, repeat=repeat
    )
    console = Console()
    if console.is_terminal:
        console.print(found)
    else:
        write_output(None, found.table())
