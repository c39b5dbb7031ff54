"""Masks: what they keep, rows that keep nothing, scores far from 0; and what attention refuses."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as g
from graphc.ir.errors import ShapeError

q, k, v = g.input("q", (2, 3)), g.input("k", (4, 3)), g.input("v", (4, 5))
mask = g.input("mask", (2, 4), dtype="bool")
HOLES = np.array([[1, 0, 1, 1], [0, 0, 0, 0]], bool)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1, 1e3, 1e15])
def test_a_query_that_keeps_nothing_gets_zeros_and_no_gradient(dtype, scale):
    y = g.scaled_dot_product_attention(q, k, v, mask=mask)
    first = g.gradients(g.sum(y**2), [q, k, v])
    second = g.gradients(sum(g.sum(d**2) for d in first), [q, k, v])
    rng = np.random.default_rng(0)
    given = {"q": rng.normal(size=(2, 3)) * scale, "k": rng.normal(size=(4, 3)), "v": rng.normal(size=(4, 5))}
    f = g.compile([y, *first, *second], dtype=dtype)
    for arrays in (f(**given, mask=HOLES), f.naive(**given, mask=HOLES)):
        assert all(np.isfinite(a).all() for a in arrays)
        values, dq, dk, *_ = arrays
        assert not values[1].any()
        assert not dq[1].any()
        assert not dk[1].any()
        assert scale > 1e3 or values[0].any()


def test_a_masked_score_does_not_matter_however_large_it_is():
    z, m = g.input("z", 3), g.input("m", 3, dtype="int")
    f = g.compile(g.masked_softmax(z, m), dtype="float32")
    for large in (0, 1e3, 3e38, -3e38):
        np.testing.assert_allclose(f(z=[0.0, large, np.log(3)], m=[1, 0, 1]), [0.25, 0, 0.75], rtol=1e-6)


def test_no_place_sees_a_later_one():
    """A change of the last key or value changes the last result only."""
    x = g.input("x", ("T", 3))
    f = g.compile(g.scaled_dot_product_attention(x, x, x, causal=True))
    at = np.arange(12.0).reshape(4, 3) / 7
    moved = at + np.array([[0], [0], [0], [1]])
    before, after = f(x=at), f(x=moved)
    assert (before[:3] == after[:3]).all()
    assert (before[3] != after[3]).all()


def test_several_heads_are_attention_on_columns_of_their_own():
    x = g.input("x", ("T", 4))
    eye = g.eye(4)
    both = g.multi_head_attention(x, x, x, eye, eye, eye, eye, heads=2)
    parts = [g.scaled_dot_product_attention(p, p, p) for p in (x[:, :2], x[:, 2:])]
    at = np.random.default_rng(0).normal(size=(3, 4))
    a, b = g.compile([both, g.concat(parts, axis=1)])(x=at)
    np.testing.assert_allclose(a, b, rtol=1e-13)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (
            lambda: g.scaled_dot_product_attention(q, g.input("k", (4, 2)), v),
            "queries have 3 entries and keys 2",
        ),
        (lambda: g.scaled_dot_product_attention(q, k, g.input("v", (5, 5))), "4 keys and 5 values"),
        (lambda: g.scaled_dot_product_attention(q, k, g.input("v", 5)), "v has a row for each place"),
        (
            lambda: g.multi_head_attention(q, q, q, *[g.eye(3)] * 4, heads=2),
            "3 columns of Wq do not divide into 2",
        ),
        (
            lambda: g.multi_head_attention(q, q, q, *[g.eye(3)] * 4, heads=0),
            "heads is a whole number from 1, not 0",
        ),
        (lambda: g.embedding(g.input("E", 3), g.input("i", 2, dtype="int")), "the table is a matrix"),
    ],
)
def test_refusals_are_sentences(ask, sentence):
    with pytest.raises(ShapeError, match=sentence):
        ask()
