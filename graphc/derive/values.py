"""A derivation in numbers: values, upstream gradients, local derivatives and contributions as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.ir.errors import BindError
from graphc.ir.node import Node, topological
from graphc.ops.naive import Arithmetic, bind, run

if TYPE_CHECKING:
    from graphc.derive.derivation import Derivation


@dataclass(frozen=True)
class Values:
    """The arrays of a derivation at one point, float64, each worked out when it is asked for and kept."""

    derivation: Derivation
    arrays: dict[Node, Any]
    sizes: Mapping[str, int]
    arithmetic: Arithmetic = field(default_factory=Arithmetic)

    def of(self, node: Node) -> Any:
        """The array of any expression over the leaves."""
        if node not in self.arrays:
            order = topological([node], stop=self.arrays.__contains__)
            with np.errstate(all="ignore"):
                run(order, self.arrays, self.sizes, self.arithmetic)
        return self.arrays[node]

    @property
    def forward(self) -> dict[Node, Any]:
        """The value of each node."""
        return {node: self.of(node) for node in self.derivation.nodes}

    @property
    def upstream(self) -> dict[Node, Any]:
        """The gradient of the output with respect to each node that has one."""
        return {node: self.of(gradient) for node, gradient in self.derivation.upstream.items()}

    def local(self, user: Node, index: int) -> Any:
        """The local derivative of `user` by its operand `index`; None where it is an action."""
        local = self.derivation.local(user, index).expr
        return None if local is None else self.of(local)

    def contribution(self, user: Node, index: int) -> Any:
        """What this one use adds to the gradient of operand `index` of `user`; None where nothing flows."""
        found = self.derivation.contribution(user, index)
        return None if found is None else self.of(found.value)


def values_at(derivation: Derivation, given: Mapping[str, Any]) -> Values:
    """Bind the leaves by name; every leaf needs a value, and every value a leaf."""
    leaves = derivation.leaves
    known = {leaf.name for leaf in leaves}
    for name in given:
        if name not in known:
            there = ", ".join(sorted(str(k) for k in known)) or "none"
            raise BindError(f"there is no input called {name!r}; the inputs are: {there}")
    arithmetic = Arithmetic()
    arrays, sizes = bind(leaves, given, arithmetic)
    return Values(derivation, arrays, sizes, arithmetic)
