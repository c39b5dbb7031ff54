"""Opening composites: the gates they are made of, in place, and which gates came out of which composite."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, rebuild, topological
from graphc.ir.op import OPS
from graphc.ops.composite import open_composite


@dataclass(frozen=True, slots=True)
class Group:
    """The operations one opened composite became; `parent` is the place in the list of the group it lies in."""

    label: str
    op: str
    nodes: tuple[Node, ...]
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class Expansion:
    """A graph with composites opened: what each old node became, and the groups, outermost first."""

    became: dict[Node, Node]
    groups: tuple[Group, ...]


def names_of(given: Iterable[str] | str, what: str) -> list[str]:
    """Names given as a list, or one by itself."""
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Iterable):
        raise GraphcError(f"{what} is a name, or a list of names, not {given!r}")
    return list(given)


def expand_composites(roots: Sequence[Node], names: Collection[str]) -> Expansion:
    """Open every composite called one of `names`, also those that come out of another's body."""
    for name in names:
        if name not in OPS or OPS[name].kind != "composite":
            there = sorted({n.op.name for n in topological(roots) if n.op.kind == "composite"})
            known = f"this graph has {', '.join(there)}" if there else "this graph has none that can"
            raise GraphcError(f"{name!r} is not an operation that can be opened; {known}")
    became = {node: node for node in topological(roots)}
    groups: tuple[Group, ...] = ()
    while any(_opens(node, names) for node in topological([became[r] for r in roots])):
        step = _open_once([became[r] for r in roots], names, groups)
        became = {old: step.became[new] for old, new in became.items() if new in step.became}
        groups = step.groups
    return Expansion(became, groups)


def _opens(node: Node, names: Collection[str]) -> bool:
    return node.op.kind == "composite" and node.op.name in names


def _open_once(roots: Sequence[Node], names: Collection[str], groups: tuple[Group, ...]) -> Expansion:
    """One level of opening; the groups so far keep their places, and take in what their members became."""
    home = {node: i for i, group in enumerate(groups) for node in group.nodes}
    became: dict[Node, Node] = {}
    inside: dict[Node, tuple[Node, ...]] = {}
    found: list[Group] = []
    for node in topological(roots):
        now = rebuild(node, [became[a] for a in node.args])
        if _opens(node, names):
            body, inner = _body(now)
            became[node], inside[node] = body, inner
            found.append(Group(node.name or node.op.name, node.op.name, inner, home.get(node)))
        else:
            became[node], inside[node] = now, (now,)
    kept = [replace(g, nodes=_merged(inside.get(n, (n,)) for n in g.nodes)) for g in groups]
    return Expansion(became, (*kept, *found))


def _body(node: Node) -> tuple[Node, tuple[Node, ...]]:
    """The body of a composite under the composite's name, and its operations."""
    body = open_composite(node)
    given = set(node.args)
    if node.name is not None and body not in given:
        body = body.named(node.name)
    order = topological([body], stop=given.__contains__)
    return body, tuple(n for n in order if n.args and n not in given)


def _merged(parts: Iterable[Iterable[Node]]) -> tuple[Node, ...]:
    return tuple(dict.fromkeys(n for part in parts for n in part))
