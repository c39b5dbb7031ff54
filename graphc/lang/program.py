"""What a text says once it is built: named nodes, claims, assumptions, and the node to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphc.ir.errors import GraphcError, ParseError
from graphc.ir.graph import Graph
from graphc.ir.node import Node, topological
from graphc.lang.repair import Repair
from graphc.lang.tree import Assumption, Claim, Definition, Place, Statement


@dataclass(frozen=True, slots=True)
class BuiltClaim:
    """A chain of equalities: `statement` is how and where it was written, `sides` what it says, unjudged.

    Where the shapes within a side do not fit, `failure` says so, `sides` are the others, and `repairs` what that side
    would be with one change of its text.
    """

    statement: Claim | Definition
    sides: tuple[Node, ...]
    failure: str = ""
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A text of the graph language, built.

    `names` holds every name in order of first use: inputs, parameters, definitions, and what `env` gave.
    `gradients` maps a defined `dNAME` to NAME, when NAME is a node of the text. `numerator` says that gradients by
    matrices are laid out transposed; `derivatives` gives, by its place, of what and by what each is. `root` is the last
    bare expression, else the target, else the last definition that claims no gradient; None if there is none.
    """

    names: Mapping[str, Node]
    dims: tuple[str, ...]
    claims: tuple[BuiltClaim, ...]
    assumptions: tuple[Assumption, ...]
    gradients: Mapping[str, str]
    target: str | None
    root: Node | None
    statements: tuple[Statement, ...]
    source: str | None
    numerator: bool = False
    derivatives: Mapping[Place, tuple[Node, Node]] = field(default_factory=dict)

    @property
    def leaves(self) -> tuple[Node, ...]:
        """The inputs and parameters among the names."""
        return tuple(dict.fromkeys(node for node in self.names.values() if node.is_leaf))

    def require_root(self) -> Node:
        """The node to show; raises GraphcError if the text has only declarations and claims."""
        if self.root is None:
            place = f"{self.source}: " if self.source else ""
            raise GraphcError(f"{place}there is no expression here; end the text with one, such as `loss`")
        return self.root


def from_nodes(found: object, source: str) -> Program:
    """The program of a node, or of a list or dictionary of nodes, made in Python; the last is the root."""
    given: dict[object, object] = {}
    if isinstance(found, Node):
        given = {None: found}
    elif isinstance(found, Mapping):
        given = dict(found)
    elif isinstance(found, list | tuple):
        given = dict(enumerate(found))
    roots = {key: node for key, node in given.items() if isinstance(node, Node)}
    if not roots or len(roots) < len(given):
        kind = f"{'an' if type(found).__name__[0] in 'aeiou' else 'a'} {type(found).__name__}"
        raise ParseError(f"this is {kind}; name a node, or a list or dictionary of nodes", source=source)
    names = {node.name: node for node in topological(roots.values()) if node.name is not None}
    return Program(
        names={**names, **{key: node for key, node in roots.items() if isinstance(key, str)}},
        dims=Graph(tuple(roots.values())).sizes,
        claims=(),
        assumptions=(),
        gradients={},
        target=None,
        root=list(roots.values())[-1],
        statements=(),
        source=source,
    )
