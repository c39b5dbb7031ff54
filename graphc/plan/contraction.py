"""How a contraction is computed: a matrix product where the index string allows, else a more general call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from graphc.ir.node import Node

Form = Literal[
    "dot", "matmul", "vecdot", "outer", "multiply", "tensordot", "blocks", "einsum", "diagonal", "trace"
]
_WRITES = ("dot", "vecdot", "outer", "multiply", "einsum")
ASCII = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Contraction:
    """One call, and what surrounds it.

    `operands` are positions of arguments, `orders` the axis order each is transposed to first (None: as it
    is), `spec` an index string for the forms that need one, `axes` the summed axes of either operand where
    there may be several. The call's result, transposed by `order`, has the indices `result`; it gets the axes
    that stand in `output` only, and is written on the diagonal where `output` repeats an index.
    """

    form: Form
    operands: tuple[int, ...]
    orders: tuple[tuple[int, ...] | None, ...]
    spec: str
    axes: tuple[tuple[int, ...], tuple[int, ...]] | None
    result: str
    order: tuple[int, ...] | None
    output: str

    @property
    def plain(self) -> bool:
        """Whether the call's own result is the result of the contraction."""
        return self.order is None and self.result == self.output

    @property
    def takes_out(self) -> bool:
        """Whether the call can write into memory of the shape of the output, a matmul also in another order."""
        if self.form == "matmul":
            return self.result == self.output
        return self.plain and self.form in _WRITES


def plan_contraction(node: Node) -> Contraction:
    """The cheapest form for the index string of a contraction."""
    return _planned(str(node.attrs[0]))


@lru_cache(maxsize=1024)
def _planned(spec: str) -> Contraction:
    inputs, output = _ascii(spec).split("->")
    operands = inputs.split(",")
    core = "".join(dict.fromkeys(i for i in output if i in inputs))
    two = _product_form(operands, core) if len(operands) == 2 else None
    found = two or _single_form(operands, core) or _einsum(operands, core)
    form, places, orders, spec, axes, result = found
    order = None if result == core else tuple(result.index(i) for i in core)
    return Contraction(form, places, orders, spec, axes, result if order is None else core, order, output)


_Found = tuple[
    Form,
    tuple[int, ...],
    tuple[tuple[int, ...] | None, ...],
    str,
    tuple[tuple[int, ...], tuple[int, ...]] | None,
    str,
]


def _ascii(spec: str) -> str:
    """The same string with letters `einsum` knows."""
    if spec.isascii():
        return spec
    letters = {c: ASCII[i] for i, c in enumerate(dict.fromkeys(c for c in spec if c not in ",->"))}
    return "".join(letters.get(c, c) for c in spec)


def _einsum(operands: list[str], core: str) -> _Found:
    everything = tuple(range(len(operands)))
    spec = f"{','.join(operands)}->{core}"
    return "einsum", everything, (None,) * len(operands), spec, None, core


def _single_form(operands: list[str], core: str) -> _Found | None:
    """One operand: a trace or a diagonal of a matrix."""
    if len(operands) != 1 or len(operands[0]) != 2 or operands[0][0] != operands[0][1]:
        return None
    return "diagonal" if core else "trace", (0,), (None,), "", None, core


def _product_form(operands: list[str], core: str) -> _Found | None:
    """Two operands without repeated or one-sided summed indices."""
    a, b = operands
    if any(len(set(o)) < len(o) for o in operands):
        return None
    summed = [i for i in a if i in b and i not in core]
    batch = [i for i in a if i in b and i in core]
    if any(i not in core and i not in summed for i in a + b):
        return None
    if not summed:
        return _multiplied(a, b, core, batch)
    if a == b and len(summed) == 1 and a[-1] == summed[0] and core and core == a[:-1]:
        return "vecdot", (0, 1), (None, None), "", None, core
    if len(summed) == 1:
        found = _matmul(a, b, core, summed[0], batch)
        if found:
            return found
    if batch:
        return _blocks(a, b, batch, summed)
    axes = tuple(a.index(i) for i in summed), tuple(b.index(i) for i in summed)
    free = "".join(i for i in a + b if i not in summed)
    return "tensordot", (0, 1), (None, None), "", axes, free


