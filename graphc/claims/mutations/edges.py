"""Mistakes at one edge of the reverse pass: what an operation passes back of its upstream gradient, done wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from graphc.claims import mistakes
from graphc.claims.mistakes import Mistake
from graphc.claims.mutations.backward import Backward, Change, Changes, Edge, Skip
from graphc.claims.mutations.elementwise import slopes
from graphc.claims.mutations.factors import share_of
from graphc.claims.mutations.products import products
from graphc.claims.mutations.words import computed, label
from graphc.ir.node import Node, topological
from graphc.ir.types import Dim, DimLike, dim, product
from graphc.ops.activations import sigmoid
from graphc.ops.leaf import as_node, const, size
from graphc.ops.softmax import softmax

_NUMBERS = (
    (mistakes.SIGN, const(-1)),
    (mistakes.TWICE, const(2)),
    (mistakes.HALF, const(Fraction(1, 2))),
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A mistake, and the changes on edges it amounts to, or the two nodes between which everything is left out."""

    mistake: Mistake
    changes: Changes
    skip: Skip | None = None


def attempts(backward: Backward) -> Iterator[Attempt]:
    """Everything that may be done wrongly at a single edge, or at all edges of a loss of logits."""
    shares = sizes_of(backward.of)
    yield from _slopes_twice(backward)
    for i, edge in enumerate(backward.edges):
        for mistake, change in (*_values(edge, backward), *_factors(edge, backward, shares)):
            yield Attempt(mistake, {i: change})


LOGITS = ("softplus", "log_sigmoid", "binary_cross_entropy", "cross_entropy", "log_softmax", "logsumexp")


def _slopes_twice(backward: Backward) -> Iterator[Attempt]:
    """The gradient by logits, in which the slope of sigmoid or softmax is already, times that slope."""
    logits = dict.fromkeys(e.operand for e in backward.edges if e.index == 0 and e.user.op.name in LOGITS)
    for z in logits:
        several = any(e.operand is z and e.user.op.name in LOGITS[3:] for e in backward.edges)
        y = softmax(z, axis=-1) if several and z.ndim else sigmoid(z)
        changes: Changes = dict.fromkeys(backward.uses[z], (None, y * (1 - y)))
        yield Attempt(Mistake(mistakes.SLOPE_TWICE, computed(y)), changes)


def _values(edge: Edge, backward: Backward) -> Iterator[tuple[Mistake, Change]]:
    found = slopes(edge) if edge.local is not None else products(edge)
    for mistake, value in found:
        if value.shape == edge.operand.shape and value is not edge.value:
            yield mistake, (value, None)


def _factors(edge: Edge, backward: Backward, shares: tuple[DimLike, ...]) -> Iterator[tuple[Mistake, Change]]:
    where = _place(edge)
    for name, factor in _NUMBERS:
        yield Mistake(name, where), (None, factor)
    mean, summed = _count(edge) if edge.user.shape else None, summed_over(edge)
    for d in shares:
        many = as_node(size(d))
        lost = mistakes.SUM_FOR_MEAN if mean == d else mistakes.MISSING_SHARE
        yield Mistake(lost, where, share_of(d)), (None, many)
        extra = mistakes.MEAN_FOR_SUM if summed == d else mistakes.EXTRA_SHARE
        yield Mistake(extra, where, share_of(d)), (None, 1 / many)
    yield _dropped(edge, backward), (None, const(0))


def _place(edge: Edge) -> str:
    """Where a number went wrong: at a term of a sum, else at what was computed."""
    return label(edge.operand) if edge.user.op.name in ("add", "sub") else computed(edge.user)


def _dropped(edge: Edge, backward: Backward) -> Mistake:
    """What it means to pass nothing back: a forgotten penalty, or another branch."""
    operand = label(edge.operand)
    if is_penalty(edge, backward):
        return Mistake(mistakes.PENALTY, label(backward.of), computed(edge.operand))
    if edge.user.op.name in ("add", "sub"):
        return Mistake(mistakes.BRANCH, operand, f"the one through {operand}")
    return Mistake(mistakes.BRANCH, operand, f"the one from {computed(edge.user)} to {operand}")


LINEAR = ("add", "sub", "mul", "div", "neg", "sum", "mean", "broadcast", "reshape", "contract")


def is_penalty(edge: Edge, backward: Backward) -> bool:
    """Whether the operand is a term of the loss, or of its gradient, without the data that another term has."""
    if edge.user.op.name not in ("add", "sub"):
        return False
    user = edge.user
    while user is not backward.of:
        above = backward.uses[user]
        if len(above) != 1 or backward.edges[above[0]].user.op.name not in LINEAR:
            return False
        user = backward.edges[above[0]].user
    other = edge.user.args[1 - edge.index]
    return _data(edge.operand) < _data(other)


def _data(node: Node) -> set[Node]:
    return {n for n in topological([node]) if n.is_leaf and n.shape}


def _count(edge: Edge) -> DimLike | None:
    """How many entries a mean is over."""
    if edge.user.op.name != "mean":
        return None
    return product(edge.operand.shape[i] for i in edge.user.attr("axes"))


def summed_over(edge: Edge) -> DimLike | None:
    """Over how many entries the gradient of a repeated operand is summed."""
    if edge.local is not None and edge.user.shape != edge.operand.shape:
        missing = edge.user.ndim - edge.operand.ndim
        return product(
            d for i, d in enumerate(edge.user.shape) if i < missing or edge.operand.shape[i - missing] != d
        )
    return (
        product(edge.operand.shape[i] for i in edge.user.attr("axes")) if edge.user.op.name == "sum" else None
    )


def sizes_of(root: Node) -> tuple[DimLike, ...]:
    """The sizes that may be divided by: of every axis by its symbol, and what means are over."""
    found: dict[DimLike, None] = {}
    for node in topological([root]):
        found.update((dim(s), None) for d in node.shape if isinstance(d, Dim) for s in d.symbols)
        found.update((d, None) for d in node.shape if isinstance(d, Dim))
        if node.op.name == "mean":
            found[product(node.args[0].shape[i] for i in node.attr("axes"))] = None
        elif node.op.name == "size":
            found[node.attr("dim")] = None
    return tuple(d for d in found if d not in (0, 1, 2))
