"""What a derivation writes on a line of its own, and under which name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from graphc.ir.node import Node
from graphc.ops.notation import written_name

LONGEST = 12
"""An unnamed expression of more symbols than this is written on a line of its own."""

MANY_TERMS = 50


@dataclass(frozen=True, slots=True)
class Naming:
    """`names` of all nodes that are written by a name; `carrier` of a node is the one whose gradient it shares.

    An unnamed term of a sum, used there only, has the sum's gradient: it is written within the sum and gets no line.
    """

    names: Mapping[Node, str]
    carrier: Mapping[Node, Node]


def name_nodes(
    output: Node,
    nodes: Sequence[Node],
    active: Collection[Node],
    wanted: Collection[Node] = (),
    hidden: Sequence[Node] = (),
) -> Naming:
    """The user's names; the output is else y, f or L, intermediates h1, h2, …, by the first letter that is free.

    `active` nodes have a gradient; the ones in `wanted` were asked for and always get a line. What lies `hidden` in
    folded scopes keeps its name.
    """
    names = _own_names([*nodes, *hidden])
    taken = set(names.values())
    if output not in names:
        names[output] = first_free("y", "f", "L", "out", taken=taken)
        taken.add(names[output])
    letter = free_letter(("h", "v", "u", "node"), taken)
    uses = _uses(nodes)
    endless = _endless_sums(nodes, uses)
    symbols: dict[Node, int] = {}
    carrier: dict[Node, Node] = {}
    count = 0
    for node in nodes:
        symbols[node] = 1 + sum(1 if a in names else symbols[a] for a in node.args)
        if node in endless:
            symbols[node] = LONGEST
        if node in names or not node.args:
            continue
        if node in active:
            stays = node not in wanted and symbols[node] <= LONGEST and _is_term(node, uses[node])
        else:
            stays = symbols[node] <= (3 if len(uses[node]) > 1 else LONGEST)
        if node in active and stays:
            carrier[node] = uses[node][0][0]
        elif not stays:
            count += 1
            names[node] = f"{letter}{count}"
    for node in reversed(nodes):
        if node in carrier:
            carrier[node] = carrier.get(carrier[node], carrier[node])
    return Naming(names, carrier)


def _own_names(nodes: Sequence[Node]) -> dict[Node, str]:
    """The user's names; paths that all begin with the same scope, the model's, without it."""
    names = {n: _printable(written_name(n.name)) for n in nodes if n.name is not None}
    paths = {name for n, name in names.items() if "/" in (n.name or "") and name != n.name}
    inner = {path: path.partition(".")[2] for path in paths}
    one_model = len({path.partition(".")[0] for path in paths}) == 1
    if not one_model or set(inner.values()) & (set(names.values()) - paths):
        return _told_apart(names)
    return _told_apart({n: inner.get(name, name) for n, name in names.items()})


def _told_apart(names: Mapping[Node, str]) -> dict[Node, str]:
    """The same names with a number where one has been given away, as when a model is applied twice; leaves keep theirs.

    `dense1`, `dense1_2`, `dense1_3`.
    """
    taken = set(names.values())
    given: dict[str, int] = {}
    found = dict(names)
    for node in sorted(names, key=lambda n: not n.is_leaf):
        name = names[node]
        if name not in given:
            given[name] = 1
            continue
        while (numbered := f"{name}_{given[name] + 1}") in taken:
            given[name] += 1
        given[name] += 1
        taken.add(numbered)
        found[node] = numbered
    return found


def _printable(name: str) -> str:
    """A name on one line, whatever it holds."""
    return name if name.isprintable() else "".join(c if c.isprintable() else " " for c in name)


def first_free(*wanted: str, taken: Collection[str]) -> str:
    """The first of `wanted` that is not taken, else the last of them with a number."""
    for name in wanted:
        if name not in taken:
            return name
    return next(n for i in range(1, len(taken) + 2) if (n := f"{wanted[-1]}{i}") not in taken)


def free_letter(wanted: Sequence[str], taken: Collection[str]) -> str:
    """The first of `wanted` that no name in use is, or is with a number."""
    return next((a for a in wanted if not any(_is_numbered(t, a) for t in taken)), f"{wanted[-1]}_")


def _uses(nodes: Sequence[Node]) -> dict[Node, list[tuple[Node, int]]]:
    uses: dict[Node, list[tuple[Node, int]]] = {node: [] for node in nodes}
    for node in nodes:
        for index, operand in enumerate(node.args):
            uses[operand].append((node, index))
    return uses


def _endless_sums(nodes: Sequence[Node], uses: Mapping[Node, Sequence[tuple[Node, int]]]) -> set[Node]:
    """The partial sums within a sum of very many terms: that is written as one, and abbreviated."""
    terms: dict[Node, int] = {}
    inner: dict[Node, Node] = {}
    for node in nodes:
        if node.op.name != "add":
            continue
        left = node.args[0]
        within = left in terms and left.name is None and _is_term(left, uses[left])
        terms[node] = terms[left] + 1 if within else 2
        if within:
            inner[left] = node
    for node in reversed(nodes):
        if node in inner:
            terms[node] = terms[inner[node]]
    return {node for node in inner if terms[node] > MANY_TERMS}


def _is_term(node: Node, uses: Sequence[tuple[Node, int]]) -> bool:
    """Whether the one use of a node hands it the user's gradient as it is."""
    if len(uses) != 1:
        return False
    user, index = uses[0]
    return user.shape == node.shape and (user.op.name, index) in (("add", 0), ("add", 1), ("sub", 0))


def _is_numbered(name: str, letter: str) -> bool:
    return name.startswith(letter) and (name == letter or name[len(letter) :].isdecimal())
