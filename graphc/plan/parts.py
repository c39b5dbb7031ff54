"""Data-parallel parts: what is computed for rows of the batch runs on threads, a part of the rows on each.

Sums over the rows are made in each part and then combined, in the order of the parts. What needs them, or all rows at
once, waits for every part: between two such points lies one loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphc.ir.node import Node
from graphc.ir.types import DimLike
from graphc.plan.loops import Loop, Member, Run
from graphc.plan.lower import Lowered
from graphc.plan.order import Line
from graphc.plan.rows import Status
from graphc.plan.setting import Setting

NAME = "parts"


def member(line: Line, status: Mapping[Node, Status]) -> Member | None:
    """Whether a line is computed for some of the rows at a time."""
    if line.action != "compute" or line.target is not None or line.node.is_leaf:
        return None
    found = status[line.node]
    return Member("rows", found == "sum") if found in ("rows", "sum") else None


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
    """On how many threads the rows pay to be spread; 1 for none."""
    return 1
