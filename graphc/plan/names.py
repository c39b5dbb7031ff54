"""Names for generated code: valid, distinct Python identifiers, as close as can be to the user's own."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

LONGEST = 48


class Namer:
    """Hands out identifiers, each once; those the generated code uses itself are `reserved`."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._reserved = frozenset(reserved)
        self._count: dict[str, int] = {}

    def new(self, wanted: str) -> str:
        """`wanted` as an identifier: `net/W` is `net_W`, `class` is `class_`, a second `x` is `x_2`."""
        base = identifier(wanted)
        base = f"{base}_" if base in self._reserved else base
        name = base
        while name in self._count:
            self._count[base] += 1
            name = f"{base}_{self._count[base]}"
        self._count[name] = 1
        return name

    def numbered(self, letter: str) -> str:
        """The next free one of `v1`, `v2`, …"""
        key = f" {letter}"  # no identifier, so it cannot meet one
        while True:
            count = self._count[key] = self._count.get(key, 0) + 1
            name = f"{letter}{count}"
            if name not in self._count and name not in self._reserved:
                self._count[name] = 1
                return name


@lru_cache(maxsize=4096)
def identifier(name: str) -> str:
    """A valid identifier for any text. A leading underscore is left to the generated helpers."""
    normal = unicodedata.normalize("NFKC", _last_parts(name))
    cleaned = "".join(c if f"a{c}".isidentifier() else "_" for c in normal[: 4 * LONGEST])
    cleaned = re.sub(r"_{2,}", "_", cleaned)[:LONGEST].strip("_") or "v"
    if not cleaned.isidentifier():
        cleaned = f"v{cleaned}"
    return f"{cleaned}_" if keyword.iskeyword(cleaned) else cleaned


def _last_parts(name: str) -> str:
    """Of a path that is too long, its last parts, which tell more than the first."""
    while len(name) > LONGEST and "/" in name.strip("/"):
        name = name.strip("/").partition("/")[2]
    return name


def spoken(name: str) -> str:
    """A name within the mathematics of a comment: a path, which would read as a quotient, as code has it."""
    return identifier(name) if "/" in name else shown(name)


def shown(name: str) -> str:
    """A name as it may stand in a comment or a docstring: nothing in it can end either."""
    safe = "".join(c if c.isprintable() and c not in '"\\' else f"<U+{ord(c):04X}>" for c in name[:60])
    return safe + "…" * (len(name) > 60)
