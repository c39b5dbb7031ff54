"""Hostile and huge text: refused at once by a sentence, and nothing is ever executed."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphc.ir.errors import GraphcError, ParseError
from graphc.lang import limits
from graphc.lang.source import expression_source
from graphc.lang.syntax import single_expression, statements
from graphc.lang.values import parse_binding

HUGE = {
    "ten megabytes": "x + " * 2_500_000 + "x",
    "parentheses": "(" * 5000 + "x" + ")" * 5000,
    "unclosed": "(" * 5000,
    "brackets": "[" * 5000 + "x" + "]" * 5000,
    "calls": "exp(" * 2000 + "x" + ")" * 2000,
    "signs": "-" * 5000 + "x",
    "powers": "x**" * 3000 + "x",
    "signed powers": "x**-" * 3000 + "x",
    "sum": "x+" * 5000 + "x",
    "quotients": "x/" * 5000 + "x",
    "transposes": "x" + ".T" * 5000,
    "indices": "x" + "[0]" * 4000,
    "called": "x" + "[0](1)" * 2000,
    "digits": "9" * 10_000,
    "exponent": "1e" + "9" * 50,
    "name": "x" * 10_000,
    "nested sums": "(" * 90 + "x" + "+x+x+x+x+x+x+x+x+x+x+x+x)" * 90,
    "nested signs": "(-(-" * 60 + "x" + "))" * 60,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_huge_text_is_refused_quickly(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ParseError) as caught:
        _read(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    # Generous: the point is that no step is more than linear.
    assert time.perf_counter() - start < 10


def _read(text: str) -> None:
    for block in expression_source(text).blocks:
        for _ in statements(block.text, block.line):
            pass


@pytest.mark.parametrize(
    "text",
    [
        "+".join(["x"] * limits.MAX_CHAIN),
        "*".join(["x"] * limits.MAX_CHAIN),
        "(" * (limits.MAX_NESTING - 1) + "x" + ")" * (limits.MAX_NESTING - 1),
        "-" * limits.MAX_NESTING + "x",
        "x**" * limits.MAX_NESTING + "x",
        "x" + ".T" * limits.MAX_CHAIN,
        " + ".join(["-x**2"] * 900),
        "[" + ", ".join(["(x + 1)**2"] * 1500) + "]",
        "exp(x*(" * 49 + "x" + "))" * 49,
    ],
    ids=["sum", "product", "brackets", "signs", "powers", "transposes", "squares", "list", "calls"],
)
def test_large_text_within_the_limits_is_read(text: str) -> None:
    single_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        '__import__("os").system("touch MARK")',
        "().__class__.__bases__[0].__subclasses__()",
        'open("MARK", "w")',
        'eval("open(1)")',
        'exec("open(1)")',
        "f'{open(1)}'",
        "[open(x) for x in y]",
        "(lambda: open(1))()",
        'print(open("MARK", "w"))',
        "x.__dict__",
        "getattr(x, y).z",
        "@x\ndef f(): pass",
        "import os; os.system",
        "from os import system",
        "del x",
        "x\\\ny",
    ],
)
def test_hostile_text_is_refused_and_nothing_runs(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParseError):
        list(statements(text))
    assert list(tmp_path.iterdir()) == []


VOCABULARY = r"""
x y 손실 φ d d( )/d( 2 0.5 1e3 + - * / @ ** ( ) [ ] , : = == < .T for in sum( assume( ; # ' × ² N None
lambda if axis= input( param( _ . mean( max( softmax( exp( { } => ! & | % // += \
"""
WORDS = st.sampled_from(("\n", "\t", *VOCABULARY.split()))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=25).map(" ".join)))
@example("\u037a")  # its NFKC form begins with a space
@example("𝐍one")
@example("ª²³")
@example("x\f+y")
def test_any_text_reads_or_raises_a_graphc_error(text: str) -> None:
    error = _error(text)
    if error is None:
        return
    rows = text.split("\n")
    assert "\n" not in str(error)
    assert error.line is not None
    assert error.column is not None
    assert 1 <= error.line <= len(rows)
    assert 1 <= error.column <= len(rows[error.line - 1]) + 1


def _error(text: str) -> ParseError | None:
    try:
        list(statements(text))
    except ParseError as error:
        return error
    return None


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=12).map("".join).map("x={}".format)))
def test_any_binding_reads_or_raises_a_graphc_error(text: str) -> None:
    with contextlib.suppress(GraphcError):
        parse_binding(text)
