"""Which nodes get a line of their own, and which are written inside the line of their only user."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graphc.ir.node import Node, topological
from graphc.ops.notation import number_text
from graphc.plan.alias import base_of_piece, is_pack, is_view, joins_in_place, on_the_way
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import count_uses
from graphc.plan.setting import Setting

LONGEST = 60  # characters of mathematics that still read at a glance
_NAME = 5  # what a name that is yet to be found is reckoned at
_WIDTH = {"reduce": 16, "move": 12, "index": 12, "scan": 24, "implicit": 18, "contract": 6}


def choose_values(
    lowered: Lowered,
    setting: Setting,
    alone: Callable[[Node], bool] = lambda node: False,
    spared: Callable[[Node], bool] = lambda node: False,
    alone_in_loops: Callable[[Node], bool] = lambda node: False,
) -> list[Node]:
    """The nodes that become values with a name, in the order of computation.

    A line of its own has what is read twice, what has a name, what is `alone`, and each operation on a large array: its
    result is then written into memory at hand, and what it needs that is `alone_in_loops` is there before. None
    has what is `spared`, unless it is handed out.
    """
    order = lowered.order or topological(lowered.roots)
    uses = count_uses(lowered, order)
    outputs = set(lowered.outputs)
    stored = {value for _, value in lowered.updates}
    read = {a for node in order if node.op.name != "concat" for a in node.args}
    values: set[Node] = set()
    width: dict[Node, int] = {}
    for node in order:
        if node.is_leaf or node.op.kind == "const":
            width[node] = _own_width(node, lowered.names)
            continue
        total = _total_width(node, width)
        if joins_in_place(node):
            # What can be written into its place at once has a line of its own.
            for base in (base_of_piece(a, node.attrs[0]) for a in node.args):
                if base.args and base.op.kind in ("contract", "reduce", "pointwise"):
                    values.add(base)
                    width[base] = _NAME
        if total > LONGEST:
            # Too long for one line: the longest parts get lines of their own.
            parts = dict.fromkeys(a for a in node.args if _may_leave(a, values, spared))
            for argument in sorted(parts, key=width.__getitem__, reverse=True):
                values.add(argument)
                total -= width[argument] - _NAME
                width[argument] = _NAME
                if total <= LONGEST:
                    break
        width[node] = total
        shared = uses[node] > 1 and not _is_free(node, values)
        large = not is_view(node) and setting.is_large(node)
        if large:
            # A number is worked out once, not for every slice of what it meets.
            values.update(
                a for a in node.args if not a.shape and a.op.kind in ("pointwise", "reduce", "contract")
            )
            for inner in list(on_the_way(node, values)):
                if alone_in_loops(inner) and not (inner.is_leaf or is_view(inner) or inner.op.name == "iota"):
                    values.add(inner)
        large = large and node not in stored
        joined = node.constant and node not in read  # it is written into what it is joined to, once
        if node not in outputs and (spared(node) or node.op.name == "iota" or joined):
            continue
        if node in outputs or node in lowered.names or shared or large or alone(node):
            values.add(node)
            width[node] = _own_width(node, lowered.names)
    return [node for node in order if node in values]


def _may_leave(node: Node, values: set[Node], spared: Callable[[Node], bool]) -> bool:
    """Whether a part of a line can be given one of its own."""
    return (
        not spared(node)
        and node.op.name != "iota"
        and node not in values
        and not node.is_leaf
        and node.op.kind != "const"
        and not _is_free(node, values)
    )


def _own_width(node: Node, names: Mapping[Node, str]) -> int:
    if node.op.kind == "const":
        return len(number_text("", node.attrs[-1]))
    return min(len(names.get(node) or node.name or "12345"), 48)


def _total_width(node: Node, width: Mapping[Node, int]) -> int:
    own = _WIDTH.get(node.op.kind, 3 + len(node.op.symbol))
    return own + sum(map(width.__getitem__, node.args)) + 2 * len(node.args)


def _is_free(node: Node, values: set[Node]) -> bool:
    """A view of a value is written again at each use: `W.T`, `top[:, None]`."""
    if node.op.name not in ("transpose", "reshape", "again"):
        return False
    base = node.args[0]
    if base not in values and not base.is_leaf:
        return False
    return not is_pack(node)
