"""Data-parallel parts: what is computed for rows of the batch runs on threads, a part of the rows on each.

Sums over the rows are made in each part and then combined, in the order of the parts. What needs them, or all rows at
once, waits for every part: between two such points lies one loop.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from graphc.ir.node import Node
from graphc.ir.types import DimLike
from graphc.plan import blocks
from graphc.plan.costs import on_all_cores, parallel_gain
from graphc.plan.loops import Loop, Member, Run
from graphc.plan.lower import Lowered
from graphc.plan.order import Line
from graphc.plan.predict import Cost, cost, likeness, size_in_bytes
from graphc.plan.rows import Status
from graphc.plan.setting import Setting

NAME = "parts"
WHAT = "runs parts of the batch side by side, on threads"
LEAST_SAVED = 3e-4  # seconds: to start a thread and to take turns takes as long
LEAST_GAIN = 0.15  # of the time of a step, from which threads are worth their trouble


def member(line: Line, status: Mapping[Node, Status]) -> Member | None:
    """Whether a line is computed for some of the rows at a time."""
    if line.action != "compute" or line.target is not None or line.node.is_leaf:
        return None
    found = status[line.node]
    if found == "rows":
        return Member("rows")
    return Member("rows", synced=True, partial=line.node.op.kind == "move") if found == "sum" else None


def loops_of(
    runs: Sequence[Run], lines: Sequence[Line], status: Mapping[Node, Status], rows: DimLike, parts: int
) -> list[Loop]:
    """Each run as a loop over parts of the rows."""
    found = []
    for run in runs:
        sums = frozenset(n.node for n in lines[run.first : run.last] if status[n.node] == "sum")
        found.append(Loop("parts", run.first, run.last, rows, parts, sums))
    return found


def number_of_parts(
    lowered: Lowered, status: Mapping[Node, Status], rows: DimLike | None, setting: Setting
) -> int:
    """On how many threads the rows pay to be spread; 1 for none.

    What is computed for rows counts by its predicted time, what parts have to add up by its bytes.
    """
    table = setting.costs
    if rows is None or NAME in setting.off or not setting.workspace or table.cores < 2:
        return 1
    products = elementwise = 0.0
    sums = 0
    alike: dict[Hashable, Cost] = {}
    for node, found in status.items():
        if found in ("rows", "sum"):
            like = likeness(node)
            if like not in alike:
                alike[like] = cost(node, table, setting, cached=blocks.is_cached(node, setting))
            one = alike[like]
            elementwise += one.entries + one.calls
            if blocks.is_sliced(node, rows, setting):
                elementwise += one.products  # slices are too small for the threads of BLAS
            else:
                products += one.products
            sums += size_in_bytes(node, setting) if found == "sum" else 0
    saved = parallel_gain(table, elementwise, products, sums, table.cores)
    serial = on_all_cores(table, products) + elementwise
    if saved < max(LEAST_GAIN * serial, LEAST_SAVED) or setting.entries((rows,)) < table.cores:
        return 1
    setting.say(
        NAME, f"rows run in {table.cores} parts on threads: about {saved / serial:.0%} of the time saved"
    )
    return table.cores
