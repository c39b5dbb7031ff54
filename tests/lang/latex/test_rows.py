"""Displays with several rows, separators, notes; places and texts of statements."""

from __future__ import annotations

import pytest

from graphc.ir.errors import ParseError
from tests.lang.latex.written import model, read, text


def all_of(latex: str) -> list[str]:
    return [text(statement) for statement in read(latex, model())]


ROWS = [
    (r"q &= c + b \\ &= b + c", ["q = (c + b) == (b + c)"]),
    (r"q &= c \\ &\quad + b \\ &= b + c", ["q = (c + b) == (b + c)"]),
    (r"q &= c \\ & - b", ["q = (c - b)"]),
    (r"q &= c \\ v &= u", ["q = c", "v == u"]),
    (r"q &= c, & v &= u \\ u &= v & &= w", ["q = c", "v == u", "u == v == w"]),
    (r"q & = & c \\ v & = & u", ["q = c", "v == u"]),
    (r"& q = c \\ & v = u", ["q = c", "v == u"]),
    (r"q = c \\ + b \\ - 2", ["q = ((c + b) - 2)"]),
    (r"q = c \\ -v = -u", ["q = c", "(-v) == (-u)"]),
    (r"\begin{aligned} q &= c \\ v &= u \end{aligned}", ["q = c", "v == u"]),
    (r"\begin{aligned}[t] q &= c \end{aligned}", ["q = c"]),
    (r"\begin{split} q &= c \\ &= b \end{split}", ["q = c == b"]),
    (r"q = c, \quad v = u", ["q = c", "v == u"]),
    (r"q = c \qquad v = u", ["q = c", "v == u"]),
    (r"\text{Hence } q = c \text{ and } v = u.", ["q = c", "v == u"]),
    (r"q = c \tag{1} \label{eq:q} \nonumber", ["q = c"]),
    (r"q = c \tag*{\small simplified $x = y$}", ["q = c"]),
    ("q = c % = b\n + b", ["q = (c + b)"]),
    (r"q = c \\[2ex] v = u", ["q = c", "v == u"]),
    (r"q = c \\* v = u", ["q = c", "v == u"]),
    (r"q = c \\", ["q = c"]),
    (r"\boxed{q = c}", ["q = c"]),
    (r"u_i = v_i \quad \text{for all } i.", ["u[i] == v[i]"]),
    (r"A_{ij} = A_{ji}, \quad \forall i, j", ["A[i,j] == A[j,i]"]),
    (r"\boxed{q = c + \frac{1}{2}}.", ["q = (c + (1 / 2))"]),
    (r"q = W_\text{1}", ["q = W1"]),
]


@pytest.mark.parametrize(("latex", "expected"), ROWS)
def test_rows(latex: str, expected: list[str]) -> None:
    assert all_of(latex) == expected


@pytest.mark.parametrize(
    ("latex", "reason", "column"),
    [
        (r"q &= c \\ &- b = 2", "does this row go on", 12),
        ("q", "no equality", 1),
        ("", "no equality", 1),
        (r"\text{none}", "no equality", 1),
        (r"q = c, \quad c > 0", "no equality", 14),
        (r"q = c \quad (\text{as before})", "no equality", 13),
        (r"q = c \quad \text{for all } v = u > 1", "no equality", 35),
        (r"q = c \approx 2", "only equalities", 7),
        (r"q < c = b", "no equality", 3),
        (r"= c", "cannot begin", 1),
        (r"q = c =", "ends too early", 7),
        (r"q = (c \\ + b)", "not read inside brackets", 8),
        (r"q = (c & + b)", "not read inside brackets", 8),
        (r"q = c \implies v = u", "a row of its own", 7),
        (r"q = \left( c + b \right]", "does not close", 24),
        (r"q = c )", "never opened", 7),
        (r"q = {c", "never closed", 5),
        (r"q = c^12", "one digit", 7),
        (r"q = c\left. b", "followed by a bracket", 6),
        ("q = c +\n  * b", "cannot follow", 3),
        ("q = \\frac{c}", "ends too early", 12),
        ("q = c # b", "`#` is not read", 7),
        ("q = c \\", "backslash", 7),
        ("q = $c$", "`$` is not read", 5),
    ],
)
def test_rows_that_are_refused(latex: str, reason: str, column: int) -> None:
    with pytest.raises(ParseError) as caught:
        all_of(latex)
    assert reason in str(caught.value)
    assert caught.value.column == column


def test_places_are_those_of_the_file() -> None:
    first, second = read("  q &= c \\\\\n % note\n   v &= u", model())
    assert (first.at.line, first.at.column) == (1, 3)
    assert (second.at.line, second.at.column) == (3, 4)


def test_the_text_of_a_claim_is_what_was_written_without_marks() -> None:
    (statement,) = read("v &= u % note\n \\\\ &= u + \\frac{1}{2} \\label{a}", model())
    assert statement.text == r"v = u = u + \frac{1}{2}"


def test_one_digit_is_taken_where_tex_takes_one() -> None:
    assert all_of(r"q = \frac12 c + \frac1{20}") == ["q = (((1 / 2) * c) + (1 / 20))"]
    assert all_of(r"q = c^2 3") == ["q = ((c ** 2) * 3)"]
