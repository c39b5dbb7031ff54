"""Gradients are recognised by identity, and named after what they are gradients of."""

from __future__ import annotations

from graphc.derive import gradients
from graphc.derive.reverse import known_gradients
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param
from graphc.plan import make_plan
from graphc.plan.gradients import LARGEST, find_gradients, written_out


def test_gradients_of_leaves_and_of_named_intermediates_are_found() -> None:
    x, W = input_("x", ("N", 3)), param("W", (3, 2))
    z = (x @ W).named("z")
    loss = F["mean"](F["square"](F["tanh"](z))).named("L")
    (dW,) = gradients(loss, [W])
    found = find_gradients([loss], [loss, dW])
    assert {g.name for g in found.values()} == {"dW", "dz"}
    assert (found[dW].of, found[dW].wrt) == ("L", "W")


def test_a_graph_without_gradients_has_none() -> None:
    x = input_("x", ("N", 3))
    assert find_gradients([F["sum"](x)], [F["sum"](x), x * 2]) == {}


def test_mathematics_does_not_use_a_name_that_stands_for_two_nodes() -> None:
    x, y, W = input_("x", ("N", 3)), input_("y", ("N", 3)), param("W", (3, 2))

    def gradient(second: str) -> str | None:
        loss = F["sum"](F["exp"](x @ W).named("h") + 2 * F["exp"](y @ W).named(second)).named("L")
        (dW,) = gradients(loss, [W])
        return written_out([dW], find_gradients([loss], [loss, dW]), [loss, dW])[dW].text

    assert gradient("k") == "x.T @ h + y.T @ (2*k)"
    assert gradient("h") is None


def test_comments_call_values_as_the_code_does() -> None:
    x, y, W = input_("x", ("N", 3)), input_("y", ("N", 3)), param("class", (3, 2))
    first, second = (F["exp"](a @ W).named("net/h") for a in (x, y))
    loss = F["sum"](F["square"](first) * second).named("L")
    wanted = gradients(loss, [W, first, second])
    plan = make_plan([loss, *wanted])
    marks = {s.name: s.gradient for s in plan.steps if s.gradient is not None}
    assert {name: (m.of, m.wrt) for name, m in marks.items()} == {
        "dclass": ("L", "class_"),
        "dnet_h": ("L", "net_h"),
        "dnet_h_2": ("L", "net_h_2"),
    }
    assert {"net_h", "net_h_2"} <= {s.name for s in plan.steps}


def test_gradients_of_a_long_chain_that_were_asked_for_are_named() -> None:
    x, W = input_("x", ("N", 3)), param("W", (3, 3))
    h = x
    for _ in range(LARGEST):
        h = F["sin"](h @ W)
    loss = F["mean"](h).named("L")
    (dW,) = gradients(loss, [W])
    found = find_gradients([loss], [loss, dW])
    written = written_out([dW], found, [loss, dW])
    assert {(g.name, g.of, g.text) for g in written.values()} == {("dW", "L", None)}
    assert list(written) == list(found)


def test_gradients_of_a_long_chain_that_nobody_asked_for_are_not_derived() -> None:
    x, W = input_("x", ("N", 3)), param("W", (3, 3))
    h = x
    for _ in range(LARGEST):
        h = F["cos"](h @ W)
    loss = F["mean"](h)
    assert find_gradients([loss], [loss, W * 2]) == {}
    assert known_gradients(loss) == {}
