"""Which values can be computed for some rows at a time: what is along the leading axis stays apart from row to row.

A value with *rows* has a leading axis of so and so many entries per row, and slices of it need only the same slices of
what it is computed from. A *sum* adds up over the rows: what slices give is added. Anything else needs all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Literal

from graphc.ir.node import Node
from graphc.ir.types import Dim, DimLike, Shape, divide

Status = Literal["whole", "rows", "sum", "places", "all"]


@lru_cache(maxsize=4096)
def per_row(shape: Shape, rows: DimLike) -> DimLike | None:
    """How many entries of the leading axis belong to each row; None if the rows are not along it alone."""
    if not shape or _touches(shape[1:], rows) or not _touches(shape[:1], rows):
        return None
    found = divide(shape[0], rows)
    return None if found is None or _touches((found,), rows) else found


def is_sliced(shape: Shape, rows: DimLike) -> bool:
    """Whether a loop over `rows` takes slices of an array of `shape`, rather than all of it each time."""
    return shape[:1] == (rows,) or per_row(shape, rows) is not None


@lru_cache(maxsize=4096)
def _touches(shape: Shape, rows: DimLike) -> bool:
    """Whether the rows are along an axis, or in its extent."""
    symbols = rows.symbols if isinstance(rows, Dim) else ()
    return any(s in d.symbols for d in shape if isinstance(d, Dim) for s in symbols)


def classify(order: Iterable[Node], rows: DimLike) -> dict[Node, Status]:
    """The status of every node of a topological `order`.

    "whole" does not depend on the rows, "rows" and "sum" are as above, "places" are the numbers of the rows
    themselves, which only an index may use; "all" needs every row at once.
    """
    found: dict[Node, Status] = {}
    for node in order:
        found[node] = _status(node, rows, found)
    return found


def _status(node: Node, rows: DimLike, known: Mapping[Node, Status]) -> Status:
    touched = _touches(node.shape, rows)
    if node.is_leaf:
        return "whole" if not touched else "rows" if per_row(node.shape, rows) is not None else "all"
    given = [known[a] for a in node.args]
    if node.op.name == "broadcast" and node.constant:
        return "whole"  # made before everything else
    if node.op.name == "iota":
        return "whole" if not touched else "places" if node.attrs[0] == rows else "all"
    # What is ready as a whole can be cut into rows as well, where they are along the leading axis.
    cut = [_as_cut(a, s, rows) for a, s in zip(node.args, given, strict=True)]
    if node.op.name == "again":
        return cut[0]
    if not touched and all(s == "whole" for s in cut):
        return "sum" if node.op.name in _LINEAR and all(s == "sum" for s in given) and given else "whole"
    rule = _RULES.get(node.op.name) or _RULES.get(node.op.kind)
    if rule is None or "all" in cut:
        return "all"
    status = rule(node, cut)
    if status == "rows":
        return "rows" if per_row(node.shape, rows) is not None else "all"
    return "all" if touched else status


# operations under which a sum over rows remains one
_LINEAR = ("reshape", "transpose", "concat")


def _as_cut(argument: Node, status: Status, rows: DimLike) -> Status:
    if status in ("rows", "places"):
        return status
    if per_row(argument.shape, rows) is not None:
        return "rows"
    return "all" if _touches(argument.shape, rows) else "whole"


def _pointwise(node: Node, cut: list[Status]) -> Status:
    fits = all(
        s == "whole" or (s == "rows" and a.shape[:1] == node.shape[:1] and a.ndim == node.ndim)
        for a, s in zip(node.args, cut, strict=True)
    )
    return "rows" if fits else "all"


def _contract(node: Node, cut: list[Status]) -> Status:
    return _contracted(str(node.attrs[0]), tuple(cut))


@lru_cache(maxsize=1024)
def _contracted(spec: str, cut: tuple[Status, ...]) -> Status:
    inputs, output = spec.split("->")
    specs = inputs.split(",")
    letters = {spec[0] for spec, s in zip(specs, cut, strict=True) if s == "rows"}
    if "places" in cut or len(letters) != 1:
        return "all"
    (row,) = letters
    inner = "".join(spec[1:] if s == "rows" else spec for spec, s in zip(specs, cut, strict=True))
    if row in inner:
        return "all"
    if row not in output:
        return "sum"
    return "rows" if output[0] == row and row not in output[1:] else "all"


def _reduce(node: Node, cut: list[Status]) -> Status:
    if cut[0] != "rows":
        return "all"
    if 0 not in node.attrs[0]:
        return "rows"
    return "sum" if node.op.name == "sum" else "all"


def _along(kept: Callable[[Node], bool]) -> Callable[[Node, list[Status]], Status]:
    """An operation that leaves the leading axis alone where `kept` says so."""
    return lambda node, cut: "rows" if kept(node) and "places" not in cut else "all"


def _whole_axis(node: Node) -> bool:
    start, step, length = node.attrs[0][0]
    return bool(start == 0 and step == 1 and length == node.args[0].shape[0])


def _whole_place(node: Node) -> bool:
    shape, slices, _ = node.attrs
    start, step, length = slices[0]
    return bool(start == 0 and step == 1 and length == shape[0])


def _whole_places(node: Node) -> bool:
    shape, places = node.attrs
    return all(place[0] == (0, 1, shape[0]) for place in places)


def _gather(node: Node, cut: list[Status]) -> Status:
    x, *indices = cut
    axis = int(node.attrs[0])
    if x == "whole":
        return "rows" if axis == 0 and "places" not in indices else "all"
    if x != "rows":
        return "all"
    if axis > 0:
        return "rows" if all(i == "whole" for i in indices) else "all"
    return "rows" if indices[0] == "places" and "places" not in indices[1:] else "all"


def _scatter(node: Node, cut: list[Status]) -> Status:
    updates, *indices = cut
    axis = int(node.attrs[1])
    if axis > 0:
        return "rows" if updates == "rows" and all(i == "whole" for i in indices) else "all"
    if indices[0] == "places":
        return "rows" if "places" not in indices[1:] and updates in ("rows", "whole") else "all"
    return "sum" if updates == "rows" and "rows" in indices and "places" not in indices else "all"


_RULES: dict[str, Callable[[Node, list[Status]], Status]] = {
    "pointwise": _pointwise,
    "contract": _contract,
    "reduce": _reduce,
    "broadcast": _pointwise,
    "reshape": _along(lambda node: True),
    "transpose": _along(lambda node: node.attrs[0][0] == 0),
    "slice": _along(_whole_axis),
    "pad": _along(_whole_place),
    "concat": lambda node, cut: "rows" if node.attrs[0] and set(cut) == {"rows"} else "all",
    "sliding_window": _along(lambda node: 0 not in node.attrs[0]),
    "overlap_add": _along(lambda node: 0 not in node.attrs[1]),
    "route": lambda node, cut: "rows" if set(cut) == {"rows"} and _whole_places(node) else "all",
    "gather": _gather,
    "scatter_add": _scatter,
    "argmax": _along(lambda node: node.attrs[0] != 0),
    "argmin": _along(lambda node: node.attrs[0] != 0),
    "scan": _along(lambda node: node.attrs[0] != 0),
}
