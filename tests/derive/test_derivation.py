"""The Derivation object: what it holds agrees with the gradients, in symbols and in numbers."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import derive, gradients
from graphc.ir.errors import BindError, GradientError, GraphcError
from graphc.ir.node import Node
from graphc.ops import FUNCTIONS, input_, param

F = FUNCTIONS
x, y, z = input_("x"), input_("y"), input_("z")


def test_values_and_gradients_of_the_three_gate_circuit() -> None:
    q = (x + y).named("q")
    d = derive((q * z).named("f"))
    at = d.at(x=-2, y=5, z=-4)
    assert [float(at.forward[n]) for n in (q, d.output)] == [3, -12]
    assert [float(at.upstream[n]) for n in (z, q, x, y)] == [3, -4, -4, -4]
    assert [d.local(d.output, i).text for i in (0, 1)] == ["z", "q"]
    assert [d.local(q, i).text for i in (0, 1)] == ["1", "1"]
    assert float(at.local(d.output, 1)) == 3
    assert float(at.contribution(q, 0)) == -4


def test_upstream_is_what_gradients_gives() -> None:
    X, W, b = input_("X", ("N", 3)), param("W", (3, 2)), param("b", 2)
    loss = F["cross_entropy"](F["tanh"](X @ W + b), input_("t", "N", dtype="int"))
    d = derive(loss)
    assert [d.upstream[n] for n in (X, W, b)] == gradients(loss, [X, W, b])
    assert d.wrt == (X, W, b)


def test_each_use_is_a_contribution() -> None:
    d = derive(x * x + x)
    uses = d.contributions[x]
    assert [(c.user.op.name, c.index) for c in uses] == [("mul", 0), ("mul", 1), ("add", 1)]
    at = d.at(x=3)
    assert sum(float(at.contribution(c.user, c.index)) for c in uses) == float(at.upstream[x]) == 7


def test_what_was_not_asked_for_is_absent() -> None:
    q = x * y
    d = derive(q * z, [x])
    assert set(d.upstream) == {d.output, q, x}
    assert d.contribution(d.output, 1) is None


def test_no_path_is_absent_and_its_gradient_zero() -> None:
    d = derive(x * F["stop_gradient"](y))
    assert y not in d.upstream
    assert float(d.at(x=2, y=3).of(d.gradient(y))) == 0


def test_an_array_has_no_gradient_but_can_be_described() -> None:
    a = input_("a", 3)
    with pytest.raises(GradientError, match="scalar"):
        derive(a * 2)
    d = derive(a * 2, gradients=False)
    assert not d.upstream
    assert d.at(a=[1, 2, 3]).forward[d.output].tolist() == [2, 4, 6]
    assert d.local(d.output, 0).text == "2"
    assert "dy" not in d.text()


def test_missing_and_unknown_values_are_named() -> None:
    d = derive(x * y)
    with pytest.raises(BindError, match="no value for y"):
        d.at(x=1)
    with pytest.raises(BindError, match="no input called 'q'"):
        d.at(x=1, y=2, q=3)


@pytest.mark.parametrize(
    ("build", "index", "text"),
    [
        (lambda: F["sigmoid"](x + y), 0, "σ(1-σ)"),
        (lambda: F["sigmoid"](x).named("p"), 0, "p*(1 - p)"),
        (lambda: F["exp"](-x), 0, "exp(-x)"),
        (lambda: F["exp"](x).named("e"), 0, "e"),
        (lambda: 1 / (1 + F["exp"](x)), 1, "-1/(1 + exp(x))**2"),
        (lambda: x**2, 0, "2*x"),
        (lambda: -x, 0, "-1"),
        (lambda: F["max"](x, y), 0, "x >= y"),
        (lambda: F["step"](x) * 1.5, 1, "step(x)"),
    ],
)
def test_local_derivatives_read_well(build: object, index: int, text: str) -> None:
    node = build()  # type: ignore[operator]
    assert derive(node).local(node, index).text == text


def test_tensor_edges_show_what_they_do() -> None:
    Z = (input_("X", ("N", 3)) @ param("W", (3, 2))).named("Z")
    b = param("b", 2)
    y = F["tanh"](Z).named("Y")
    d = derive(F["sum"](y + b))
    assert [d.local(Z, i).action for i in (0, 1)] == ["· @ W.T", "X.T @ ·"]
    assert d.local(Z, 0).expr is None
    assert d.local(y, 0).action == "·*(1 - Y**2)"
    assert d.local(d.output, 0).action == "broadcast ·"
    assert d.local(d.output.args[0], 1).action == "sum(·, axis=0)"


def test_local_derivatives_in_numbers() -> None:
    d = derive(F["sigmoid"](x * y))
    at = d.at(x=2, y=0.5)
    s = 1 / (1 + np.exp(-1))
    assert float(at.local(d.output, 0)) == pytest.approx(s * (1 - s))
    assert float(at.of(d.local(d.output, 0).raw)) == pytest.approx(s * (1 - s))  # type: ignore[arg-type]


def test_composites_open_and_say_what_came_out_of_them() -> None:
    node = F["sigmoid"](x * y).named("p")
    d = derive(node * z, expand=["sigmoid"])
    (group,) = d.groups
    assert (group.label, group.op, group.parent) == ("p", "sigmoid", None)
    assert [n.op.name for n in group.nodes] == ["neg", "exp", "add", "div"]
    assert [n.name for n in d.nodes if n.op.name == "div"] == ["p"]
    plain = derive(node * z).at(x=1, y=2, z=3)
    assert float(d.at(x=1, y=2, z=3).upstream[x]) == pytest.approx(float(plain.upstream[x]))


def test_opened_composites_nest() -> None:
    Z, t = input_("Z", ("N", 3)), input_("t", ("N", 3))
    d = derive(F["cross_entropy"](Z, t), expand=["mean", "cross_entropy", "log_softmax"])
    assert [(g.op, g.parent) for g in d.groups] == [("cross_entropy", None), ("log_softmax", 0), ("mean", 0)]
    assert set(d.groups[1].nodes) | set(d.groups[2].nodes) <= set(d.groups[0].nodes)
    assert not any(n.op.kind == "composite" for n in d.nodes)


def test_what_cannot_be_opened_is_said() -> None:
    with pytest.raises(GraphcError, match="'exp' is not an operation that can be opened"):
        derive(F["exp"](x), expand=["exp"])


def test_deep_graphs() -> None:
    node: Node = x
    for _ in range(3000):
        node = F["sin"](node)
    d = derive(node, expand=["sigmoid"])
    assert len(d.upstream) == 3001
    assert np.isfinite(d.at(x=0.3).upstream[x])
