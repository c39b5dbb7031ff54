"""Why a claim is wrong: the named mistake under which the derivation gives exactly what was claimed.

A gradient is derived once more with one step done wrongly, in every way that people are known to do it: on each edge
of the reverse pass, in the final formula, or in the whole by a factor or a shape. A mistake is named when what comes
out is what was claimed, at points where all values and sizes are different, and nothing else says it as well.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import chain

import numpy as np

from graphc.claims.mistakes import Explanation, same
from graphc.claims.mutations.case import Case
from graphc.claims.mutations.single import Found
from graphc.claims.mutations.weighted import weighted
from graphc.derive.forward import jacobian
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node


def explain(
    claimed: Node, of: Node, by: Node, *, right: Node | None = None, seconds: float = 4.0
) -> Explanation | None:
    """The mistake, or the two, by which d(of)/d(by) comes out as `claimed`; None if none fits, or several do.

    `claimed` is wrong by now, and may be of another shape than it should: than `by` where `of` is a scalar, else than
    `of.shape + by.shape`. `right` is what it is claimed of, where that is only a part of the derivative, such as an
    entry.
    """
    deadline = time.monotonic() + seconds
    try:
        whole = jacobian(of, by)
        if right is not None and right.shape != whole.shape:
            return explain_equal(claimed, right, seconds=seconds)
        if of.shape == ():
            return _explained([Case(claimed, whole, of, by, deadline)])
        cases = [Case(claimed, whole, None, None, deadline)]
        if claimed.shape == whole.shape:
            cases.append(Case(*weighted(claimed, of, by), by, deadline))
    except GraphcError:
        return None
    return _explained(cases)


def explain_equal(claimed: Node, right: Node, *, seconds: float = 4.0) -> Explanation | None:
    """The mistake in the formula `right` that makes it `claimed`: for claims that are no derivative."""
    return _explained([Case(claimed, right, None, None, time.monotonic() + seconds)])


def _explained(cases: Sequence[Case]) -> Explanation | None:
    """The single mistakes, and where there are none the pairs."""
    with np.errstate(all="ignore"):
        if not all(case.judgeable() for case in cases):
            return None
        singles = list(chain.from_iterable(case.singles() for case in cases))
        return _chosen(singles or list(chain.from_iterable(case.doubles() for case in cases)))


def _chosen(found: Sequence[Found]) -> Explanation | None:
    """The one account that says the most; None where two say as much and differ."""
    if not found:
        return None
    ranked = sorted(found, key=_rank)
    first = ranked[0]
    rivals = [f for f in ranked if _rank(f) == _rank(first)]
    if any(not _alike(first, f) for f in rivals):
        return None
    told = next((f for f in rivals if all(m.detail for m in f)), first)
    return Explanation(tuple(sorted(told, key=lambda m: m.rank)))


def _rank(found: Found) -> tuple[int, ...]:
    return tuple(sorted((m.rank for m in found), reverse=True))


def _alike(one: Found, other: Found) -> bool:
    """Whether two accounts name the same mistakes."""
    if len(one) != len(other):
        return False
    names = [sorted(m.name for m in f) for f in (one, other)]
    return all(same(a, b) for a, b in zip(*names, strict=True))
