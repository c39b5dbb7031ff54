"""The derivation: one object that the picture, the written derivation, the checker and the code generator read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from graphc.derive.branches import common_users
from graphc.derive.compose import compose
from graphc.derive.edge import Local, local_of
from graphc.derive.expand import Group, expand_composites, names_of
from graphc.derive.fold import check_scopes, fold_scopes
from graphc.derive.latex import to_latex
from graphc.derive.markdown import to_markdown
from graphc.derive.naming import Naming, name_nodes
from graphc.derive.reverse import Contribution, ReversePass, accumulate, as_numbers, check_scalar
from graphc.derive.steps import Script, Step
from graphc.derive.text import to_text
from graphc.derive.values import Values, values_at
from graphc.ir.errors import GradientError
from graphc.ir.graph import Graph
from graphc.ir.node import Node, expect_node, expect_nodes, topological
from graphc.ops.index import zeros
from graphc.rewrite.simplify import Event, simplify_all


@dataclass(frozen=True)
class Derivation:
    """The gradients of `output`, with everything that led to them.

    `nodes` is the graph as it was written, operands before users. `upstream` maps a node to the gradient of the output
    with respect to it, simplified (`raw_upstream`: as the chain rule gave it); a node that the output does not depend
    on, or whose gradient was not asked for, is absent. `contributions` lists what was summed at a node, one per use.
    `events` are the simplifications in the order they happened, `rewritten` the gradients as these left them (a whole
    number or a condition where `upstream` has real numbers), `simplified` the form that nodes have within gradients.
    `groups` are the composites that were opened. Where scopes were folded, `source` is the output before that.
    """

    output: Node
    nodes: tuple[Node, ...]
    wrt: tuple[Node, ...]
    upstream: Mapping[Node, Node] = field(default_factory=dict)
    raw_upstream: Mapping[Node, Node] = field(default_factory=dict)
    contributions: Mapping[Node, tuple[Contribution, ...]] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    rewritten: Mapping[Node, Node] = field(default_factory=dict)
    simplified: Mapping[Node, Node] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    source: Node | None = None

    @cached_property
    def leaves(self) -> tuple[Node, ...]:
        """All that needs a value, also what lies inside of a folded scope."""
        return Graph((self.output if self.source is None else self.source,)).leaves

    @cached_property
    def names(self) -> Mapping[Node, str]:
        """A name for the output and for each intermediate that is written on a line of its own."""
        return self.naming.names

    @cached_property
    def naming(self) -> Naming:
        """Those names, and which terms of a sum are written within it and share its gradient."""
        hidden = [] if self.source is None else [n for n in topological([self.source]) if n.name is not None]
        return name_nodes(self.output, self.nodes, self.upstream, set(self.wrt), hidden)

    @cached_property
    def _locals(self) -> dict[tuple[Node, int], Local]:
        return {}

    def local(self, user: Node, index: int) -> Local:
        """The local derivative of `user` by its operand `index`."""
        edge = (user, index)
        if edge not in self._locals:
            self._locals[edge] = local_of(user, index, self.names)
        return self._locals[edge]

    @cached_property
    def _by_edge(self) -> dict[tuple[Node, int], Contribution]:
        return {(c.user, c.index): c for given in self.contributions.values() for c in given}

    def contribution(self, user: Node, index: int) -> Contribution | None:
        """What one use adds to the gradient of operand `index` of `user`; None where nothing flows."""
        return self._by_edge.get((user, index))

    @cached_property
    def passes(self) -> Mapping[Node, Node]:
        """Of each node the nearest one through which all of its gradient comes."""
        return common_users(self.nodes, self.contributions)

    def gradient(self, target: Node) -> Node:
        """The gradient with respect to a node; zeros where the output does not depend on it."""
        return self.upstream[target] if target in self.upstream else as_numbers(zeros(target.shape))

    @cached_property
    def script(self) -> Script:
        """The derivation as it is written, with what its signs and names stand for."""
        return compose(self)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Definitions, then gradients from the output backwards, each a chain of equal lines."""
        return self.script.steps

    def text(self, *, indices: bool = False) -> str:
        """The steps as plain text; with `indices` the definitions, as the gradients, also in index notation."""
        return to_text(self, indices=indices)

    def latex(self, *, document: bool = False, indices: bool = False) -> str:
        """The steps as LaTeX, in displays for one's own text or as a document that compiles as it is."""
        return to_latex(self, document=document, indices=indices)

    def markdown(self, *, indices: bool = False) -> str:
        """The steps as Markdown with mathematics between double dollars, as GitHub renders it."""
        return to_markdown(self, indices=indices)

    def at(self, given: Mapping[str, Any] | None = None, /, **values: Any) -> Values:
        """The derivation in numbers, given a value for every leaf by name.

        >>> from graphc.ops import input_
        >>> x = input_("x"); y = input_("y")
        >>> at = derive(x * y).at(x=2, y=3)
        >>> [float(at.upstream[n]) for n in (x, y)]
        [3.0, 2.0]
        """
        return values_at(self, {**(given or {}), **values})


