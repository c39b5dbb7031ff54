"""What each stage of the pipeline may contain, as data, checked between passes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graphc.ir.errors import LegalityError
from graphc.ir.node import Node
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


def check_stage(nodes: Iterable[Node], stage: Stage) -> None:
    """Raise `LegalityError` at the first of `nodes` that the stage does not allow."""
    for node in nodes:
        kind = node.op.kind
        if kind not in stage.kinds:
            raise LegalityError(f"a {kind} node, {node!r}, is not allowed at the {stage.name} stage")
        if node.name and kind != "leaf" and not stage.names:
            raise LegalityError(f"a named intermediate, {node!r}, is not allowed at the {stage.name} stage")
