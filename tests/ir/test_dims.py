"""Dimensions: the algebra of polynomials in named sizes, and broadcasting."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.ir.errors import BindError, ShapeError
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import Dim, broadcast_shapes, dim, divide, evaluate_dim, product, shape_of, show_shape
from graphc.ops.leaf import input_

F = FUNCTIONS
NAMES = ("N", "M", "K")
SIZES = st.fixed_dictionaries({name: st.integers(0, 9) for name in NAMES})
ATOMS = st.one_of(st.integers(-5, 5), st.sampled_from(NAMES).map(dim))
DIMS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda ab: ab[0] + ab[1]),
        st.tuples(inner, inner).map(lambda ab: ab[0] - ab[1]),
        st.tuples(inner, inner).map(lambda ab: ab[0] * ab[1]),
    ),
    max_leaves=6,
)


@given(DIMS, DIMS, SIZES)
def test_arithmetic_is_that_of_the_numbers(a, b, sizes):
    x, y = evaluate_dim(a, sizes), evaluate_dim(b, sizes)
    for symbolic, number in (
        (a + b, x + y),
        (a - b, x - y),
        (a * b, x * y),
        (-1 * a, -x),
        (product([a, b, a]), x * y * x),
    ):
        assert evaluate_dim(symbolic, sizes) == number


@given(DIMS, DIMS, DIMS)
def test_equal_polynomials_are_one_object(a, b, c):
    assert a + b == b + a
    assert a * (b + c) == a * b + a * c
    assert (a + b) * (a - b) == a * a - b * b
    assert a - a == 0
    same = (a + b) - b
    assert same is a or same == a
    if isinstance(a, Dim):
        assert (a + b) - b is a
        assert hash(same) == hash(a)


@given(DIMS)
def test_text_reads_back(a):
    if isinstance(a, Dim):
        assert dim(str(a)) is a
        assert pickle.loads(pickle.dumps(a)) is a
        assert copy.deepcopy(a) is a


@given(DIMS, DIMS)
def test_division_undoes_multiplication_and_is_never_wrong(a, b):
    if b != 0:
        assert divide(a * b, b) == a
    quotient = divide(a, b)
    assert quotient is None or quotient * b == a


def test_division_that_does_not_go():
    n, m = dim("N"), dim("M")
    for a, b in ((7, 2), (n, 2), (n, m), (2 * n + 1, 2), (n, n + 1), (5, 0), (n, 0), (1, n)):
        assert divide(a, b) is None
    assert divide(0, n) == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("N", "N"),
        ("2*N+1", "2*N + 1"),
        (" N * M ", "M*N"),
        ("N**2 - 1", "N**2 - 1"),
        ("N^2", "N**2"),
        ("1 - N", "-N + 1"),
        ("배치", "배치"),
        ("n_in + n_out", "n_in + n_out"),
        (784, "784"),
        ("12", "12"),
    ],
)
def test_what_a_user_writes(text, shown):
    assert str(dim(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "N N",
        "2N",
        "N +",
        "N ++ M",
        "*N",
        "N*",
        "N**",
        "N**M",
        "N**-1",
        "N/2",
        "(N+1)",
        "N.5",
        "1.5",
        "-3",
        "2 - 5",
        "f(N)",
        "N;M",
    ],
)
def test_what_is_no_dimension_is_refused(text):
    with pytest.raises(ShapeError, match=r"dimension"):
        dim(text)


@pytest.mark.parametrize("value", [True, 1.5, None, b"N", -1, [3]])
def test_what_is_no_dimension_either(value):
    with pytest.raises(ShapeError, match="dimension"):
        dim(value)


def test_shapes_as_written():
    assert show_shape(shape_of(())) == "()"
    assert show_shape(shape_of("N")) == "(N,)"
    assert show_shape(shape_of(("N", 784, "2*N"))) == "(N, 784, 2*N)"


def test_an_unknown_size_is_named():
    with pytest.raises(BindError, match="the size M is not known"):
        evaluate_dim(dim("N*M"), {"N": 2})


@settings(max_examples=60)
@given(st.lists(st.lists(st.sampled_from([1, 2, 3]), max_size=3).map(tuple), min_size=1, max_size=3))
def test_broadcasting_of_numbers_is_numpys(shapes):
    try:
        expected = np.broadcast_shapes(*shapes)
    except ValueError:
        with pytest.raises(ShapeError, match="do not broadcast"):
            broadcast_shapes(shapes, "add")
    else:
        assert broadcast_shapes(shapes, "add") == expected


N, M = dim("N"), dim("M")


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(N, M), (M,)], (N, M)),
        ([(N, 1), (1, M)], (N, M)),
        ([(N, 1), (1, N)], (N, N)),
        ([(N,), (M, 1)], (M, N)),
        ([(N, 3), ()], (N, 3)),
        ([(N, N), (N,)], (N, N)),
        ([(N, M), (N, 1)], (N, M)),
        ([(3,), (3, 1)], (3, 3)),
        ([(2 * N + 1,), (2 * N + 1,)], (2 * N + 1,)),
    ],
)
def test_broadcasting_of_names(shapes, expected):
    assert broadcast_shapes(shapes, "add") == expected
    assert broadcast_shapes(shapes[::-1], "add") == expected


@pytest.mark.parametrize(
    "shapes",
    [
        [(N,), (M,)],
        [(N,), (3,)],
        [(N, M), (N,)],
        [(N,), (N + 1,)],
        [(N,), (N, 1)],
        [(M, N, 1), (N,)],
        [(2,), (3,)],
    ],
)
def test_different_names_are_never_assumed_equal_nor_one(shapes):
    for given_ in (shapes, shapes[::-1]):
        with pytest.raises(ShapeError, match=r"^add: shapes .* broadcast"):
            broadcast_shapes(given_, "add")


# Each message names the operation, shows the formula and the numbers.
x = input_("x", ("N", 784))
ERRORS = {
    "matmul": (
        lambda: x @ input_("W", (10, 784)),
        r"matmul: \(N, 784\) @ \(10, 784\): .* 784 against 10; did you mean a @ b.T",
    ),
    "matmul.T": (lambda: input_("a", (3, 2)) @ input_("b", (3, 4)), r"2 against 3; did you mean a.T @ b"),
    "matmul scalar": (lambda: x @ 2, "matmul: a scalar"),
    "matmul batch": (
        lambda: input_("a", (2, 3, 4)) @ input_("b", (3, 4, 5)),
        r"batch axes\): shapes \(2,\) and \(3,\)",
    ),
    "add": (
        lambda: x + input_("b", 10),
        r"add: shapes \(N, 784\) and \(10,\) do not broadcast, 784 against 10",
    ),
    "column": (
        lambda: input_("t", "N") - input_("y", ("N", 1)),
        r"sub: shapes \(N,\) and \(N, 1\) would broadcast to \(N, N\)",
    ),
    "reshape": (
        lambda: x.reshape("N", 28, 27),
        r"reshape: \(N, 784\) has 784\*N entries and \(N, 28, 27\) has 756\*N",
    ),
    "reshape -1": (lambda: x.reshape(-1, 5), r"does not divide into blocks of 5"),
    "contract": (lambda: F["contract"]("nk,km->nm", x, input_("W", (10, 5))), "index k is 784 and 10"),
    "contract rank": (lambda: F["contract"]("n->n", x), r"'n' names 1 axes of shape \(N, 784\)"),
    "contract output": (lambda: F["contract"]("nk->nj", x), "the extent of index j is not known"),
    "contract text": (lambda: F["contract"]("nk", x), "is not an index string"),
    "axis": (lambda: x.sum(axis=2), r"sum: shape \(N, 784\) has no axis 2"),
    "axis twice": (lambda: x.sum(axis=(0, -2)), "named twice"),
    "softmax": (lambda: F["softmax"](x, axis=5), r"softmax: shape \(N, 784\) has no axis 5"),
    "concat": (
        lambda: F["concat"]([x, input_("y", ("N", 3))]),
        r"concat: shapes \(N, 784\) and \(N, 3\) differ besides axis 0",
    ),
    "stack": (lambda: F["stack"]([x, x.T]), r"stack: shapes \(N, 784\) and \(784, N\) differ"),
    "transpose": (lambda: F["transpose"](x, (0, 0)), "does not name each axis"),
    "transpose 1-D": (lambda: input_("v", 3).T, "no rows or columns"),
    "squeeze": (lambda: F["squeeze"](x, 0), "has size N, not 1"),
    "index": (lambda: x[:, 784], r"index 784 is outside axis 1 of shape \(N, 784\)"),
    "indices": (lambda: x[0, 0, 0], "3 indices for the 2 axes"),
    "step": (lambda: x[::3], "step of 3 through a symbolic size N"),
    "pad": (lambda: F["pad"](x, [(1, 1)]), "1 pairs of widths for the 2 axes"),
    "broadcast": (lambda: F["broadcast"](x, ("N", 1)), r"broadcast: \(N, 784\) does not become \(N, 1\)"),
    "trace": (lambda: F["trace"](x), r"trace: a square matrix is needed, not shape \(N, 784\)"),
    "empty max": (lambda: F["max"](input_("e", (0, 2)), axis=0), r"max: an axis of shape \(0, 2\) is empty"),
    "scatter": (
        lambda: F["scatter_add"](x, input_("i", 3, dtype="int"), (5, 784)),
        "scatter_add: updates of shape",
    ),
    "empty list": (lambda: F["add"]([], 1), "an empty list has no shape"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_shape_errors_show_the_formula_and_the_numbers(name):
    ask, sentence = ERRORS[name]
    with pytest.raises(ShapeError, match=sentence):
        ask()


def test_whole_numbers_of_numpy_are_dimensions():
    assert shape_of((np.int64(3), "N")) == (3, dim("N"))
    assert type(shape_of(np.int32(3))[0]) is int
    with pytest.raises(ShapeError, match="a dimension is a whole number"):
        dim(np.ones(2))
