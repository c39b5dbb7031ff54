"""What the planner may know and decide: sizes to expect, precision, memory, costs, and which passes are off."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from graphc.ir.node import Node
from graphc.ir.types import Dim, Shape, evaluate_dim, product
from graphc.plan.costs import SHIPPED, CostTable

USUAL_SIZE = 64  # what a named size is reckoned at when no hint is given


@dataclass(frozen=True, slots=True)
class Note:
    """What a pass did, as one sentence."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Setting:
    """Choices that hold for a whole plan.

    `sizes` are hints for named sizes. `owns` says that the plan is of a step, which keeps parameters and states;
    `workspace` keeps large results between calls, `outputs_too` also those returned. `off` names passes that are
    switched off. `costs` is what operations take, as the passes reckon; `memory` is the most bytes that intermediate
    values may take; `target` is what runs the code, NumPy alone or with compiled loops. Passes add to `notes` what they
    did.
    """

    real: str = "float64"
    sizes: tuple[tuple[str, int], ...] = ()
    owns: bool = False
    workspace: bool = False
    outputs_too: bool = False
    off: frozenset[str] = frozenset()
    costs: CostTable = SHIPPED
    memory: int | None = None
    target: str = "numpy"
    notes: list[Note] = field(default_factory=list)

    def entries(self, shape: Shape) -> int:
        """About how many entries an array of `shape` has."""
        return _entries(shape, self.sizes)

    def is_large(self, node: Node) -> bool:
        """Whether writing the value of `node` into memory at hand pays."""
        return self.entries(node.shape) >= self.costs.worthwhile

    def say(self, name: str, text: str) -> None:
        """Note what pass `name` did."""
        self.notes.append(Note(name, text))


@lru_cache(maxsize=4096)
def _entries(shape: Shape, hints: tuple[tuple[str, int], ...]) -> int:
    sizes = {s: USUAL_SIZE for d in shape if isinstance(d, Dim) for s in d.symbols}
    return evaluate_dim(product(shape), sizes | dict(hints))