def derive(
    output: Node,
    wrt: Node | Sequence[Node] | None = None,
    *,
    expand: Sequence[str] | str = (),
    fold: Sequence[str] | str = (),
    gradients: bool = True,
) -> Derivation:
    """The derivation of the gradients of a scalar, by reverse accumulation (the chain rule from the output back).

    `wrt` says with respect to which nodes; without it, every real leaf. `expand` names composites to be opened into
    their elementary operations first, `fold` scopes, such as `net/dense1`, to be taken for one operation each. With
    `gradients=False` only the forward graph is described, of any shape.

    >>> from graphc.ops import input_
    >>> x = input_("x"); y = input_("y")
    >>> d = derive(x * y)
    >>> d.upstream[x] is y
    True
    """
    expect_node(output, "what is derived")
    expand, fold = names_of(expand, "what is opened"), names_of(fold, "what is folded")
    wrt = None if wrt is None else expect_nodes(wrt, "what to differentiate by")
    _ = Graph((output,)).leaves  # refuses two that share a name
    if gradients:
        check_scalar(output)
    check_scopes(output, fold)
    folded = fold_scopes([output, *(wrt or ())], fold)
    expansion = expand_composites([folded[n] for n in (output, *(wrt or ()))], expand)
    became = {node: expansion.became[folded[node]] for node in (output, *(wrt or ()))}
    root = became[output]
    nodes = tuple(topological([root]))
    targets = _targets(nodes, None if wrt is None else [became[t] for t in wrt])
    if not gradients:
        return Derivation(root, nodes, targets, groups=expansion.groups, source=output)
    named = [n for n in nodes if n.name and n.args and n.dtype == "real"] if wrt is None else []
    found = accumulate(root, [*targets, *named])
    return _simplified(Derivation(root, nodes, targets, groups=expansion.groups, source=output), found)


def _targets(nodes: Sequence[Node], wrt: Sequence[Node] | None) -> tuple[Node, ...]:
    if wrt is None:
        return tuple(n for n in nodes if n.is_leaf and n.dtype == "real")
    for target in wrt:
        if target.dtype != "real":
            name = target.name or target.op.name
            raise GradientError(f"{name} holds {target.dtype} values: nothing to differentiate")
    return tuple(dict.fromkeys(wrt))


def _simplified(plain: Derivation, found: ReversePass) -> Derivation:
    """The outcome of reverse accumulation with every gradient and contribution simplified together, once."""
    given = [c for contributions in found.contributions.values() for c in contributions]
    raw = [*found.upstream.values(), *(c.value for c in given)]
    forward = [n for n in topological(raw) if n in found.upstream]
    events: list[Event] = []
    simple = iter(simplify_all([*raw, *forward], record=events))
    rewritten = {node: next(simple) for node in found.upstream}
    values = {(c.user, c.index): as_numbers(next(simple)) for c in given}
    contributions = {
        node: tuple(replace(c, value=values[c.user, c.index]) for c in contributions)
        for node, contributions in found.contributions.items()
    }
    return replace(
        plain,
        upstream={node: as_numbers(value) for node, value in rewritten.items()},
        raw_upstream=found.upstream,
        contributions=contributions,
        events=tuple(events),
        rewritten=rewritten,
        simplified={node: next(simple) for node in forward},
    )
