"""Where an `ast` node stands in the source, in characters (`ast` counts UTF-8 bytes)."""

from __future__ import annotations

import ast

from graphc.lang.tree import Place

Located = ast.expr | ast.stmt | ast.keyword


class Positions:
    """Places and source text of the nodes of one statement."""

    __slots__ = ("_column", "_line", "_rows", "_tables")

    def __init__(self, text: str, line: int, column: int) -> None:
        self._rows = text.split("\n")
        self._tables: dict[int, list[int]] = {}
        self._line, self._column = line, column

    def of(self, node: Located) -> Place:
        """The place of the node's first character in the whole source."""
        character = self._character(node.lineno, node.col_offset)
        shift = self._column if node.lineno == 1 else 1
        return Place(self._line + node.lineno - 1, character + shift)

    def text(self, node: Located) -> str:
        """The node as written."""
        end_line, end_offset = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self.between((node.lineno, node.col_offset), (end_line, end_offset))

    def between(self, start: tuple[int, int], end: tuple[int, int]) -> str:
        """The source from one `ast` position (line, byte) to another."""
        first, last = self._character(*start), self._character(*end)
        if start[0] == end[0]:
            return self._rows[start[0] - 1][first:last]
        middle = self._rows[start[0] : end[0] - 1]
        return "\n".join([self._rows[start[0] - 1][first:], *middle, self._rows[end[0] - 1][:last]])

    def _character(self, line: int, offset: int) -> int:
        row = self._rows[line - 1]
        if row.isascii():
            return offset
        if line not in self._tables:
            self._tables[line] = [i for i, char in enumerate(row) for _ in char.encode()] + [len(row)]
        return self._tables[line][offset]
