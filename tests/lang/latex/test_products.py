"""Juxtaposition by shapes: column-vector algebra over 1-D arrays."""

from __future__ import annotations

import pytest

from graphc.ir.errors import ParseError
from tests.lang.latex.written import one

PRODUCTS = [
    (r"q = c w", "q = (c * w)"),
    (r"q = u^\top v", "q = (u @ v)"),
    (r"q = u v^\top", "q = outer(u, v)"),
    (r"q = u^T A v", "q = ((u @ A) @ v)"),
    (r"q = A v", "q = (A @ v)"),
    (r"q = u^\top A", "q = (u @ A)"),
    (r"q = A B", "q = (A @ B)"),
    (r"q = A^\top B", "q = (A.T @ B)"),
    (r"q = (A B)^\top", "q = (A @ B).T"),
    (r"q = (u v^\top)^\top", "q = outer(u, v).T"),
    (r"q = A^\top{}^\top", "q = A"),
    (r"q = X w + b", "q = ((X @ w) + b)"),
    (r"q = u \odot v", "q = (u * v)"),
    (r"q = A \odot B", "q = (A * B)"),
    (r"q = A \circ B", "q = (A * B)"),
    (r"q = A \cdot B", "q = (A @ B)"),
    (r"q = 2 \cdot c \times 3", "q = ((2 * c) * 3)"),
    (r"q = u \otimes v", "q = outer(u, v)"),
    (r"q = A^\top u \odot v", "q = ((A.T @ u) * v)"),
    (r"q = \frac{1}{N} X^\top (p - y)", "q = (((1 / N) * X.T) @ (p - y))"),
    (r"q = X^\top (p - y) / N", "q = ((X.T @ (p - y)) / N)"),
    (r"q = \frac12 u^\top u", "q = (((1 / 2) * u) @ u)"),
    (r"q = A^{-1} u", "q = (inv(A) @ u)"),
    (r"q = A^{-\top} u", "q = (inv(A).T @ u)"),
    (r"q = c^{-1}", "q = (1 / c)"),
    (r"q = u^2", "q = (u ** 2)"),
    (r"q = X^2", "q = (X ** 2)"),
    (r"q = A^{\odot 2}", "q = (A ** 2)"),
    (r"q = \mathbf 1^\top X", "q = (ones((N)) @ X)"),
    (r"q = X \mathbf{1}", "q = (X @ ones((D)))"),
    (r"q = \mathbf{1}_N \mathbf{1}^\top X", "q = outer(ones((N)), (ones((N)) @ X))"),
    (r"q = \mathbf{1} - p", "q = (1 - p)"),
    (r"q = \mathbf{1}_N \mathbf{1}_D^\top", "q = outer(ones((N)), ones((D)))"),
    (r"q = \mathbf{1}_{N \times D} + X", "q = (ones((N, D)) + X)"),
    (r"q = I_{2 D}", "q = eye((2 * D))"),
    (r"q = \mathbf{1}_{N - 1}", "q = ones(((N - 1)))"),
    (r"q = A + \lambda I", "q = (A + (lam * eye(D)))"),
    (r"q = (A + \lambda \mathbf{I})^{-1} u", "q = (inv((A + (lam * eye(D)))) @ u)"),
    (r"q = I_D - u u^\top", "q = (eye(D) - outer(u, u))"),
    (r"A A^{-1} = I", "(A @ inv(A)) == eye(D)"),
    (r"q = -c w", "q = (-(c * w))"),
    (r"q = \gamma \odot X", "q = (gamma * X)"),
]


@pytest.mark.parametrize(("latex", "expected"), PRODUCTS)
def test_products(latex: str, expected: str) -> None:
    assert one(latex) == expected


REFUSED = [
    (r"q = u v", r"a column stands before a column"),
    (r"q = u A", r"a column stands before a matrix"),
    (r"q = A v^\top", r"a matrix stands before a row"),
    (r"q = u \cdot v", "two meanings"),
    (r"q = A \times B", "several meanings"),
    (r"q = A^2", "power of a square matrix"),
    (r"q = e^{A}", "square matrix"),
    (r"q = u^{-1}", "inverse"),
    (r"q = u + v^\top", "a row and a column"),
    (r"q = 1/N u^\top v", "how far does `/` reach"),
    (r"q = u \odot u v^\top", "how far does"),
    (r"q = I", "size of `I`"),
    (r"q = c + \mathbf{1}", "size of"),
    (r"q = \frac{u}{A}", "quotient by a square matrix"),
    (r"q = 2^T", "`T`"),
    (r"q = X^t", "have one shape"),
    (r"q = \mathbf 1 u^\top", "size of"),
]


@pytest.mark.parametrize(("latex", "reason"), REFUSED)
def test_what_has_no_or_two_readings_is_refused(latex: str, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        one(latex)
    assert reason in str(caught.value)
    assert caught.value.line == 1
    assert caught.value.column
