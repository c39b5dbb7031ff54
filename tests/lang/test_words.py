"""Options whose values are words: written without quotes, refused with the words there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_type_hints

import pytest

from graphc.ir.errors import GraphcError, ParseError
from graphc.ir.graph import Graph
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS, OPS
from graphc.lang import expression, parse
from graphc.ops import input_
from graphc.ops.composite import composite
from graphc.ops.words import Words, words

Border = Literal["valid", "same"]
x = input_("x", ("N",))


@pytest.fixture(autouse=True)
def blur() -> Iterator[Any]:
    """An operation with one option of words alone, and one of words or sizes."""

    @composite(name="blur")
    def build(
        x: Node, *, order: Literal["rows", "columns"] = "rows", padding: int | tuple[int, int] | Border = 0
    ) -> Node:
        return x * 2 if order == "rows" else x * 3

    yield build
    del OPS["blur"], FUNCTIONS["blur"]


def test_the_annotation_says_which_words_there_are(blur: Any) -> None:
    assert words(blur) == {
        "order": Words(("rows", "columns"), only=True),
        "padding": Words(("valid", "same"), only=False),
    }


def test_a_tuple_of_words_is_not_a_word() -> None:
    def f(*, sizes: tuple[Literal["a"], ...] | int = 0) -> None: ...

    assert words(f) == {}


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("blur(x)", {}),
        ("blur(x, order=columns)", {"order": "columns"}),
        ("blur(x, padding=same, order=rows)", {"padding": "same"}),
        ("blur(x, padding=2)", {"padding": 2}),
        ("blur(x, padding=(1, 2))", {"padding": (1, 2)}),
        ("blur(x, padding=[1, 2])", {"padding": (1, 2)}),
    ],
)
def test_text_gives_the_node_python_gives(blur: Any, text: str, options: dict[str, Any]) -> None:
    assert expression(text, x=x) is blur(x, **options)


def test_a_word_is_read_before_a_name_of_the_text(blur: Any) -> None:
    assert parse("same = 3; columns = 4; blur(x, padding=same, order=columns)").root is blur(
        input_("x"), padding="same", order="columns"
    )


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        (
            "blur(x, order=column)",
            15,
            "`order` is `rows` or `columns`, not `column`; did you mean `columns`?",
        ),
        ("blur(x, order=up)", 15, "not `up`; write `order=rows`"),
        ("blur(x, order=1)", 15, "`blur`: `order` is `rows` or `columns`; write `order=rows`"),
        ("blur(x, order=None)", 15, "`order` is `rows` or `columns`"),
        (
            "blur(x, padding=sam)",
            17,
            "`padding` is `valid`, `same` or a value, not `sam`; did you mean `same`?",
        ),
        ('blur(x, order="rows")', 15, "leave the quotes out"),
    ],
)
def test_an_unknown_word_is_refused_with_the_words_there_are(text: str, column: int, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert f"line 1, column {column}" in str(caught.value)


def test_python_refuses_an_unknown_word_too(blur: Any) -> None:
    with pytest.raises(GraphcError, match="`order` is `rows` or `columns`, not `up`"):
        blur(x, order="up")
    with pytest.raises(GraphcError, match="`order` is `rows` or `columns`, not `1`"):
        blur(x, order=1)
    with pytest.raises(GraphcError, match="`padding` is `valid`, `same` or a value, not `sam`"):
        blur(x, padding="sam")


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_annotations_of_every_function_can_be_read(name: str) -> None:
    assert get_type_hints(FUNCTIONS[name]) is not None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("dropout(x, key=first)", "first"),
        ("dropout(x, key=x)", "x"),
        ("dropout(x, key=N)", "N"),
        ("dropout(x, key=7)", 7),
        ("k = 7; dropout(x, key=k)", "k"),
        ("first = dropout(x, key=first)", "first"),
    ],
)
def test_any_word_is_a_key(text: str, key: str | int) -> None:
    found = parse(f"x = input(N); {text}")
    assert found.require_root().args == FUNCTIONS["dropout"](x, key=key).args
    assert [leaf.name for leaf in Graph(found.require_root()).leaves] == ["x", "step"]


def test_what_is_no_word_is_no_key() -> None:
    with pytest.raises(GraphcError, match="a key is a text or a whole number, not"):
        parse("x = input(N); dropout(x, key=x + 1)")
