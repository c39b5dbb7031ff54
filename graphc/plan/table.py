"""A plan as a table: each line with where its result goes, what it takes, and its mathematics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from graphc.ir.types import show_shape
from graphc.ops.form import show
from graphc.plan.predict import size_in_bytes, step_costs, step_flops

if TYPE_CHECKING:
    from graphc.ir.node import Node
    from graphc.plan.plan import Plan

HEADINGS = ("step", "buffer", "shape", "bytes", "FLOPs", "time", "mathematics")
_LEFT = frozenset(("buffer", "shape", "mathematics"))


def plan_table(plan: Plan) -> str:
    """The steps, one per line: number, buffer, shape, bytes, operations, predicted time, mathematics.

    Sizes that have a name are reckoned at what the plan expects. Bytes are those of memory that a step is
    the first to fill. The last row is the sum; beneath stands what the passes did.
    """
    setting = plan.setting
    seconds = [c.seconds(setting.costs) for c in step_costs(plan.steps, setting.costs, setting)]
    operations = step_flops(plan.steps, setting)
    taken = _fresh_bytes(plan)
    rows = [
        (str(i), f"{s.buffer} {s.place}", show_shape(s.node.shape), *amounts, text)
        for i, (s, text, *amounts) in enumerate(
            zip(
                plan.steps,
                mathematics(plan),
                map(show_bytes, taken),
                map(show_count, operations),
                map(show_time, seconds),
                strict=True,
            )
        )
    ]
    last = (
        "",
        "",
        "",
        show_bytes(sum(taken)),
        show_count(sum(operations)),
        show_time(sum(seconds)),
        "in all",
    )
    notes = [f"{note.name}: {note.text}" for note in plan.notes]
    return "\n".join([*aligned([HEADINGS, *rows, last], _LEFT), *notes])


def mathematics(plan: Plan) -> Iterator[str]:
    """What each step computes, in the names of the steps before it: `z = x @ W`."""
    names: dict[Node, str] = dict(plan.names)
    for step in plan.steps:
        yield f"{step.name} = {names[step.node] if step.node in names else show(step.node, names)}"
        if step.action != "store":
            names[step.node] = step.name


def _fresh_bytes(plan: Plan) -> list[int]:
    """The bytes of each step's buffer, where it is the first to fill it."""
    filled = {b.number for b in plan.buffers if b.role in ("argument", "owned")}
    found: list[int] = []
    for step in plan.steps:
        found.append(0 if step.buffer in filled else size_in_bytes(step.node, plan.setting))
        filled.add(step.buffer)
    return found


def aligned(rows: Sequence[Sequence[str]], left: frozenset[str]) -> Iterator[str]:
    """Rows in columns, the first row being headings; columns of those in `left` begin on the left."""
    widths = [max(len(r[c]) for r in rows) for c in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if heading in left else cell.rjust(width)
            for cell, width, heading in zip(row, widths, rows[0], strict=True)
        ]
        yield "  ".join(cells).rstrip()


# amounts ----------------------------------------------------------------------------------------------------


def show_time(seconds: float) -> str:
    """Seconds with three digits: `1.25 ms`."""
    return _show(seconds * 1e9, 1000, ("ns", "µs", "ms", "s"))


def show_bytes(count: int) -> str:
    """Bytes with three digits: `75 KiB`; none is left out."""
    return _show(count, 1024, ("B", "KiB", "MiB", "GiB", "TiB")) if count else ""


def show_count(count: int) -> str:
    """A number with three digits: `15.4 M`; none is left out."""
    return _show(count, 1000, ("", "k", "M", "G", "T")) if count else ""


def _show(value: float, step: int, units: Sequence[str]) -> str:
    rest = list(units)
    while value >= step - 0.5 and len(rest) > 1:
        value /= step
        rest.pop(0)
    digits = f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
    return f"{digits} {rest[0]}".rstrip()
