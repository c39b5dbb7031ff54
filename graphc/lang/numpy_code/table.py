"""The table of library functions that are read, each entered where it is declared."""

from __future__ import annotations

from collections.abc import Callable

from graphc.lang.numpy_code.arguments import Arguments
from graphc.lang.numpy_code.objects import Value

Reader = Callable[[Arguments], Value]
TABLE: dict[str, Reader] = {}


def reads(*names: str) -> Callable[[Reader], Reader]:
    """Enter a reader under names such as `sum`, `add.at` or `linalg.norm`, NumPy's own; others carry their package."""

    def enter(reader: Reader) -> Reader:
        for name in names:
            TABLE[name] = reader
        return reader

    return enter
