"""What is no node is refused in one sentence, wherever a node is wanted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import graphc as g

X, W = g.input("x"), g.param("W", (2,))


def step() -> g.Step:
    return g.compile(LOSS, updates={W: W})


LOSS = (g.sum(W * X)).named("loss")


@pytest.mark.parametrize(
    ("mistake", "part"),
    [
        (lambda: g.grad(LOSS, "W"), "what to differentiate by has to be a node of a graph, not 'W'"),
        (lambda: g.grad(LOSS, [W]), "has to be a node of a graph, not ["),
        (lambda: g.grad(3, W), "what is differentiated has to be a node of a graph, not 3"),
        (lambda: g.jacobian("x", W), "what is differentiated has to be a node of a graph, not 'x'"),
        (lambda: g.jacobian(W * X, None), "what to differentiate by has to be a node of a graph, not None"),
        (lambda: g.jvp([LOSS], "W"), "the directions are given by node"),
        (lambda: g.jvp(LOSS, {W: W}), "the outputs are a list"),
        (lambda: g.jvp([LOSS], {W: 3}), "a direction has to be a node of a graph, not 3"),
        (lambda: g.derive("x*y"), "what is derived has to be a node of a graph, not 'x*y'"),
        (lambda: g.derive(LOSS, wrt="W"), "what to differentiate by has to be a node of a graph, not 'W'"),
        (lambda: g.draw("x*y"), "has to be a node of a graph, not 'x*y'"),
        (lambda: g.draw(LOSS, wrt=[3]), "what to differentiate by has to be a node of a graph, not 3"),
        (lambda: g.draw(LOSS, at=[1, 2]), "values are given by name"),
        (lambda: g.draw(LOSS, at={X: 1}), "there is no input <x () real>"),
        (lambda: g.simplify(3), "what is simplified has to be a node of a graph, not 3"),
        (lambda: g.compile(None), "outputs are a node, a list or a dict of nodes, not None"),
        (lambda: g.compile(LOSS, updates=[W]), "updates give each parameter its new value"),
        (lambda: g.compile(LOSS, updates={"W": W}), "what is updated has to be a node of a graph, not 'W'"),
        (lambda: g.compile(LOSS, updates={W: 3}), "the new value of W has to be a node of a graph, not 3"),
        (lambda: (X * 2).named(3), "a name is a non-empty string, not 3"),
        (lambda: (X * 2).named(""), "a name is a non-empty string, not ''"),
        (lambda: W["a":], "a slice runs between whole numbers or sizes, not 'a'"),
        (lambda: g.sum(W, axis=0.5), "an axis is a whole number, not 0.5"),
        (lambda: g.concat(W), "the arrays are given as a list, as in concat([a, b])"),
        (lambda: g.pad(W, 3), "each axis is given its widths"),
        (lambda: g.derive(LOSS, wrt=3), "what to differentiate by has to be a node of a graph, not 3"),
        (lambda: g.derive(LOSS, expand=3), "what is opened is a name, or a list of names, not 3"),
        (lambda: g.draw(LOSS, fold=3), "what is folded is a name, or a list of names, not 3"),
        (lambda: g.draw(LOSS, fold="nope"), "there is no scope 'nope' in this graph"),
        (lambda: g.draw(LOSS, digits="a"), "digits is a whole number from 0 to 15, not 'a'"),
        (lambda: g.draw(LOSS, digits=-1), "digits is a whole number from 0 to 15, not -1"),
        (lambda: g.gradients(LOSS, W), "gradients takes a list of nodes; of one alone, take grad(output, x)"),
        (lambda: g.compile(LOSS, name=3), "the name of a function is text, not 3"),
        (lambda: g.compile(LOSS, sizes=3), "sizes are given by name, as in {'N': 128}, not 3"),
        (lambda: g.compile(LOSS, sizes={"N": "a"}), "the size N is a whole number from 0, not 'a'"),
        (
            lambda: g.compile(LOSS, sizes={"Q": 3}),
            "no input, parameter or state has a size 'Q'; there are none",
        ),
        (
            lambda: g.compile(g.input("y", ("N", "D")), sizes={"Q": 3}),
            "no input, parameter or state has a size 'Q'; there are N, D",
        ),
        (lambda: g.derive(LOSS, fold="nope"), "there is no scope 'nope' in this graph; it has none"),
        (
            lambda: g.derive(g.sum(g.nn.Dense(2)(g.input("y", 3))), fold="dens"),
            "there is no scope 'dens' in this graph; did you mean `dense`?",
        ),
        (lambda: g.params("W"), "what parameters are asked of has to be a node of a graph, not 'W'"),
        (lambda: g.draw(LOSS).save(3), "a picture is written to a path, such as 'here/name', not to 3"),
        (lambda: g.compile(LOSS).save(3), "a module is written to a path, such as 'here/name', not to 3"),
        (lambda: step().save(b"f.py"), "a module is written to a path, such as 'here/name', not to b'f.py'"),
        (lambda: g.parse(3), "a graph is read from text such as '(x + y)*z', not from 3"),
        (lambda: g.expression(None), "a graph is read from text such as '(x + y)*z', not from None"),
        (lambda: g.Graph((3,)), "an output has to be a node of a graph, not 3"),
        (
            lambda: g.derive(g.param("U", 2) @ g.input("y", 2) + g.param("U")),
            "two different leaves are called 'U': <U (2,) real> and <U () real>; give one of them another name",
        ),
        (lambda: step().initialize(seed="a"), "a seed is a whole number from 0, not 'a'"),
        (lambda: step().load("W"), "values are given by name, as in load({'W': array})"),
        (lambda: g.describe(3), "describe takes the name of an activation, such as"),
    ],
)
def test_a_mistake_is_one_sentence(mistake: Callable[[], object], part: str) -> None:
    with pytest.raises(g.GraphcError) as caught:
        mistake()
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (1j, "the value for x is not an array of real numbers"),
        (10**400, "the value for x is beyond floating point"),
        ("a", "the value for x is not an array of real numbers"),
    ],
)
def test_a_value_no_real_holds(value: object, part: str) -> None:
    with pytest.raises(g.BindError, match=part):
        g.draw(X * 2, at={"x": value})


def test_whole_numbers_are_not_rounded() -> None:
    n = g.input("n", dtype="int")
    with pytest.raises(g.BindError, match="the value for n is not an array of whole numbers"):
        g.draw(X * n, at={"x": 1, "n": 1.5})
    assert "2" in g.draw(X * n, at={"x": 1, "n": 2.0}).svg


def test_an_expression_without_inputs_is_written_as_it_is() -> None:
    assert g.derive(g.const(3.5)).text() == "y = 3.5\n"


@pytest.mark.parametrize(("written", "read"), [("1e400*x", "1e+400"), ("1e-400*x", "1e-400")])
def test_a_number_beyond_floating_point_is_printed_as_it_is(written: str, read: str) -> None:
    assert f"y = {read}*x\n" in g.derive(g.parse(written).require_root()).text()


def test_one_node_stands_for_a_list_of_one() -> None:
    assert g.derive(LOSS, W).text() == g.derive(LOSS, [W]).text()
    assert g.Graph(LOSS).nodes == g.Graph((LOSS,)).nodes
