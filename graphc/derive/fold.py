"""Folding scopes: all that lies in `net/dense1` as one gate, the opposite of opening composites.

The operations of a scope become the body of an operation made for the occasion, whose operands are what comes in from
outside. Its parameters are inside: the body has them, and the picture does not show them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, make, rebuild, substitute, topological
from graphc.ir.op import Op


def scopes_of(roots: Iterable[Node]) -> tuple[str, ...]:
    """Every scope below `roots`, outer ones before inner ones: what stands before a `/` of a name, and named layers."""
    found: dict[str, None] = {}
    for node in topological(roots):
        parts = (node.name or "").split("/")
        inner = len(parts) if node.args else len(parts) - 1
        if len(parts) > 1:
            found.update(dict.fromkeys("/".join(parts[: i + 1]) for i in range(inner)))
    return tuple(sorted(found))


def check_scopes(root: Node, scopes: Iterable[str]) -> None:
    """Refuse a scope that is not there; raises GraphcError."""
    there = scopes_of([root]) if scopes else ()
    for scope in scopes:
        if scope not in there:
            near = get_close_matches(str(scope)[:60], there, n=1)
            known = f"; the scopes are: {', '.join(there)}" if there else "; it has none"
            hint = f"; did you mean `{near[0]}`?" if near else known
            raise GraphcError(f"there is no scope {scope!r} in this graph{hint}")


def fold_scopes(roots: Sequence[Node], scopes: Sequence[str]) -> dict[Node, Node]:
    """Fold every scope of `scopes`; one inside another goes with it. Gives what each node became that is still there.

    A root stays visible wherever it lies: a parameter among `roots` is an operand of its scope's gate. So is one that
    is used outside of its scope, or a gradient with respect to it would lack a part. Of a scope with several outputs
    each is a gate.
    """
    outer = [s for s in dict.fromkeys(scopes) if not any(_within(s, other) for other in scopes if other != s)]
    became = {node: node for node in topological(roots)}
    for scope in outer:
        step = _fold([became[r] for r in roots], scope)
        became = {node: step[now] for node, now in became.items() if now in step}
    return became


def _within(name: str, scope: str) -> bool:
    return name == scope or name.startswith(f"{scope}/")


def _fold(roots: Sequence[Node], scope: str) -> dict[Node, Node]:
    """One scope folded: what each node that stays visible became."""
    order = topological(roots)
    inside = _inside(order, scope)
    shown = dict.fromkeys(roots)
    for node in order:
        if node not in inside:
            shown.update(dict.fromkeys(node.args))
    ends = {node for node in shown if node in inside and node.args}
    hidden = {node for node in inside if node not in shown}
    alike = len({node.name for node in ends}) == 1  # of several, it is the same output for several inputs
    became: dict[Node, Node] = {}
    for node in order:
        if node in ends:
            became[node] = _gate(node, scope if alike else node.name or scope, hidden, became)
        elif node not in hidden:
            became[node] = rebuild(node, [became[a] for a in node.args])
    return became


def _inside(order: Sequence[Node], scope: str) -> set[Node]:
    """The nodes of a scope: what bears its name, and what is made of that on the way to what bears its name."""
    named = {node for node in order if _owned(node, scope)}
    # The output of a layer without parameters is all it has; then what it is made of goes with it.
    seeds = {node for node in named if node.name != scope}
    depends: set[Node] = set(named)
    for node in order:
        if not _foreign(node, scope) and node.args and (not seeds or any(a in depends for a in node.args)):
            depends.add(node)
    inside: set[Node] = set()
    for node in reversed(order):
        if node in named:
            inside.add(node)
        if node in inside:
            inside.update(a for a in node.args if a in depends and not _foreign(a, scope))
    return inside


def _owned(node: Node, scope: str) -> bool:
    key = node.attr("key") if node.op.kind == "random" else None
    return _within(node.name or "", scope) or (isinstance(key, str) and _within(key, scope))


def _foreign(node: Node, scope: str) -> bool:
    """Whether a node bears a name of another scope, or is a leaf of nobody's."""
    return not _owned(node, scope) and (node.name is not None or node.is_leaf)


def _gate(end: Node, title: str, hidden: set[Node], became: dict[Node, Node]) -> Node:
    """The gate that stands for `end` and what is hidden below it."""

    def enters(node: Node) -> bool:
        return node is not end and node not in hidden and not node.constant

    operands = tuple(node for node in topological([end], stop=enters) if enters(node))
    return make(_operation(end, operands, title), [became[o] for o in operands], (), end.name)


@lru_cache(maxsize=256)
def _operation(end: Node, operands: tuple[Node, ...], title: str) -> Op:
    """An operation whose definition is `end` as a function of `operands`; drawn again, it is the same one."""

    def body(*args: Node, **_: Any) -> Node:
        # Without the name, or the body would be taken for the gate itself.
        bare = make(end.op, end.args, end.attrs)
        return substitute([bare], dict(zip(operands, args, strict=True)))[0]

    name = title.replace("/", ".").rpartition(".")[2]
    return Op(name, "composite", lambda args, attrs: (end.shape, end.dtype), body=body, symbol=name)
