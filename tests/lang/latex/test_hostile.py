"""What is too large, too deep or malformed is refused in one sentence, and quickly."""

from __future__ import annotations

import random
import time
from contextlib import suppress

import pytest

from graphc.ir.errors import GraphcError, ParseError
from graphc.lang.program import Program
from tests.lang.latex.written import model, read

HOSTILE = [
    "q = " + "{" * 5_000 + "c" + "}" * 5_000,
    "q = " + "(" * 5_000 + "c" + ")" * 5_000,
    "q = " + r"\frac{1}{" * 3_000 + "c" + "}" * 3_000,
    "q = " + r"\sqrt " * 3_000 + "c",
    "q = " + "c^{" * 3_000 + "c" + "}" * 3_000,
    "q = " + r"\hat" * 3_000 + " c",
    "q = " + "c " * 9_000,
    "q = c" + " + c" * 8_000,
    "q = c" + " - -c" * 10,
    "q = " + "1" * 500,
    "q = " + "|" * 5_000,
    "q = " + r"\log " * 5_000 + "c",
    "q = " + r"\sum_i " * 2_000 + "u_i",
    "q = c^{9999999999999}" * 200,
    r"\begin{aligned}" * 3_000,
    r"q = \text{" + "{" * 9_000,
    r"q = \mathrm{" + "x" * 5_000 + "} c",
    r"q = \left" * 3_000,
    "q = \x00 c",
    "q = c\u202e",
    r"q = \begin{cases}" * 200,
    "'" * 5_000,
    "q = c" + "'" * 5_000,
    "c_" * 5_000,
]


@pytest.mark.parametrize("latex", HOSTILE, ids=lambda text: text[:24])
def test_hostile_input_is_refused_quickly(latex: str) -> None:
    begun = time.monotonic()
    with pytest.raises(GraphcError) as caught:
        read(latex, model())
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert time.monotonic() - begun < 5


def check(latex: str, program: Program) -> None:
    """It is read, or refused with its place."""
    with suppress(ParseError):
        read(latex, program)
        return
    with pytest.raises(ParseError) as caught:
        read(latex, program)
    assert caught.value.line, latex
    assert caught.value.column, latex


PIECES = (
    *(
        r"\frac",
        r"\partial",
        r"\nabla",
        r"\sum",
        r"\log",
        r"\sigma",
        r"\left(",
        r"\right)",
        r"\hat",
        r"\mathbf",
    ),
    *(
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "_",
        "^",
        "=",
        "+",
        "-",
        "&",
        "\\\\",
        "|",
        r"\|",
        "'",
        ",",
        "/",
        r"\odot",
    ),
    *(
        "X",
        "w",
        "u",
        "A",
        "L",
        "d",
        "N",
        "1",
        "2",
        "i",
        "z",
        "T",
        r"\top",
        r"\text{if}",
        r"\quad",
        "%",
        "\n",
        "e",
    ),
    *(
        r"\begin{cases}",
        r"\end{cases}",
        r"\mathbb{1}",
        "I",
        r"\max",
        r"\delta",
        r"\prod",
        ">",
        ".",
        r"\operatorname",
    ),
)


def test_random_pieces_never_crash() -> None:
    program = model()
    chosen = random.Random(5)
    for _ in range(3_000):
        latex = " ".join(chosen.choice(PIECES) for _ in range(chosen.randint(1, 14)))
        check(latex, program)


TRUE = (
    r"\frac{\partial L}{\partial w} = \frac{1}{N} X^\top (\sigma(Xw) - y) + \lambda w",
    r"q = -\frac1N\sum_{n=1}^N \left[ y_n \log p_n + (1-y_n) \log(1-p_n) \right]",
    r"\frac{\partial P_{ni}}{\partial s_{nj}} = P_{ni}(\delta_{ij} - P_{nj})",
    r"q = \begin{cases} c & c > 0 \\ 0 & \text{otherwise} \end{cases} + \lVert w \rVert_2^2",
)


def test_broken_formulas_never_crash() -> None:
    program = model()
    chosen = random.Random(6)
    for _ in range(3_000):
        latex = list(chosen.choice(TRUE))
        for _ in range(chosen.randint(1, 4)):
            place = chosen.randrange(len(latex))
            latex[place : place + chosen.randint(0, 3)] = chosen.choice(
                ["", "}", "{", "\\", "^", "_", "=", "(", "w"]
            )
        check("".join(latex), program)
