"""The text form of a graph prints each node once and reads back as the very same nodes."""

from __future__ import annotations

import gc
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphc.ir.errors import ParseError
from graphc.ir.graph import Graph
from graphc.ir.op import FUNCTIONS
from graphc.ir.text import from_text, to_text
from graphc.ops.facts import Integer, OneHot, Range, SumsTo, Symmetric
from graphc.ops.leaf import assume, const, input_
from tests.fuzz.graphs import graphs

F = FUNCTIONS
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


def test_one_line_per_node():
    x = input_("x", ("N", 3))
    assert str(Graph((F["exp"](x).sum(axis=1) + 0.5,))) == (
        "%0 = input[shape=(N, 3), dtype='real', facts=()] \"x\"\n"
        "%1 = exp(%0)\n"
        "%2 = sum[axes=(1,), keepdims=False](%1)\n"
        "%3 = const[kind='decimal', value=Decimal('0.5')]\n"
        "%4 = add(%2, %3)\n"
        "return %4\n"
    )


@given(graphs())
def test_random_graphs_read_back(drawn):
    output, _ = drawn
    text = to_text([output])
    assert from_text(text) == [output]
    assert to_text(from_text(text)) == text


@given(NAMES, NAMES)
def test_any_name_reads_back(leaf, name):
    node = (input_(leaf) + 1).named(name)
    assert from_text(to_text([node])) == [node]


@pytest.mark.parametrize(
    "name", ['"', "\\", "%1", 'a" b', "\n", "\u2028", "\x85", "가중치", "<script>", "]( ", '] "x', "ϕ", "\0"]
)
def test_hostile_names_read_back(name):
    node = (input_(name) * 2).named(name)
    assert from_text(to_text([node, node + 1])) == [node, node + 1]


NUMBERS = st.one_of(
    st.integers(),
    st.fractions(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False),
    st.sampled_from(["pi", "inf", "-inf"]),
)


@given(NUMBERS)
def test_constants_read_back_exactly(value):
    node = const(value)
    assert from_text(to_text([node])) == [node]
    if not isinstance(value, str | float):
        assert Fraction(node.attrs[1]) == Fraction(value)


def test_facts_and_sizes_read_back():
    t = input_("t", ("2*N + 1", "N*M", "N**2 - 3"))
    nodes = [
        assume(t, SumsTo(1, Fraction(1, 3)), Range(Fraction(0), None, low_open=True), Integer()),
        assume(input_("A", ("N", "N")), Symmetric(), OneHot(0)),
        t[::-1, 1:, None],
        F["size"]("2*N - M"),
        F["contract"]("k->nk", input_("b", "K"), n="N - 1"),
        F["pad"](t, [(1, "N"), (0, 0), (2, 0)], fill=Decimal("-0.5")),
    ]
    assert from_text(to_text(nodes)) == nodes


def test_reading_makes_nodes_that_no_longer_exist():
    text = to_text([F["tanh"](input_("only here", 3))])
    gc.collect()
    (again,) = from_text(text)
    assert to_text([again]) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("%0 = nonsense\nreturn %0", 1),
        ("%0 = input[shape=(), dtype='real', facts=()] \"x\"\n%1 = exp(%7)\nreturn %1", 2),
        ('%0 = input[shape=__import__("os"), dtype=\'real\', facts=()] "x"\nreturn %0', 1),
        ("%0 = const[kind='int', value=open('x')]\nreturn %0", 1),
        ("%0 = const[kind='int', value=().__class__]\nreturn %0", 1),
        ("hello", 1),
        ("%0 = const[kind='int']\nreturn %0", 1),
        ("return %0", 1),
    ],
)
def test_other_text_is_refused_with_its_line(text, line):
    with pytest.raises(ParseError, match="is not a line of a printed graph") as caught:
        from_text(text)
    assert caught.value.line == line


def test_a_text_without_its_end_is_refused():
    with pytest.raises(ParseError, match="ends without its 'return' line"):
        from_text("%0 = const[kind='int', value=1]\n")
