"""A generated step on the prepared batches, compiled here or saved and loaded; nothing of graphc is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.data import Batch


class StepRun:
    """A step that owns its parameters, or a function of loss and gradient."""

    def __init__(self, step: Any, params: Mapping[str, Any], batches: Sequence[Batch]) -> None:
        self.made, self.initial = step, dict(params)
        self.given = [{"x": b.x} if b.t is None else {"x": b.x, "t": b.t} for b in batches]
        self.owns = hasattr(step, "params")
        self.dx: Any = None
        self.reset()

    def step(self, i: int) -> float:
        found = self.made(**self.given[i])
        if self.owns:
            return float(found)
        self.dx = found["dx"]
        return float(found["loss"])

    def values(self) -> dict[str, Any]:
        return dict(self.made.params) if self.owns else {"dx": self.dx}

    def reset(self) -> None:
        if self.owns:
            for name, view in self.made.params.items():
                view[...] = self.initial[name]
            for view in self.made.state.values():
                view[...] = 0
