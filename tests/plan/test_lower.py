"""Lowering: composites opened, names set aside, and rewrites that leave every value as it was."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.ir.legal import CORE, check_stage
from graphc.ir.node import Node, topological
from graphc.ops import FUNCTIONS as F
from graphc.ops import const, input_
from graphc.ops.leaf import SIZE
from graphc.ops.naive import evaluate
from graphc.plan import lower

x = input_("x", ("N", 3))
y = input_("y", ("N", 3))
s = input_("s")
SIZES = {"N": 4}
VALUES = {"x": np.linspace(0.1, 2, 12).reshape(4, 3), "y": np.linspace(-1, 1, 12).reshape(4, 3), "s": 0.7}


def operations(node: Node) -> list[str]:
    return [n.op.name for n in topological([node]) if not n.is_leaf and n.op.kind != "const"]


def lowered(node: Node) -> Node:
    return lower([node]).outputs[0]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (x ** const(2), ["square"]),
        (x ** const(3), ["square", "mul"]),
        (x ** const(8), ["square", "square", "square"]),
        (x ** const(-1), ["div"]),
        (x ** const(0.5), ["sqrt"]),
        (x ** const(2.5), ["pow"]),
        (F["sigmoid"](x), ["minimum", "exp", "abs", "neg", "exp", "add", "div"]),
        (F["stop_gradient"](x) * y, ["mul"]),
        (F["broadcast"](s, ("N", 3)) * x, ["mul"]),
        (F["broadcast"](s, ("N", 3)) * 2, ["broadcast", "mul"]),
        (x * F["step"](y), ["greater", "mul"]),
        (const(2) * 3 * x, ["mul"]),
        (x + (x * y).named("p") + x * y, ["mul", "add", "add"]),
        (F["sum"](x, axis=1, keepdims=True), ["sum", "reshape"]),
    ],
)
def test_what_a_graph_becomes(node: Node, expected: list[str]) -> None:
    core = lowered(node)
    assert operations(core) == expected
    assert (core.shape, core.dtype) == (node.shape, node.dtype)
    check_stage(topological([core]), CORE)
    np.testing.assert_allclose(*(evaluate([n], VALUES, sizes=SIZES)[0] for n in (core, node)), rtol=1e-13)


def test_names_move_to_a_side_table_and_equal_expressions_share() -> None:
    q = (x + y).named("q")
    result = lower([q * (x + y)])
    (product,) = result.outputs
    assert product.args[0] is product.args[1]
    assert result.names == {x + y: "q"}


def test_both_forms_of_a_reduction_share_the_work() -> None:
    core = lowered(F["max"](x, axis=1) + F["max"](x, axis=1, keepdims=True)[:, 0])
    assert operations(core).count("max") == 1


def test_constants_fold_exactly_and_only_while_they_stay_short() -> None:
    third = const(1) / const(3)
    assert str(lowered(third + third + third).attrs[1]) == "1"
    assert lowered(third + third + third).dtype == "real"
    power = const(3)
    for _ in range(40):
        power = power * power
    assert operations(lowered(power))
    assert operations(lowered(const(1) / 0)) == ["div"]
    assert lowered(F["size"]("N") * 2).args[0].op is SIZE


def test_nesting_may_be_deep() -> None:
    node = x
    for _ in range(3000):
        node = F["sigmoid"](node).named("h")
    assert lower([node]).outputs[0].shape == x.shape
