"""What the lines of a plan take: the costs of the nodes in each, and of the loops around it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from graphc.ir.node import Node
from graphc.ir.types import Shape
from graphc.plan.costs import CostTable, on_all_cores
from graphc.plan.predict import Cost, copy_cost, cost, flops, total
from graphc.plan.setting import Setting

if TYPE_CHECKING:
    from graphc.plan.loops import Loop
    from graphc.plan.plan import Plan


COMPILED = (
    0.2  # of the time of NumPy's operations one by one, that a compiled loop takes (measured: 0.12 to 0.35)
)


def inner_nodes(node: Node, known: Collection[Node]) -> list[Node]:
    """The nodes that the line of `node` computes: itself, and what is below it down to leaves and `known` values."""
    found = {node: None}
    waiting = [node]
    while waiting:
        for a in waiting.pop().args:
            if a not in found and a not in known and not a.is_leaf and a.op.kind != "const":
                found[a] = None
                waiting.append(a)
    return list(found)


def line_cost(
    node: Node,
    known: Collection[Node],
    table: CostTable,
    setting: Setting,
    place: str = "new",
    *,
    cached: bool = False,
) -> Cost:
    """What the line of `node` takes, the values `known` being there."""
    inner = inner_nodes(node, known)
    return total(cost(n, table, setting, place if n is node else "new", cached=cached) for n in inner)


def step_seconds(plan: Plan, setting: Setting | None = None) -> list[float]:
    """The seconds that each line of a plan takes, in all turns of the loops around it; `setting` is else the plan's."""
    setting = setting or plan.setting
    table = setting.costs
    blocks, parts = (_loops_around(plan.loops, len(plan.steps), kind) for kind in ("blocks", "parts"))
    brought = _brought(plan)
    known: set[Node] = set()
    found: list[float] = []
    for step, block, part in zip(plan.steps, blocks, parts, strict=True):
        if step.node in brought and step.action == "compute":
            taken = _rest_cost(step.node, brought[step.node], table, setting)
        elif step.action != "compute" and (step.node in known or step.node.is_leaf):
            taken = copy_cost(step.node, table, setting)
        else:
            place = step.place if step.target is None else "in place"
            taken = line_cost(step.node, known, table, setting, place, cached=block is not None)
        if step.place == "entry":
            taken = Cost(entries=COMPILED * taken.entries)
        found.append(_in_loops(taken, block, part, table, setting))
        if step.action != "store":
            known.add(step.node)
    return found


def _brought(plan: Plan) -> dict[Node, list[Shape]]:
    """The concatenations whose pieces are computed where they belong, with the shapes of these pieces."""
    found: dict[Node, list[Shape]] = {}
    for buffer in plan.buffers:
        if buffer.piece is not None:
            found.setdefault(buffer.piece.whole, []).append(buffer.shape)
    return found


def _rest_cost(whole: Node, there: Sequence[Shape], table: CostTable, setting: Setting) -> Cost:
    """What it takes to copy the pieces of a concatenation that are not there yet."""
    left = setting.entries(whole.shape) - sum(map(setting.entries, there))
    if left <= 0:
        return Cost(calls=1e-9 * table.call["view"])
    return copy_cost(whole, table, setting, share=left / setting.entries(whole.shape))


def _loops_around(loops: Sequence[Loop], count: int, kind: str) -> list[Loop | None]:
    """For each line the loop of a kind that it is in."""
    found: list[Loop | None] = [None] * count
    for loop in loops:
        if loop.kind == kind:
            found[loop.first : loop.last] = [loop] * (loop.last - loop.first)
    return found


def _in_loops(
    taken: Cost, block: Loop | None, part: Loop | None, table: CostTable, setting: Setting
) -> float:
    """Seconds of a line: calls once for each slice, and parts side by side, each on one core."""
    threads = part.size if part is not None else 1
    turns = 1
    if block is not None:
        turns = max(1, -(-setting.entries((block.rows,)) // (block.size * threads)))
    if part is None:
        products = turns * on_all_cores(table, taken.products / turns)
        return turns * taken.calls + products + taken.entries
    return turns * taken.calls + (taken.products + taken.entries) / threads


def step_flops(plan: Plan, setting: Setting | None = None) -> Iterator[int]:
    """The floating-point operations of each line of a plan."""
    setting = setting or plan.setting
    known: set[Node] = set()
    for step in plan.steps:
        fresh = step.node not in known and not step.node.is_leaf
        yield sum(flops(n, setting) for n in inner_nodes(step.node, known)) if fresh else 0
        if step.action != "store":
            known.add(step.node)
