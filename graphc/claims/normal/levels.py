"""Whether two nodes are equal by algebra, for all sizes and all values at which both are defined."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from graphc.claims.normal.algebra import Algebra, Expr, Unknown
from graphc.claims.normal.clear import is_zero
from graphc.claims.normal.domain import positive_leaves
from graphc.claims.normal.index import number_slot
from graphc.claims.normal.read import read
from graphc.claims.normal.sums import FEW
from graphc.claims.normal.terms import atoms_of, minus, substitute
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node, make, topological
from graphc.ir.types import DimLike
from graphc.rewrite.simplify import simplify_all

WRITING_OUT = 0.2  # seconds at most for sums over a few places written out, which is many terms


def prove(left: Node, right: Node, *, seconds: float = 2.0) -> bool:
    """Whether `left` and `right` are equal by algebra, for all sizes and values at which both are defined.

    Equal up to ties of comparisons, that is almost everywhere. False when that is not found in `seconds`: it says
    nothing then. Both sides are brought to index notation, sums of products of entries over named indices, in one
    normal form: first with the named intermediates and composites that both share taken as they are, then with
    everything opened, then with tanh written in exp.

    >>> from graphc.ops import input_
    >>> A = input_("A", ("N", "N")); x = input_("x", "N")
    >>> prove(x @ A @ x, x @ A.T @ x), prove(A @ x, A.T @ x)
    (True, False)
    """
    if left is right:
        return True
    if left.shape != right.shape:
        return False
    try:
        return _proved(left, right, monotonic() + seconds)
    except (Unknown, RecursionError, GraphcError, ArithmeticError, LookupError, TypeError, ValueError):
        return False


def _proved(left: Node, right: Node, deadline: float) -> bool:
    """The ways to try, coarse to fine."""
    classes = label_classes([left, right])
    a, b = _plain([left, right])
    if a is b:
        return True
    shared = _shared(a, b, _named([left, right]))
    if shared and _attempt(a, b, Algebra(deadline, classes=classes), shared):
        return True
    known: dict[Node, Expr] = {}
    if _attempt(a, b, Algebra(deadline, classes=classes), known=known):
        return True
    positive = positive_leaves([a, b], known)
    if positive and _attempt(a, b, Algebra(deadline, classes=classes, positive=positive)):
        return True
    c, d = simplify_all([a, b])
    if c is d:
        return True
    order = topological([a, b])
    if any(n.op.name == "tanh" for n in order) and _attempt(
        a, b, Algebra(deadline, classes=classes, positive=positive, through_exp=True)
    ):
        return True
    if not any(isinstance(d, int) and 1 < d <= FEW for n in order for d in n.shape):
        return False
    soon = min(deadline, monotonic() + WRITING_OUT)
    return _attempt(a, b, Algebra(soon, classes=classes, positive=positive, unrolled=True), shared)


def _attempt(
    left: Node,
    right: Node,
    s: Algebra,
    opaque: frozenset[Node] = frozenset(),
    known: dict[Node, Expr] | None = None,
) -> bool:
    try:
        a, b = read(s, [left, right], opaque, {} if known is None else known)
        return all(is_zero(s, e) for e in _entries(s, minus(a, b)))
    except (Unknown, RecursionError):
        if monotonic() > s.deadline:
            raise
        return False


def _entries(s: Algebra, expr: Expr) -> list[Expr]:
    """An expression, or with sums written out also what it is at each of a few numbered places."""
    found = [expr]
    for name in sorted({v for a in atoms_of(expr) for v in a.variables} if s.unrolled else ()):
        extent = s.extents[name]
        if isinstance(extent, int) and extent <= FEW:
            found = [substitute(s, e, {name: number_slot(i)}) for e in found for i in range(extent)]
            s.tick(len(found))
    return found


def _plain(roots: Sequence[Node]) -> list[Node]:
    """The same without names of intermediates: a name tells nodes apart that are equal."""
    done: dict[Node, Node] = {}
    for node in topological(roots):
        args = tuple(done[a] for a in node.args)
        name = node.name if node.is_leaf else None
        done[node] = (
            node if args == node.args and name == node.name else make(node.op, args, node.attrs, name)
        )
    return [done[r] for r in roots]


def _named(roots: Sequence[Node]) -> set[Node]:
    """The nodes that have a name, as they are without it."""
    order = [n for n in topological(roots) if n.name is not None and not n.is_leaf]
    return {*_plain(order)}


def _shared(left: Node, right: Node, named: set[Node]) -> frozenset[Node]:
    """The named nodes and composites both sides use."""
    both = {*topological([left])} & {*topological([right])}
    return frozenset(
        n for n in both if n.args and not n.constant and (n in named or n.op.kind == "composite")
    )


def label_classes(roots: Sequence[Node]) -> dict[Node, DimLike]:
    """How many classes the labels are of: the leaves that one_hot and gather take, if always of one size."""
    found: dict[Node, set[DimLike]] = {}
    for node in topological(roots):
        if node.op.name == "one_hot":
            found.setdefault(node.args[0], set()).add(node.attr("depth"))
        elif node.op.name == "gather":
            for i, label in enumerate(node.args[1:]):
                found.setdefault(label, set()).add(node.args[0].shape[node.attr("axis") + i])
    return {
        n: next(iter(sizes))
        for n, sizes in found.items()
        if n.is_leaf and n.dtype == "int" and len(sizes) == 1
    }
