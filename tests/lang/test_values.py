"""Values given on the command line."""

from __future__ import annotations

import pytest

from graphc.ir.errors import ParseError
from graphc.lang.values import Value, parse_binding


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("x=-2", "x", -2),
        ("x = 0.5", "x", 0.5),
        ("x=1e-3", "x", 1e-3),
        ("x=1/3", "x", 1 / 3),
        ("w=[1, -2, 3]", "w", [1, -2, 3]),
        ("A=[[1,2],[3,4.5]]", "A", [[1, 2], [3, 4.5]]),
        ("w=(1, 2)", "w", [1, 2]),
        ("w=[]", "w", []),
        ("손실=3", "손실", 3),
        ("ϕ=1", "φ", 1),
    ],
)
def test_bindings(text: str, name: str, value: Value) -> None:
    assert parse_binding(text) == (name, value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "write `NAME=VALUE`"),
        ("=3", "write `NAME=VALUE`"),
        ("x y=3", "write `NAME=VALUE`"),
        ("x=", "one expression was expected"),
        ("x=y", "this is not a value"),
        ("x=exp(1)", "this is not a value"),
        ("x=2**3", "this is not a value"),
        ("x=1/0", "divides by zero"),
        ("x=[1,[2]]", "differ in length"),
        ("x=[[1,2],[3]]", "differ in length"),
        ("x=-[1]", "a number was expected"),
        ("x=1e400", "beyond floating point"),
        ("x=1;2", "one expression"),
        ("x=[1", "never closed"),
        ("x=nan", "this is not a value"),
        ("x=[" + "1, " * 10_000 + "1]", "at most 20,000 characters"),
        ('x=__import__("os")', "two underscores"),
    ],
)
def test_bad_bindings_get_a_sentence(text: str, message: str) -> None:
    with pytest.raises(ParseError, match=r"^[^\n]*$") as caught:
        parse_binding(text)
    assert message in str(caught.value)


def test_columns_count_from_the_name() -> None:
    with pytest.raises(ParseError) as caught:
        parse_binding("손실=[1, y]")
    assert caught.value.column == 8
