"""What a step owns in generated code: one flat array of parameters and one of states, and views of their pieces.

In `flat_params` those that are updated together come first, group by group, and then the others in the order in which
they appear in the graph; likewise the states. So a flat leaf is a slice.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphc.emit.body import quoted, shape_text
from graphc.emit.text import Scope, show_dim
from graphc.emit.workspace import unpacked
from graphc.ir.node import Node, topological
from graphc.ir.types import DimLike, product
from graphc.plan.lower import FlatLeaf
from graphc.plan.plan import Plan

MANY = 8  # arrays that are fetched together, where others of their kind are not used


def storage_lines(plan: Plan, scope: Scope) -> list[str]:
    """The lines that make the arrays: `flat_params` and `params`, `flat_state` and `state`, and the flat leaves."""
    views, real = scope.helper("_views"), scope.dtype("real")
    lines: list[str] = []
    for shelf in ("params", "state"):
        kept = stored(plan.owned, plan.flat, shelf)
        rows = [f"    {quoted(p.name or '')}: {shape_text(p.shape, plan)}," for p in kept]
        if rows:
            lines += [f"self.flat_{shelf}, self.{shelf} = {views}({{", *rows, f"}}, {real})"]
        else:
            lines.append(f"self.flat_{shelf}, self.{shelf} = {views}({{}}, {real})")
        lines += _flat_lines(plan, kept, shelf)
    return lines


def owned_lines(plan: Plan) -> list[str]:
    """The lines that fetch what a call uses of them."""
    used = {n for n in topological(s.node for s in plan.steps) if n.is_leaf}
    used |= {s.target for s in plan.steps if s.target is not None} | set(plan.output_nodes)
    lines: list[str] = []
    attributes: dict[Node, str] = {}
    for shelf in ("params", "state"):
        kept = stored(plan.owned, plan.flat, shelf)
        attributes |= _attributes(plan, kept, shelf)
        there = used.intersection(kept)
        if len(there) > 1 and (len(there) > MANY or len(there) == len(kept)):
            names = [plan.names[p] if p in there else "_" for p in kept]
            lines += unpacked(names, f"self.{shelf}.values()")
        else:
            lines += [f"{plan.names[p]} = self.{shelf}[{quoted(p.name or '')}]" for p in kept if p in used]
    flat = (f.leaf for f in plan.flat if f.leaf in used)
    return [*lines, *(f"{plan.names[leaf]} = self.{attributes[leaf]}" for leaf in flat)]


def stored(owned: Sequence[Node], flat: Sequence[FlatLeaf], shelf: str) -> list[Node]:
    """The leaves of a shelf in the order of memory: those of flat leaves, then the others."""
    leaves = dict.fromkeys(member for f in flat for member in f.members) | dict.fromkeys(owned)
    return [leaf for leaf in leaves if _shelf(leaf) == shelf]


def _shelf(leaf: Node) -> str:
    return "params" if leaf.op.name == "param" else "state"


def _flat_lines(plan: Plan, kept: Sequence[Node], shelf: str) -> list[str]:
    """The flat leaves as slices of the array of their shelf; one that is all of it needs none."""
    starts: dict[Node, DimLike] = {}
    total: DimLike = 0
    for leaf in kept:
        starts[leaf] = total
        total = total + product(leaf.shape)
    attributes = _attributes(plan, kept, shelf)
    lines: list[str] = []
    for f in plan.flat:
        if _shelf(f.leaf) == shelf and len(f.members) < len(kept):
            start = starts[f.members[0]]
            stop = start + f.leaf.shape[0]
            first = "" if start == 0 else show_dim(start, plan.sizes)
            last = "" if stop == total else show_dim(stop, plan.sizes)
            lines.append(f"self.{attributes[f.leaf]} = self.flat_{shelf}[{first}:{last}]")
    return lines


def _attributes(plan: Plan, kept: Sequence[Node], shelf: str) -> dict[Node, str]:
    """By which attribute each flat leaf of a shelf is fetched: the array of the shelf, where it is all of it."""
    flat = [f for f in plan.flat if _shelf(f.leaf) == shelf]
    return {
        f.leaf: f"flat_{shelf}" if len(f.members) == len(kept) else f"_{plan.names[f.leaf]}" for f in flat
    }


def flat_names(plan: Plan) -> dict[Node, str]:
    """How each flat leaf is called where it was not fetched."""
    found: dict[Node, str] = {}
    for shelf in ("params", "state"):
        found |= _attributes(plan, stored(plan.owned, plan.flat, shelf), shelf)
    return {leaf: f"self.{name}" for leaf, name in found.items()}
