"""Index notation: sums, products, maxima, entries, deltas, indicators."""

from __future__ import annotations

import pytest

from graphc.ir.errors import ParseError
from tests.lang.latex.written import one

SUMS = [
    (r"q = \sum_{i} u_i v_i", "q = sum((u[i] * v[i]) for i in D)"),
    (r"q = \sum_i u_i^2 + b", "q = (sum((u[i] ** 2) for i in D) + b)"),
    (r"q = \frac{1}{N} \sum (p - y)", "q = ((1 / N) * sum((p - y)))"),
    (r"q = \sum_{i=1}^{D} u_i", "q = sum(u[i] for i in D)"),
    (r"q = \sum\limits_{i=1}^D u_i", "q = sum(u[i] for i in D)"),
    (r"q = \sum_{i=0}^{D-1} u_i", "q = sum(u[i] for i in D)"),
    (r"q = \sum_{i=0}^{D-1} i u_i", "q = sum((i * u[i]) for i in D)"),
    (r"q = \sum_{i,j} X_j^{(i)}", "q = sum(X[i,j] for i in N for j in D)"),
    (r"q = \sum_i u_i + \sum_i y_i", "q = (sum(u[i] for i in D) + sum(y[i_2] for i_2 in N))"),
    (r"q = \sum_i u_i \sum_i y_i", "q = sum((u[i] * sum(y[i_2] for i_2 in N)) for i in D)"),
    (r"q = \sum_{i,j} A_{ij}", "q = sum(A[i,j] for i in D for j in D)"),
    (r"q = \sum_{ij} A_{i,j}", "q = sum(A[i,j] for i in D for j in D)"),
    (r"q = \sum_i u_i \sum_j A_{ij} v_j", "q = sum((u[i] * sum((A[i,j] * v[j]) for j in D)) for i in D)"),
    (r"q = -\frac1N\sum_{n=1}^N \log P_{n,t_n}", "q = (-((1 / N) * sum(log(P[n,t[n]]) for n in N)))"),
    (
        r"q = \frac1N \sum_i (y^{(i)} - \hat{y}^{(i)})^2",
        "q = ((1 / N) * sum(((y[i] - y_hat[i]) ** 2) for i in N))",
    ),
    (r"q = \log \sum_j e^{u_j}", "q = log(sum(exp(u[j]) for j in D))"),
    (r"q = \sum_{n=1}^N 1", "q = sum(1 for n in N)"),
    (r"q = \prod_{n=1}^N p_n^{y_n} (1-p_n)^{1-y_n}", "q = prod(((p ** y) * ((1 - p) ** (1 - y))))"),
    (r"q = \max_j u_j", "q = max(u)"),
    (r"P_{nk} = \max_j s_{nj}", "P[n,k] == max(s, axis=1)[n]"),
    (r"P_{nk} = e^{s_{nk}} / \sum_j e^{s_{nj}}", "P[n,k] == (exp(s[n,k]) / sum(exp(s[n,j]) for j in K))"),
    (
        r"\frac{\partial L}{\partial s_{nk}} = P_{nk} - \delta_{k t_n}",
        "d(loss)/d(s[n,k]) == (P[n,k] - delta(k, t[n]))",
    ),
    (r"\frac{\partial L}{\partial s_{nk}} = \mathbb{1}[k = t_n]", "d(loss)/d(s[n,k]) == equal(k, t[n])"),
    (r"(X w)_n = \sum_d X_{nd} w_d", "(X @ w)[n] == sum((X[n,d_index] * w[d_index]) for d_index in D)"),
    (r"(A u)_i = \sum_j A_{ij} u_j", "(A @ u)[i] == sum((A[i,j] * u[j]) for j in D)"),
    (r"(A^\top)_{ij} = A_{ji}", "A.T[i,j] == A[j,i]"),
    (r"\frac{\partial L}{\partial w_d} = \lambda w_d", "d(loss)/d(w[d_index]) == (lam * w[d_index])"),
    (r"\frac{\partial L}{\partial u_\alpha} = v_\alpha", "d(loss)/d(u[alpha]) == v[alpha]"),
    (r"\frac{\partial^2 L}{\partial w_i \partial w_j} = A_{ij}", "d(d(loss)/d(w[i]))/d(w[j]) == A[i,j]"),
    (r"\sigma'(z_i) = p_i", "d(sum(sigmoid(z)))/d(z)[i] == p[i]"),
]


