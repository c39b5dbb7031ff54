"""Equal updates done together: parameters in one flat array, their gradients in another, and so each of their states.

An optimiser's rule is the same for every parameter. `P - lr * dP` over a dozen small arrays is a dozen times two calls;
over one array that holds them all it is two. The parameters become pieces of a flat leaf, one after another in the
order of their updates, their states likewise, and their gradients are laid side by side:

    params - lr * concat(ravel(dW1), db1, ravel(dW2), db2)

Everything else goes on reading the parameters by themselves. Two updates are equal if they differ in their own leaves
and in the arrays those meet alone: the same operations, the same scalars. A rule that reads whole rows (a bound on
their norm) or that differs (weight decay for matrices only) is left out, or makes a group of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from graphc.ir.node import Node, make, topological
from graphc.ops.leaf import PARAM
from graphc.ops.move import CONCAT, RESHAPE
from graphc.plan.alike import Unit, find_units, grouped
from graphc.plan.lower import FlatLeaf, Lowered
from graphc.plan.names import identifier
from graphc.plan.rewriting import Pass, count_uses
from graphc.plan.setting import Setting
from graphc.plan.tails import flat_array, flat_size

# Without states, the gradient is all that an update reads besides the parameter. Where the gradients of the whole
# net would push each other out of the cache (2 MiB with the parameters), they are used up PIECE entries at a time, as
# soon as they are known: 0.95 of the time of all at the end, and of each layer by itself (200 layers of 64 x 64).
CACHED = 2**20  # bytes of gradients
PIECE = 2**16  # entries


def flatten_updates(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with equal updates done on flat leaves."""
    if not setting.owns or len(lowered.updates) < 2:
        return lowered
    uses = count_uses(lowered)
    units = find_units(lowered.updates, uses)
    groups = [g for alike in grouped(units) for g in _pieces(alike, setting) if len(g) > 1]
    if not groups:
        return lowered
    taken = {identifier(n.name or "") for n in (*uses, *(u for u, _ in lowered.updates)) if n.is_leaf}
    taken.update(map(identifier, lowered.names.values()))
    flat: list[FlatLeaf] = []
    new: dict[Node, Node] = {}
    names = dict(lowered.names)
    for group in groups:
        leaves = [_flat_leaf(group, role, taken) for role in range(len(group[0].leaves))]
        values = _flat_values(group, [f.leaf for f in leaves])
        new |= {f.leaf: value for f, value in zip(leaves, values, strict=True)}
        flat += leaves
        _name_arrays(group, values, names)
    setting.say("flat", _said(groups))
    updates = _updates(lowered.updates, flat, new)
    result = replace(lowered, updates=updates, names=names, flat=(*lowered.flat, *flat), order=())
    for gone in names.keys() - result.nodes:
        del names[gone]
    return result


FLAT = Pass("flat", "does equal updates of parameters and states together, on flat arrays", flatten_updates)


def _pieces(units: list[Unit], setting: Setting) -> list[list[Unit]]:
    """A group, or the parts of it that are updated one after another, each of `PIECE` entries or more."""
    sizes = [setting.entries(unit.leaves[0].shape) for unit in units]
    width = 4 if setting.real == "float32" else 8
    if len(units[0].leaves) > 1 or sum(sizes) * width <= CACHED:
        return [units]
    pieces: list[list[Unit]] = [[]]
    filled = largest = 0
    for unit, size in zip(units, sizes, strict=True):
        if filled >= PIECE and 4 * size >= largest:  # a bias stays with its matrix
            pieces.append([])
            filled = largest = 0
        pieces[-1].append(unit)
        filled, largest = filled + size, max(largest, size)
    return pieces


def _updates(
    updates: Sequence[tuple[Node, Node]], flat: Sequence[FlatLeaf], new: Mapping[Node, Node]
) -> tuple[tuple[Node, Node], ...]:
    """The updates, those of flat leaves where the first of their members stood."""
    homes = {member: f.leaf for f in flat for member in f.members}
    now: dict[Node, Node] = {}
    for leaf, value in updates:
        home = homes.get(leaf, leaf)
        now[home] = new.get(home, value)
    return tuple(now.items())


def _said(groups: Sequence[Sequence[Unit]]) -> str:
    arrays = [(len(group), len(group[0].leaves)) for group in groups[:4]]
    found = [f"{updates} of {each} array{'s' * (each > 1)} each" for updates, each in arrays]
    more = f" and {len(groups) - 4} groups more" if len(groups) > 4 else ""
    return f"equal updates done together: {', '.join(found)}{more}"


# the update of a group --------------------------------------------------------------------------------------


def _flat_values(group: Sequence[Unit], leaves: Sequence[Node]) -> list[Node]:
    """The new values of the flat leaves: the first member's update with flat arrays in place of its own."""
    first = group[0]
    now = dict(zip(first.leaves, leaves, strict=True))
    now |= {hole: flat_array(group, i) for i, hole in enumerate(first.holes)}
    for node in first.cone:
        now[node] = make(node.op, (now.get(a, a) for a in node.args), node.attrs)
    return [now.get(value, value) for value in first.values]


def _flat_leaf(group: Sequence[Unit], role: int, taken: set[str]) -> FlatLeaf:
    members = tuple(unit.leaves[role] for unit in group)
    op = members[0].op
    wanted = "params" if op is PARAM else _shared_word([m.name or "" for m in members]) or "states"
    name = _new_name(wanted, taken)
    return FlatLeaf(make(op, (), ((flat_size(members),), "real", (), None), name), members)


# names ------------------------------------------------------------------------------------------------------


def _name_arrays(group: Sequence[Unit], values: Sequence[Node], names: dict[Node, str]) -> None:
    """Names for the arrays that are side by side, and for those of them that have none.

    A gradient has its name already, unless the learning rate was taken into it.
    """
    for node in topological(values, stop=lambda n: n.op is CONCAT):
        if node.op is not CONCAT or len(node.args) != len(group):
            continue
        parts = [a.args[0] if a.op is RESHAPE else a for a in node.args]
        gradients = all(names.get(p, "").startswith("d") for p in parts)
        names.setdefault(node, "gradients" if gradients else "changes")
        for part, unit in zip(parts, group, strict=True):
            if not part.is_leaf and not part.constant:
                names.setdefault(part, f"change_{identifier(unit.leaves[0].name or '')}")


def _shared_word(names: Sequence[str]) -> str:
    """The last word that all names have, `m` of `W1/m` and `b1/m`; else the first, of `m_W1` and `m_b1`."""
    words = [re.split(r"[/._ ]+", name) for name in names]
    for at in (-1, 0):
        shared = {w[at] for w in words}
        if len(shared) == 1:
            return shared.pop()
    return ""


def _new_name(wanted: str, taken: set[str]) -> str:
    count, name = 1, wanted
    while identifier(name) in taken:
        count += 1
        name = f"{wanted}_{count}"
    taken.add(identifier(name))
    return name
