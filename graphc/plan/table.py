"""A plan as a table: each line with where its result goes, what it takes, and its mathematics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from graphc.ir.types import show_shape
from graphc.ops.form import show
from graphc.plan.forecast import step_flops, step_seconds
from graphc.plan.predict import size_in_bytes

if TYPE_CHECKING:
    from graphc.ir.node import Node
    from graphc.plan.plan import Plan

HEADINGS = ("step", "buffer", "shape", "bytes", "FLOPs", "time", "mathematics")
WIDEST = 100  # characters of mathematics that are shown
_LEFT = frozenset(("buffer", "shape", "mathematics"))


def plan_table(plan: Plan) -> str:
    """The steps, one per line: number, buffer, shape, bytes, operations, predicted time, mathematics.

    Sizes that have a name are reckoned at what the plan expects. Bytes are those of memory that a step is the first to
    fill; in a loop, of one slice. The last row is the sum; beneath stands what the passes did.
    """
    seconds, operations = step_seconds(plan), list(step_flops(plan))
    taken = _fresh_bytes(plan)
    margins, headings = _margins(plan)
    rows: list[tuple[str, ...]] = []
    for i, (step, text) in enumerate(zip(plan.steps, mathematics(plan), strict=True)):
        rows += [(*[""] * 6, heading) for heading in headings.get(i, ())]
        amounts = show_bytes(taken[i]), show_count(operations[i]), show_time(seconds[i])
        where = f"{step.buffer} {step.place}"
        rows.append((str(i), where, show_shape(step.node.shape), *amounts, margins[i] + clipped(text)))
    amounts = show_bytes(sum(taken)), show_count(sum(operations)), show_time(sum(seconds))
    notes = [f"{note.name}: {note.text}" for note in plan.notes]
    return "\n".join([*aligned([HEADINGS, *rows, ("", "", "", *amounts, "in all")], _LEFT), *notes])


def _margins(plan: Plan) -> tuple[list[str], dict[int, list[str]]]:
    """For each step the margin that shows how deep in loops it is, and the lines that begin the loops."""
    margins = [""] * len(plan.steps)
    headings: dict[int, list[str]] = {}
    for loop in plan.loops:
        rows = show_shape((loop.rows,))[1:-2]
        what = f"for {loop.size} of {rows} at a time:"
        if loop.kind == "parts":
            what = f"for {rows} in {loop.size} parts, side by side:"
        elif loop.kind == "entries":
            what = "for one entry after the other, compiled:"
        headings.setdefault(loop.first, []).append(margins[loop.first] + what)
        for i in range(loop.first, loop.last):
            margins[i] += "    "
    return margins, headings


def mathematics(plan: Plan) -> Iterator[str]:
    """What each step computes, in the names of the steps before it: `z = x @ W`."""
    names: dict[Node, str] = dict(plan.names)
    for step in plan.steps:
        yield f"{step.name} = {names[step.node] if step.node in names else show(step.node, names)}"
        if step.action != "store":
            names[step.node] = step.name


def clipped(text: str) -> str:
    """Mathematics without the end of a line that is too long to read."""
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _fresh_bytes(plan: Plan) -> list[int]:
    """The bytes that each step is the first to fill: buffers of one slot share its memory."""
    filled: dict[tuple[str, int], int] = {}
    found: list[int] = []
    for step in plan.steps:
        buffer = plan.buffers[step.buffer]
        there = buffer.role in ("argument", "owned") or buffer.piece is not None
        if there or step.place in ("view", "in place", "entry"):
            found.append(0)
            continue
        size = size_in_bytes(step.node, plan.setting)
        if buffer.loop >= 0:
            loop = plan.loops[buffer.loop]
            size = min(size, size * loop.size // max(plan.setting.entries((loop.rows,)), 1))
        key = ("slot", buffer.slot) if buffer.slot >= 0 else ("buffer", buffer.number)
        found.append(max(size - filled.get(key, 0), 0))
        filled[key] = max(size, filled.get(key, 0))
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
