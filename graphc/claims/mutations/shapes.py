"""Claims of another shape than what is right: what may have been left out, or done once too often."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

from graphc.claims import mistakes
from graphc.claims.mistakes import Mistake
from graphc.ir.node import Node, topological
from graphc.ir.types import product, show_shape
from graphc.ops.contract import diag
from graphc.ops.index import eye
from graphc.ops.move import reshape, transpose
from graphc.ops.reduce import mean, sum_

MOST_AXES = 4


def mended(claimed: Node, right: Node) -> Iterator[tuple[Mistake, Node, Node]]:
    """A mistake, the claim with it undone, and what that is then to be compared with."""
    yield from _transposed(claimed, right)
    if claimed.shape != right.shape:
        yield from _summed(claimed, right)
        yield from _too_much(claimed, right)
        yield from _ones(claimed, right)
    yield from _diagonal(claimed, right)


def _transposed(claimed: Node, right: Node) -> Iterator[tuple[Mistake, Node, Node]]:
    if claimed.ndim != right.ndim or not 2 <= claimed.ndim <= MOST_AXES:
        return
    for axes in list(permutations(range(claimed.ndim)))[1:]:
        if tuple(claimed.shape[i] for i in axes) == right.shape:
            detail = f"of shape {show_shape(claimed.shape)}, not {show_shape(right.shape)}"
            same = claimed.shape == right.shape
            yield (
                Mistake(mistakes.TRANSPOSE, "", "of the whole" if same else detail),
                transpose(claimed, axes),
                right,
            )


def _summed(claimed: Node, right: Node) -> Iterator[tuple[Mistake, Node, Node]]:
    extra = claimed.ndim - right.ndim
    for axes in combinations(range(claimed.ndim), extra) if 0 < extra < MOST_AXES else ():
        if all(claimed.shape[i] == 1 for i in axes):
            continue  # nothing to sum: an axis is left over
        if tuple(d for i, d in enumerate(claimed.shape) if i not in axes) == right.shape:
            over = ", ".join(str(claimed.shape[i]) for i in axes)
            yield Mistake(mistakes.BATCH_SUM, "", f"the sum over {over}"), sum_(claimed, axis=axes), right
    if extra == 0:
        kept = tuple(i for i, d in enumerate(right.shape) if d == 1 and claimed.shape[i] != 1)
        if kept and all(i in kept or d == claimed.shape[i] for i, d in enumerate(right.shape)):
            over = ", ".join(str(claimed.shape[i]) for i in kept)
            yield (
                Mistake(mistakes.BATCH_SUM, "", f"the sum over {over}"),
                sum_(claimed, axis=kept, keepdims=True),
                right,
            )


def _too_much(claimed: Node, right: Node) -> Iterator[tuple[Mistake, Node, Node]]:
    """A sum or mean over axes that should have been kept."""
    fewer = right.ndim - claimed.ndim
    for axes in combinations(range(right.ndim), fewer) if 0 < fewer <= MOST_AXES else ():
        if tuple(d for i, d in enumerate(right.shape) if i not in axes) == claimed.shape:
            over = ", ".join(str(right.shape[i]) for i in axes)
            for what, f in (("summed", sum_), ("averaged", mean)):
                yield Mistake(mistakes.AXIS, "", f"{what} over {over} as well"), claimed, f(right, axis=axes)


def _ones(claimed: Node, right: Node) -> Iterator[tuple[Mistake, Node, Node]]:
    if product(claimed.shape) == product(right.shape):
        plain = [tuple(d for d in n.shape if d != 1) for n in (claimed, right)]
        if plain[0] == plain[1]:
            detail = f"shape {show_shape(claimed.shape)}, not {show_shape(right.shape)}"
            yield Mistake(mistakes.EXTRA_AXIS, "", detail), reshape(claimed, right.shape), right


def _diagonal(claimed: Node, right: Node) -> Iterator[tuple[Mistake, Node, Node]]:
    """The diagonal of a Jacobian for all of it, as a vector or as a matrix."""
    if right.ndim != 2 or right.shape[0] != right.shape[1]:
        return
    of_softmax = any(n.op.name == "softmax" for n in topological([right]))
    if claimed.ndim == 1 and claimed.shape == right.shape[:1]:
        yield Mistake(mistakes.NO_DIAGONAL), diag(claimed), right
        if of_softmax:
            yield Mistake(mistakes.SOFTMAX), claimed, diag(right)
    elif claimed.shape == right.shape and of_softmax:
        yield Mistake(mistakes.SOFTMAX), claimed, right * eye(right.shape[0])
