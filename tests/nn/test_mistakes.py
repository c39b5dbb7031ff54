"""A layer that cannot be built says where it stands and what it takes, in one sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import graphc as g
from graphc import nn

x, t, rows = g.input("x", ("N", 8)), g.input("t", "N", dtype="int"), g.input("rows", ("N", 4, 8))
image = g.input("image", ("N", 3, 32, 32))


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        (lambda: nn.Conv2D(4, 3, groups="a")(image), "conv2d: groups is a whole number from 1, not 'a'"),
        (lambda: nn.Conv2D(4, 3, groups=0)(image), "conv2d: groups is a whole number from 1, not 0"),
        (lambda: nn.Conv2D(4, 3, layout=3)(image), "`conv2d`: `layout` is `NCHW` or `NHWC`, not `3`"),
        (lambda: nn.BatchNorm(axis="a")(x), "batchnorm: shape (N, 8) has no axis a of channels"),
        (lambda: nn.LayerNorm(axes="a")(x), "layernorm: axes is a whole number from 1, not 'a'"),
        (lambda: nn.Embedding(0, 3)(t), "embedding: count is a whole number from 1, not 0"),
        (lambda: nn.Embedding("a", 3)(t), "embedding: count is a whole number from 1, not 'a'"),
        (
            lambda: nn.MultiHeadAttention("a")(rows),
            "multiheadattention: heads is a whole number from 1, not 'a'",
        ),
        (
            lambda: nn.Residual(),
            "a residual block has layers between its input and the sum; give at least one",
        ),
        (
            lambda: nn.BatchNorm(momentum=2)(x),
            "batchnorm: the momentum lies between 0 and 1, and 2 was given",
        ),
        (lambda: nn.BatchNorm(momentum="a")(x), "batchnorm: momentum is a number, not 'a'"),
        (
            lambda: nn.BatchNorm(momentum=2).train(x),
            "batchnorm: the momentum lies between 0 and 1, and 2 was given",
        ),
        (
            lambda: nn.BatchNorm(eps=-1)(x),
            "batchnorm: eps is added to a variance and cannot be negative, as -1 is",
        ),
        (
            lambda: nn.LayerNorm(eps=-1)(x),
            "layernorm: eps is added to a variance and cannot be negative, as -1 is",
        ),
        (
            lambda: nn.initial_values(x, sizes={"N": -1}),
            "the size N is a whole number from 0, not -1",
        ),
        (
            lambda: nn.Dense(3, name="a\nb")(x),
            "a layer's name is made of letters, digits and '_', and begins with no digit; 'a\\nb' is not",
        ),
        (
            lambda: nn.Sequential(nn.Dense(3), name="my net!")(x),
            "a layer's name is made of letters, digits and '_', and begins with no digit; 'my net!' is not",
        ),
        (
            lambda: nn.monte_carlo("a", x),
            "monte_carlo: the model is a layer or made of layers, not 'a'",
        ),
        (
            lambda: nn.monte_carlo(nn.Dense(3), "x"),
            "the input of a model has to be a node of a graph, not 'x'",
        ),
        (lambda: nn.flops("x"), "what is counted has to be a node of a graph, not 'x'"),
        (lambda: nn.flops(3), "what is counted has to be a node of a graph, not 3"),
        (lambda: nn.initial_values(x, seed="a"), "a seed is a whole number from 0, not 'a'"),
        (lambda: nn.initial_values(x, seed=-1), "a seed is a whole number from 0, not -1"),
        (lambda: g.init.constant("a"), "constant: the value is a finite number, not 'a'"),
        (lambda: g.init.normal(-1), "normal: std is at least 0, not -1"),
        (lambda: g.init.normal(float("nan")), "normal: std is a finite number, not nan"),
        (lambda: g.init.uniform(1, 0), "uniform: low is not above high, and 1 and 0 were given"),
        (lambda: g.init.he(gain=None), "he: gain is a finite number, not None"),
    ],
)
def test_a_mistake_is_one_sentence(mistake: Callable[[], object], sentence: str) -> None:
    with pytest.raises(g.GraphcError) as caught:
        mistake()
    assert str(caught.value) == sentence


def test_a_name_may_have_letters_of_any_script() -> None:
    assert nn.Dense(3, name="слой_1")(x).name == "слой_1"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ReLU", "; an activation is a layer by its name, Activation('relu')"),
        ("LeakyReLU", "; an activation is a layer by its name, Activation('leaky_relu')"),
        ("Hardsigmoid", "; an activation is a layer by its name, Activation('hard_sigmoid')"),
        ("Conv3D", "; did you mean 'Conv2D'?"),
        ("BatchNorm2d", "; did you mean 'BatchNorm'?"),
        ("Linear", "; did you mean 'Dense'?"),
        ("zzz", ""),
    ],
)
def test_a_layer_that_is_not_there(name: str, hint: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(nn, name)
    assert str(caught.value) == f"graphc.nn has no {name!r}{hint}"


def test_sizes_of_the_input_are_not_given():
    x = g.input("x", ("N", 784))
    with pytest.raises(g.GraphcError, match=r"only the number of units is given, as in Dense\(256\)"):
        nn.Dense(784, 256)(x)
    for wrong in (lambda: nn.Conv2D(3, 8, 3), lambda: nn.BatchNorm(256), lambda: nn.LayerNorm(256)):
        with pytest.raises(TypeError, match="positional argument"):
            wrong()
