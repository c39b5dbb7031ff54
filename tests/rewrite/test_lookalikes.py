"""Expressions that look like those a rule is for, and are others: what a rule makes of them keeps every value."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from graphc.derive import grad, gradients
from graphc.ir.graph import Graph
from graphc.ir.node import Node
from graphc.lang import parse
from graphc.ops import FUNCTIONS, input_
from graphc.ops.naive import evaluate
from graphc.rewrite.simplify import simplify
from graphc.rewrite.stable import STABLE

F = FUNCTIONS
SQUARE = "x = input(3, 3); y = input(3, 3); z = input(3, 3, 3); c = x - mean(x, axis=1, keepdims=True);"
ROW = "x = input(1, 3, 3); c = x - mean(x, axis=1, keepdims=True);"
COLUMNS = "u = input(3, 1); v = input(3, 1);"


def values_of(*nodes: Node) -> list[np.ndarray]:
    """What the nodes are at one random point."""
    random = np.random.default_rng(5)
    leaves = sorted(Graph(nodes).leaves, key=lambda leaf: str(leaf.name))
    return evaluate(nodes, {leaf.name: random.normal(size=leaf.shape) for leaf in leaves})


def keeps_its_value(text: str) -> None:
    root = parse(text).require_root()
    before, after = values_of(root, simplify(root))
    np.testing.assert_allclose(after, before, rtol=1e-9, equal_nan=True)


@pytest.mark.parametrize(
    "quotient",
    [
        "sum(c*y, axis=1)/sqrt(mean(c**2, axis=1, keepdims=True) + 1/10)",
        "sum(c*z, axis=1)/sqrt(mean(c**2, axis=1, keepdims=True) + 1/10)",
        "sum(c*z, axis=1, keepdims=True)/sqrt(mean(c**2, axis=1, keepdims=True) + 1/10)",
        "sum(c*z, axis=2, keepdims=True)/sqrt(mean(c**2, axis=1, keepdims=True) + 1/10)",
        "c/sqrt(reshape(mean(c**2, axis=1), (1, 3)) + 1/10)",
        "c/sqrt(mean(c**2, axis=0, keepdims=True) + 1/10)",
        "c/sqrt(sum(c**2, axis=1, keepdims=True)/2 + 1/10)",
        "c/sqrt(mean(x**2, axis=1, keepdims=True) + 1/10)",
        "(y - mean(y, axis=1, keepdims=True))/sqrt(mean(c**2, axis=1, keepdims=True) + 1/10)",
        "(x - mean(x, axis=1))/sqrt(mean(c**2, axis=1, keepdims=True) + 1/10)",
        "c/(sqrt(mean(c**2, axis=1, keepdims=True)) + 1/10)",
    ],
)
def test_what_is_not_standardised(quotient: str) -> None:
    keeps_its_value(f"{SQUARE} {quotient}")


def test_squares_summed_over_the_axis_of_another_rank() -> None:
    keeps_its_value(f"{ROW} c/sqrt(reshape(sum(reshape(c**2, (3, 3)), axis=1), (1, 1, 3))/3 + 1/10)")


@pytest.mark.parametrize(
    "below",
    [
        "sqrt(mean(c**2, axis=1, keepdims=True) - 1/10000)",
        "(mean(c**2, axis=1, keepdims=True) - 10)",
        "(1/2 - sum(c**2, axis=1, keepdims=True))",
        "sqrt(mean(c**2, axis=1, keepdims=True))",
    ],
)
def test_a_variance_less_a_number_has_no_root_to_divide_by(below: str) -> None:
    keeps_its_value(f"{SQUARE} c/{below}")


@pytest.mark.parametrize("below", ["reshape(exp(u) + exp(v), (1, 3))", "reshape(1 + exp(u), (1, 3))"])
def test_exponentials_laid_on_another_axis_make_no_sigmoid(below: str) -> None:
    keeps_its_value(f"{COLUMNS} exp(u)/{below}")


def test_marks_of_other_classes_do_not_cancel_the_chosen_values() -> None:
    y, q = input_("y", ("N", 4)), input_("q", ("N", 1))
    t, rows = input_("t", "N", dtype="int"), F["arange"]("N")
    marks = grad(F["sum"](q[rows, t]), q)
    root = marks * y / F["expand_dims"](y[rows, t], 1)
    given = {"y": np.arange(1.0, 9.0).reshape(2, 4), "t": np.zeros(2, dtype=int)}
    before, after = evaluate([root, simplify(root)], given)
    np.testing.assert_allclose(after, before)


@pytest.mark.parametrize("eps", ["1/10", "1"])
@pytest.mark.parametrize(("shape", "axes"), [((3,), 0), ((1, 4), 1), ((3, 3), 1), ((2, 3), (0, 1))])
def test_second_derivatives_of_standardised_values(
    shape: tuple[int, ...], axes: int | tuple[int, ...], eps: str
) -> None:
    x, v, w = (input_(name, shape) for name in "xvw")
    loss = F["sum"](w * F["standardize"](x, axes=axes, eps=Fraction(eps)))
    simple = grad(F["sum"](v * grad(loss, x)), x)
    (plain,) = gradients(F["sum"](v * gradients(loss, [x], simplify=False)[0]), [x], simplify=False)
    before, after = values_of(plain, simple)
    np.testing.assert_allclose(after, before, rtol=1e-8, atol=1e-10)


def test_a_factor_shared_by_the_terms_of_a_quotient_is_taken_out() -> None:
    root = parse("(v/(1 + exp(u)) - w/(1 + exp(u)))/3").require_root()
    wanted = parse("(v - w)*sigmoid(-u)/3").require_root()
    rule = next(r for r in STABLE if r.name == "quotient of exponentials")
    after = rule.fire(root)
    assert after is not None
    np.testing.assert_allclose(*values_of(after, wanted))


def test_a_product_with_itself_has_the_slope_of_a_square() -> None:
    program = parse("x = input(N, K); W = input(K, M); b = input(M); x @ W + b")
    z, wrt = program.require_root(), [program.names["W"], program.names["b"]]
    product, power, square = (gradients(F["sum"](s), wrt) for s in (z * z, z**2, F["square"](z)))
    assert product == power == square


def test_a_number_that_became_whole_leaves_arithmetic_real() -> None:
    root = parse("i = input(N, dtype=int); i*(4/2)*i*i").require_root()
    simple = simplify(root)
    assert simple.dtype == root.dtype
    assert evaluate([simple], {"i": [2**31]})[0] == [2.0**94]
