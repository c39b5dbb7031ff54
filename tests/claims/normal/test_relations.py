"""Facts of leaves, conditions and domains: each proves what it says, and no more."""

from __future__ import annotations

import pytest

from graphc.claims.normal import prove
from graphc.claims.normal.levels import label_classes
from graphc.lang import parse

HEAD = """
t = input(N, K); S = input(N, N); A = input(N, N); u = input(N); v = input(N); r = input(N); k = input(N, dtype=int)
P = input(N, K); m = input(N, dtype=int); w = input(N); Z = input(N, K)
"""


def proved(claim: str, fact: str = "") -> bool:
    text = f"{HEAD}{f'assume({fact})' if fact else ''}\n{claim}"
    (built,) = parse(text).claims
    return prove(*built.sides)


FACTS = [
    ("sum(P, axis=1) == ones(N)", "sum(P, axis=1) == 1"),
    ("sum(P, axis=1) == 2*ones(N)", "sum(P, axis=1) == 2"),
    ("S @ u == S.T @ u", "symmetric(S)"),
    ("t**2 == t", "one_hot(t, axis=1)"),
    ("sum(t, axis=1) == ones(N)", "one_hot(t, axis=1)"),
    ("sum(t*Z, axis=1)**2 == sum(t*Z**2, axis=1)", "one_hot(t, axis=1)"),
    ("log(u*v) == log(u) + log(abs(v))", "u > 0"),
    ("abs(u) == u", "u > 0"),
    ("sqrt(u**2) == u", "u > 0"),
    ("(u > 0) == 1*(abs(u) > 0)", "u > 0"),
]


@pytest.mark.parametrize(("claim", "fact"), FACTS)
def test_a_fact_is_used_where_it_is_given(claim: str, fact: str) -> None:
    assert proved(claim, fact)
    assert claim.startswith("log") or not proved(claim)


@pytest.mark.parametrize(
    ("claim", "fact"),
    [
        ("sum(P, axis=0) == ones(K)", "sum(P, axis=1) == 1"),
        ("sum(P**2, axis=1) == ones(N)", "sum(P, axis=1) == 1"),
        ("A @ u == A.T @ u", "symmetric(S)"),
        ("(u > 0) == ones(N)", "u >= 0"),
        ("sum(t, axis=0) == ones(K)", "one_hot(t, axis=1)"),
    ],
)
def test_a_fact_says_no_more(claim: str, fact: str) -> None:
    assert not proved(claim, fact)


def test_labels_are_of_one_number_of_classes() -> None:
    p = parse(f"{HEAD}sum(one_hot(k, K), axis=1) == ones(N)\nsum(one_hot(k, 7)) == sum(one_hot(k, K))")
    first, second = p.claims
    (label,) = label_classes(first.sides)
    assert label.name == "k"
    assert not label_classes(second.sides)
    assert not prove(*second.sides)


@pytest.mark.parametrize(
    "claim",
    [
        "log(u*v) == log(u) + log(v)",
        "sqrt(u*v)*sqrt(v) == v*sqrt(u)",
        "log(u**2) == 2*log(u)",
        "sqrt(u**2)*sqrt(u) == u*sqrt(u)",
    ],
)
def test_equal_where_both_are_defined(claim: str) -> None:
    assert proved(claim)


@pytest.mark.parametrize(
    "claim",
    [
        "where(w > 0, log(u), 0) + log(u**2) == where(w > 0, log(u), 0) + 2*log(u)*(w > 0) + 2*log(-u)*(w <= 0)",
        "log(diag(A)*u) + diag(A)*0 == log(abs(u)) + log(diag(A))",
        "step(log(u)) + sqrt(u**2) == step(log(u)) + u",
        "where(w > 0, sqrt(u), 0) + sqrt(u**2) == where(w > 0, sqrt(u), 0) + u",
        "log(abs(A)) + log(abs(u)) == log(abs(A*u)) + 0*log(v)*u",
    ],
)
def test_a_domain_is_not_taken_from_what_is_not_used(claim: str) -> None:
    assert not proved(claim) or claim.startswith("log(")


@pytest.mark.parametrize(
    "claim",
    [
        "(u > v) + (v > u) == ones(N)",
        "(2*u > 2*v) == (u > v)",
        "(-u > 0) == 1 - (u > 0)",
        "(u*v > 0) == (u > 0)*(v > 0) + (u < 0)*(v < 0)",
        "relu(u)**2 == u**2*(u > 0)",
        "(k > m) + (k <= m) == ones(N)",
        "(k >= m + 1) == (k > m)",
        "max(u, v) + min(u, v) == u + v",
        "where(u > 0, exp(u), 1) == exp(relu(u))",
        "(relu(u) > 0) == (u > 0)",
    ],
)
def test_conditions(claim: str) -> None:
    assert proved(claim)


@pytest.mark.parametrize(
    "claim",
    [
        "(k > m) + (m > k) == ones(N)",
        "(relu(u) > 0) + (-relu(u) > 0) == ones(N)",
        "(k >= m) == (k > m)",
        "(u + v > 0) == (u > 0)*(v > 0)",
        "(u - 1 > 0) == (u > 0)",
        "sign(relu(u)) == ones(N)",
        "where(u > 0, 1/u, 0)*u == ones(N)",
        "relu(u)/u == ones(N)",
        "(sum(u > 0) > 0) == 1*(sum(u**2) > 0)",
    ],
)
def test_conditions_that_are_not_alike(claim: str) -> None:
    assert not proved(claim)
