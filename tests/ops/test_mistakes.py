"""A wrong option or operand is refused in one sentence that begins with the operation."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

import graphc as g
from graphc.ir.text import from_text

x, z, s = g.input("x", ("N", 8)), g.input("z", ("N", 5)), g.input("s")
W, U, b = g.param("W", (8, 5)), g.param("U", (5, 5)), g.param("b", 5)
image, K = g.input("image", ("N", 3, 32, 32)), g.param("K", (4, 3, 5, 5))


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        (lambda: g.relu("x"), "relu: 'x' is not a number"),
        (lambda: g.softmax(None), "softmax: None is not a number"),
        (lambda: g.leaky_relu(x, slope="a"), "leaky_relu: slope is a number, not 'a'"),
        (lambda: g.leaky_relu(x, slope=s), "leaky_relu: slope is a number, not s"),
        (lambda: g.leaky_relu(x, slope=True), "leaky_relu: slope is a number, not True"),
        (lambda: g.leaky_relu(x, slope=float("inf")), "leaky_relu: slope is a number, not inf"),
        (lambda: g.elu(x, alpha=None), "elu: alpha is a number, not None"),
        (lambda: g.huber(z, z, delta="a"), "huber: delta is a number, not 'a'"),
        (lambda: g.standardize(x, axes=0, eps="a"), "standardize: eps is a number, not 'a'"),
        (lambda: g.dropout(x, rate="a", key="k"), "dropout: rate is a number, not 'a'"),
        (lambda: g.maxout(x, pieces="a"), "maxout: pieces is a whole number from 1 on, not 'a'"),
        (lambda: g.conv2d(image, K, stride="a"), "conv2d with kernel K: stride is a whole number, not 'a'"),
        (
            lambda: g.scaled_dot_product_attention(x, x, x, causal="yes"),
            "attention: causal is True or False, not 'yes'",
        ),
        (
            lambda: g.scaled_dot_product_attention(x, x, x, mask=z),
            "attention: a mask broadcasts to the scores, of shape (N, N), which (N, 5) does not",
        ),
        (
            lambda: g.multi_head_attention(x, x, x, W, W, W, W, heads=0),
            "multi_head_attention: heads is a whole number from 1, not 0",
        ),
        (
            lambda: g.rnn_cell(x, z, U, U),
            "matmul: (N, 8) @ (5, 5): the inner sizes differ, 8 against 5",
        ),
        (
            lambda: g.gru_cell(x, z, W, W),
            "gru_cell: W has to have the shape (D, 3*H) for a state of 5 numbers, not (8, 5)",
        ),
        (
            lambda: g.lstm_cell(x, z, z, g.param("V", (8, 20)), U),
            "lstm_cell: U has to have the shape (H, 4*H) for a state of 5 numbers, not (5, 5)",
        ),
        (lambda: g.assume("s>0"), "facts are assumed of a node, as in assume(x, Range(low=0)), not of 's>0'"),
        (
            lambda: g.assume(s, "s>0"),
            "a fact is Integer(), OneHot(axis), Range(low, high), SumsTo(axis, value) or Symmetric(), not 's>0'",
        ),
    ],
)
def test_a_mistake_is_one_sentence(mistake: Callable[[], object], sentence: str) -> None:
    with pytest.raises(g.GraphcError) as caught:
        mistake()
    assert str(caught.value) == sentence


def test_a_number_may_be_a_constant_of_the_graph() -> None:
    assert g.leaky_relu(x, slope=g.const(0.2)) is g.leaky_relu(x, slope=0.2)
    assert g.expression("leaky_relu(x, slope=1/5)", x=x) is g.leaky_relu(x, slope=0.2)
    assert g.expression("huber(z, 0, delta=-(1 - 3/2))", z=z) is g.huber(z, 0, delta=0.5)
    with pytest.raises(g.DTypeError, match="slope is a number"):
        g.expression("leaky_relu(x, slope=1/0)", x=x)


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        (lambda: g.relu(), r"relu\(x\) takes 1 operand, 0 given"),
        (lambda: g.huber(z), r"huber\(y, t\) takes 2 operands, 1 given"),
        (lambda: g.sigmoid(x, z), r"sigmoid\(x\) takes 1 operand, 2 given"),
        (lambda: g.sum(), r"^sum\(\) missing 1 required positional argument"),
        (lambda: g.input(), r"^input\(\) missing 1 required positional argument"),
        (lambda: g.compile(s, upd={}), r"^compile\(\) got an unexpected keyword argument 'upd'"),
        (lambda: g.sum(x, 1), r"sum\(\) takes 1 positional argument but 2 were given"),
    ],
)
def test_missing_operands_are_called_by_the_name_of_the_function(
    mistake: Callable[[], object], sentence: str
) -> None:
    with pytest.raises(TypeError, match=sentence):
        mistake()


LONG = 10**5000


@pytest.mark.parametrize(
    "make", [lambda: LONG, lambda: -LONG, lambda: Fraction(1, LONG), lambda: Fraction(LONG, 3)]
)
def test_a_number_of_any_length_is_printed(make: Callable[[], Any]) -> None:
    node = g.const(make())
    assert str(node) == repr(node)  # too long for one line
    assert from_text(str(g.Graph(node))) == [node]
