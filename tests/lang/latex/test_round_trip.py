"""What `derive` writes as LaTeX for gradients is read again, and right; what is wrong in LaTeX is found wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graphc.claims.check import check_sources
from graphc.claims.verdict import Verdict
from graphc.derive import derive
from graphc.lang import parse

MODELS = [
    "x = input(); y = input(); z = input(); q = x + y; f = q*z",
    "x = input(); w = param(); b = param(); a = w*x + b; p = tanh(a); r = p - 1; loss = r**2",
    "X = input(N, D); y = input(N); w = param(D); z = X @ w; r = z - y; s = r*r; e = sum(s); loss = e/(2*N)",
    """
    X = input(N, D); W1 = param(D, H); W2 = param(H, K); T = input(N, K)
    z1 = X @ W1; h = tanh(z1); z2 = h @ W2; r = z2 - T; s = r**2; e = sum(s); loss = e/N
    """,
]


@pytest.mark.parametrize("model", MODELS, ids=range(len(MODELS)))
def test_gradients_come_back_right(model: str, tmp_path: Path) -> None:
    latex = derive(parse(model, declared_only=True, source="model").require_root()).latex()
    backward = latex[latex.index("Backward") :]
    displays = re.findall(r"\\begin\{align\*\}.*?\\end\{align\*\}", backward, re.DOTALL)
    file = tmp_path / "derived.tex"
    claims = "".join(f"% graphc: claim\n{display}\n" for display in displays)
    file.write_text(f"\\begin{{graphc}}\n{model}\n\\end{{graphc}}\n{claims}", encoding="utf-8")
    report = check_sources([str(file)])
    assert not report.problems
    assert report.judgements
    for judgement in report.judgements:
        assert judgement.verdict in (Verdict.PROVED, Verdict.AGREES), judgement


LOGISTIC = r"""
% graphc: X = input(N, D); y = input(N); w = param(D); lam = input()
% graphc: z = X @ w
% graphc: p = sigmoid(z)
% graphc: loss = mean(softplus(z) - y*z) + lam/2*sum(w**2)
% graphc: names \hat{y} = p
% graphc: claim
"""

SAID = [
    (r"\nabla_w L = \frac{1}{N} X^\top (\hat{y} - y) + \lambda w", True),
    (r"\nabla_w L = \frac{1}{N} X^\top (y - \hat{y}) + \lambda w", False),
    (r"\nabla_w L = \frac{1}{N} X^\top (\hat{y} - y) + 2 \lambda w", False),
    (r"\nabla_w L = \frac{1}{N} X^\top (\hat{y} - y)", False),
    (r"\nabla_w L = X^\top (\hat{y} - y) + \lambda w", False),
    (r"\nabla_w L = \frac{1}{N} X (\hat{y} - y) + \lambda w", False),
    (
        r"\frac{\partial L}{\partial w_j} = \frac{1}{N} \sum_{n=1}^N (\hat{y}_n - y_n) X_{nj} + \lambda w_j",
        True,
    ),
    (
        r"\frac{\partial L}{\partial w_j} = \frac{1}{N} \sum_{n=1}^N (\hat{y}_n - y_n) X_{nj} - \lambda w_j",
        False,
    ),
    (r"\nabla_w^2 L = \frac{1}{N} X^\top \operatorname{diag}(p \odot (1 - p)) X + \lambda I", True),
    (r"\nabla_w^2 L = \frac{1}{N} X^\top \operatorname{diag}(p) X + \lambda I", False),
    (r"\frac{\partial p}{\partial z} = \operatorname{diag}(p \odot (1-p))", True),
    (r"\frac{\partial p_i}{\partial z_j} = p_i (1 - p_i) \delta_{ij}", True),
    (r"\frac{\partial p_i}{\partial z_j} = p_i (1 - p_j)", False),
    (r"\sigma'(z) = \sigma(z) \odot (1 - \sigma(z))", True),
    (r"\sigma'(z) = \sigma(z) \odot (1 + \sigma(z))", False),
    (
        r"L = -\frac1N \sum_n \left[ y_n \log \hat{y}_n + (1-y_n)\log(1-\hat{y}_n) \right] + \frac\lambda2\|w\|^2",
        True,
    ),
    (
        r"L = -\frac1N \sum_n \left[ y_n \log \hat{y}_n + (1-y_n)\log(1-\hat{y}_n) \right] + \lambda\|w\|^2",
        False,
    ),
    (r"\frac{\partial L}{\partial X} = \frac{1}{N} (p - y) w^\top", True),
    (r"\frac{\partial L}{\partial X} = \frac{1}{N} w (p - y)^\top", False),
]


@pytest.mark.parametrize(("claim", "right"), SAID)
def test_claims_in_latex_are_judged(claim: str, right: bool, tmp_path: Path) -> None:
    file = tmp_path / "claim.tex"
    file.write_text(f"{LOGISTIC}\\[ {claim} \\]\n", encoding="utf-8")
    report = check_sources([str(file)])
    assert not report.problems
    (judgement,) = report.judgements
    assert (judgement.verdict in (Verdict.PROVED, Verdict.AGREES)) == right
    assert (judgement.verdict == Verdict.WRONG) != right
    assert judgement.line == LOGISTIC.count("\n") + 1
