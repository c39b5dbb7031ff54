"""Jacobians of every operation, sizes by name, what is too large, and second derivatives far from 0."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as g
from graphc.derive.batch import batched
from graphc.ir.errors import GradientError
from graphc.ir.graph import Graph
from graphc.ir.node import topological
from graphc.ops.naive import evaluate
from tests.cases import CASES, SIZES
from tests.cases.case import F
from tests.checking import real_leaves, weights_for

SMOOTH = [c for c in CASES if c.smooth and c.node().dtype == "real" and real_leaves(c.node())]


def agrees_with_gradients(output, target, values, jacobian=None):
    """Whether `sum(weights*J)` over the axes of the output is the gradient of `sum(weights*output)`."""
    J = g.jacobian(output, target) if jacobian is None else jacobian
    assert J.shape == (*output.shape, *target.shape)
    (array,) = evaluate([output], values, sizes=SIZES)
    weights = weights_for(array.shape) if array.shape else 1.0
    (expected,) = g.gradients(g.sum(output * g.input("weights", output.shape)), [target])
    jac, wanted = evaluate([J, expected], {**values, "weights": weights}, sizes=SIZES)
    found = np.tensordot(weights, jac, np.ndim(weights))
    scale = np.tensordot(np.abs(weights), np.abs(jac), np.ndim(weights)).max(initial=0)
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-13 * scale)


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_the_jacobian_of_every_operation(case):
    output = case.node()
    leaves = Graph((output,)).leaves
    values = case.values() | {n.name: np.linspace(-1, 1, 3) for n in leaves if n.name not in case.leaves}
    for target in real_leaves(output):
        agrees_with_gradients(output, target, values)


def test_a_wrong_jacobian_is_noticed():
    x = g.input("x", ("N", 2))
    y = g.softmax(x)
    right = g.jacobian(y, x)
    with pytest.raises(AssertionError):
        agrees_with_gradients(y, x, {"x": np.arange(6).reshape(3, 2) / 3}, right * (1 + x[:1] / 1000))


def test_sizes_may_be_names():
    x, W = g.input("x", ("N", "D")), g.input("W", ("D", "K"))
    z = g.tanh(x @ W)
    found = g.compile([g.jacobian(z, x), g.jacobian(z, W), g.hessian(g.sum(z**2), W)])
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(3, 2)), rng.normal(size=(2, 4))
    by_x, by_W, H = found(x=a, W=b)
    t = np.tanh(a @ b)
    slope, eye = 1 - t**2, np.eye
    np.testing.assert_allclose(by_x, np.einsum("nk,dk,nm->nkmd", slope, b, eye(3)), atol=1e-14)
    np.testing.assert_allclose(by_W, np.einsum("nk,nd,kj->nkdj", slope, a, eye(4)), atol=1e-14)
    curve = 2 * slope * (1 - 3 * t**2)
    np.testing.assert_allclose(H, np.einsum("nk,nd,ne,kj->dkej", curve, a, a, eye(4)), atol=1e-13)


def test_equal_sizes_are_not_confused():
    """Leading axes, axes of the output and axes of the target all of one size."""
    x = g.input("x", ("N", "N"))
    values = {"x": np.arange(9).reshape(3, 3) / 5 - 0.7}
    for y in (
        x @ x,
        x.T * x[:, :1],
        g.softmax(x, axis=0),
        x - g.mean(x, axis=1, keepdims=True),
        x[0] + x[:, 0],
    ):
        agrees_with_gradients(y, x, values)
    row = g.input("r", "N")
    agrees_with_gradients(row * g.sum(row, keepdims=True), row, {"r": np.array([1.0, -2, 0.5])})


def test_the_graph_of_a_jacobian_does_not_grow_with_its_size():
    def count(n):
        x, W = g.input("x", n), g.input("W", (n, n))
        return len(topological([g.hessian(g.sum(g.tanh(W @ x) ** 2), W)]))

    assert count(3) == count(30)


def test_what_does_not_matter_has_jacobian_zero():
    x, y = g.input("x", "N"), g.input("y", 2)
    J = g.jacobian(x * 2, y)
    assert J.shape == (*x.shape, 2)
    assert not evaluate([J], {"x": np.ones(3)}, sizes={"N": 3})[0].any()
    assert not evaluate([g.hessian(g.sum(x), x)], {"x": np.ones(3)}, sizes={"N": 3})[0].any()


def test_too_many_derivatives_are_refused_in_a_sentence():
    W = g.param("W", (1000, 100))
    with pytest.raises(
        GradientError, match=r"are 10,000,000,000 numbers, and at most 67,108,864 are written out; use"
    ):
        g.hessian(g.sum(W**2), W)
    v = g.input("v", (1000, 100))
    assert str(g.hessian_vector_product(g.sum(W**2), W, v)) in ("2*v", "v*2")


def test_an_operation_that_cannot_be_batched_is_refused_in_a_sentence():
    i, x = g.input("i", 3, dtype="int"), g.input("x", 5)
    with pytest.raises(GradientError, match="a Jacobian cannot be taken through gather"):
        batched([g.gather(x, i)], {i: g.input("many", (2, 3), dtype="int")}, (2,))


# --- far from 0 -------------------------------------------------------------------------------------------

FAR = np.array([-1e4, -800.0, -30.0, -1.0, -1e-8, 1e-8, 1.0, 30.0, 800.0, 1e4])
ACTIVATIONS = (
    *(
        "identity",
        "hard_sigmoid",
        "sigmoid",
        "log_sigmoid",
        "tanh",
        "relu",
        "leaky_relu",
        "elu",
        "selu",
        "gelu",
    ),
    *("gelu_tanh", "silu", "softplus", "softsign", "softmax", "log_softmax"),
)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_second_derivatives_of_activations_are_finite(name, dtype):
    x, v = g.input("x", "N"), g.input("v", "N")
    y = F[name](x)
    first = g.grad(g.sum(y * v), x)
    found = g.compile([y, first, g.grad(g.sum(first * v), x), g.jacobian(first, x)], dtype=dtype)
    with np.errstate(over="ignore"):
        arrays = found(x=FAR, v=np.linspace(1, 2, FAR.size))
    assert [np.isfinite(a).all() for a in arrays] == [True] * 4


LOSSES = {
    "cross_entropy": (lambda z, t: F["cross_entropy"](z, t), ("N", 3), np.array([0, 2])),
    "binary_cross_entropy": (
        lambda z, t: F["binary_cross_entropy"](z, t),
        ("N", 3),
        np.array([[0, 1, 1], [1, 0, 0]]),
    ),
    "mean_squared_error": (lambda z, t: F["mean_squared_error"](z, t), ("N", 3), np.zeros((2, 3), int)),
    "huber": (lambda z, t: F["huber"](z, t), ("N", 3), np.zeros((2, 3), int)),
    "logsumexp": (lambda z, t: g.sum(F["logsumexp"](z)), ("N", 3), np.array([0, 0])),
}


@pytest.mark.parametrize("name", LOSSES)
def test_second_derivatives_of_losses_are_finite(name):
    loss, shape, labels = LOSSES[name]
    z, t = g.input("z", shape), g.input("t", ("N", *labels.shape[1:]), dtype="int")
    value = loss(z, t)
    at = np.array([[1e4, -1e4, 0.5], [-1e4, 3.0, 1e4]])
    arrays = evaluate([value, g.grad(value, z), g.hessian(value, z)], {"z": at, "t": labels})
    assert [np.isfinite(a).all() for a in arrays] == [True] * 3


BETWEEN = {
    "a square": ("x*x", "sum(sqrt(q)*q)"),
    "a sum": ("x + t", "sum(q*q*q - q*x)"),
    "probabilities": ("1/(1 + exp(-x))", "-sum(t*log(q) + (1 - t)*log(1 - q))"),
    "probabilities in a loss": ("sigmoid(x)", "binary_cross_entropy(q, t, from_logits=False)**2"),
    "deviations": ("x - mean(x)", "sum(q/sqrt(mean(q*q) + 1)*t)"),
    "exponentials": ("exp(x)", "log(sum(q))*sum(t*q)"),
    "a negative": ("-x", "sum(abs(q)**3 + softplus(q))"),
}


@pytest.mark.parametrize(("inner", "loss"), BETWEEN.values(), ids=BETWEEN)
def test_second_derivatives_by_an_intermediate_are_those_by_an_input(inner, loss):
    whole = g.parse(f"x = input(3); t = input(3); q = {inner}; L = {loss}").names
    apart = g.parse(f"x = input(3); t = input(3); q = input(3); L = {loss}").names
    values = {"x": [0.5, 1.5, 2.0], "t": [0.2, 0.7, 0.9]}
    (q,) = evaluate([whole["q"]], values)
    results = []
    for names in (whole, apart):
        output, target = names["L"], names["q"]
        slope = g.grad(output, target)
        second = [
            g.hessian(output, target),
            g.hessian_vector_product(output, target, g.input("v", 3)),
            g.grad(g.sum(slope**2), target),
            g.jacobian(g.hessian(output, target), target),
            g.grad(g.jvp([output], {target: g.input("v", 3)})[0], target),
        ]
        given = values | {"q": q, "v": [1.0, -2.0, 0.5]}
        results.append(evaluate(second, {n.name: given[n.name] for n in Graph(tuple(second)).leaves}))
    for found, wanted in zip(*results, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("named", [False, True])
def test_a_gradient_by_an_input_differentiated_by_an_intermediate_counts_every_way_through_it(named):
    x, y = g.input("x"), g.input("y")
    q = x * y
    q = q.named("q") if named else q
    f = q**3 + q * x
    dx = g.grad(f, x)
    by_q = g.grad(dx, q)
    # df/dx = (3*q**2 + x)*y + q, with x and y held
    values = {"x": 2.0, "y": -3.0}
    assert evaluate([by_q], values)[0] == 6 * (2.0 * -3.0) * -3.0 + 1
    (plain,) = g.gradients(g.gradients(f, [x], simplify=False)[0], [q], simplify=False)
    assert evaluate([plain], values)[0] == evaluate([by_q], values)[0]


def test_a_part_that_is_also_a_gradient_by_another_is_no_derived_one():
    """`exp(x)` is the gradient of `a**2 + lam*exp(x)` by `lam`, and stands in it as it was written."""
    x, lam = g.input("x"), g.input("lam")
    a = g.sin(x).named("a")
    loss = (a * a + lam * g.exp(x)).named("loss")
    assert str(g.grad(loss, lam)) == "exp(x)"
    assert str(g.grad(loss, a)) == "2*a"
