"""What each stage of the pipeline may contain, as data, checked between passes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakSet

from graphc.ir.errors import LegalityError
from graphc.ir.node import Node, topological
from graphc.ir.op import Kind

_PRIMITIVE: frozenset[Kind] = frozenset(
    ("leaf", "const", "pointwise", "contract", "reduce", "move", "index", "scan", "implicit", "random")
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A point between passes: the kinds of node that may be there, and whether intermediates may have names."""

    name: str
    kinds: frozenset[Kind]
    names: bool


SURFACE = Stage("surface", _PRIMITIVE | {"stop", "composite"}, names=True)
CORE = Stage("core", _PRIMITIVE, names=False)


# Nodes that were found allowed, as all below them were: passes change little, and are checked one after the other.
_allowed: dict[Stage, WeakSet[Node]] = {}


def check_stage(outputs: Iterable[Node], stage: Stage) -> None:
    """Raise `LegalityError` at the first node the stage does not allow."""
    allowed = _allowed.setdefault(stage, WeakSet())
    for node in topological(outputs, stop=allowed.__contains__):
        if node in allowed:
            continue
        if node.op.kind not in stage.kinds:
            raise LegalityError(f"a {node.op.kind} node, {node!r}, is not allowed at the {stage.name} stage")
        if node.name and not node.is_leaf and not stage.names:
            raise LegalityError(f"a named intermediate, {node!r}, is not allowed at the {stage.name} stage")
        allowed.add(node)
