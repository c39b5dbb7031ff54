"""LaTeX and Markdown: notation, names of every kind, and a document that compiles."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from graphc.derive import derive
from graphc.derive.breaks import broken_latex
from graphc.derive.latex_forms import latex_definition, latex_mention, latex_shape
from graphc.derive.latex_names import latex_name
from graphc.ir.node import Node
from graphc.ops import FUNCTIONS, const, input_, param

F = FUNCTIONS
x, y, z = input_("x"), input_("y"), input_("z")
X, W, B = input_("X", ("N", 3)), param("W", (3, 2)), input_("B", ("N", 2))


@pytest.mark.parametrize(
    ("name", "axes", "expected"),
    [
        ("x", 0, "x"),
        ("x1", 0, "x_{1}"),
        ("x_12", 0, "x_{12}"),
        ("w_hidden", 0, r"w_{\mathrm{hidden}}"),
        ("x_1_2", 0, "x_{1,2}"),
        ("loss", 0, r"\mathrm{loss}"),
        ("W", 2, r"\mathbf{W}"),
        ("W1", 2, r"\mathbf{W}_{1}"),
        ("gamma", 0, r"\gamma"),
        ("γ", 1, r"\boldsymbol{\gamma}"),
        ("가중치", 0, r"\text{가중치}"),
        ("입력_1", 0, r"\text{입력}_{1}"),
        ("_", 0, r"\_"),
        ("a__b", 0, r"\mathrm{a}\_\_\mathrm{b}"),
        ("net/dense1/W", 0, r"\text{net/dense1/W}"),
        ("<script>", 0, r"<\mathrm{script}>"),
        ("50%&$#{}", 0, r"\mathrm{50}\%\&\$\#\{\}"),
        ("a\\b~c^d", 0, r"\mathrm{a}\backslash \mathrm{b}\sim \mathrm{c}\wedge \mathrm{d}"),
        ("a\nb", 0, r"\mathrm{a}\ \mathrm{b}"),
    ],
)
def test_names(name: str, axes: int, expected: str) -> None:
    assert latex_name(name, axes) == expected


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ((x + y) * z, r"(x + y)\,z"),
        (x * y / (z + 1), r"\frac{x\,y}{z + 1}"),
        (-(x * y), r"-x\,y"),
        (x - (y - z), "x - (y - z)"),
        (x * (-y), r"x\,(-y)"),
        (x + (-y), "x + (-y)"),
        (2 * x, "2x"),
        (const(2) * 3, r"2 \cdot 3"),
        ((x + y) ** 2, "(x + y)^{2}"),
        ((x / y) ** 2, r"\left(\frac{x}{y}\right)^{2}"),
        (x**-1, "x^{-1}"),
        (F["exp"](-x), "e^{-x}"),
        (F["exp"](-x) ** 2, "(e^{-x})^{2}"),
        (F["exp"](X), r"\exp(\mathbf{X})"),
        (F["sigmoid"](x), r"\sigma(x)"),
        (F["log"](x / y), r"\log\left(\frac{x}{y}\right)"),
        (F["sqrt"](x), r"\sqrt{x}"),
        (abs(x), r"\left|x\right|"),
        (F["max"](x, 0), r"\max(x, 0)"),
        (x * (y > 0), r"x\,[\,y > 0\,]"),
        (F["where"](x > 0, x, 0), r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}"),
        (X @ W, r"\mathbf{X}\,\mathbf{W}"),
        (X.T @ (X @ W - B), r"\mathbf{X}^\top\,(\mathbf{X}\,\mathbf{W} - \mathbf{B})"),
        ((X @ W) * B, r"(\mathbf{X}\,\mathbf{W}) \odot \mathbf{B}"),
        ((X @ W) * x, r"\mathbf{X}\,\mathbf{W}\,x"),
        (F["sum"](B, axis=0), r"\sum_{n} \mathbf{B}"),
        (F["sum"](B * B), r"\sum \mathbf{B} \odot \mathbf{B}"),
        (F["sum"](B - 1), r"\sum (\mathbf{B} - 1)"),
        (F["mean"](B, axis=0), r"\frac{1}{N} \sum_{n} \mathbf{B}"),
        (x * F["sum"](B), r"x\,\sum \mathbf{B}"),
        (F["sum"](B) * x, r"\left(\sum \mathbf{B}\right)\,x"),
        (F["sum"](B) + x, r"\left(\sum \mathbf{B}\right) + x"),
        (x - F["sum"](B), r"x - \sum \mathbf{B}"),
        (F["broadcast"](1, ("N", 2)), r"\mathbf{1}_{N \times 2}"),
        (F["broadcast"](x, ("N", 2)), r"x\,\mathbf{1}_{N \times 2}"),
        (F["contract"]("nk,nk->n", X, X), r"\sum_{j} \mathbf{X} \odot \mathbf{X}"),
        (F["contract"]("nk,nk->kn", X, X), r"\mathbf{X}_{nk}\,\mathbf{X}_{nk}"),
        (F["one_hot"](input_("t", "N", dtype="int"), 3), r"\operatorname{onehot}_{3}(\mathbf{t})"),
        (F["leaky_relu"](x, slope=0.2), r"\operatorname{LeakyReLU}_{\text{slope=1/5}}(x)"),
        (x * const("pi"), r"x\,\pi"),
        (const(1.5e-9) * x, r"1.5 \cdot 10^{-9}\,x"),
    ],
)
def test_expressions(node: Node, expected: str) -> None:
    assert latex_definition(node, {}) == expected


def test_named_nodes_are_mentioned_by_name() -> None:
    q = (x + y).named("q")
    assert latex_mention(q, {}) == "q"
    assert latex_definition(q * z, {}) == r"q\,z"


def test_spaces() -> None:
    assert latex_shape(X.shape) == r"\mathbb{R}^{N \times 3}"
    assert latex_shape(()) == r"\mathbb{R}"


def _loss() -> Node:
    logits = (F["tanh"](X @ W + param("b", 2)) * param("gamma", 2)).named("z")
    return F["cross_entropy"](logits, input_("t", "N", dtype="int")).named("loss")


def test_the_chain_rule_in_latex() -> None:
    text = derive(F["sigmoid"](x)).latex()
    assert r"\frac{\partial y}{\partial x} &= \frac{\partial y}{\partial y} \cdot" in text
    assert r"\cdot \frac{\partial}{\partial x}\,\sigma(x)" in text
    assert r"&= y\,(1 - y) \tag*{\small in terms of the output}" in text


def test_matrix_notation() -> None:
    text = derive(_loss()).latex()
    gradient = r"\frac{\partial \mathrm{loss}}{\partial "
    assert rf"{gradient}\mathbf{{W}}}} &= \mathbf{{X}}^\top\,{gradient}" in text
    assert r"\in \mathbb{R}^{N \times 2}" in text
    assert r"\odot" in text


def test_a_fragment_has_no_document_and_a_document_has() -> None:
    d = derive(_loss())
    assert r"\begin{document}" not in d.latex()
    assert d.latex(document=True).count(r"\begin{document}") == 1


def test_a_font_package_only_where_it_is_needed() -> None:
    assert "kotex" not in derive(x * y).latex(document=True)
    assert "kotex" in derive(input_("가중치") * y).latex(document=True)


def test_environments_and_braces_balance() -> None:
    text = derive(_loss()).latex(document=True)
    assert sorted(re.findall(r"\\begin\{(.*?)\}", text)) == sorted(re.findall(r"\\end\{(.*?)\}", text))
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")


def test_markdown_has_displays_and_nothing_html_reads() -> None:
    text = derive(F["relu"](input_("<b>") * x) * (y > 0)).markdown()
    assert text.count("$$") % 2 == 0
    assert "<" not in text
    assert ">" not in text
    assert "### Backward" in text


NAMES = ("x_1", "<script>", "50%&$#{}_~^\\", "a'b`c", "learning_rate", "σ", "two\nlines")


@pytest.mark.parametrize("source", ["network", "names", "sum"])
def test_the_document_compiles(source: str, tmp_path: Path, require_program: Callable[[str], str]) -> None:
    if source == "network":
        output = _loss()
    elif source == "names":
        output = F["sum"](F["exp"](F["stack"]([input_(n) for n in NAMES])))
    else:
        output = x
        for _ in range(100):
            output = output + x * y
    (tmp_path / "page.tex").write_text(derive(output).latex(document=True), encoding="utf-8")
    command = [require_program("pdflatex"), "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (F["sum"](2 * B, axis=0) / z, r"\frac{1}{z} \sum_{n} 2\,\mathbf{B}"),
        (2 * F["sum"](B, axis=0) / z, r"\frac{2}{z} \sum_{n} \mathbf{B}"),
        (const(10**30) * x, r"10^{30}\,x"),
        (x * (y * (X @ W)) * B, r"(x\,y\,\mathbf{X}\,\mathbf{W}) \odot \mathbf{B}"),
        (F["transpose"](input_("a", (2, 3, 4)), axes=(0, 2, 1)), r"\mathbf{a}^\top"),
    ],
)
def test_fractions_and_products(node: Node, expected: str) -> None:
    assert latex_definition(node, {}) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("xhat", r"\hat{x}"),
        ("x_hat", r"\hat{x}"),
        ("mubar_2", r"\bar{\mu}_{2}"),
        ("that1", r"\hat{t}_{1}"),
        ("x_1_hat", r"\hat{x}_{1}"),
        ("dense1_hat", r"\widehat{\mathrm{dense}}_{1}"),
        ("hidden_bar", r"\overline{\mathrm{hidden}}"),
    ],
)
def test_accents(name: str, expected: str) -> None:
    assert latex_name(name) == expected


def test_a_long_line_is_broken_within_its_brackets() -> None:
    terms = " + ".join(rf"\frac{{a_{{{i}}}}}{{b}}" for i in range(40))
    line = rf"c \left({terms}\right)"
    lines = broken_latex(line, 30)
    assert len(lines) > 2
    assert lines[0].startswith(r"c \Biggl(")
    assert lines[-1].endswith(r"\Biggr)")
    assert not any(r"\left" in piece or r"\right" in piece for piece in lines)
    assert all(piece.count("{") == piece.count("}") for piece in lines)
    assert broken_latex(line, 10**4) == [line]


def test_names_of_functions_are_words() -> None:
    x, gamma, beta = input_("x", ("N", 3)), param("gamma", 3), param("beta", 3)
    loss = FUNCTIONS["mean"](FUNCTIONS["batch_norm"](x, gamma, beta) ** 2)
    text = derive(loss).latex()
    assert "the chain rule through the parts of batch norm}" in text
    assert r"\operatorname{batch\,norm}" in text
    assert r"\_" not in text
