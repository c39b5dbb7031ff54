"""Claims entry by entry, gradients as functions, and the two layouts: what each side becomes."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.ir.errors import GraphcError
from graphc.lang import parse
from graphc.ops.naive import evaluate

NETWORK = """
X = input(N, K); t = input(N, M); W = param(K, M)
z = X @ W
p = softmax(z)
loss = -sum(t*log(p))/N
"""


def sides(text, **values):
    """The values of both sides of the last claim of a text."""
    claim = parse(text).claims[-1]
    return [evaluate([side], {k: np.asarray(v) for k, v in values.items()})[0] for side in claim.sides]


@pytest.fixture
def point():
    rng = np.random.default_rng(0)
    t = np.eye(3)[rng.integers(0, 3, 4)]
    return {"X": rng.normal(size=(4, 2)), "t": t, "W": rng.normal(size=(2, 3))}


def needed(text, values):
    names = {leaf.name for leaf in parse(text).leaves}
    return {k: v for k, v in values.items() if k in names}


@pytest.mark.parametrize(
    "claim",
    [
        "d(loss)/d(W[k,m]) == sum(X[n,k]*(p[n,m] - t[n,m]) for n in N)/N",
        "sum(X[n,k]*(p[n,m] - t[n,m]) for n in N)/N == d(loss)/d(W[k,m])",
        "d(p[n,i])/d(z[l,j]) == delta(n,l)*p[n,i]*(delta(i,j) - p[n,j])",
        "d(loss)/d(W[0,m]) == sum(X[n,0]*(p[n,m] - t[n,m]) for n in N)/N",
        "grad(loss, W) == X.T @ (p - t)/N",
        "d(loss)/d(W[1,2]) == grad(loss, W)[1,2]",
        "d(loss)/d(z[n,m]) == (p[n,m] - t[n,m])/N",
        "d(d(loss)/d(z[n,i]))/d(z[l,j]) == delta(n,l)*p[n,i]*(delta(i,j) - p[n,j])/N",
        "d(log(p[n,i]))/d(z[l,j]) == delta(n,l)*(delta(i,j) - p[n,j])",
        "d(W[i,k]*W[j,k])/d(W[l,k]) == delta(i,l)*W[j,k] + delta(j,l)*W[i,k]",
        "d(sum(X[n,i]*W[i,k] for i in K)**2)/d(W[j,k]) == 2*z[n,k]*X[n,j]",
        "d(d(W[i,j]**3)/d(W[k,l]))/d(W[m,q]) == 6*W[i,j]*delta(i,k)*delta(j,l)*delta(i,m)*delta(j,q)",
        "sum(d(W[i,j]**2)/d(W[k,l]) for i in K) == 2*W[k,j]*delta(j,l)",
    ],
)
def test_both_sides_are_one_array(claim, point):
    left, right = sides(NETWORK + claim, **needed(NETWORK + claim, point))
    assert left.shape == right.shape
    np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-15)


def test_free_indices_are_axes_in_the_order_of_their_first_use():
    claim = parse("A = input(N, M); B = input(M, N)\nA[i,j] == B[j,i]").claims[0]
    assert [str(d) for d in claim.sides[1].shape] == ["N", "M"]


def test_an_index_has_one_size():
    with pytest.raises(GraphcError, match="runs over N, but axis 1 here has size M"):
        parse("A = input(N, M)\nA[i,i] == A[i,0]")


def test_an_array_without_its_indices_is_refused():
    with pytest.raises(GraphcError, match="indexed down to a number"):
        parse("A = input(N, M)\nA[i,j] == 2*A")


def test_numerator_layout_turns_gradients_by_matrices():
    text = "layout = numerator\na = input(N); b = input(M); X = param(N, M)\nf = a @ X @ b\nd(f)/d(X) == outer(b, a)"
    claim = parse(text).claims[0]
    assert claim.sides[0].shape == claim.sides[1].shape
    assert [str(d) for d in claim.sides[0].shape] == ["M", "N"]
    assert parse(text).numerator


def test_the_layout_is_chosen_first():
    with pytest.raises(GraphcError, match="before the first claim"):
        parse("x = input(N); f = sum(x)\nd(f)/d(x) == 1\nlayout = numerator")


@pytest.mark.parametrize("name", ["dW", "d_W", "grad_W", "W_grad"])
def test_names_of_gradients(name):
    assert parse(f"{NETWORK}{name} = X.T @ (p - t)/N").gradients == {name: "W"}


@pytest.mark.parametrize("text", ["x = input(N); grad(x)", "x = input(N); grad(x, x, x)"])
def test_grad_takes_two(text):
    with pytest.raises(GraphcError, match="grad\\(loss, W\\)"):
        parse(text)
