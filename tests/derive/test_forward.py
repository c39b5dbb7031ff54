"""Forward mode, second derivatives, Jacobians, and the derivative with respect to an intermediate."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import grad, gradients, hessian, hessian_vector_product, jacobian, jvp
from graphc.ir.errors import GradientError
from graphc.ir.op import FUNCTIONS
from graphc.ops.leaf import input_
from graphc.ops.naive import evaluate
from tests.checking import check_gradients

F = FUNCTIONS
x, v = input_("x", 3), input_("v", 3)
W = input_("W", (2, 3))
AT = {
    "x": np.array([0.3, -0.7, 1.2]),
    "v": np.array([1.0, 0.5, -2.0]),
    "W": np.arange(6).reshape(2, 3) / 4 - 0.6,
}
SCALARS = {
    "logsumexp": F["logsumexp"](W @ x),
    "squares": F["sum"](F["square"](F["tanh"](W @ x))),
    "product": F["prod"](x) + F["sum"](x**3),
    "softplus": F["sum"](F["softplus"](x) * F["sigmoid"](x)),
    "norm": F["norm"](x) / F["sum"](F["exp"](x)),
    "cross_entropy": F["cross_entropy"](
        F["reshape"](W @ x, (1, 2)), F["reshape"](F["softmax"](x[:2]), (1, 2))
    ),
}


@pytest.mark.parametrize("name", SCALARS)
def test_second_derivatives_by_differences_of_first_ones(name):
    """The gradient is a graph like any other: reverse over reverse, forward over reverse."""
    check_gradients(grad(SCALARS[name], x), AT)


@pytest.mark.parametrize("name", SCALARS)
def test_hessian_is_symmetric_and_gives_hessian_vector_products(name):
    f = SCALARS[name]
    H, Hv = evaluate([hessian(f, x), hessian_vector_product(f, x, v)], AT)
    np.testing.assert_allclose(H, H.T, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(H @ AT["v"], Hv, rtol=1e-12, atol=1e-13)


def test_jacobian_has_the_shapes_of_output_and_target():
    J = jacobian(F["tanh"](W @ x), W)
    assert J.shape == (2, 2, 3)
    z = np.tanh(AT["W"] @ AT["x"])
    expected = np.einsum("i,ij,k->ijk", 1 - z**2, np.eye(2), AT["x"])
    np.testing.assert_allclose(evaluate([J], AT)[0], expected, rtol=1e-13, atol=1e-16)


def test_forward_and_reverse_are_adjoint():
    """<g, J v> = <J' g, v> for every g and v."""
    g = input_("g", 2)
    out = F["softmax"](W @ F["exp"](x))
    (moved,) = jvp([out], {x: v})
    (back,) = gradients(F["sum"](out * g), [x])
    left, right = evaluate([F["dot"](g, moved), F["dot"](back, v)], {**AT, "g": np.array([0.4, -1.3])})
    np.testing.assert_allclose(left, right, rtol=1e-12)


def test_forward_mode_is_finite_where_exponentials_overflow():
    z, u = input_("z", 3), input_("u", 3)
    f = F["cross_entropy"](F["reshape"](z, (1, 3)), F["reshape"](F["softmax"](u), (1, 3)))
    moved = jvp([F["softmax"](z), F["log_softmax"](z), F["logsumexp"](z)], {z: u})
    twice = hessian_vector_product(f, z, u)
    at = {"z": np.array([1000.0, 0, -1000]), "u": np.array([1.0, 2, 4])}
    p, dlog, dlse, dgrad = evaluate([*moved, twice], at)
    np.testing.assert_array_equal(p, 0)
    np.testing.assert_allclose(dlog, [0, 1, 3])
    np.testing.assert_allclose(dlse, 1)
    np.testing.assert_array_equal(dgrad, 0)


def test_a_named_intermediate_counts_only_the_paths_through_it():
    """For q = x + y, f = q * (x + y): df/dq is x + y."""
    a, b = input_("a"), input_("b")
    q = (a + b).named("q")
    f = q * (a + b)
    assert evaluate([grad(f, q), grad(f, a)], {"a": 3.0, "b": 4.0}) == [7.0, 14.0]
    assert evaluate([grad(q * q, q)], {"a": 3.0, "b": 4.0}) == [14.0]


def test_a_branch_sums_its_contributions():
    a = input_("a")
    assert evaluate([grad(a * a + a, a), grad(a + a + a, a)], {"a": 5.0}) == [11.0, 3.0]


def test_what_does_not_matter_has_gradient_zero_of_the_right_shape():
    u = input_("u", ("N", 2))
    for f in (
        F["sum"](x),
        F["sum"](F["stop_gradient"](u)) + F["sum"](x),
        F["sum"](F["argmax"](u)) * F["sum"](x),
    ):
        du = grad(f, u)
        assert du.shape == u.shape
        assert not evaluate([du], {"x": AT["x"], "u": np.ones((4, 2))}, sizes={"N": 4})[0].any()


def test_only_the_unstopped_path_counts():
    a = input_("a")
    assert evaluate([grad(a * F["stop_gradient"](a), a)], {"a": 5.0}) == [5.0]


def test_forward_mode_of_what_does_not_move():
    a = input_("a", 3)
    (moved,) = jvp([F["exp"](a)], {x: v})
    assert moved.shape == (3,)
    assert not evaluate([moved], {"a": AT["x"]})[0].any()


def test_the_gradient_of_an_output_with_respect_to_itself_is_one():
    a = input_("a")
    assert evaluate([grad(a, a)], {"a": 2.0}) == [1.0]


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: grad(W @ x, x), r"shape \(2,\): a gradient is of a scalar"),
        (lambda: grad(F["argmax"](x), x), "argmax holds int values"),
        (lambda: grad(F["sum"](x), input_("k", 3, dtype="int")), "k holds int values"),
        (lambda: jvp([x], {x: W}), r"a direction of shape \(2, 3\) for x, of shape \(3,\)"),
        (lambda: jacobian(F["argmax"](W, axis=1), W), "argmax holds int values"),
        (lambda: jacobian(W, input_("k", 3, dtype="int")), "k holds int values"),
        (lambda: hessian(F["sum"](x), input_("k", 3, dtype="int")), "k holds int values"),
    ],
)
def test_refusals_are_sentences(ask, sentence):
    with pytest.raises(GradientError, match=sentence):
        ask()
