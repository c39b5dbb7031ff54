"""The passes over the core graph, in order: each one file, exact for every graph, switched off by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from graphc.ir.errors import GraphcError
from graphc.ir.legal import CORE, check_stage
from graphc.ir.node import Node, make, topological
from graphc.plan.lower import Lowered
from graphc.plan.setting import Setting


@dataclass(frozen=True, slots=True)
class Pass:
    """A rewriting of the core graph: `name` switches it off, `what` is what it does, in a line."""

    name: str
    what: str
    run: Callable[[Lowered, Setting], Lowered]


PASSES: tuple[Pass, ...] = ()


def run_passes(lowered: Lowered, setting: Setting) -> Lowered:
    """The core graph after every pass that is on."""
    check_names(setting.off)
    for one in PASSES:
        if one.name not in setting.off:
            lowered = one.run(lowered, setting)
            check_stage(lowered.roots, CORE)
    return lowered


def check_names(names: Iterable[str]) -> None:
    """Raise `GraphcError` for a name that no pass has."""
    known = pass_names()
    for name in names:
        if name not in known:
            raise GraphcError(f"there is no pass {name!r}; there are {', '.join(known)}")


def pass_names() -> tuple[str, ...]:
    """The names of all passes that can be switched off, in order."""
    return tuple(p.name for p in PASSES)


def rewritten(lowered: Lowered, rule: Callable[[Node], Node]) -> Lowered:
    """The graph with `rule` applied to every node, arguments first; names and marks follow their nodes."""
    done: dict[Node, Node] = {}
    for node in topological(lowered.roots):
        if node.is_leaf:
            done[node] = rule(node)
            continue
        args = tuple(done[a] for a in node.args)
        done[node] = rule(node if args == node.args else make(node.op, args, node.attrs))
    return replaced(lowered, done)


def replaced(lowered: Lowered, done: Mapping[Node, Node]) -> Lowered:
    """The graph after its nodes became those of `done`; nodes that are not there stay what they are."""

    def now(node: Node) -> Node:
        return done.get(node, node)

    names: dict[Node, str] = {}
    for node, name in lowered.names.items():
        if not now(node).is_leaf and now(node).op.kind != "const":
            names.setdefault(now(node), name)
    return replace(
        lowered,
        outputs=tuple(map(now, lowered.outputs)),
        updates=tuple((leaf, now(value)) for leaf, value in lowered.updates),
        names=names,
        became={n: now(core) for n, core in lowered.became.items()},
        origins={now(n): (name, now(base)) for n, (name, base) in lowered.origins.items()},
    )