@pytest.mark.parametrize(("latex", "expected"), SUMS)
def test_index_notation(latex: str, expected: str) -> None:
    assert one(latex) == expected


ROWS = [
    (r"q = \sum_n (p_n - y_n) x_n", "q = sum(((p[n] - y[n]) * X[n,e]) for n in N)"),
    (r"q = \sum_n x_n^\top w", "q = sum(sum((X[n,e] * w[e]) for e in D) for n in N)"),
    (
        r"q = \sum_n \sigma(w^\top x^{(n)})",
        "q = sum(sigmoid(sum((w[e_3] * X[n,e_3]) for e_3 in D)) for n in N)",
    ),
    (r"q = \sum_n x_n x_n^\top", "q = sum((X[n,e] * X[n,e_3]) for n in N)"),
    (r"q = \sum_n \|x_n - u\|^2", "q = sum(sum(((X[n,e] - u[e]) ** 2) for e in D) for n in N)"),
    (r"q = \sum_n y_n w^\top x_n", "q = sum(sum(((y[n] * w[e]) * X[n,e]) for e in D) for n in N)"),
    (r"q = \sum_n A x_n", "q = sum(sum((A[e_3,e_4] * X[n,e_4]) for e_4 in D) for n in N)"),
    (r"q = \sum_n y_n \tanh(x_n) / N", "q = sum(((y[n] * tanh(X[n,e])) / N) for n in N)"),
    (r"p_n = \sigma(w^\top x_n)", "p[n] == sigmoid(sum((w[e_3] * X[n,e_3]) for e_3 in D))"),
]


@pytest.mark.parametrize(("latex", "expected"), ROWS)
def test_rows_of_a_matrix_are_columns_inside_a_sum(latex: str, expected: str) -> None:
    assert one(latex, names={"x": "X"}) == expected


def test_an_index_that_is_a_name_of_the_graph_in_a_sum_is_called_otherwise() -> None:
    assert one(r"q = \sum_c u_c") == "q = sum(u[c_1] for c_1 in D)"


REFUSED = [
    (r"q = \sum c", "has no index"),
    (r"q = \sum^D u", "has no index"),
    (r"q = \sum_i", "not followed"),
    (r"q = \sum_i c", "range is unknown"),
    (r"q = \sum_i u", "indexed down"),
    (r"q = \sum_{i=2}^D u_i", "another start"),
    (r"q = \sum_{i=1} u_i", "upper limit"),
    (r"q = \sum_{i}^D u_i", "lower limit"),
    (r"q = \sum_{i \neq j} u_i", "conditions"),
    (r"q = \sum_{i \in S} u_i", r"\in"),
    (r"q = \sum_{i=1}^D i u_i", "as a number"),
    (r"q = \sum_i u_i v_i - u_i", "neither summed here nor on the left"),
    (r"q = A_{ij} u_j", "neither summed here nor on the left"),
    (r"q = A_{i}", "1 index for an array with 2 axes"),
    (r"q = \sum_i \operatorname{softmax}(A_i)", "of a row"),
    (r"q = \sum_i u_i A_i A", "a column stands before a matrix"),
    (r"q = \sum_i A_i^{-1}", "a row of a matrix"),
    (r"q = \prod_i A_i", "a row of a matrix"),
    (r"q = \sum_i X_i \sum_j u_j B_j", "a column stands before a column"),
    (r"u_i = A_i", "one side is a vector"),
    (r"A_i = u_i", "define it as a whole first"),
    (r"q = \sum_i (X_i)_{j}", "a row of a matrix"),
    (r"q = \sum_i u_{i+1}", "a formula is not read"),
    (r"q = u_{1}", "by its number"),
    (r"m_n = \max_j s_{nj}", "define it as a whole first"),
    (r"q = \prod_n p_n X_{nn}", "same indices"),
    (r"u_i = \sum_i v_i", "an index of the left side"),
    (r"q = \sum_{ii} A_{ii}", "twice"),
    (r"q = \sum_{i'} u_{i'}", "one letter"),
    (r"q = c_i", "a number has no entries"),
]


@pytest.mark.parametrize(("latex", "reason"), REFUSED)
def test_index_notation_that_is_refused(latex: str, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        one(latex)
    assert reason in str(caught.value)
    assert caught.value.column
