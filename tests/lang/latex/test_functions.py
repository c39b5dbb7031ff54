"""Functions, norms, indicators, cases."""

from __future__ import annotations

import pytest

from graphc.ir.errors import ParseError
from tests.lang.latex.written import one

FUNCTIONS = [
    (r"q = \sigma(z)", "q = sigmoid(z)"),
    (r"q = σ(z)", "q = sigmoid(z)"),
    (r"q = \sigma(z) \odot (1 - \sigma(z))", "q = (sigmoid(z) * (1 - sigmoid(z)))"),
    (r"q = \sigma'(z)", "q = d(sum(sigmoid(z)))/d(z)"),
    (r"q = \sigma''(c)", "q = d(d(sigmoid(c))/d(c))/d(c)"),
    (r"q = \sigma^{\prime}(c)", "q = d(sigmoid(c))/d(c)"),
    (r"q = \operatorname{ReLU}'(z)", "q = d(sum(relu(z)))/d(z)"),
    (
        r"q = \mathrm{ReLU}(z) + \text{relu}(z) + \operatorname{relu}(z)",
        "q = ((relu(z) + relu(z)) + relu(z))",
    ),
    (r"q = \tanh^2(c) + \sin c^2 + \sin(c)^2", "q = (((tanh(c) ** 2) + sin((c ** 2))) + (sin(c) ** 2))"),
    (r"q = \ln c + \log_2 c + \log_{10}(c)", "q = ((log(c) + (log(c) / log(2))) + (log(c) / log(10)))"),
    (r"q = \exp\left(-\frac{c^2}{2}\right)", "q = exp((-((c ** 2) / 2)))"),
    (r"q = e^{-z} + \mathrm{e}^{c}", "q = (exp((-z)) + exp(c))"),
    (r"q = \frac{1}{1+e^{-z}}", "q = (1 / (1 + exp((-z))))"),
    (r"q = \sqrt{c} + \sqrt[3]{c}", "q = (sqrt(c) + (c ** (1 / 3)))"),
    (r"q = \max(0, z) + \min\{0, z\}", "q = (max(0, z) + min(0, z))"),
    (r"q = |c| + \left| c - b \right|", "q = (abs(c) + abs((c - b)))"),
    (r"q = |c||b|", "q = (abs(c) * abs(b))"),
    (r"q = \lVert Xw - y \rVert_2^2", "q = sum((((X @ w) - y) ** 2))"),
    (r"q = \|w\|^2 + \Vert w \Vert + \left\| w \right\|_1", "q = ((sum((w ** 2)) + norm(w)) + sum(abs(w)))"),
    (r"q = \|W_1\|_F^2 + \|W_1\|_F", "q = (sum((W1 ** 2)) + norm(W1))"),
    (r"q = \|w\|^3", "q = (norm(w) ** 3)"),
    (r"q = \operatorname{tr}(A^\top B) + \mathrm{Tr} A", "q = (trace((A.T @ B)) + trace(A))"),
    (r"q = \det A + \log \det A", "q = (det(A) + log(det(A)))"),
    (r"q = \operatorname{softmax}(s)", "q = softmax(s)"),
    (
        r"q = \operatorname{onehot}_K(t) + \operatorname{one\_hot}(t, K)",
        "q = (one_hot(t, K) + one_hot(t, K))",
    ),
    (r"q = \operatorname{diag}(u) - u u^\top", "q = (diag(u) - outer(u, u))"),
    (r"q = \operatorname{cross\_entropy}(s, t)", "q = cross_entropy(s, t)"),
    (r"q = \mathbb{1}[z > 0] \odot p", "q = ((z > 0) * p)"),
    (
        r"q = \mathbf{1}_{\{z \geq 0\}} + \mathbb{1}\{z < 0\} + \mathbb I(z > 1)",
        "q = (((z >= 0) + (z < 0)) + (z > 1))",
    ),
    (r"q = p \odot (z > 0)", "q = (p * (z > 0))"),
    (r"q = \begin{cases} 1 & z > 0 \\ 0 & \text{otherwise} \end{cases}", "q = where((z > 0), 1, 0)"),
    (
        r"q = \begin{cases} c, & \text{if } c > 0, \\ 0, & \text{if } c \le 0. \end{cases}",
        "q = where((c > 0), c, 0)",
    ),
    (r"q = 2\pi c + 0.5 + .25", "q = ((((2 * pi) * c) + 0.5) + 0.25)"),
    (r"q = \underbrace{X^\top p}_{\text{signal}} - w", "q = ((X.T @ p) - w)"),
    (r"q = \log\frac{p}{1-p}", "q = log((p / (1 - p)))"),
    (r"q = \operatorname{mean}(z) + \operatorname{sum}(z)", "q = (mean(z) + sum(z))"),
]


@pytest.mark.parametrize(("latex", "expected"), FUNCTIONS)
def test_functions(latex: str, expected: str) -> None:
    assert one(latex) == expected


def test_a_name_of_the_graph_goes_before_a_function() -> None:
    assert one(r"q = \sigma c", names={r"\sigma": "b"}) == "q = (b * c)"


def test_a_name_that_is_a_function_too_is_refused_before_parentheses() -> None:
    with pytest.raises(ParseError, match="a name of the graph and a function"):
        one(r"q = \sigma(c)", names={r"\sigma": "b"})


def test_shapes_that_do_not_fit_are_left_to_what_builds_the_claim() -> None:
    assert one(r"q = \operatorname{tr}(X)") == "q = trace(X)"
    assert one(r"q = X A^\top X") == "q = ((X @ A.T) @ X)"


REFUSED = [
    (r"q = \log p y", "how far does"),
    (r"q = \log p \odot y", "how far does"),
    (r"q = \log", "not followed by its argument"),
    (r"q = \log + c", "not followed by its argument"),
    (r"q = \tanh^{-1} c", "inverse function"),
    (r"q = |u|", "several things"),
    (r"q = |A|", "several things"),
    (r"q = \|W_1\|_2^2", r"\lVert W \rVert_F"),
    (r"q = \|W_1\|_1", "of a matrix"),
    (r"q = \|w\|_3", "only the norms"),
    (r"q = \sinh c", "is not read"),
    (r"q = \arg\max_i u_i", "is not read"),
    (r"q = \operatorname{foo}(c)", "not defined"),
    (r"q = \operatorname{softmax}'(s)", "one number only"),
    (r"q = \operatorname{one\_hot}(c, K)", "cannot be applied"),
    (r"q = \operatorname{cumsum}(u, v, w)", "cannot be applied"),
    (r"q = \int c", "integrals"),
    (r"q = c \pm b", "two claims"),
    (r"q = c, c, \ldots", "leaves something out"),
    (r"q = \begin{pmatrix} 1 & 2 \end{pmatrix}", "`pmatrix` is not read"),
    (r"q = \begin{cases} c & c > 0 \\ 0 & c < 1 \end{cases}", "otherwise"),
    (r"q = \log_c b", "base of a logarithm"),
    (r"q = L(w)", "a product, or a function"),
    (r"\nabla_w L(w)^2 = w", "a product, or a function"),
    (r"q = (0 < c < 1)", "chain of comparisons"),
    (r"q = (c, b)", "a comma"),
]


@pytest.mark.parametrize(("latex", "reason"), REFUSED)
def test_functions_that_are_refused(latex: str, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        one(latex)
    assert reason in str(caught.value)
    assert caught.value.column
