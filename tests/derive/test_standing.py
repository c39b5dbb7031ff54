"""No matrix product of gradients is written out twice, and standardised values have the user's names."""

from __future__ import annotations

import pytest

from graphc.derive import derive
from graphc.derive.standing import Signs, with_signs
from graphc.lang import parse
from graphc.ops import input_
from graphc.ops.form import show

NET = """
X = input(N, D); t = input(N, dtype=int); W1 = param(D, H); b1 = param(H); W2 = param(H, H); W3 = param(H, K)
gamma = param(H); beta = param(H)
h = X @ W1 + b1
y = batch_norm(h, gamma, beta)
a = relu(y)
q = tanh(a @ W2)
z = q @ W3
loss = cross_entropy(z, t)
"""
BY_HAND = """
X = input(N, D); t = input(N, dtype=int); W1 = param(D, H); W2 = param(H, K); gamma = param(H); beta = param(H)
h = X @ W1
mu = mean(h, axis=0)
{spread}
y = gamma*xhat + beta
loss = cross_entropy(relu(y) @ W2, t)
"""


def lines(text: str, head: str) -> list[str]:
    """The lines of one gradient, without their notes."""
    written = derive(parse(text, declared_only=True).names["loss"]).text().splitlines()
    start = next(i for i, line in enumerate(written) if line.startswith(f"{head} = "))
    end = next((i for i in range(start + 1, len(written)) if written[i][:1] != " "), len(written))
    given = [line for line in written[start:end] if "= " in line[: len(head) + 3]]
    return [line.partition("= ")[2].partition("   ")[0] for line in given]


def test_a_product_is_written_once() -> None:
    assert lines(NET, "dW3")[-1] == "q.T @ (softmax(z) - one_hot(t, K))/N"
    assert lines(NET, "da") == ["dv1 @ W2.T"]
    assert lines(NET, "dy") == ["da * relu'(y)", "da * (y > 0)"]
    assert lines(NET, "dbeta") == ["sum(dy, axis=0)"]
    text = derive(parse(NET, declared_only=True).names["loss"]).text()
    assert "dbeta[j] = sum(dy[n,j] for n in N)" in text
    assert all(line.count("@") <= 1 for line in text.splitlines())


@pytest.mark.parametrize(
    ("spread", "root"),
    [
        ("v = mean((h - mu)**2, axis=0); xhat = (h - mu)/sqrt(v + 1/100000)", "u4"),
        ("v = mean((h - mu)**2, axis=0); s = sqrt(v + 0.001); xhat = (h - mu)/s", "s"),
        ("s = sqrt(mean((h - mu)**2, axis=0, keepdims=True) + 0.001); xhat = (h - mu)/s", "s"),
    ],
)
def test_batch_norm_by_hand_ends_in_three_terms_in_the_names_given(spread: str, root: str) -> None:
    found = lines(BY_HAND.format(spread=spread), "dh")
    assert found[-1] == f"gamma/{root}*(dy - sum(dy * xhat, axis=0)*xhat/N - sum(dy, axis=0)/N)"


def test_standardised_values_are_written_out() -> None:
    text = derive(parse(NET, declared_only=True).names["loss"]).text()
    for line in (
        "hbar = mean(h, axis=0)",
        "s1 = sqrt(mean((h - hbar)**2, axis=0) + 0.00001)",
        "hhat = (h - hbar)/s1",
        "y = batch_norm(h, gamma, beta) = gamma*hhat + beta",
        "dh = gamma/s1*(dy - sum(dy * hhat, axis=0)*hhat/N - sum(dy, axis=0)/N)",
    ):
        assert f"\n{line}" in text
    assert "standardize" not in text


def test_a_gradient_is_found_with_other_scalars() -> None:
    program = parse(
        "A = input(N, K); B = input(K, M); m = input(N, M); s = input(); value = 3*(A @ B)*m/N; 0"
    )
    value, names = program.names["value"], program.names
    sign = input_("g", value.shape)
    product = names["A"] @ names["B"]
    expr = parse("sum(p*m*s, axis=0)/N", env={**names, "p": product}).require_root()
    signs = Signs()
    signs.add(value, sign)
    found = with_signs(expr, signs, lambda s: True, lambda n: not n.args)
    assert show(found) in ("s*sum(g, axis=0)/3", "sum(g, axis=0)*s/3")
