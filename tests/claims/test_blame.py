"""Mistakes planted in derivations are named, each by its own name; what is merely wrong is not."""

from __future__ import annotations

import textwrap
from functools import cache

import pytest

from graphc.claims.blame import explain, explain_equal
from graphc.claims.mistakes import MEANINGS, NAMES, SAME, Mistake, same
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
    ("x = input()", "6*x", "6*x**2", ("wrong exponent",)),
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


HARMLESS = (
    # Changed at random, in ways no mistake in a derivation has: (model, by, claimed)
    ("logistic", "w", "X.T @ sin(p - t)/N"),
    ("logistic", "w", "X.T @ (p - t**3)/N"),
    ("logistic", "w", "X.T @ (p - t)/N + w"),
    ("logistic", "w", "w"),
    ("logistic", "w", "X.T @ (p - t)/sqrt(N)"),
    ("logistic", "b", "sum(p*t)/N"),
    ("logistic", "z", "(p**2 - t**2)/N"),
    ("linear", "w", "2*X.T @ e/N + 2*lam*w + 1"),
    ("linear", "w", "2*X.T @ e/N + 2*sqrt(1 + lam**2)*w"),
    ("linear", "w", "2*X.T @ exp(e)/N + 2*lam*w"),
    ("linear", "e", "2*e/N + y"),
    ("relu net", "W2", "h.T @ (p - T)/N + lam*W2**3"),
    ("relu net", "W2", "cos(h).T @ (p - T)/N + lam*W2"),
    ("relu net", "W2", "h.T @ (p*T)/N + lam*W2"),
    ("relu net", "W1", "X.T @ (((p - T) @ W2.T)*sin(z1))/N + lam*W1"),
    ("relu net", "W1", "X.T @ (((p - T) @ W2.T)*(z1 > 1))/N + lam*W1"),
    ("relu net", "z2", "(p - T + z2)/N"),
    ("relu net", "b1", "b1"),
    ("tanh net", "W1", "X.T @ ((y - T) @ W2.T*(1 - h**4))/(N*K)"),
    ("tanh net", "W1", "2*X.T @ ((y - T) @ exp(W2).T*(1 - h**2))/(N*K)"),
    ("tanh net", "z1", "2*(y - T) @ W2.T/(N*K)*cos(z1)"),
    ("sigmoid net", "W2", "h1.T @ (((y - T) @ W3.T/N)*h2*(1 + h1))"),
    ("labels", "z", "(softmax(2*z) - one_hot(t, K))/N"),
    ("batch norm", "x", "gamma*xhat*(y - T)"),
    ("batch norm", "x", "x"),
    ("attention", "s", "a*(a - s)"),
    ("attention", "v", "a.T @ (o - T)*v"),
    ("scalar", "x", "2*f*cos(x**2)*2*x*exp(-y) + y + x*y"),
    ("scalar", "y", "f*x"),
    ("residual", "x", "(y - T) + ((y - T)*(1 - h**2)) @ exp(V.T)"),
)


@pytest.mark.parametrize(("model", "by", "text"), HARMLESS)
def test_a_random_change_has_no_name(model: str, by: str, text: str) -> None:
    assert named(model, by, text) == ()


def test_every_name_is_explained() -> None:
    assert set(MEANINGS) == set(NAMES)


def test_an_ambiguous_claim_has_no_name() -> None:
    """2*h*h may have been the exponent of h**2 not lowered, or relu itself for its slope."""
    assert named("convolution", "z", "2*h*h") == ()


def test_a_claim_that_says_nothing_has_no_name() -> None:
    assert named("logistic", "w", "0*w") == ()


JACOBIANS = (
    # (declarations, of, by, claimed, names)
    ("y = input(N); h = tanh(y)", "h", "y", "diag(1 - y**2)", ("derivative at the pre-activation",)),
    ("y = input(N); h = tanh(y)", "h", "y", "diag(1 - tanh(h)**2)", ("derivative at the output",)),
    ("y = input(N); h = tanh(y)", "h", "y", "1 - h**2", ("missing diag",)),
    ("A = input(M, N); x = input(N); h = tanh(A @ x)", "h", "x", "A", ("missing activation derivative",)),
    ("z = input(K); p = softmax(z)", "p", "z", "diag(p)", ("forgotten branch",)),
    ("z = input(K); p = softmax(z)", "p", "z", "diag(p*(1 - p))", ("softmax taken elementwise",)),
    ("z = input(K); p = softmax(z)", "p", "z", "outer(p, p) - diag(p)", ("sign",)),
    ("A = param(D, D); x = input(D)", "A @ x", "x", "A.T", ("missing transpose",)),
    (
        "X = input(N, D); w = param(D)",
        "X.T @ sigmoid(X @ w)/N",
        "w",
        "X.T @ X/N",
        ("missing activation derivative",),
    ),
)


@pytest.mark.parametrize(("text", "of", "by", "wrong", "expected"), JACOBIANS)
def test_a_mistake_in_a_jacobian_is_named(
    text: str, of: str, by: str, wrong: str, expected: tuple[str, ...]
) -> None:
    names = dict(parse(text).names)
    found = explain(claimed(wrong, names), claimed(of, names), names[by], seconds=20)
    assert found is not None
    assert found.names == expected


def test_a_claim_about_an_entry_is_explained_by_that_entry() -> None:
    names = names_of("linear")
    loss, w = names["loss"], names["w"]
    right = parse("d(loss)/d(w)", env=names).require_root()[0]
    found = explain(-right, loss, w, right=right)
    assert found is not None
    assert found.names == ("sign",)


def test_the_text_says_what_was_written_for_what() -> None:
    names = names_of("sigmoid net")
    wrong = claimed("(y - T) @ W3.T/N*h2*(1 - h2) @ W2", names)
    found = explain(wrong, names["loss"], names["h1"])
    assert found is not None
    assert found.text == "missing transpose: dz2 @ W2.T, not dz2 @ W2"
    wrong = claimed("(y - T) @ W3.T/N", names)
    found = explain(wrong, names["loss"], names["z2"])
    assert found is not None
    assert found.text == "missing activation derivative at sigmoid(z2)"
