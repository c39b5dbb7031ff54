"""Names that are paths, `net/dense1/W`, read as names in every form a derivation is written in."""

from __future__ import annotations

import pytest

from graphc import pipeline
from graphc.derive import derive
from graphc.derive.latex_names import latex_name
from graphc.nn import Dense, Sequential
from graphc.ops import FUNCTIONS, input_, param

F = FUNCTIONS
x = input_("x", ("N", 4))


def two_layers(name: str = ""):
    z = Sequential(Dense(3, activation="tanh"), Dense(2), name=name).test(x)
    return F["sum"](z * z).named("loss")


def test_in_text_the_scope_of_the_only_model_is_left_out() -> None:
    text = derive(two_layers()).text()
    assert "dense2 = dense1 @ dense2.W + dense2.b" in text
    assert "ddense1.W = x.T @ dh1" in text
    assert "/dense" not in text.replace("dloss/ddense2", "")
    assert "net" not in text


def test_two_models_keep_their_scopes() -> None:
    loss = two_layers("G") + two_layers("D")
    text = derive(loss).text()
    assert "G.dense2 = G.dense1 @ G.dense2.W + G.dense2.b" in text
    assert "D.dense2 = D.dense1 @ D.dense2.W + D.dense2.b" in text


def test_a_short_name_that_something_else_has_is_not_used() -> None:
    W = param("W", (4, 4))
    loss = F["sum"](x @ W @ param("net/W", (4, 4)))
    assert "h2 = h1 @ net.W" in derive(loss).text()


def test_a_name_with_a_slash_that_is_no_path_stays_as_it_is() -> None:
    assert str(input_("a b/c") * 2) == "a b/c*2"
    assert str(input_("net/dense1/W") * 2) == "net.dense1.W*2"


@pytest.mark.parametrize(
    ("name", "axes", "wanted"),
    [
        ("dense1.W", 2, r"\mathbf{W}_{\mathrm{dense1}}"),
        ("dense1", 2, r"\mathbf{dense}_{1}"),
        ("batchnorm1.gamma", 1, r"\boldsymbol{\gamma}_{\mathrm{batchnorm1}}"),
        ("G.dense1.b", 1, r"\mathbf{b}_{\text{G.dense1}}"),
        ("gru.W_h", 2, r"\mathbf{W}_{h,\mathrm{gru}}"),
        ("0.5", 0, r"\text{0.5}"),
    ],
)
def test_in_latex_a_scope_is_a_subscript(name: str, axes: int, wanted: str) -> None:
    assert latex_name(name, axes) == wanted


def test_latex_speaks_of_the_same_names_as_the_text() -> None:
    latex = derive(two_layers()).latex()
    assert r"\mathbf{x}\,\mathbf{W}_{\mathrm{dense1}} + \mathbf{b}_{\mathrm{dense1}}" in latex
    assert "net" not in latex


def test_a_picture_speaks_of_them_too() -> None:
    svg = pipeline.draw(two_layers()).svg
    assert "dense2.W" in svg
    assert "net" not in svg
