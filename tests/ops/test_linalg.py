"""Inverses, determinants and solutions: they obey the equations that define them, in values and in derivatives."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from graphc.derive import derive, grad, hessian, jacobian, jvp
from graphc.emit import compile_
from graphc.ir.errors import ShapeError
from graphc.ir.graph import Graph
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.lang import parse
from graphc.ops.leaf import input_
from graphc.ops.naive import Precise, evaluate
from graphc.rewrite.simplify import simplify
from tests.checking import check_gradients

F = FUNCTIONS
A, B = input_("A", ("N", "N")), input_("B", ("N", "N"))
b = input_("b", "N")
VALUES = {
    "A": np.array([[2.0, -1.0, 0.5], [0.25, 1.5, -2.0], [1.0, 0.75, 3.0]]),
    "B": np.array([[0.5, 1.0, -0.25], [2.0, 0.0, 1.0], [-1.5, 0.5, 1.25]]),
    "b": np.array([1.0, -2.0, 0.5]),
    "along A": np.array([[0.5, 1.0, 2.0], [-1.0, 0.25, 0.75], [1.5, -0.5, 1.0]]),
}


def is_zero(node: Node, values: dict[str, Any] = VALUES) -> bool:
    """Whether all entries shrink with the precision."""
    for digits in (30, 60):
        (found,) = evaluate([node], values, Precise(digits), sizes={"N": 3})
        if any(abs(entry) > 10.0 ** (10 - digits) for entry in found.ravel()):
            return False
    return True


def test_an_inverse_is_what_its_equation_says() -> None:
    assert is_zero(A @ F["inv"](A) - F["eye"]("N"))
    assert is_zero(F["inv"](A) @ A - F["eye"]("N"))
    assert not is_zero(A @ F["inv"](B) - F["eye"]("N"))


def test_a_solution_is_what_its_equation_says() -> None:
    assert is_zero(A @ F["solve"](A, b) - b)
    assert is_zero(A @ F["solve"](A, B) - B)
    assert is_zero(F["solve"](A, b) - F["inv"](A) @ b)


def test_the_defining_equation_has_a_derivative_of_zero() -> None:
    """`A @ inv(A) = I` and `A @ solve(A, b) = b` move by nothing, along every direction and to the second order."""
    along = input_("along A", ("N", "N"))
    for still in (A @ F["inv"](A), A @ F["solve"](A, b), F["logdet"](A) - F["log"](F["abs"](F["det"](A)))):
        (once,) = jvp([still], {A: along})
        (twice,) = jvp([once], {A: along})
        assert is_zero(once)
        assert is_zero(twice)


def test_a_determinant_is_the_sum_over_permutations() -> None:
    values = np.array([[2, -1, 4], [3, 0, -2], [1, 5, 7]])
    expected = sum(
        round(np.linalg.det(np.eye(3)[list(order)]))
        * math.prod(int(values[i, j]) for i, j in enumerate(order))
        for order in permutations(range(3))
    )
    (found,) = evaluate([F["det"](A)], {"A": values})
    assert math.isclose(found, expected, rel_tol=1e-14)
    (exact,) = evaluate([F["det"](A)], {"A": values}, Precise(40))
    assert abs(exact[()] - expected) < 1e-36
    assert is_zero(F["det"](A @ B) - F["det"](A) * F["det"](B))


def test_of_no_rows_the_determinant_is_one() -> None:
    empty = np.zeros((0, 0))
    for arithmetic in (None, Precise(30)):
        det, logdet, inv = evaluate([F["det"](A), F["logdet"](A), F["inv"](A)], {"A": empty}, arithmetic)
        assert (float(det), float(logdet), inv.shape) == (1, 0, (0, 0))


def test_a_singular_matrix_has_no_inverse() -> None:
    singular = np.array([[[1.0, 2.0], [2.0, 4.0]], [[2.0, 0.0], [0.0, 4.0]]])
    each = input_("A", (2, 2, 2))
    for arithmetic in (None, Precise(30)):
        det, logdet, inv = evaluate(
            [F["det"](each), F["logdet"](each), F["inv"](each)], {"A": singular}, arithmetic
        )
        assert [float(d) for d in det] == [0, 8]
        assert float(logdet[0]) == -math.inf
        assert all(math.isnan(entry) for entry in inv[0].ravel())
        assert inv[1].astype(float).tolist() == [[0.5, 0], [0, 0.25]]
    with pytest.raises(np.linalg.LinAlgError):
        compile_([F["inv"](A)])(A=singular[0])


def test_rows_are_exchanged_for_a_larger_pivot() -> None:
    tiny = np.array([[1e-20, 1.0], [1.0, 1.0]])
    (found,) = evaluate([F["solve"](A, b)], {"A": tiny, "b": np.array([1.0, 2.0])})
    np.testing.assert_allclose(found, [1, 1], rtol=1e-15)


def test_logarithms_of_determinants_do_not_overflow() -> None:
    f = compile_([F["logdet"](A), grad(F["logdet"](A), A)], dtype="float32")
    value, slope = f(A=1e30 * np.eye(20, dtype=np.float32))
    assert math.isclose(value, 20 * math.log(1e30), rel_tol=1e-6)
    np.testing.assert_allclose(slope, 1e-30 * np.eye(20), rtol=1e-5)


@pytest.mark.parametrize(
    ("loss", "gradient"),
    [
        ("logdet(A)", "inv(A).T"),
        ("det(A)", "det(A)*inv(A).T"),
        ("sum(inv(A)*B)", "-inv(A).T @ B @ inv(A).T"),
        ("b @ inv(A) @ b", "-outer(inv(A).T @ b, inv(A) @ b)"),
        ("b @ solve(A, b)", "-outer(solve(A.T, b), solve(A, b))"),
        ("sum(solve(A, B)*B)", "-solve(A.T, B) @ solve(A, B).T"),
        ("det(A.T @ A)", "2*det(A.T @ A)*A @ inv(A.T @ A)"),
        ("trace(inv(A) @ B)", "-(inv(A) @ B @ inv(A)).T"),
    ],
)
def test_gradients_are_those_of_the_literature(loss: str, gradient: str) -> None:
    names = "A = input(N, N); B = input(N, N); b = input(N); "
    loss_node = parse(names + loss).require_root()
    expected = parse(names + gradient).require_root()
    assert is_zero(grad(loss_node, A) - expected)


@pytest.mark.parametrize("text", ["logdet(A)", "det(A)", "sum(inv(A)**2)", "b @ solve(A, b)"])
def test_gradients_have_gradients(text: str) -> None:
    loss = parse("A = input(2, 2); b = input(2); " + text)
    values = {"A": np.array([[2.0, -1.0], [0.5, 1.5]]), "b": np.array([1.0, -2.0])}
    root = loss.require_root()
    below = {leaf.name for leaf in Graph((root,)).leaves}
    check_gradients(grad(root, loss.names["A"]), {k: v for k, v in values.items() if k in below})


def test_jacobians_entry_by_entry() -> None:
    inverse, x = F["inv"](A), F["solve"](A, b)
    minus = -F["contract"]("ik,lj->ijkl", inverse, inverse)
    assert is_zero(jacobian(inverse, A) - minus)
    assert is_zero(jacobian(x, A) + F["contract"]("ik,l->ikl", inverse, x))
    assert is_zero(jacobian(x, b) - inverse)
    assert is_zero(jacobian(F["solve"](A, B), B) - F["contract"]("ik,jl->ijkl", inverse, F["eye"]("N")))
    assert is_zero(jacobian(F["solve"](A, B), A) + F["contract"]("ik,lj->ijkl", inverse, F["solve"](A, B)))
    assert is_zero(hessian(F["logdet"](A), A) - F["contract"]("jk,li->ijkl", -inverse, inverse))


def test_shapes_that_do_not_fit_are_refused() -> None:
    for name in ("inv", "det", "logdet"):
        with pytest.raises(ShapeError, match=rf"{name}: a square matrix is needed, not shape \(N, 3\)"):
            F[name](input_("x", ("N", 3)))
        with pytest.raises(ShapeError, match=rf"{name}: a square matrix is needed, not shape \(N,\)"):
            F[name](b)
    with pytest.raises(ShapeError, match=r"solve: a right side with N rows is needed .* of shape \(M, N\)"):
        F["solve"](A, input_("c", ("M", "N")))
    with pytest.raises(ShapeError, match=r"solve: a right side with N rows"):
        F["solve"](A, 1)
    with pytest.raises(ShapeError, match="batch axes"):
        F["solve"](input_("C", (2, 3, 3)), input_("d", (4, 3, 1)))


def test_they_are_written_as_the_literature_does() -> None:
    assert str(F["inv"](A).T @ b) == "inv(A).T @ b"
    assert str(F["solve"](A.T, b)) == "solve(A.T, b)"
    latex = derive(b @ F["solve"](A, b) + F["logdet"](A) + F["trace"](F["inv"](A @ A))).latex()
    for part in (r"\mathbf{A}^{-1}\,\mathbf{b}", r"\log\left|\det \mathbf{A}\right|", r"\mathbf{A}^{-\top}"):
        assert part in latex
    assert "solve" not in latex


@pytest.mark.parametrize(
    ("given", "short"),
    [
        ("inv(inv(A))", "A"),
        ("inv(A.T)", "inv(A).T"),
        ("det(inv(A))", "1/det(A)"),
        ("logdet(inv(A.T))", "-logdet(A)"),
        ("log(abs(det(A)))", "logdet(A)"),
        ("solve(A, eye(N))", "inv(A)"),
    ],
)
def test_what_is_simplified(given: str, short: str) -> None:
    names = "A = input(N, N); "
    assert str(simplify(parse(names + given).require_root())) == short
