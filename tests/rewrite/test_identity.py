"""Products with the identity matrix: what is left of them, and what must not be taken for one."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as g
from graphc.ir.node import Node, topological
from graphc.ops.naive import evaluate

x, y = g.input("x", "N"), g.input("y", "N")
A, B, S = g.input("A", ("N", "K")), g.input("B", ("K", "M")), g.input("S", ("N", "N"))
E, EK = g.eye("N"), g.eye("K")
SIZES = {"N": 3, "K": 4, "M": 2}


def values() -> dict:
    rng = np.random.default_rng(0)
    return {n.name: rng.normal(size=[SIZES[str(d)] for d in n.shape]) for n in (x, y, A, B, S)}


def is_there(root: Node) -> bool:
    return any(n.op.name == "equal" for n in topological([root]))


GONE = {
    "left": (E @ A, "A"),
    "right": (A @ EK, "A"),
    "between": (A @ EK @ B, "A @ B"),
    "trace": (g.contract("ij,ij->", E, S), None),
    "diagonal": (g.contract("ij,ij->i", E, S), "diag(S)"),
    "twice": (g.contract("ij,jk,kl->il", E, E, S), "S"),
    "a product of two": (g.contract("imnk,nk->im", E[:, None, :, None] * EK[None, :, None, :], A), "A"),
    "sum along a row": (g.sum(E * x, axis=1), "x"),
    "sum along a column": (g.sum(E * x[:, None], axis=0), "x"),
    "kept": (g.sum(E * x, axis=1, keepdims=True), "x[:, None]"),
    "sum with more": (g.sum(E[:, :, None] * A[None], axis=1), "A"),
    "sum of more axes": (g.sum(E[:, :, None] * A[None], axis=(1, 2)), "sum(A, axis=1)"),
    "sum with two factors": (g.sum(E * x * g.tanh(x), axis=1), None),
    "sum turned round": (g.sum(EK[None, :, :] * A[:, None, :], axis=2), "A"),
}


@pytest.mark.parametrize("name", GONE)
def test_it_is_gone(name: str) -> None:
    before, shown = GONE[name]
    after = g.simplify(before)
    assert not is_there(after)
    assert shown in (None, str(after))
    a, b = evaluate([before, after], values(), sizes=SIZES)
    np.testing.assert_allclose(a, b, rtol=1e-13)
    assert a.shape == b.shape


STAYS = {
    "elementwise": E * S,
    "both indices in the result": g.contract("ij,jk->ijk", E, S),
    "both sides vary": g.sum(E * S, axis=1),
    "named": g.eye("N").named("I") @ A,
    "not square": g.eye("N", "K") @ B,
    "all of it": g.sum(E * x),
}


@pytest.mark.parametrize("name", STAYS)
def test_it_stays_and_nothing_changes(name: str) -> None:
    before = STAYS[name]
    a, b = evaluate([before, g.simplify(before)], values(), sizes=SIZES)
    np.testing.assert_allclose(a, b, rtol=1e-13)


def test_hessians_of_the_textbook() -> None:
    w, t, z = g.input("w", "K"), g.input("t", "N"), g.input("z", "K")
    assert str(g.hessian(g.sum((A @ w - t) ** 2), w)) == "(A.T*2) @ A"
    assert str(g.jacobian(g.softmax(z), z)) == "(eye(K) - softmax(z)[:, None])*softmax(z)"
    assert str(g.jacobian(g.tanh(z), z)) == "eye(K)*(1 - tanh(z)**2)"
    assert g.jacobian(A @ w, w) is A
