"""Sums over indices: contractions where they can be, the free indices as axes, every array indexed fully."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS as F
from graphc.lang import expression
from graphc.ops import input_
from graphc.ops.naive import evaluate

X = input_("X", ("N", "D"))
g = input_("g", ("N", "M"))
A = input_("A", ("N", "N"))
v = input_("v", ("N",))
w = input_("w", ("D",))
y = input_("y", ("N",), dtype="int")
s = input_("s")
ENV = {"X": X, "g": g, "A": A, "v": v, "w": w, "y": y, "s": s}


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("sum(v[n] for n in N)", v.sum(axis=(0,))),
        ("sum(X[n,k] for n in N)", X.sum(axis=(0,))),
        ("sum(X[n,k]*g[n,m] for n in N)", F["contract"]("nk,nm->km", X, g)),
        ("sum(X[n,k]*w[k] for n in N for k in D)", F["contract"]("nk,k->", X, w)),
        ("sum(A[n,n] for n in N)", F["contract"]("nn->", A)),
    ],
)
def test_a_sum_of_products_is_a_contraction(text: str, node: Node) -> None:
    assert expression(text, **ENV) is node


VALUES: dict[str, Any] = {
    "X": np.random.default_rng(0).normal(size=(4, 3)),
    "g": np.random.default_rng(1).normal(size=(4, 2)),
    "A": np.random.default_rng(2).normal(size=(4, 4)),
    "v": np.random.default_rng(3).normal(size=4),
    "w": np.random.default_rng(4).normal(size=3),
    "y": np.array([2, 0, 1, 1]),
    "s": 1.5,
}


def by_loops(text: str, **free: int) -> Any:
    """The sum as Python runs it, entry by entry, for each choice of the free indices."""
    given = {**VALUES, "exp": np.exp, "log": np.log, "N": range(4), "D": range(3), "M": range(2)}
    choices = itertools.product(*map(range, free.values()))
    entries = [eval(text, given | dict(zip(free, choice, strict=True))) for choice in choices]  # noqa: S307
    return np.reshape(entries, tuple(free.values()))


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("sum(X[n,k] for n in N)", {"k": 3}),
        ("sum(X[n,k]*g[n,m] for n in N)", {"k": 3, "m": 2}),
        ("sum(g[n,m]*X[n,k] for n in N)", {"m": 2, "k": 3}),
        ("sum(A[i,n]*A[n,j] for n in N)", {"i": 4, "j": 4}),
        ("sum(A[n,i]*v[n]*A[i,i] for n in N)", {"i": 4}),
        ("sum(exp(X[n,k]) for n in N)", {"k": 3}),
        ("sum(X[n,k]*g[n,m]/2 for n in N)", {"k": 3, "m": 2}),
        ("sum(log(sum(exp(X[n,k]) for k in D)) for n in N)", {}),
        ("sum(X[n,y[n]] for n in N)", {}),
        ("sum(A[n,n]*A[y[n],n] for n in N)", {}),
        ("sum(n*v[n] for n in N)", {}),
        ("sum(s for n in N)", {}),
        ("sum(v[n]*v[0] for n in N)", {}),
        ("sum(X[n,0]*w[k] for n in N)", {"k": 3}),
        ("sum((X[n,k] - sum(X[n,j] for j in D))**2 for n in N for k in D)", {}),
        ("sum(X[n,k]*(k > 0) for n in N for k in D)", {}),
        ("sum((X @ w)[n]*v[n] for n in N)", {}),
        ("sum(s*X[n,k] - 1 for n in N for k in D)", {}),
        ("2*sum(v[n] for n in N) + s", {}),
    ],
)
def test_sums_over_indices_are_what_python_s_loops_give(text: str, free: dict[str, int]) -> None:
    [result] = evaluate([expression(text, **ENV)], VALUES, sizes={"N": 4})
    np.testing.assert_allclose(result, by_loops(text, **free), rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sum(X[n,k]*v[k] for n in N)", "`k` runs over D, but axis 0 here has size N"),
        ("sum(X[n] for n in N)", "every axis has its index"),
        ("sum(v*X[n,k] for n in N)", "indexed down to a number"),
        ("sum(softmax(v[n]) for n in N)", "name its result first"),
        ("sum(v[n] for v in N)", "already"),
        ("sum(v[n] for N in D)", "is a size"),
        ("sum(v[n] for n in s)", "a whole number or a size"),
        ("sum(sum(v[n] for n in N) for n in N)", "around this one"),
        ("sum(sum(X[n,k] for k in D)*sum(g[n,k] for k in M) for n in N)", "use two names"),
        ("sum(X[n,:] for n in N)", "indexed down to a number"),
    ],
)
def test_sums_over_indices_refuse_what_they_cannot_read(text: str, message: str) -> None:
    with pytest.raises(GraphcError) as caught:
        expression(text, **ENV)
    assert message in str(caught.value)
