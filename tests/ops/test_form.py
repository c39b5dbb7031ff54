"""The printed form of a node is in the graph language: read back, it has the same value."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from graphc.ir.node import Node
from graphc.ops import FUNCTIONS, const, input_
from graphc.ops.form import Form, brief, mention, show
from graphc.ops.naive import evaluate

F = FUNCTIONS
x, y, z = input_("x"), input_("y"), input_("z")
A, B, C = input_("A", (3, 4)), input_("B", (4, 2)), input_("C", (3, 4))
S, T = input_("S", (2, 3, 4)), input_("T", (2, 4, 5))
u, v = input_("u", 3), input_("v", 4)
LEAVES = (x, y, z, A, B, C, S, T, u, v)

WRITTEN: list[tuple[Node, str]] = [
    ((x + y) * z, "(x + y)*z"),
    (x + y * z, "x + y*z"),
    (x - (y - z), "x - (y - z)"),
    (x - y - z, "x - y - z"),
    (x / (y * z), "x/(y*z)"),
    (x / y * z, "x/y*z"),
    (x * (y / z), "x*(y/z)"),
    (-(x + y), "-(x + y)"),
    (-(x * y), "-x*y"),
    (F["neg"](-x), "-(-x)"),
    (x / -(y * z), "x/(-y*z)"),
    (x * -y, "x*(-y)"),
    (x - -y, "x - (-y)"),
    ((-x) ** 2, "(-x)**2"),
    (-(x**2), "-x**2"),
    (x ** (y + 1), "x**(y + 1)"),
    ((x**y) ** z, "(x**y)**z"),
    (x ** const(-1), "x**(-1)"),
    (const(-2) * x, "-2*x"),
    (const(1e-9) * x, "1e-09*x"),
    (x * F["exp"](-y) + 1, "x*exp(-y) + 1"),
    (x * (y > z), "x*(y > z)"),
    (F["max"](x, y), "max(x, y)"),
    (F["square"](x) + F["reciprocal"](y), "x**2 + 1/y"),
    (A @ B, "A @ B"),
    (A.T @ C, "A.T @ C"),
    ((A @ B) * x, "(A @ B)*x"),
    (-(A @ B), "-(A @ B)"),
    (A @ B - 1, "A @ B - 1"),
    (A @ (B @ B.T), "A @ (B @ B.T)"),
    (A @ v, "A @ v"),
    (u @ A, "A.T @ u"),
    (F["outer"](u, v), "outer(u, v)"),
    (S @ T, "S @ T"),
    (F["contract"]("nk,mk->nm", A, C), "A @ C.T"),
    (F["contract"]("nk,nm->km", A, C), "A.T @ C"),
    (F["contract"]("nk,mk->mn", A, C), "C @ A.T"),
    (F["contract"]("nk,nk->n", A, C), "sum(A*C, axis=1)"),
    (F["contract"]("nk,nk->", A, C), "sum(A*C)"),
    (F["contract"]("ii->", A @ C.T), "trace(A @ C.T)"),
    (F["sum"](A, axis=1), "sum(A, axis=1)"),
    (F["sum"](A), "sum(A)"),
    (F["mean"](A, axis=0, keepdims=True), "mean(A, axis=0, keepdims=True)"),
    (F["softmax"](A), "softmax(A)"),
    (F["softmax"](A, axis=0), "softmax(A, axis=0)"),
    (F["leaky_relu"](x, slope=0.25), "leaky_relu(x, slope=1/4)"),
    (F["cumsum"](u, reverse=True), "cumsum(u, axis=0, reverse=True)"),
    (A[:, 1:3], "A[:, 1:3]"),
    (u[::-1], "u[::-1]"),
    (u[:, None] * A, "u[:, None]*A"),
    (A + F["zeros"]((3, 4)), "A + zeros((3, 4))"),
    (u * F["ones"](3), "u*ones(3)"),
    (u + F["full"](3, 2), "u + broadcast(2, (3,))"),
    (F["reshape"](A, (4, 3)), "reshape(A, (4, 3))"),
    (F["broadcast"](x, (2, 3)), "broadcast(x, (2, 3))"),
    (F["transpose"](S, (1, 0, 2)), "transpose(S, axes=(1, 0, 2))"),
    (F["concat"]([u, v], 0), "concat([u, v], axis=0)"),
    (F["where"](x > y, x, 2 * y), "where(x > y, x, 2*y)"),
    (F["clip"](x, 0, 1), "clip(x, 0, 1)"),
]


@pytest.mark.parametrize(("node", "text"), WRITTEN, ids=[t for _, t in WRITTEN])
def test_expressions_are_written_as_people_write_them(node: Node, text: str) -> None:
    assert show(node) == text


@pytest.mark.parametrize(("node", "text"), WRITTEN, ids=[t for _, t in WRITTEN])
def test_what_is_written_reads_back(node: Node, text: str) -> None:
    from graphc.lang import load

    rng = np.random.default_rng(0)
    values = {str(n.name): rng.uniform(0.3, 0.9, n.shape) for n in LEAVES}
    declared = "; ".join(f"{n.name} = input({', '.join(map(str, n.shape))})" for n in LEAVES)
    again = load(f"{declared}; result = {text}").names["result"]
    (expected, found) = evaluate([node, again], values)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_contraction_that_is_no_matrix_product_shows_its_indices() -> None:
    assert show(F["contract"]("abk,ck->cab", S, C)) == "contract('abk,ck->cab', S, C)"


def test_names_cut_an_expression() -> None:
    q = (x + y).named("q")
    assert show(q) == "x + y"
    assert mention(q) == "q"
    assert show(q * z) == "q*z"
    h = x * y
    assert show(h + z, {h: "h"}) == "h + z"
    assert mention(h, {h: "h"}) == "h"


def test_a_name_may_be_any_notation() -> None:
    dh = Form("derivative", (Form("name", (), "L"), Form("name", (), "h")))
    assert show(x * y, {x: dh}) == "dL/dh * y"
    assert show(x * (y * z), {x: dh}) == "dL/dh * y*z"
    assert show(y / x, {x: dh}) == "y/(dL/dh)"
    assert show(x**2, {x: dh}) == "(dL/dh)**2"


def test_long_sums_are_abbreviated_on_request() -> None:
    total = x
    for _ in range(99):
        total = total + y
    assert show(total, terms=5) == "x + y + y + … (96 more) + y"
    assert show(total).count("y") == 99
    assert show(x + y + z, terms=5) == "x + y + z"


def test_deep_expressions_are_written_without_recursion() -> None:
    node = x
    for _ in range(20_000):
        node = F["exp"](node)
    assert show(node).count("exp(") == 20_000
    assert brief(node) is None
    assert brief(x + y) == "x + y"


@pytest.mark.parametrize(
    ("value", "size", "text"),
    [
        (Fraction(-1, 2), "N", "-1/(2*N)"),
        (Fraction(3, 2), "2*N*M", "3/(4*M*N)"),
        (Fraction(-3, 4), "N + 1", "-3/(4*(N + 1))"),
        (Decimal("0.5"), "N", "0.5/N"),
        (2, "N", "2/N"),
    ],
)
def test_a_fraction_over_a_size_is_one_fraction(value: Any, size: str, text: str) -> None:
    assert show(const(value) / F["size"](size)) == text
    assert show(const(value) / F["size"](size) * x + 1) == f"{text}*x + 1"
    assert show(x - const(value) / F["size"](size)) == (f"x - ({text})" if text[0] == "-" else f"x - {text}")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (const(-1) / 2, "-1/(2*N)"),
        (-const(1) / 2, "-1/(2*N)"),
        (-(const(3) / 2), "-3/(2*N)"),
        (-const(Fraction(1, 2)), "-1/(2*N)"),
        (const(2) / 4, "2/(4*N)"),
        ((const(1) / 2).named("half"), "half/N"),
        (const(1) / const(2).named("two"), "1/two/N"),
        (const(1) / 2 / 3, "1/2/3/N"),
        (const(1) / 0, "1/0/N"),
        (x / 2, "x/2/N"),
    ],
)
def test_so_is_a_quotient_of_numbers(number: Node, text: str) -> None:
    assert show(number / F["size"]("N")) == text
