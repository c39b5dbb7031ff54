"""`maximum` and `minimum` against an array where they are against a number: `np.maximum(x, zeros_512)`.

NumPy compares two arrays with vector instructions, but an array and a number entry by entry: measured, five to eight
times as slow. The array is one row, made once, along which the other is repeated; where rows are short, several
rows of the other are taken as one. Beside a small array it is one of the same shape, where memory is kept.
"""

from __future__ import annotations

from dataclasses import replace

from graphc.ir.node import Node, make
from graphc.ir.types import Dim, DimLike, divide
from graphc.ops.leaf import CONST
from graphc.ops.move import BROADCAST, RESHAPE, broadcast, reshape
from graphc.ops.pointwise import MAXIMUM, MINIMUM, cast
from graphc.plan.lower import Lowered, exact
from graphc.plan.merging import names_moved, reshaped
from graphc.plan.rewriting import Pass, rewritten
from graphc.plan.setting import Setting

SMALLEST = 4096  # entries from which a row pays
TINIEST = 256  # and from which an array of the same shape does
LONG_ROW = 1024  # entries of a row that is long enough
SHORTEST_ROW = 16  # and of one that is too short


def limit_by_arrays(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with large maxima and minima taken against rows of constants."""
    changed: list[Node] = []
    turned: dict[Node, Node] = {}

    def rule(node: Node) -> Node:
        if node.op is RESHAPE:
            return reshaped(node.args[0], node.shape)
        if node.dtype != "real" or node.ndim < 1:
            return node
        found = _against_row(node, setting)
        if found is not node:
            changed.append(node)
        if found.op is RESHAPE:
            turned[found] = found.args[0]
        return found

    result = names_moved(rewritten(lowered, (MAXIMUM, MINIMUM, RESHAPE), rule), turned)
    if changed:
        rows = (a for n in result.nodes for a in n.args if a.op is BROADCAST)
        zeros = {a: f"zeros_{'_'.join(map(str, a.shape))}" for a in rows if exact(a.args[0]) == 0}
        names = {a: name for a, name in zeros.items() if a not in result.names}
        result = replace(result, names={**names, **result.names})
        what = "maxima and minima are" if len(changed) > 1 else "maximum or minimum is"
        setting.say("limits", f"{len(changed)} {what} against an array instead of a number")
    return result


def _against_row(node: Node, setting: Setting) -> Node:
    limits = [i for i, a in enumerate(node.args) if a.op is CONST]
    entries = setting.entries(node.shape)
    if len(limits) != 1 or entries < (TINIEST if setting.workspace else SMALLEST):
        return node
    x, limit = node.args[1 - limits[0]], cast(node.args[limits[0]], "real")
    if entries < SMALLEST:
        same = broadcast(limit, x.shape)
        return make(node.op, (x, same) if limits[0] else (same, x), node.attrs)
    count = _rows_taken_as_one(x)
    if x.dtype != "real" or x.shape != node.shape or count is None:
        return node
    shape = x.shape if count == 1 else (_quotient(x.shape[0], count), count * x.shape[-1])
    row = broadcast(limit, shape[-1:])
    pair = (reshape(x, shape), row) if limits[0] else (row, reshape(x, shape))
    return reshape(make(node.op, pair, node.attrs), node.shape)


def _rows_taken_as_one(x: Node) -> int | None:
    """How many rows make a long one without a copy; None where all that there is would be too short."""
    length = x.shape[-1]
    if isinstance(length, Dim):
        return 1
    if length >= LONG_ROW or x.ndim != 2 or (x.op.kind == "move" and x.op.name != "reshape"):
        return 1 if length >= SHORTEST_ROW else None
    whole = x.shape[0]
    most = whole if isinstance(whole, int) else whole.terms[0][1] if len(whole.terms) == 1 else 1
    counts = [c for c in range(1, min(most, -(-LONG_ROW // length) * 2) + 1) if most % c == 0]
    count = next((c for c in counts if c * length >= LONG_ROW), counts[-1])
    return count if count * length >= SHORTEST_ROW else None


def _quotient(size: DimLike, count: int) -> DimLike:
    found = divide(size, count)
    assert found is not None
    return found


LIMITS = Pass("limits", "takes maxima and minima against arrays instead of numbers", limit_by_arrays)
