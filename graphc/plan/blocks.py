"""Cache blocking: runs of cheap lines over large arrays go slice by slice: what one writes the next finds near.

A line may join where its result is rows or a sum over rows of the batch (elementwise work, reductions, copies of
windows, thin matrix products), or elementwise work on parameters of one shape. Large products of matrices stay whole:
they are blocked inside BLAS already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil

from graphc.ir.node import Node
from graphc.ir.types import DimLike
from graphc.ops.contract import CONTRACT
from graphc.plan.alias import is_view
from graphc.plan.costs import block_entries
from graphc.plan.loops import Loop, Member, Run, in_company
from graphc.plan.order import Line
from graphc.plan.pieces import lasts
from graphc.plan.predict import SHARED, cost, total, traffic
from graphc.plan.rows import Status, per_row
from graphc.plan.setting import Setting

NAME = "blocks"
WHAT = "runs cheap lines over large arrays slice by slice, in the cache"
SMALL_MATRIX = 65536  # entries of a matrix that every slice may read or add to
MOST_CALLS = 0.02  # of the time of a slice, that the calls for it may take
HANDOFF = 5  # times as long as alone takes a call where threads hand the interpreter to each other
TALL = 16  # rows a matrix has for each row of the batch from which a slice of it is still a good matrix
_MOVES = (
    "slice",
    "pad",
    "concat",
    "broadcast",
    "reshape",
    "transpose",
    "sliding_window",
    "overlap_add",
    "route",
    "again",
)


def could_pay(
    lines: Sequence[Line],
    reads: Sequence[Sequence[Node]],
    member_of: Callable[[Line], Member | None],
    setting: Setting,
) -> bool:
    """Whether there could be a loop among lines: for that, one of them needs an array that is larger than a slice."""
    most = block_entries(setting.costs, setting.real)
    members = [
        member_of(line)
        if any(setting.entries(n.shape) > most for n in (line.node, *line.node.args))
        else None
        for line in lines
    ]
    if any(member is not None and member.key == "rows" for member in members):
        return True  # in company of any line for rows, also one with small arrays
    return any(member is not None for member in in_company(members, reads, lines))


def member(
    line: Line,
    status: Mapping[Node, Status],
    rows: DimLike | None,
    setting: Setting,
    *,
    turns: bool = False,
) -> Member | None:
    """The loop that a line could be in: that over the rows of the batch, or one over arrays of its shape.

    Where threads take `turns` with the interpreter at each call, only what would come from memory is worth calls.
    """
    node = line.node
    if line.action == "copy" or node.is_leaf:
        return None
    if status.get(node) == "sum" and node.op.kind == "move":
        return None  # of a sum that is complete: once is enough
    if turns and traffic(node, setting) <= SHARED * setting.costs.cache:
        return None
    if rows is not None and status.get(node) in ("rows", "sum"):
        return Member("rows", status[node] == "sum") if _joins(node, rows, setting) else None
    return Member(node.shape) if _is_flat(node, setting) else None


def is_chain(lines: Sequence[Line]) -> bool:
    """Whether all lines are elementwise or reductions: one loop takes them all, and nothing but it comes from afar."""
    kinds = ("pointwise", "reduce")
    return all(
        line.action == "compute" and (line.node.op.kind in kinds or is_view(line.node)) for line in lines
    )


def _is_flat(node: Node, setting: Setting) -> bool:
    """Elementwise, on arrays of one shape and on single numbers."""
    if node.op.kind != "pointwise" or not node.ndim or not setting.is_large(node):
        return False
    return all(not a.ndim or (a.shape == node.shape and _is_stored(a)) for a in node.args)


def _is_stored(node: Node) -> bool:
    return node.is_leaf or not is_view(node)


def _joins(node: Node, rows: DimLike, setting: Setting) -> bool:
    if node.op.kind in ("pointwise", "reduce"):
        return True
    if node.op.kind == "move":
        return node.op.name in _MOVES and not lasts(node)
    if node.op.name != "contract":
        return False
    return _is_light(node, setting) or _is_thin(node, rows, setting)


def _is_light(node: Node, setting: Setting) -> bool:
    """A contraction that reads about as much as it computes."""
    inputs, output = str(node.attrs[0]).split("->")
    extents = dict(zip(output, node.shape, strict=True))
    for spec, argument in zip(inputs.split(","), node.args, strict=True):
        extents |= dict(zip(spec, argument.shape, strict=True))
    largest = max(setting.entries(a.shape) for a in (*node.args, node))
    return setting.entries(tuple(extents.values())) <= 2 * largest


def _is_thin(node: Node, rows: DimLike, setting: Setting) -> bool:
    """A product whose matrices are small but for one that has many rows for each row of the batch."""
    for operand in (*node.args, node):
        each = per_row(operand.shape, rows)
        if each is not None and setting.entries((each,)) < TALL:
            return False
        if each is None and setting.entries(operand.shape) > SMALL_MATRIX:
            return False
    return True


def is_sliced(node: Node, rows: DimLike, setting: Setting) -> bool:
    """Whether a product goes slice by slice, as its arrays are too large to stay near."""
    if NAME in setting.off or traffic(node, setting) <= setting.costs.cache:
        return False
    return node.op is CONTRACT and _is_thin(node, rows, setting)


def is_cached(node: Node, setting: Setting) -> bool:
    """Whether the cheap work of a node would be blocked, so that its arrays are near."""
    return NAME not in setting.off and node.op.kind in ("pointwise", "reduce", "move")


def loops_of(
    runs: Sequence[Run],
    lines: Sequence[Line],
    status: Mapping[Node, Status],
    rows: DimLike | None,
    setting: Setting,
    *,
    in_parts: bool = False,
) -> list[Loop]:
    """The runs that are worth a loop, with as many rows at a time as stay in the cache."""
    found = []
    for run in runs:
        nodes = [line.node for line in lines[run.first : run.last]]
        along = rows if run.key == "rows" and rows is not None else nodes[0].shape[0]
        rows_there, near = setting.entries((along,)), _rows_in_cache(nodes, run, along, setting)
        if rows_there < 2 * near:
            continue
        size = max(near, _rows_worth_calls(nodes, rows_there, setting))
        count = rows_there / size
        if count >= 2 and _pays(nodes, count * (HANDOFF if in_parts else 1), setting):
            sums = frozenset(n for n in nodes if run.key == "rows" and status[n] == "sum")
            found.append(Loop("blocks", run.first, run.last, along, size, sums))
    if found:
        count = sum(loop.last - loop.first for loop in found)
        loops = f"{len(found)} loop{'s' * (len(found) > 1)}"
        setting.say(NAME, f"{count} lines run slice by slice, in {loops}")
    return found


def _rows_in_cache(nodes: Sequence[Node], run: Run, along: DimLike, setting: Setting) -> int:
    """How many rows at a time stay in the cache."""
    each = max(_entries_per_row(n, run, along, setting) for n in nodes)
    return max(1, block_entries(setting.costs, setting.real) // max(each, 1))


def _rows_worth_calls(nodes: Sequence[Node], rows: int, setting: Setting) -> int:
    """How many rows at a time take so long that the calls for them take no more than their part of the time."""
    costs = [cost(n, setting.costs, setting, cached=True) for n in nodes if not n.is_leaf]
    work = sum(c.products + c.entries for c in costs) / max(1, rows)
    return ceil(sum(c.calls for c in costs) / max(MOST_CALLS * work, 1e-12))


def _pays(nodes: Sequence[Node], times: float, setting: Setting) -> bool:
    """Whether what stays in the cache saves more than the calls of `times` slices take."""
    made = [n for n in nodes if not n.is_leaf]
    near = total(cost(n, setting.costs, setting, cached=True) for n in made)
    far = total(cost(n, setting.costs, setting) for n in made)
    return far.entries + far.products - near.entries - near.products > times * near.calls


def _entries_per_row(node: Node, run: Run, along: DimLike, setting: Setting) -> int:
    if run.key != "rows":
        return setting.entries(node.shape[1:])
    shapes = [a.shape for a in (node, *node.args) if not is_view(a)]
    each = [(per_row(s, along), s) for s in shapes]
    return max((setting.entries((count, *s[1:])) for count, s in each if count is not None), default=1)
