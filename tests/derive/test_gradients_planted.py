"""The gradient check can fail: wrong local derivatives, planted one at a time, are each caught and named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from graphc.derive import local, reverse
from graphc.ir.node import Node, make
from graphc.ir.op import FUNCTIONS, OPS
from graphc.ops.leaf import input_
from graphc.ops.move import transpose
from tests.checking import assert_close_to_exact, check_gradients

F = FUNCTIONS
x, y = input_("x", (2, 3)), input_("y", (2, 3))
X = np.array([[0.3, -1.2, 0.8], [1.1, -0.4, 2.0]])
Y = np.array([[1.5, 0.7, -0.9], [-0.2, 1.3, 0.6]])


@pytest.fixture
def plant() -> Iterator[Callable[[str, str, Any], None]]:
    """`plant("mul", "formula", wrong)`: one field of one operation replaced for the length of a test."""
    kept: list[tuple[Any, str, Any]] = []

    def forget() -> None:
        local.sympy_derivative.cache_clear()
        reverse._templates.clear()

    def put(op: str, field: str, value: Any) -> None:
        kept.append((OPS[op], field, getattr(OPS[op], field)))
        object.__setattr__(OPS[op], field, value)
        forget()

    yield put
    for op, field, value in reversed(kept):
        object.__setattr__(op, field, value)
    forget()


def _cut_last(node: Node, g: Node) -> tuple[Node | None, ...]:
    right = _PLAIN["concat"](node, g)
    return right[0], right[1] * 0


_PLAIN = {name: OPS[name].vjp for name in ("concat", "contract", "solve")}
SQUARE = x[:, :2] @ y[:, 1:]
ERRORS = {
    "declared derivative": ("sigmoid", "derivatives", (lambda out, a: out,), F["sigmoid"](x)),
    "sign": ("sin", "formula", lambda sp, at, a: -sp.sin(a), F["sin"](x)),
    "factor": ("square", "formula", lambda sp, at, a: 2 * a**2, F["square"](x)),
    "operand": ("mul", "formula", lambda sp, at, a, b: a * a, x * y),
    "nearly right": (
        "tanh",
        "formula",
        lambda sp, at, a: sp.tanh(a) * (1 + sp.Rational(1, 10**8)),
        F["tanh"](x),
    ),
    "missing local derivative": ("exp", "derivatives", (lambda out, a: F["sign"](out),), F["exp"](x)),
    "adjoint of a move": (
        "pad",
        "vjp",
        lambda n, g: (F["zeros"]((2, 3)) + g[:2, :3],),
        F["pad"](x, [(1, 0), (0, 1)]),
    ),
    "transposed adjoint": (
        "contract",
        "vjp",
        lambda n, g: [transpose(t) for t in _PLAIN["contract"](n, g)],
        SQUARE,
    ),
    "dropped operand": ("concat", "vjp", _cut_last, F["concat"]([x, y])),
    "mean without 1/N": ("sum", "vjp", lambda n, g: (F["broadcast"](g * 6, (2, 3)),), F["mean"](x)),
    "direction of a scan": (
        "cumsum",
        "vjp",
        lambda n, g: (make(OPS["cumsum"], (g,), n.attrs),),
        F["cumsum"](x),
    ),
    "inverse not transposed": (
        "inv",
        "vjp",
        lambda n, g: (-(n @ g @ n),),
        F["inv"](x[:, 1:]),
    ),
    "wrong side solved for": (
        "solve",
        "vjp",
        lambda n, g: (_PLAIN["solve"](n, g)[0], F["solve"](n.args[0], g)),
        F["solve"](x[:, 1:], y[:, 0]),
    ),
    "determinant without itself": (
        "det",
        "vjp",
        lambda n, g: (g * F["inv"](n.args[0]).T,),
        F["det"](x[:, 1:]),
    ),
    "body": ("softplus", "derivatives", (lambda out, a: F["sigmoid"](-a),), F["softplus"](x * y)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_wrong_gradient_is_caught(plant, name):
    op, field, wrong, output = ERRORS[name]
    values = {"x": X, "y": Y}
    check_gradients(output, values)
    plant(op, field, wrong)
    with pytest.raises(
        AssertionError, match=r"reverse mode: d/d\([xy]\) at entry .*: derived .*, the difference"
    ):
        check_gradients(output, values)


def test_the_message_says_what_where_and_how_to_see_it_again(plant):
    plant("sigmoid", "derivatives", (lambda out, a: out,))
    with pytest.raises(AssertionError) as caught:
        check_gradients(F["sigmoid"](x), {"x": X})
    head, _, program = str(caught.value).partition("\n")
    assert head.startswith("reverse mode: d/d(x) at entry (0, 0): derived 0.2")
    assert "the difference quotient is 0.1" in head
    with pytest.raises(AssertionError, match="reverse mode"):
        exec(program, {})


def test_a_wrong_forward_rule_is_caught(plant):
    plant("cumprod", "jvp", lambda node, tangents: tangents[0])
    with pytest.raises(AssertionError, match="forward mode"):
        check_gradients(F["cumprod"](x), {"x": X})


def test_a_true_zero_passes_and_a_small_term_beside_it_counts():
    """A term of 1e-30 beside terms of 1 is not lost, and cancelling terms do not fail."""
    tiny = x * 1e-30
    check_gradients(x * y - y * x, {"x": X, "y": Y})
    check_gradients(x * y - y * x + tiny, {"x": X, "y": Y})


def test_a_wrong_stable_form_is_caught(plant):
    plant("softplus", "stable", lambda a: F["maximum"](a, 0))
    with pytest.raises(AssertionError, match="in float64"):
        assert_close_to_exact(F["softplus"](x), {"x": X})
