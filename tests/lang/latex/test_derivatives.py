"""The ways in which derivatives are written."""

from __future__ import annotations

import pytest

from graphc.ir.errors import ParseError
from tests.lang.latex.written import one

DERIVATIVES = [
    (r"\frac{\partial L}{\partial w} = u", "d(loss)/d(w) == u"),
    (r"\dfrac{\partial \mathcal{L}}{\partial \mathbf{w}} = u", "d(loss)/d(w) == u"),
    (r"\frac{dL}{dw} = u", "d(loss)/d(w) == u"),
    (r"\frac{\mathrm{d}L}{\mathrm{d}w} = u", "d(loss)/d(w) == u"),
    (r"\frac{\mathrm d L}{\mathrm d w} = u", "d(loss)/d(w) == u"),
    (r"\partial L/\partial w = u", "d(loss)/d(w) == u"),
    (r"dL/dw = u", "d(loss)/d(w) == u"),
    (r"\nabla_w L = u", "d(loss)/d(w) == u"),
    (r"\nabla_{W_1} L = h", "d(loss)/d(W1) == h"),
    (r"\nabla_w \mathcal{L} / N = u", "(d(loss)/d(w) / N) == u"),
    (r"\frac{\partial^2 L}{\partial w^2} = A", "d(d(loss)/d(w))/d(w) == A"),
    (r"\frac{\partial^2 L}{\partial w \partial w^\top} = A", "d(d(loss)/d(w))/d(w) == A"),
    (r"\frac{\partial^2 L}{\partial b\,\partial w} = u", "d(d(loss)/d(b))/d(w) == u"),
    (r"\frac{d^2L}{db^2} = c", "d(d(loss)/d(b))/d(b) == c"),
    (r"\partial^2 L/\partial b^2 = c", "d(d(loss)/d(b))/d(b) == c"),
    (r"\partial^2 L/\partial b \partial b = c", "d(d(loss)/d(b))/d(b) == c"),
    (r"\nabla_w^2 L = A", "d(d(loss)/d(w))/d(w) == A"),
    (r"\nabla^2_w L = A", "d(d(loss)/d(w))/d(w) == A"),
    (r"\frac{\partial z}{\partial w} = X", "d(z)/d(w) == X"),
    (r"\frac{\partial z}{\partial w^\top} = X", "d(z)/d(w) == X"),
    (r"\frac{\partial L}{\partial w^\top} = u^\top", "d(loss)/d(w) == u"),
    (r"\frac{\partial u^\top A v}{\partial A} = u v^\top", "d(((u @ A) @ v))/d(A) == outer(u, v)"),
    (r"\frac{\partial\, (u^\top A v)}{\partial A} = u v^\top", "d(((u @ A) @ v))/d(A) == outer(u, v)"),
    (r"\frac{\partial}{\partial A} \operatorname{tr}(A B) = B^\top", "d(trace((A @ B)))/d(A) == B.T"),
    (r"\frac{d}{dc} \sigma(c) = \sigma(c)", "d(sigmoid(c))/d(c) == sigmoid(c)"),
    (r"\frac{\partial}{\partial w} \left( w^\top A w \right) = u", "d(((w @ A) @ w))/d(w) == u"),
    (
        r"\frac{\partial L}{\partial w} = X^\top \frac{\partial L}{\partial z}",
        "d(loss)/d(w) == (X.T @ d(loss)/d(z))",
    ),
    (
        r"\frac{\partial L}{\partial w} = \frac{\partial z}{\partial w}^\top \frac{\partial L}{\partial z}",
        "d(loss)/d(w) == (d(z)/d(w).T @ d(loss)/d(z))",
    ),
    (
        r"\nabla_w L = 2 \frac{\partial L}{\partial p}\frac{\partial p}{\partial z}\frac{\partial z}{\partial w}",
        "d(loss)/d(w) == (((2 * d(loss)/d(p)) @ d(p)/d(z)) @ d(z)/d(w))",
    ),
    (r"\frac{\partial L(w, b)}{\partial w} = u", "d(loss)/d(w) == u"),
    (r"\frac{\partial L(w)}{\partial w} = u", "d(loss)/d(w) == u"),
    (r"\nabla_w L(w) = u", "d(loss)/d(w) == u"),
    (r"\partial L(w)/\partial w = u", "d(loss)/d(w) == u"),
    (r"q = L(w, b) + c", "q = (loss + c)"),
    (r"\nabla_u \tfrac12 \|u\|^2 = u", "d(((1 / 2) * sum((u ** 2))))/d(u) == u"),
    (r"\frac{\partial}{\partial u} \frac{1}{2N} u^\top u = u", "d((((1 / (2 * N)) * u) @ u))/d(u) == u"),
    (r"\partial L/\partial z \odot y = y", "(d(loss)/d(z) * y) == y"),
    (r"\frac{\partial L}{\partial w_k} = u_k", "d(loss)/d(w[k]) == u[k]"),
    (r"\frac{\partial L}{\partial A_{ij}} = u_i v_j", "d(loss)/d(A[i,j]) == (u[i] * v[j])"),
    (r"\frac{\partial P_{nj}}{\partial s_{mk}} = c", "d(P[n,j])/d(s[m,k]) == c"),
    (r"\left[\frac{\partial L}{\partial w}\right]_k = u_k", "d(loss)/d(w)[k] == u[k]"),
    (r"dw = X^\top (p - y)", "dw = (X.T @ (p - y))"),
    (r"dW_1 = X^\top h", "dW1 = (X.T @ h)"),
    (r"\mathrm{d}W_1 = X^\top h", "dW1 = (X.T @ h)"),
    (r"\mathrm{dW_1} = X^\top h", "dW_1 = (X.T @ h)"),
    (r"\mathrm{dW}_1 = X^\top h", "dW1 = (X.T @ h)"),
    (r"d\hat{y} = p", "dy_hat = p"),
]


@pytest.mark.parametrize(("latex", "expected"), DERIVATIVES)
def test_derivatives(latex: str, expected: str) -> None:
    assert one(latex) == expected


REFUSED = [
    (r"\nabla L = u", r"\nabla_W L"),
    (
        r"\frac{\partial L}{\partial w} = \frac{\partial z}{\partial w}\frac{\partial L}{\partial z}",
        "the axes of z first",
    ),
    (r"\frac{\partial L}{\partial w} = \frac{\partial L}{\partial z} X", "a column stands before a matrix"),
    (r"\nabla_u c u^\top u = u", "how far"),
    (r"\partial L = u", "a derivative is written"),
    (r"\nabla_w L u = c", "how far does the derivative reach"),
    (r"\frac{\partial}{\partial w} w^\top A w = u", "how far does the derivative reach"),
    (r"\frac{\partial^2 L}{\partial w} = u", "order 2"),
    (r"\frac{\partial L}{\partial w \partial b} = u", "order 1"),
    (r"\frac{\partial L}{w} = u", "a derivative is written"),
    (r"dL/dw/db = u", "three derivatives"),
    (r"\nabla_w z = X", "gradient of an array"),
    (r"\frac{\partial L}{\partial A^\top} = B", "transposed matrix"),
]


@pytest.mark.parametrize(("latex", "reason"), REFUSED)
def test_derivatives_that_are_refused(latex: str, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        one(latex)
    assert reason in str(caught.value)
    assert caught.value.column
