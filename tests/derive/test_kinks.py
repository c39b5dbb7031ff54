"""The declared convention at kinks and ties.

relu'(0) = 0 and |x|'(0) = 0; a tie with a constant goes to the constant, any other tie to the first operand,
or to the first entry in logical index order, whatever the layout of the operand in memory.
"""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import grad, gradients, jvp
from graphc.ir.op import FUNCTIONS
from graphc.ops.leaf import const, input_
from graphc.ops.naive import evaluate

F = FUNCTIONS
x, y = input_("x", 3), input_("y", 3)
A = input_("A", (2, 3))


def slope(output, at):
    """The gradient of the sum with respect to x, plain and simplified, and the same by forward mode."""
    loss = F["sum"](output)
    found = [evaluate([gradients(loss, [x], simplify=s)[0]], {"x": at, "y": at})[0] for s in (False, True)]
    moved = evaluate([jvp([output], {x: F["ones"](3)})[0]], {"x": at, "y": at})[0]
    for other in (found[1], moved):
        np.testing.assert_array_equal(found[0], other)
    return found[0].astype(float).tolist()


AT_ZERO = [0.0, -1.0, 2.0]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (F["relu"](x), [0, 0, 1]),
        (F["abs"](x), [0, -1, 1]),
        (F["maximum"](x, 0), [0, 0, 1]),
        (F["maximum"](0, x), [0, 0, 1]),
        (F["minimum"](x, 0), [0, 1, 0]),
        (F["minimum"](0, x), [0, 1, 0]),
        (F["maximum"](x, const(0).named("zero")), [0, 0, 1]),
        (F["maximum"](x, F["zeros"](3)), [0, 0, 1]),
        (F["maximum"](x, F["zeros"](3) * 2), [0, 0, 1]),
        (F["clip"](x, 0, 1), [0, 0, 0]),
        (F["clip"](x, -1, 2), [1, 0, 0]),
        (F["clip"](x, -2, 3), [1, 1, 1]),
        (F["clip"](x, y, 2), [1, 1, 0]),
        (F["clip"](y, x, 2), [0, 0, 0]),
        (F["clip"](-2, -3, x), [0, 0, 0]),
        (F["clip"](3, -3, x), [1, 1, 1]),
        (F["hard_sigmoid"](3 * x), [0.5, 0, 0]),
        (F["identity"](x), [1, 1, 1]),
        (F["prelu"](x, 0.5), [0.5, 0.5, 1]),
        (F["leaky_relu"](x, slope=0.5), [0.5, 0.5, 1]),
        (F["step"](x) + x, [1, 1, 1]),
        (F["sign"](x), [0, 0, 0]),
        (F["where"](x > 0, x, 0), [0, 0, 1]),
        (F["where"](x >= 0, x, 0), [1, 0, 1]),
        (F["max"](x, 0), [0, 0, 1]),
        (F["min"](0, x), [0, 1, 0]),
    ],
    ids=lambda v: (
        None if isinstance(v, list) else f"{v.op.name}({','.join(a.name or a.op.name for a in v.args)})"
    ),
)
def test_slope_at_zero(output, expected):
    assert slope(output, AT_ZERO) == expected


def test_elu_and_selu_have_the_slope_of_their_left_branch():
    assert slope(F["elu"](x, alpha=0.5), AT_ZERO)[0] == 0.5
    assert slope(F["selu"](x), AT_ZERO)[0] == pytest.approx(1.0507009873554805 * 1.6732632423543772)


def test_a_tie_of_two_variables_goes_to_the_first():
    for extreme in ("maximum", "minimum", "max", "min"):
        loss = F["sum"](F[extreme](x, y))
        dx, dy = evaluate(gradients(loss, [x, y]), {"x": AT_ZERO, "y": AT_ZERO})
        assert (dx.tolist(), dy.tolist()) == ([1, 1, 1], [0, 0, 0]), extreme


def test_a_tie_of_a_thing_with_itself_is_passed_once():
    for extreme in ("maximum", "minimum"):
        assert slope(F[extreme](x, x), AT_ZERO) == [1, 1, 1]


def test_operands_of_max_are_never_reordered():
    for f in (lambda a, b: F["maximum"](a, b), lambda a, b: F["maximum"](b, a)):
        first = f(x, y).args[0]
        (found,) = evaluate([grad(F["sum"](f(x, y)), first)], {"x": AT_ZERO, "y": AT_ZERO})
        assert found.tolist() == [1, 1, 1]


ROUTES = [
    (None, False, A, [[5, 5, 1], [5, 0, 2]], [[1, 0, 0], [0, 0, 0]]),
    (0, False, A, [[5, 1, 2], [5, 3, 2]], [[1, 0, 1], [0, 1, 0]]),
    (1, True, A, [[5, 5, 1], [2, 3, 3]], [[1, 0, 0], [0, 1, 0]]),
    ((0, 1), False, A, [[1, 5, 5], [5, 0, 2]], [[0, 1, 0], [0, 0, 0]]),
    # Of A.T the first winner in logical order is A[1, 0], not A[0, 1], though A[0, 1] comes first in memory.
    (None, False, A.T, [[1, 5, 5], [5, 0, 2]], [[0, 0, 0], [1, 0, 0]]),
    (0, False, A.T, [[5, 5, 1], [2, 3, 3]], [[1, 0, 0], [0, 1, 0]]),
    (None, False, A[:, ::-1], [[1, 5, 5], [5, 0, 2]], [[0, 0, 1], [0, 0, 0]]),
    (None, False, F["transpose"](A.T), [[1, 5, 5], [5, 0, 2]], [[0, 1, 0], [0, 0, 0]]),
]


@pytest.mark.parametrize(("axis", "keepdims", "operand", "at", "expected"), ROUTES)
@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("extreme", ["max", "min"])
def test_max_over_an_axis_routes_to_the_first_winner(axis, keepdims, operand, at, expected, layout, extreme):
    at = np.asarray(at, dtype=float, order=layout) * (1 if extreme == "max" else -1)
    loss = F["sum"](F[extreme](operand, axis=axis, keepdims=keepdims))
    for simplify in (False, True):
        (found,) = evaluate(gradients(loss, [A], simplify=simplify), {"A": at})
        assert found.tolist() == expected


def test_argmax_and_argmin_take_the_first_of_equals():
    at = {"A": np.array([[1.0, 7.0, 7.0], [2.0, 2.0, 0.0]])}
    found = evaluate([F["argmax"](A), F["argmin"](-A), F["argmax"](A, axis=0), F["argmax"](A[:, ::-1])], at)
    assert [f.tolist() for f in found] == [[1, 0], [1, 0], [1, 0, 0], [0, 1]]
