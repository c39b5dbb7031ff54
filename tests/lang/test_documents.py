"""Markdown and LaTeX files to blocks, with the lines and columns of the file."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from graphc.ir.errors import ParseError
from graphc.lang import load
from graphc.lang.documents import Block, latex_blocks, markdown_blocks
from tests.lang.latex.written import text

PAPER = r"""\documentclass{article}
\begin{document}
% graphc: X = input(N, D); y = input(N); w = param(D)
Text with $x = y$ and an unmarked display:
\[ a = b \]
\begin{graphc}
z = X @ w
p = sigmoid(z)
loss = -mean(y*log(p) + (1-y)*log(1-p))
\end{graphc}
\begin{verbatim}
% graphc: nonsense (
\end{verbatim}
  % graphc: names \hat{y} = p, \eta_{1} = z
% graphc: claim
\begin{equation}\label{eq:a}
  \frac{\partial L}{\partial w} = \frac{1}{N} X^\top (\hat y - y)
\end{equation}

%% graphc: claim
% a comment between

\begin{align*}
  \frac{\partial L}{\partial z} &= \frac1N (\hat y - y), \\
  \nabla_w L &= X^\top \frac{\partial L}{\partial z} \\
             &= \frac1N X^T(\sigma(\eta_1) - y).
\end{align*}
% graphc: claim
$$ \frac{\partial L}{\partial w_k} = \frac{1}{N}\sum_{n} (\hat y_n - y_n) X_{nk} $$
% graphc: dw = X.T @ (p - y)/N
\end{document}
% graphc: not read (
"""


def test_a_latex_document(tmp_path: Path) -> None:
    file = tmp_path / "paper.tex"
    file.write_text(PAPER, encoding="utf-8")
    program = load(str(file))
    found = [(c.statement.at.line, c.statement.at.column, text(c.statement)) for c in program.claims]
    assert found == [
        (17, 3, "d(loss)/d(w) == (((1 / N) * X.T) @ (p - y))"),
        (24, 3, "d(loss)/d(z) == ((1 / N) * (p - y))"),
        (25, 3, "d(loss)/d(w) == (X.T @ d(loss)/d(z)) == (((1 / N) * X.T) @ (sigmoid(z) - y))"),
        (29, 4, "d(loss)/d(w[k]) == ((1 / N) * sum(((p[n] - y[n]) * X[n,k]) for n in N))"),
    ]
    assert program.gradients == {"dw": "w"}
    assert program.names["loss"].shape == ()


NOTES = r"""# Notes

<!-- graphc: X = input(N, D); y = input(N); w = param(D) -->

```graphc
z = X @ w
loss = sum((z - y)**2)
```

<!-- graphc: names \hat{y} = z,
     r = y -->
<!-- graphc: claim -->
$$
\frac{\partial L}{\partial w} = 2 X^\top (\hat{y} - r)
$$

An unmarked display $$a = b$$ and code:

```
<!-- graphc: nonsense ( -->
```

<!-- graphc: claim -->

```math
\nabla_z L = 2 (\hat y - y)
```

A comment in text is not read: `<!-- graphc: nonsense ( -->`.
<!-- graphc: dw = 2*X.T @ (z - y) -->

<!-- graphc: claim -->
\begin{align}
\frac{\partial L}{\partial y} &= -2 (z - y)
\end{align}
"""


def test_a_markdown_document(tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text(NOTES, encoding="utf-8")
    program = load(str(file))
    found = [(c.statement.at.line, c.statement.at.column, text(c.statement)) for c in program.claims]
    assert found == [
        (14, 1, "d(loss)/d(w) == ((2 * X.T) @ (z - y))"),
        (26, 1, "d(loss)/d(z) == (2 * (z - y))"),
        (34, 1, "d(loss)/d(y) == (-(2 * (z - y)))"),
    ]
    assert program.gradients == {"dw": "w"}
    assert program.names["dw"].shape == program.names["w"].shape


def test_columns_of_statements_in_comments_are_those_of_the_file() -> None:
    (block,) = latex_blocks("  % graphc: a = x\n")
    assert block == Block(" " * 11 + " a = x", 1)
    (block,) = markdown_blocks("<!-- graphc: a = x -->")
    assert block.text.rstrip() == "             a = x"


def test_a_display_ends_where_it_ends() -> None:
    (first, second) = latex_blocks("% graphc: claim\n\\[ a \\\\[1ex] = b \\] % graphc: c\n% graphc: d = 1")
    assert (first.form, first.text.strip()) == ("latex", r"a \\[1ex] = b")
    assert second.text.strip() == "d = 1"


WRONG_LATEX = [
    ("nothing", "nothing in this file", None),
    ("% graphc: claim\n", "no display follows", 1),
    ("% graphc: claim\ntext\n\\[ a = b \\]", "no display follows", 1),
    ("% graphc: claim\n% graphc: claim\n\\[ a = b \\]", "no display follows", 1),
    ("% graphc: claim\n% graphc: a = x\n\\[ a = b \\]", "directly before", 1),
    ("\n% graphc: claim\n\\begin{equation} a = b", "never closed", 3),
    ("x\n\\begin{graphc}\na = x", "no `\\end{graphc}`", 2),
    ("% graphc:\n", "say something", 1),
    ("% graphc: names\\hat y\n", "names are written", 1),
    ("% graphc: names \\hat{y}\n", "names are written", 1),
    ("% graphc: names \\hat{y} = 2\n", "names are written", 1),
    ("% graphc: names \\hat{y} = p q\n", "names are written", 1),
    ("% graphc: names a + b = p\n", "is not one name", 1),
    ("% graphc: names a = p,, b = q\n", "cannot begin", 1),
]


@pytest.mark.parametrize(("source", "reason", "line"), WRONG_LATEX)
def test_latex_that_cannot_be_used(source: str, reason: str, line: int | None) -> None:
    with pytest.raises(ParseError) as caught:
        latex_blocks(source, "paper.tex")
    assert reason in str(caught.value)
    assert caught.value.source == "paper.tex"
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("no block", "no ```graphc block"),
        ("<!-- graphc: claim -->\ntext", "no display follows"),
        ("<!-- graphc: claim -->\n```graphc\na = x\n```", "directly before"),
        ("<!-- graphc: claim -->\n$$ a = b", "never closed"),
        ("<!-- graphc: claim", "end it with `-->`"),
        ("<!-- graphc: claim -->\n```math\na = b\n```\n<!-- graphc: claim -->", "no display follows"),
    ],
)
def test_markdown_that_cannot_be_used(source: str, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        markdown_blocks(source, "notes.md")
    assert reason in str(caught.value)


def test_errors_in_a_display_have_the_place_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "paper.tex"
    file.write_text("% graphc: a = input()\n% graphc: claim\n  \\[ a =\n   \\foo \\]\n", encoding="utf-8")
    with pytest.raises(ParseError) as caught:
        load(str(file))
    assert str(caught.value) == rf"{file}, line 4, column 4: the command `\foo` is not read"


@pytest.mark.parametrize(
    "source",
    [
        "% graphc: claim\n" * 10_000,
        "\\begin{verbatim}\n" * 10_000,
        "\\begin{graphc}\n" * 10_000,
        "% graphc: a = x\n" * 10_000,
        "% graphc: names " + "a = b, " * 20_000,
        "$$" * 90_000,
        "<!-- graphc: " * 10_000,
        "<!--" * 50_000,
        "```\n" * 40_000,
        "<!-- graphc: a = x -->" * 8_000,
        "<!-- x --> " * 16_000,
    ],
    ids=lambda text: text[:16],
)
def test_large_documents_are_read_or_refused_in_linear_time(source: str) -> None:
    begun = time.monotonic()
    for read in (latex_blocks, markdown_blocks):
        try:
            read(source)
        except ParseError as error:
            assert "\n" not in str(error)  # noqa: PT017
    assert time.monotonic() - begun < 20
