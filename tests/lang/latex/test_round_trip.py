"""What `derive` writes as LaTeX for gradients is read again, and right; what is wrong in LaTeX is found wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from graphc.claims.check import check_sources
from graphc.claims.compare import Disagreement, compare
from graphc.claims.verdict import Verdict
from graphc.derive import derive
from graphc.ir.errors import GraphcError
from graphc.lang import parse
from graphc.lang.build import build
from graphc.lang.documents import Block
from graphc.lang.source import Source

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


WRITTEN = [
    (
        "X = input(N, D); t = input(N); w = param(D); b = param(); p = sigmoid(X @ w + b); "
        "loss = mean(-t*log(p) - (1-t)*log(1-p))"
    ),
    "x = input(D); W = param(H, D); h = tanh(W @ x); v = param(H); loss = (v @ h)**2",
    (
        "x = input(N, D); gamma = param(D); mu = mean(x, axis=0); v = mean((x - mu)**2, axis=0); "
        "xhat = (x - mu)/sqrt(v + 1/100000); y = gamma*xhat; g = input(N, D); loss = sum(g*y)"
    ),
    "z = input(N, K); t = input(N, K); p = softmax(z); loss = -sum(t*log(p))/N",
    (
        "Q = input(T, D); K = input(T, D); V = input(T, D); s = Q @ K.T / sqrt(D); a = softmax(s); "
        "o = a @ V; g = input(T, D); loss = sum(o*g)"
    ),
    "x = input(N); y = input(N); loss = sum(where(x > y, x*y, x - y)) + sum(clip(x, 0, 1))",
]


@pytest.mark.parametrize("model", WRITTEN, ids=range(len(WRITTEN)))
def test_no_line_of_a_derivation_is_read_wrongly(model: str) -> None:
    derivation = derive(parse(model).require_root())
    env = {name: node for node, name in derivation.names.items() if name.isidentifier()}
    env = {**parse(model).names, **env}
    lines = list(_lines(derivation.latex(indices=True)))
    read = 0
    for line in lines:
        block = Block(line, 1, "latex")
        with suppress(GraphcError):
            (claim,) = build(Source("derived.tex", (block,)), env=env, declared_only=True).claims
            read += 1
            left, right = claim.sides[:2]
            assert left.shape == right.shape, line
            assert not isinstance(compare(left, right, points=1, seconds=1.0), Disagreement), line
    assert read > 0.7 * len(lines)


def _lines(latex: str) -> Iterator[str]:
    """The equalities of the displays, one by one."""
    for body in re.findall(r"\\begin\{align\*\}(.*?)\\end\{align\*\}", latex, re.DOTALL):
        body = re.sub(r"\\\\\s*&\\phantom\{=\}", " ", body)
        head = ""
        for row in re.split(r"\\\\(?:\[[^\]]*\])?\n", body):
            left, equal, right = row.partition("&=")
            head = left if left.strip() else head
            if equal:
                yield f"{head}={re.sub(r'.in .mathbb.*', '', right)}"


LOGISTIC = r"""
% graphc: X = input(N, D); y = input(N); w = param(D); lam = input()
% graphc: z = X @ w
% graphc: p = sigmoid(z)
% graphc: loss = mean(softplus(z) - y*z) + lam/2*sum(w**2)
% graphc: names \hat{y} = p, \mathbf{x} = X, x = X
% graphc: claim
"""

SAID = [
    (r"\nabla_w L = \frac{1}{N} \sum_{n=1}^N (\hat{y}_n - y_n) \mathbf{x}_n + \lambda w", True),
    (r"\nabla_w L = \frac{1}{N} \sum_{n=1}^N (y_n - \hat{y}_n) \mathbf{x}_n + \lambda w", False),
    (r"\nabla_w L = \sum_{n=1}^N (\hat{y}_n - y_n) \mathbf{x}_n + \lambda w", False),
    (r"\nabla_w^2 L = \frac{1}{N} \sum_n p_n (1 - p_n) \mathbf{x}_n \mathbf{x}_n^\top + \lambda I", True),
    (r"\nabla_w^2 L = \frac{1}{N} \sum_n p_n \mathbf{x}_n \mathbf{x}_n^\top + \lambda I", False),
    (r"p_n = \sigma(w^\top \mathbf{x}_n)", True),
    (
        r"L = \frac1N \sum_n \left[\log(1 + e^{w^\top x_n}) - y_n w^\top x_n\right] + \frac\lambda2 w^\top w",
        True,
    ),
    (
        r"L = \frac1N \sum_n \left[\log(1 + e^{w^\top x_n}) + y_n w^\top x_n\right] + \frac\lambda2 w^\top w",
        False,
    ),
    (r"p_n = \sigma(-w^\top \mathbf{x}_n)", False),
    (
        r"\frac{\partial L}{\partial w} = \frac1N \sum_i (\sigma(w^\top x^{(i)}) - y^{(i)}) x^{(i)} + \lambda w",
        True,
    ),
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


def test_a_sum_of_rows_defines_an_array(tmp_path: Path) -> None:
    file = tmp_path / "claim.tex"
    defined = r"\[ g = \frac1N \sum_n (p_n - y_n) \mathbf{x}_n, \quad S = \sum_n p_n \mathbf{x}_n \mathbf{x}_n^\top \]"
    claims = r"\begin{align} \nabla_w L &= g + \lambda w \\ S &= X^\top \operatorname{diag}(p) X \end{align}"
    file.write_text(f"{LOGISTIC}{defined}\n% graphc: claim\n{claims}\n", encoding="utf-8")
    report = check_sources([str(file)])
    assert not report.problems
    assert [judgement.verdict for judgement in report.judgements] == [Verdict.PROVED, Verdict.PROVED]
