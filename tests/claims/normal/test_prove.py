"""What the normal form proves: the identities of the sheets, each side against the other."""

from __future__ import annotations

import pytest

from graphc.claims.normal import prove
from graphc.ir.node import Node
from graphc.lang import parse
from tests.claims.normal.identities import SHEETS


def _pairs(text: str) -> list[tuple[Node, Node]]:
    return [
        (a, b) for claim in parse(text).claims for a, b in zip(claim.sides, claim.sides[1:], strict=False)
    ]


@pytest.mark.parametrize("name", SHEETS)
def test_identities(name: str) -> None:
    unproved = [f"{a} == {b}" for a, b in _pairs(SHEETS[name]) if not prove(a, b, seconds=10)]
    assert not unproved


FALSE = """
x = input(N); z = input(N, M); A = input(N, N); B = input(N, N); b = input(M); y = input(N, dtype=int)
h = relu(x)
k = softmax(z)
sign(h) == 2*(h > 0) - 1
(h >= 0) == (h > 0)
relu(-h) == -h
where(h > 0, 1, 0) == where(h >= 0, 1, 0)
step(sum(x > 0)) == 1
sign(x[:, None] - x[None, :]) == 2*(x[:, None] > x[None, :]) - 1
sum(z, axis=0)/N == sum(z, axis=0)/M
sum(k) == 1 + 0*sum(b)
sqrt(x**2) == x
(x**2)**0.5 == x
exp(2*x) == 2*exp(x)
log(1 + x) == log(x)
inv(A + B) == inv(A) + inv(B)
inv(A) == inv(A).T
inv(A @ B) == inv(A) @ inv(B)
det(2*A) == 2*det(A)
det(A + B) == det(A) + det(B)
trace(A @ B) == trace(A)*trace(B)
det(eye(N)) == det(1*equal(arange(N)[:, None], 2*arange(N)[None, :]))
inv(A @ diag(x)) == inv(A) @ diag(1/x)
det(outer(x, x) + A) == det(A)
x*sum(x) == x*x
sum(x)**2 == sum(x**2)
max(x) == sum(x)
cumsum(x) == cumsum(x, exclusive=True)
x[::-1] == x
x[1:] == x[:-1]
reshape(z, N*M) == reshape(z.T, N*M)
exp(relu(x)) == where(x > 0, exp(x), 0)
one_hot(y, M)*z == one_hot(y, M)
softmax(z) == softmax(z, axis=0)
"""


@pytest.mark.parametrize("pair", _pairs(FALSE), ids=lambda p: f"{p[0]} == {p[1]}")
def test_what_is_false_is_not_proved(pair: tuple[Node, Node]) -> None:
    assert not prove(*pair)


def test_shapes_have_to_be_the_same() -> None:
    ((a, _),) = _pairs("x = input(N)\nsum(x) == sum(x)")
    ((c, _),) = _pairs("x = input(N)\nx == x")
    assert not prove(a, c)


def test_time_is_kept() -> None:
    text = "x = input(); y = input()\n(1 + x + y + x*y)**12/(1 + x**2 + y)**11 == (1 + x + y)**12/(1 + y)**9"
    ((a, b),) = _pairs(text)
    assert not prove(a, b, seconds=0.2)


def test_no_time_at_all() -> None:
    ((a, b),) = _pairs(SHEETS["NORMALISED"])[1:2]
    assert not prove(a, b, seconds=0.0)
