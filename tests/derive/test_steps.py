"""The written derivation: every line equals the next, and the last one is the gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from graphc.derive import derive, gradients
from graphc.derive.derivation import Derivation
from graphc.derive.steps import Line, Step
from graphc.derive.values import Values
from graphc.ir.node import Node
from graphc.lang import parse
from graphc.ops import FUNCTIONS, assume, input_, param
from graphc.ops.facts import SumsTo
from tests.derive.networks import NETWORKS
from tests.derive.points import point

F = FUNCTIONS
x, y, z, t = (input_(n) for n in "xyzt")


def _network(loss: Callable[[Node], Node]) -> Node:
    X = input_("X", ("N", 3))
    h = F["tanh"](X @ param("W1", (3, 5)) + param("b1", 5)).named("h")
    return loss((h @ param("W2", (5, "K")) + param("b2", "K")).named("z"))


def _target() -> Node:
    return assume(input_("T", ("N", "K")), SumsTo(1))


def _neuron() -> Node:
    w0, w1, w2, x0, x1 = (input_(n) for n in ("w0", "w1", "w2", "x0", "x1"))
    return 1 / (1 + F["exp"](-(w0 * x0 + w1 * x1 + w2)))


def _norm() -> Node:
    a = input_("a", ("N", "K"))
    centred = a - F["mean"](a, axis=0)
    return F["sum"]((centred / F["sqrt"](F["mean"](centred**2, axis=0) + 1)) ** 3)


def _ladder() -> Node:
    node: Node = x
    for _ in range(60):
        node = node + node
    return node


def _chain() -> Node:
    node: Node = x
    for _ in range(40):
        node = F["sin"](node) * y
    return node


P = F["sigmoid"](x * y).named("p")
EXPRESSIONS: dict[str, Callable[[], Node]] = {
    "leaf": lambda: x,
    "sigmoid": lambda: F["sigmoid"](x),
    "gates": lambda: ((x + y).named("q") * z).named("f"),
    "same name twice": lambda: (x + y).named("q") * (x + y),
    "neuron": _neuron,
    "binary cross-entropy": lambda: -t * F["log"](P) - (1 - t) * F["log"](1 - P),
    "uses": lambda: x * x + x,
    "powers": lambda: x**3 / y**2 - F["sqrt"](x) ** y,
    "kinks": lambda: F["relu"](x - y) + abs(z) * F["max"](x, y) + F["clip"](z, 0, 1),
    "nothing flows": lambda: x * F["stop_gradient"](y) + F["step"](z),
    "softplus": lambda: F["softplus"](x) * F["log_sigmoid"](y) * F["elu"](-z),
    "cross-entropy": lambda: _network(lambda s: F["cross_entropy"](s, _target())),
    "labels": lambda: _network(lambda s: F["cross_entropy"](s, input_("t", "N", dtype="int"))),
    "spelled out": lambda: _network(
        lambda s: F["mean"](-F["sum"](_target() * F["log"](F["softmax"](s)), axis=1)).named("loss")
    ),
    "squares": lambda: _network(lambda s: F["mean_squared_error"](s, _target())),
    "normalisation": _norm,
    "largest": lambda: F["sum"](F["max"](input_("a", ("N", "K")), axis=1) ** 2),
    "picked": lambda: F["sum"](F["exp"](F["gather"](input_("a", ("N", "K")), input_("i", 2, dtype="int")))),
    "product": lambda: F["prod"](input_("a", 3)) + F["sum"](F["cumsum"](input_("a", 3)) ** 2),
    "ladder": _ladder,
    "chain": _chain,
    "opened": lambda: F["sigmoid"](x * y) * z,
}


def _chains(d: Derivation) -> Iterator[tuple[Step, Line, Line]]:
    for step in d.steps:
        yield from ((step, a, b) for a, b in zip((Line(step.head), *step.lines), step.lines, strict=False))


def _disagreement(d: Derivation, at: Values) -> str:
    """The first two neighbouring lines that are not equal."""
    for step, one, two in _chains(d):
        a, b = at.of(d.script.value(one.expr)), at.of(d.script.value(two.expr))
        if a.shape != b.shape or not np.allclose(a, b, rtol=1e-9, atol=1e-12):
            return f"{d.script.symbols.get(step.head)}: {one.expr} is {a}, {two.expr} is {b}"
    return ""


EXPRESSIONS |= {n: lambda t=text: parse(t, declared_only=True).require_root() for n, text in NETWORKS.items()}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_line_equals_the_next(name: str) -> None:
    d = derive(EXPRESSIONS[name](), expand=["sigmoid"] if name == "opened" else [])
    for seed in range(3):
        assert _disagreement(d, d.at(point(d.output, seed))) == ""


def test_a_planted_error_is_seen() -> None:
    d = derive(F["sigmoid"](x))
    (*_, last) = d.steps
    wrong = Step(last.kind, last.head, (*last.lines, Line(d.upstream[x] * 2)))
    d.__dict__["script"] = type(d.script)((*d.steps[:-1], wrong), d.script.symbols, d.script.names)
    assert "is" in _disagreement(d, d.at(x=0.3))


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_steps_upstream_and_gradients_agree(name: str) -> None:
    output = EXPRESSIONS[name]()
    d = derive(output)
    assert [d.gradient(leaf) for leaf in d.wrt] == gradients(output, d.wrt)
    written = {d.script.symbols[s.head].wrt: s for s in d.steps if s.kind == "gradient"}
    for leaf in d.wrt:
        assert d.script.symbols[written[leaf].head].value is d.gradient(leaf)
    assert set(written) >= set(d.upstream) - set(d.naming.carrier)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_printing_is_the_same_twice(name: str) -> None:
    first, second = derive(EXPRESSIONS[name]()), derive(EXPRESSIONS[name]())
    for write in (Derivation.text, Derivation.markdown, Derivation.latex):
        assert write(first) == write(second)


def test_the_derivation_of_a_sigmoid() -> None:
    assert derive(F["sigmoid"](x)).text() == (
        "y = sigmoid(x)\n"
        "\n"
        "dy/dy = 1\n"
        "dy/dx = dy/dy * d sigmoid(x)/dx\n"
        "      = exp(-x)/(1 + exp(-x))**2   SymPy: the derivative of 1/(1 + exp(-x))\n"
        "      = y*(1 - y)                  in terms of the output\n"
    )


def test_a_network_is_written_in_matrix_notation() -> None:
    text = derive(EXPRESSIONS["cross-entropy"]()).text()
    for line in (
        "dz = ",
        "   = (softmax(z) - T)/N",
        "dW2 = h.T @ dz",
        "dh = dz @ W2.T",
        "db2 = sum(dz, axis=0)",
    ):
        assert f"\n{line}" in text


def test_a_branch_says_that_contributions_add_up() -> None:
    assert "used 3 times: the contributions add up" in derive(x * x + x).text()


def test_only_what_was_asked_for_is_written() -> None:
    text = derive(x * y, [x]).text()
    assert "/dx" in text
    assert "/dy" not in text.replace("df/df", "")


def test_an_intermediate_may_be_asked_for() -> None:
    q = x * y
    text = derive(q + z, [q]).text()
    assert "h1 = x*y\nf = h1 + z\n" in text
    assert "df/dh1 = df/df * d(h1 + z)/dh1\n       = 1\n" in text


def test_what_the_output_does_not_depend_on_has_gradient_zero() -> None:
    assert "dy/dz = 0   the output does not depend on it" in derive(F["exp"](x), [x, z]).text()


def test_names_avoid_the_users() -> None:
    h1, y_, f = input_("h1"), input_("y"), input_("f")
    text = derive(F["exp"](h1 * y_) * f).text()
    assert text.startswith("v1 = h1*y\nv2 = exp(v1)\nL = v2*f\n")


def test_a_gradient_is_not_written_like_a_name() -> None:
    a, da = input_("a", 3), input_("da", 3)
    assert "dy/da = " in derive(F["sum"](a * da)).text()


def test_long_derivations_stay_linear() -> None:
    assert derive(_ladder()).text().count("\n") < 400
    node: Node = x
    for _ in range(2000):
        node = node + x
    text = derive(node).text()
    assert "(1,994 more)" in text
    assert text.count("\n") < 10


def test_a_deep_chain_is_written_line_by_line() -> None:
    node: Node = x
    for _ in range(600):
        node = F["sin"](node)
    text = derive(node).text()
    assert text.count("\n") < 600 * 5
    assert max(map(len, text.splitlines())) < 100


def test_nodes_of_one_name_are_told_apart() -> None:
    twice = (F["tanh"](x).named("h") * F["tanh"](y).named("h")).named("x")
    text = derive(twice).text()
    assert text.startswith("h = tanh(x)\nh_2 = tanh(y)\nx_2 = h*h_2\n")
    assert "dx_2/dh_2 = dx_2/dx_2 * d(h*h_2)/dh_2" in text
    assert text == derive(twice).text()
    free = (F["tanh"](x).named("h") * input_("h_2") + F["tanh"](y).named("h")).named("f")
    assert derive(free).text().startswith("h = tanh(x)\nh_3 = tanh(y)\nf = h*h_2 + h_3\n")


def test_the_sign_of_a_difference_turned_round_stands_before_the_product():
    text = derive(parse("(sigmoid(a*x) - t)**2").require_root()).text()
    assert "      = -2*h2\n" in text
    assert "*(-" not in text.replace("dy/dh2 * (-1)", "")
