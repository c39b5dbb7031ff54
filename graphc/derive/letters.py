"""Index letters for the axes of arrays: n for an axis of size N, and the same letter for the same size throughout."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from graphc.ir.types import Dim, DimLike

POOL = "ijkmlpqrsuvwnabcfghtxyzo"
RESERVED = frozenset("d")
"""The graph language keeps `d` for derivatives."""


class Letters:
    """The letters of one derivation; `taken` are the names in use, `sizes` all sizes that axes have.

    >>> from graphc.ir.types import dim
    >>> letters = Letters(taken=("x", "h"), sizes=(dim("N"), 784, dim("H")))
    >>> letters.fresh(dim("N"), ()), letters.fresh(784, ()), letters.fresh(784, ("i",))
    ('n', 'i', 'k')
    """

    def __init__(self, taken: Iterable[str], sizes: Collection[DimLike]) -> None:
        names = frozenset(taken) | RESERVED
        self._of: dict[str, list[str]] = {}
        for size in sizes:
            text = str(size)
            letter = text.lower()
            if isinstance(size, Dim) and len(text) == 1 and letter.isascii() and letter not in names:
                self._of.setdefault(text, [letter])
        own = {letter for letters in self._of.values() for letter in letters}
        self._pool = [a for a in POOL if a not in names and a not in own]
        numbered = (f"{a}{i}" for i in range(1, 100) for a in "ijk")
        self._pool += [name for name in numbered if name not in names]
        for size in sizes:
            self.fresh(size, ())

    def fresh(self, size: DimLike, used: Collection[str]) -> str:
        """A letter for an axis of this size that is not among those `used` around it."""
        own = self._of.setdefault(str(size), [])
        for letter in own:
            if letter not in used:
                return letter
        owned = {a for letters in self._of.values() for a in letters}
        free = next((a for a in self._pool if a not in owned), None)
        if free is None:
            return next(a for a in self._pool if a not in used)
        own.append(free)
        return free
