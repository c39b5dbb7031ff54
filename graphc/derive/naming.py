"""Names for what a derivation writes on a line of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from graphc.ir.node import Node


def display_names(output: Node, nodes: Sequence[Node], active: Collection[Node]) -> Mapping[Node, str]:
    """The user's names, and for unnamed nodes the first that are free: y, f, L for the output, h1, h2, … inside."""
    taken = {n.name for n in nodes if n.name is not None}
    names = {n: n.name for n in nodes if n.name is not None}
    if output not in names:
        names[output] = next(n for n in ("y", "f", "L", *_numbered("out", len(nodes))) if n not in taken)
        taken.add(names[output])
    letter = next(a for a in ("h", "v", "u", "node") if not any(_is_numbered(t, a) for t in taken))
    count = 0
    for node in nodes:
        if node.args and node not in names and node in active:
            count += 1
            names[node] = f"{letter}{count}"
    return names


def _numbered(letter: str, count: int) -> list[str]:
    return [f"{letter}{i}" for i in range(count + 1)]


def _is_numbered(name: str, letter: str) -> bool:
    return name.startswith(letter) and name[len(letter) :].isdecimal()
