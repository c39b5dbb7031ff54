"""Names: spelt by plain rules, by the table, refused where two fit."""

from __future__ import annotations

import pytest

from graphc.ir.errors import ParseError
from graphc.lang import parse
from graphc.lang.latex import check_names
from tests.lang.latex.written import one, read, text


def first(latex: str, graph: str, names: dict[str, str] | None = None) -> str:
    program = parse(graph, source="model", declared_only=True)
    return text(read(latex, program, names)[0])


SPELT = [
    (r"W_1", "W1"),
    (r"W_{1}", "W1"),
    (r"W^{(1)}", "W1"),
    (r"W^{[1]}", "W1"),
    (r"\mathbf{W}_1", "W1"),
    (r"\boldsymbol{\theta}", "theta"),
    (r"\theta", "theta"),
    (r"\theta", "θ"),
    (r"\lambda", "lam"),
    (r"\lambda", "lambda_"),
    (r"\varepsilon", "eps"),
    (r"\hat{y}", "y_hat"),
    (r"\hat y", "yhat"),
    (r"\widehat{y}_1", "y_hat1"),
    (r"\hat{y}_1", "y1_hat"),
    (r"\hat{y_1}", "y1_hat"),
    (r"\bar{x}_{out}", "x_bar_out"),
    (r"\tilde x", "x_tilde"),
    (r"W_{ih}", "W_ih"),
    (r"W_{\text{out}}", "W_out"),
    (r"W_{\mathrm{out}}", "W_out"),
    (r"W_\text{out}", "W_out"),
    (r"w_{1,2}", "w1_2"),
    (r"z^{*}", "z_star"),
    (r"z^\star", "z_star"),
    (r"z'", "z_prime"),
    (r"\mathrm{lr}", "lr"),
    (r"\text{loss}", "loss"),
    (r"\mathcal{L}", "loss"),
    (r"L", "L"),
    (r"\ell", "loss"),
    (r"z^{(1)}_{out}", "z1_out"),
    (r"\vec{v}", "v"),
    (r"\mathbf x", "x"),
]


@pytest.mark.parametrize(("latex", "name"), SPELT)
def test_spellings(latex: str, name: str) -> None:
    assert first(f"q = {latex}", f"{name} = input()") == f"q = {name}"


@pytest.mark.parametrize(
    ("latex", "name"),
    [
        (r"\hat{y}", "y_hat"),
        (r"W_1", "W1"),
        (r"z^{(2)}", "z2"),
        (r"\lambda", "lam"),
        (r"\delta", "delta"),
        (r"\delta_2", "delta2"),
        (r"\delta^{(2)}", "delta2"),
        (r"x_{out}", "x_out"),
        (r"z^*", "z_star"),
        (r"c_{pred}", "c_pred"),
        (r"\mathrm{mse}", "mse"),
    ],
)
def test_new_names_are_spelt_plainly(latex: str, name: str) -> None:
    assert first(f"{latex} = c", "c = input()") == f"{name} = c"


def test_the_loss_is_L_only_where_nothing_else_is() -> None:
    assert first("q = L", "L = input(); loss = L*2") == "q = L"
    assert first("L = c", "c = input()") == "L = c"


def test_what_a_name_depends_on_may_stand_behind_it_on_the_left() -> None:
    assert first("f(c) = c^2", "c = input()") == "f = (c ** 2)"
    assert first("L(c) = 2c", "c = input(); loss = 2*c") == "loss == (2 * c)"
    assert first("a(c) = 2c", "c = input(); a = input()") == "(a * c) == (2 * c)"
    assert first(r"\sigma(c) = 2c", "c = input()") == "sigmoid(c) == (2 * c)"
    assert first("f_1(c, a) = c", "c = input(); a = input()") == "f1 = c"


def test_two_names_that_fit_are_refused() -> None:
    with pytest.raises(ParseError, match="may be `W1` and `W_1`"):
        first("q = W_1", "W1 = input(); W_1 = input()")
    with pytest.raises(ParseError, match="may be `W_ij` or an entry of `W`"):
        first("q = W_{ij}", "W = input(N, D); W_ij = input()")
    assert first("q = W_1", "W1 = input(); W_1 = input()", {"W_1": "W_1"}) == "q = W_1"


def test_the_table() -> None:
    graph = "p = input(N); y = input(N); g2 = input(); V = input(N, N)"
    names = {r"\hat{y}": "p", r"\gamma_{2}": "g2", r"\mathbf{V}": "V", r"\pred": "p"}
    assert first(r"q = \hat y - y", graph, names) == "q = (p - y)"
    assert first(r"q = \gamma_2 \mathbf{V}", graph, names) == "q = (g2 * V)"
    assert first(r"q = \pred", graph, names) == "q = p"
    assert first(r"\hat y_i = y_i", graph, names) == "p[i] == y[i]"
    assert first(r"\phi = y", graph, {r"\phi": "f"}) == "f = y"
    assert first(r"d\hat{y} = y", graph, names) == "dp = y"


def test_a_power_is_a_name_where_the_table_says_so() -> None:
    graph = "var = input(D); eps = input(); sigma = input(D)"
    names = {r"\sigma^2": "var", r"\sigma_B^2": "s"}
    assert first(r"q = \sigma^2 + \epsilon", graph, names) == "q = (var + eps)"
    assert first(r"q = \sigma^3", graph, names) == "q = (sigma ** 3)"
    assert first(r"\sigma_B^2 = c", "c = input()", names) == "s = c"
    assert first(r"\sigma^2_B = c", "c = input()", names) == "s = c"


def test_a_number_and_indices_in_one_subscript() -> None:
    graph = "W1 = input(N, D); b1 = input(D)"
    assert first(r"W_{1,ij} = b_{1,j}", graph) == "W1[i,j] == b1[j]"
    assert first(r"(W_1)_{ij} = (b_1)_j", graph) == "W1[i,j] == b1[j]"


@pytest.mark.parametrize("written", ["", "2", "a + b", "a b", r"\frac{a}{b}", "a^{-1}", "a = b"])
def test_a_table_binds_names_only(written: str) -> None:
    with pytest.raises(ParseError):
        check_names({written: "p"})


@pytest.mark.parametrize(
    ("latex", "reason"),
    [
        ("q = x", "`x` is read as `x`, which is not defined; bind it with `graphc: names x = …`"),
        (r"q = \hat{p}", "`p_hat`"),
        (r"q = \foo", r"the command `\foo` is not read"),
        ("q = loss", r"\mathrm{loss}"),
        ("q = dw", "`dw` is not defined"),
        (r"\mathrm{if} = c", "cannot be a name"),
        (r"e = c", "`e`"),
    ],
)
def test_unknown_names(latex: str, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        one(latex)
    assert reason in str(caught.value)