def _blocks(a: str, b: str, batch: list[str], summed: list[str]) -> _Found | None:
    """Matrix products of blocks: axes in the order (batch, rows, summed) and (batch, summed, columns), then merged."""
    rows, columns = ([i for i in o if i not in batch and i not in summed] for o in (a, b))
    if not rows or not columns:
        return None
    orders = tuple(
        _unless_same(tuple(o.index(i) for i in wanted))
        for o, wanted in ((a, [*batch, *rows, *summed]), (b, [*batch, *summed, *columns]))
    )
    lead, count = len(batch), len(summed)
    axes = tuple(range(len(a) - count, len(a))), tuple(range(lead, lead + count))
    return "blocks", (0, 1), orders, "", axes, "".join([*batch, *rows, *columns])


def _multiplied(a: str, b: str, core: str, batch: list[str]) -> _Found | None:
    """No index is summed: a product with broadcasting."""
    if len(a) == len(b) == 1 and not batch:
        return "outer", (0, 1) if core == a + b else (1, 0), (None, None), "", None, core
    order_a = tuple(sorted(range(len(a)), key=lambda p: core.index(a[p])))
    order_b = tuple(sorted(range(len(b)), key=lambda p: core.index(b[p])))
    return "multiply", (0, 1), (_unless_same(order_a), _unless_same(order_b)), f"{a},{b}", None, core


def _unless_same(order: tuple[int, ...]) -> tuple[int, ...] | None:
    return None if order == tuple(range(len(order))) else order


def _matmul(a: str, b: str, core: str, k: str, batch: list[str]) -> _Found | None:
    """`a @ b`, with the operands swapped and transposed so that the result comes out in order if it can."""
    rows = [i for i in a if i != k and i not in batch]
    columns = [i for i in b if i != k and i not in batch]
    if batch:
        return _batched(a, b, core, k, batch, rows, columns)
    if len(columns) <= 1 and len(rows) > 1:
        # Leading axes of the first operand are rows as well: (b, n, k) @ (k, m).
        return _stacked(a, b, k, rows, columns, (0, 1))
    if len(rows) <= 1 and len(columns) > 1:
        return _stacked(b, a, k, columns, rows, (1, 0))
    if len(rows) > 1 or len(columns) > 1:
        return None
    matrix_last = (len(a) == 1 and b[-1] == k) or (len(b) == 1 and a[0] == k)
    if core == "".join(rows + columns) and not (matrix_last and len(a) + len(b) == 3):
        first, second, places = a, b, (0, 1)
    else:
        first, second, places = b, a, (1, 0)
    turn_first = len(first) == 2 and first[0] == k
    turn_second = len(second) == 2 and second[1] == k
    orders = (1, 0) if turn_first else None, (1, 0) if turn_second else None
    return "dot", places, orders, "", None, core


def _stacked(
    a: str, b: str, k: str, rows: list[str], columns: list[str], places: tuple[int, int]
) -> _Found | None:
    if a[-1] != k:
        return None
    order = (1, 0) if len(b) == 2 and b[1] == k else None
    return "matmul", places, (None, order), "", None, "".join(rows + columns)


def _batched(
    a: str, b: str, core: str, k: str, batch: list[str], rows: list[str], columns: list[str]
) -> _Found | None:
    if len(rows) != 1 or len(columns) != 1:
        return None
    lead = "".join(i for i in core if i in batch)
    swap = core.endswith(columns[0] + rows[0])
    (a, rows), (b, columns) = ((b, columns), (a, rows)) if swap else ((a, rows), (b, columns))
    orders = tuple(
        _unless_same(tuple(o.index(i) for i in wanted))
        for o, wanted in ((a, lead + rows[0] + k), (b, lead + k + columns[0]))
    )
    return "matmul", (1, 0) if swap else (0, 1), orders, "", None, lead + rows[0] + columns[0]
