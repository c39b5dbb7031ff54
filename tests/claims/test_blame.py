"""Mistakes planted in derivations are named, each by its own name; what is merely wrong is not."""

from __future__ import annotations

import textwrap
from functools import cache

import pytest

from graphc.claims.blame import explain, explain_equal
from graphc.claims.mistakes import NAMES, SAME, Mistake, same
from graphc.ir.node import Node
from graphc.lang import parse
from tests.claims.planted import MODELS, PLANTED


@cache
def names_of(model: str) -> dict[str, Node]:
    return dict(parse(textwrap.dedent(MODELS[model])).names)


def claimed(text: str, names: dict[str, Node]) -> Node:
    return parse(text, env=names).require_root()


def named(model: str, by: str, text: str) -> tuple[str, ...]:
    names = names_of(model)
    found = explain(claimed(text, names), names["loss"], names[by], seconds=20)
    return found.names if found else ()


@pytest.mark.parametrize(
    ("model", "by", "text", "expected"), PLANTED, ids=[f"{m}: d{by} = {text}" for m, by, text, _ in PLANTED]
)
def test_a_planted_mistake_is_named(model: str, by: str, text: str, expected: tuple[str, ...]) -> None:
    assert named(model, by, text) == tuple(sorted(expected))


def test_every_name_has_a_rank_and_synonyms_are_known_names() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(name in NAMES for group in SAME for name in group)
    assert same("missing 1/N", "sum instead of mean")
    assert not same("sign", "factor 2")
    with pytest.raises(ValueError, match="not in the list"):
        Mistake("a slip of the pen")


EQUAL = (
    # Jacobians, second derivatives, identities: (declarations, right, claimed, names)
    (
        "z = input(K); p = softmax(z)",
        "diag(p) - outer(p, p)",
        "diag(p*(1 - p))",
        ("softmax taken elementwise",),
    ),
    ("z = input(K); p = softmax(z)", "diag(p) - outer(p, p)", "p*(1 - p)", ("softmax taken elementwise",)),
    ("z = input(K); p = softmax(z)", "diag(p) - outer(p, p)", "diag(p) + outer(p, p)", ("sign",)),
    ("z = input(K); p = softmax(z)", "diag(p) - outer(p, p)", "diag(p)", ("forgotten branch",)),
    ("x = input(K); y = tanh(x)", "diag(1 - y**2)", "1 - y**2", ("missing diag",)),
    ("A = param(D, D); x = input(D)", "(A + A.T) @ x", "2*A @ x", ("missing transpose",)),
    ("A = param(D, D); x = input(D)", "(A + A.T) @ x", "A @ x", ("forgotten branch",)),
    ("A = param(M, N); B = param(N, M)", "A.T @ B.T", "B @ A", ("missing transpose",)),
    ("A = param(D, D); B = param(D, D)", "A.T @ B.T", "A @ B.T", ("missing transpose",)),
    ("A = param(D, D); B = param(D, D)", "A.T @ B.T", "B.T @ A.T", ("swapped factors",)),
    ("a = input(M); b = input(N)", "outer(a, b)", "outer(b, a)", ("missing transpose",)),
    (
        "X = input(N, D); p = input(N)",
        "X.T @ diag(p*(1 - p)) @ X/N",
        "X.T @ diag(p*(1 - p)) @ X",
        ("missing 1/N",),
    ),
    (
        "X = input(N, D); p = input(N)",
        "X.T @ diag(p*(1 - p)) @ X/N",
        "X.T @ diag(p) @ X/N",
        ("missing chain factor",),
    ),
    (
        "X = input(N, D); w = param(D); y = input(N)",
        "2*X.T @ (X @ w - y)",
        "X.T @ (X @ w - y)",
        ("factor 1/2",),
    ),
    ("X = input(N, D); w = param(D); y = input(N)", "2*X.T @ (X @ w - y)", "2*X.T @ (X @ w + y)", ("sign",)),
    ("x = input()", "6*x", "6*x**2", ("doubled chain factor",)),
    ("z = input(N, K)", "logsumexp(z, axis=1)", "logsumexp(z, axis=0)", ("wrong axis",)),
    ("z = input(N, K)", "mean(z, axis=0)", "sum(z, axis=0)", ("missing 1/N",)),
)


@pytest.mark.parametrize(("text", "right", "wrong", "expected"), EQUAL)
def test_a_mistake_in_a_formula_is_named(
    text: str, right: str, wrong: str, expected: tuple[str, ...]
) -> None:
    names = dict(parse(text).names)
    found = explain_equal(claimed(wrong, names), claimed(right, names), seconds=20)
    assert found is not None
    assert len(found.mistakes) == len(expected)
    assert all(same(a, b) for a, b in zip(found.names, expected, strict=True)), found.names
