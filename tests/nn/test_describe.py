"""`describe`: the record of a name, its print, and what is said of a name that is none."""

from __future__ import annotations

import pytest

import graphc as g
from graphc.derive.activation import Activation
from graphc.nn.describe import ELSEWHERE, activations
from graphc.ops.activations import relu


@pytest.mark.parametrize("name", activations())
def test_every_activation_there_is_can_be_described(name):
    text = str(g.describe(name))
    assert text.startswith(f"{name}(")
    assert {len(line) - len(line[2:].split("  ")[-1].lstrip()) for line in text.splitlines()[1:] if line}
    assert "zoo" not in text
    assert "nan" not in text
    assert "Piecewise" not in text


def test_all_of_the_course_are_there():
    wanted = (
        "identity step sigmoid hard_sigmoid tanh relu leaky_relu prelu elu selu gelu gelu_tanh silu softplus softsign "
        "maxout softmax log_softmax abs sin"
    )
    assert set(wanted.split()) <= set(activations())
    assert not {"add", "less", "where", "dropout"} & set(activations())


def test_a_record_prints_as_a_small_table():
    assert str(g.describe("relu")) == (
        "relu(x)\n"
        "  y             max(x, 0)\n"
        "  dy/dx         x > 0\n"
        "  range         [0, ∞)\n"
        "  slopes        [0, 1]; the greatest, 1, for x > 0\n"
        "  saturates     on the left\n"
        "  monotonic     increasing\n"
        "  zero-centred  no: standard normal inputs have mean output 0.399"
    )
    assert "sum of y  1" in str(g.describe("softmax"))


def test_a_record_is_found_once():
    first = g.describe("leaky_relu", slope=1 / 4)
    assert isinstance(first, Activation)
    assert g.describe("leaky_relu", slope=0.25) is first


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        ("sigmod", "there is no activation 'sigmod'; did you mean 'sigmoid'?"),
        ("ReLU", "there is no activation 'ReLU'; did you mean 'relu'?"),
        ("swish", "there is no activation 'swish'; did you mean 'silu'?"),
        ("leaky relu", "there is no activation 'leaky relu'; did you mean 'leaky_relu'?"),
        ("matmul", "there is no activation 'matmul'"),
        ("q" * 10**5, "there is no activation"),
        (3, "describe takes the name of an activation"),
        (relu, "describe takes the name of an activation"),
    ],
    ids=lambda v: str(v)[:20],
)
def test_what_is_no_activation(thing, message):
    with pytest.raises(g.GraphcError) as error:
        g.describe(thing)
    assert str(error.value).startswith(message)


def test_other_names_lead_to_activations():
    assert set(ELSEWHERE.values()) <= set(activations())
