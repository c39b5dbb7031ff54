"""The summary of a model: shapes, parameters and forward cost of each layer, as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graphc.ir.node import Node, topological
from graphc.ir.types import Dim, DimLike, Shape, product, show_shape
from graphc.nn.cost import flops
from graphc.nn.scope import Applied, Record

_HEAD = ("layer", "output", "parameters", "forward FLOPs")


@dataclass(frozen=True, slots=True)
class Row:
    """One layer: its path, the shape of its output, the numbers it learns, the operations of its forward pass."""

    path: str
    output: Shape
    parameters: DimLike
    flops: DimLike


@dataclass(frozen=True, slots=True)
class Summary:
    """The layers of a model in the order in which they are applied, and their totals; printed as a table."""

    input: Shape
    rows: tuple[Row, ...]
    parameters: DimLike
    flops: DimLike

    def __str__(self) -> str:
        body = [(r.path, show_shape(r.output), grouped(r.parameters), grouped(r.flops)) for r in self.rows]
        table = [_HEAD, *body, ("total", "", grouped(self.parameters), grouped(self.flops))]
        widths = [max(len(line[column]) for line in table) for column in range(4)]
        lines = [
            "  ".join(
                cell.ljust(width) if column < 2 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in table
        ]
        return "\n".join([*lines[:-1], lines[-1] + _in_words(self.flops)])

    __repr__ = __str__


def summarize(x: Node, record: Record) -> Summary:
    """The summary of what was applied to `x`; a layer made of layers has a row for what it adds to them, if any."""
    rows: list[Row] = []
    counted = {x}
    learned: set[Node] = set()
    for layer in record.applied:
        new = [p for p in layer.params if p not in learned]
        learned.update(new)
        cost = flops(layer.output, given=counted)
        counted.update(topological([layer.output]))
        if new or cost != 0 or not _contains(layer, record):
            size = _total(product(p.shape) for p in new)
            rows.append(Row(layer.path, layer.output.shape, size, cost))
    return Summary(x.shape, tuple(rows), _total(r.parameters for r in rows), _total(r.flops for r in rows))


def _contains(layer: Applied, record: Record) -> bool:
    return any(other.path.startswith(f"{layer.path}/") for other in record.applied)


def _total(parts: Iterable[DimLike]) -> DimLike:
    total: DimLike = 0
    for part in parts:
        total = total + part
    return total


def grouped(size: DimLike) -> str:
    """A size with commas between thousands: `401,664*N`."""
    if isinstance(size, int):
        return f"{size:,}"
    parts: list[str] = []
    for monomial, coefficient in size.terms:
        factors = [name if power == 1 else f"{name}**{power}" for name, power in monomial]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, f"{abs(coefficient):,}")
        sign = ("-" if coefficient < 0 else "") if not parts else (" - " if coefficient < 0 else " + ")
        parts.append(sign + "*".join(factors))
    return "".join(parts)


def _in_words(size: DimLike) -> str:
    """What a cost comes to, for one sample where it grows with one size."""
    if isinstance(size, int):
        return f"  = {human(size)}" if size >= 1000 else ""
    assert isinstance(size, Dim)
    (monomial, coefficient), *rest = size.terms
    if len(monomial) != 1 or monomial[0][1] != 1 or any(m for m, _ in rest) or coefficient < 1000:
        return ""
    return f"  {'about' if rest else '='} {human(coefficient)} for each of {monomial[0][0]}"


def human(count: int) -> str:
    """A number with a letter for its thousands: `407.05 k`, `1.23 G`.

    >>> human(407050), human(999), human(2_500_000_000)
    ('407.05 k', '999', '2.5 G')
    """
    value, letter = float(count), ""
    for further in ("k", "M", "G", "T", "P"):
        if value < 999.995:
            break
        value, letter = value / 1000, further
    return f"{value:.2f}".rstrip("0").rstrip(".") + (f" {letter}" if letter else "")
