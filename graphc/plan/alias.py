"""Where the numbers of a value live: in memory of its own, or as a view of another value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator

from graphc.ir.node import Node
from graphc.ir.types import Shape
from graphc.plan.contraction import plan_contraction

_VIEWS = frozenset(("transpose", "reshape", "slice", "broadcast", "sliding_window", "again"))


def is_view(node: Node) -> bool:
    """Whether the result of `node` may share memory with its first argument."""
    name = node.op.name
    if name == "contract":
        return len(node.args) == 1
    if name == "gather":
        return all(not i.ndim for i in node.args[1:])  # a scalar index is basic indexing
    return name in _VIEWS and not is_pack(node)


def is_pack(node: Node) -> bool:
    """Whether `node` is a reshape that has to move entries: of what a transposition, a window or a cut scattered."""
    if node.op.name != "reshape" or not _is_scattered(node.args[0]):
        return False
    return not _same_entries(node.args[0].shape, node.shape)


def _same_entries(old: Shape, new: Shape) -> bool:
    """Whether two shapes differ in axes of size 1 only."""
    return new_axes(old, new) is not None or new_axes(new, old) is not None


def _is_scattered(node: Node) -> bool:
    """Whether entries that follow each other in index order do not in memory."""
    while node.op.name in ("reshape", "slice"):
        base = node.args[0]
        if node.op.name == "slice" and not _is_leading_cut(node):
            return True
        if node.op.name == "reshape" and not _same_entries(base.shape, node.shape):
            return False
        node = base
    return node.op.name in ("transpose", "sliding_window", "broadcast")


def _is_leading_cut(node: Node) -> bool:
    cuts = zip(node.attrs[0], node.args[0].shape, strict=True)
    return all(cut == (0, 1, d) if axis else cut[1] == 1 for axis, (cut, d) in enumerate(cuts))


def new_axes(old: Shape, new: Shape) -> tuple[bool, ...] | None:
    """Which axes of `new` are added to those of `old`, all of size 1; None if there is more to it."""
    added: list[bool] = []
    at = 0
    for d in new:
        taken = at < len(old) and old[at] == d
        if not taken and d != 1:
            return None
        at += taken
        added.append(not taken)
    return tuple(added) if at == len(old) else None


def base_of_piece(part: Node, axis: int) -> Node:
    """What a part of a concatenation along `axis` is a reshape of: along the first, it still lies in one piece."""
    while axis == 0 and part.op.name == "reshape" and is_view(part):
        part = part.args[0]
    return part


def is_fresh(node: Node) -> bool:
    """Whether the result of `node` is an array of its own that may be written."""
    if node.op.kind in ("leaf", "const") or is_view(node):
        return False
    return node.op.name != "contract" or plan_contraction(node).plain


def find_source(node: Node, is_value: Callable[[Node], bool]) -> Node | None:
    """The value or leaf that `node` is a view of, through the views on its line; None if it is new."""
    while is_view(node):
        node = node.args[0]
        if node.is_leaf or is_value(node):
            return node
    return None


def find_roots(values: list[Node]) -> dict[Node, Node]:
    """For each value, in order, the value or leaf in whose memory it lives: itself if it has its own."""
    roots: dict[Node, Node] = {}
    for node in values:
        source = find_source(node, roots.__contains__)
        roots[node] = node if source is None else roots.get(source, source)
    return roots


def on_the_way(node: Node, values: Collection[Node]) -> Iterator[Node]:
    """What the line of `node` works out besides its result: all below that is no value; leaves too."""
    stack = [a for a in node.args if a not in values]
    while stack:
        inner = stack.pop()
        yield inner
        stack.extend(a for a in inner.args if a not in values)


def joins_in_place(node: Node) -> bool:
    """Whether the parts of a concat can be written where they belong: along the first axis, or the second of two."""
    return node.op.name == "concat" and (node.attrs[0] == 0 or (node.attrs[0] == 1 and node.ndim == 2))


def read_by(node: Node, values: Container[Node]) -> list[Node]:
    """The values and leaves the line of `node` reads, each once."""
    found: dict[Node, None] = {}
    inner: set[Node] = set()
    stack = [*node.args[::-1]]
    while stack:
        n = stack.pop()
        if n in values or n.op.kind == "leaf":
            found[n] = None
        elif n.args and n not in inner:
            inner.add(n)
            stack += n.args[::-1]
    return list(found)
