"""Costs and summaries are what a count by hand gives."""

from __future__ import annotations

import pytest

from graphc.derive import gradients
from graphc.ir.types import Dim, dim
from graphc.nn import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPool2D,
    Residual,
    Sequential,
    Summary,
    flops,
)
from graphc.nn.summary import grouped
from graphc.ops import FUNCTIONS, OPS, input_, param

F = FUNCTIONS
x = input_("x", ("N", 784))
W, b = param("W", (784, 256)), param("b", (256,))
row = input_("row", ("N", 6))


@pytest.mark.parametrize(
    ("node", "count"),
    [
        (x @ W, f"{2 * 784 * 256}*N"),
        (x @ W + b, f"{2 * 784 * 256 + 256}*N"),
        (F["relu"](row), "6*N"),
        (F["exp"](row * row), "12*N"),
        (F["sigmoid"](row), "24*N"),  # -x, exp, 1 + …, 1 / …
        (row.sum(axis=1), "6*N"),
        (row.mean(axis=1), "7*N"),
        (row.T, 0),
        (row.reshape(-1), 0),
        (row[:, ::2], 0),
        (F["outer"](row[0], row[1]), 36),
        (F["contract"]("nk,nk,nk->n", row, row, row), "18*N"),
        (F["contract"]("nk->n", row), "6*N"),
        (F["cumsum"](row, axis=1), "6*N"),
        (F["argmax"](row), "6*N"),
        (F["dropout"](row, rate=0.5, key=1), "24*N"),  # a draw, a comparison, two products
        (F["exp"](row) + F["exp"](row), "12*N"),  # what is shared is counted once
        (row, 0),
        (F["eye"](5), 0),
    ],
    ids=str,
)
def test_the_cost_of_a_graph_is_the_count_by_hand(node, count) -> None:
    assert flops(node) == dim(count)


def test_shared_work_is_counted_once_and_given_nodes_not_at_all() -> None:
    h = (row * row).named("h")
    assert flops([h, F["exp"](h)]) == dim("12*N")
    assert flops(F["exp"](h), given=[h]) == dim("6*N")


def test_the_backward_pass_of_a_product_costs_twice_the_forward_pass() -> None:
    z = x @ W
    forward = flops(z)
    loss = F["sum"](z * input_("w", z.shape))
    assert flops(gradients(loss, [x, W])) == forward * 2


def test_a_convolution_costs_two_per_weight_and_place() -> None:
    image = input_("image", ("N", 3, 32, 32))
    for padding, size in ((0, 28), ("same", 32)):
        row = Conv2D(6, 5, padding=padding, bias=False).summary(image).rows[0]
        assert row.flops == dim(f"{2 * 6 * size * size * 3 * 5 * 5}*N")
        assert row.parameters == 6 * 3 * 5 * 5
    grouped_row = Conv2D(6, 5, groups=3).summary(image).rows[0]
    assert grouped_row.flops == dim(f"{2 * 6 * 28 * 28 * 5 * 5 + 6 * 28 * 28}*N")


def test_the_rows_of_a_summary_add_up_to_the_cost_of_the_model() -> None:
    model = Sequential(
        Conv2D(4, 3, padding="same"),
        BatchNorm(),
        MaxPool2D(),
        Flatten(),
        Residual(Dense(64)),
        Dropout(0.5),
        Dense(3),
    )
    image = input_("image", ("N", 2, 8, 8))
    summary = model.summary(image)
    total: int | Dim = 0
    for r in summary.rows:
        total = total + r.flops
    assert total == summary.flops == flops(model.test(image))
    assert summary.parameters == sum(r.parameters for r in summary.rows)
    assert [r.path for r in summary.rows] == [
        "net/conv2d1",
        "net/batchnorm1",
        "net/maxpool2d1",
        "net/flatten1",
        "net/residual1/dense1",
        "net/residual1",
        "net/dropout1",
        "net/dense1",
    ]
    assert summary.rows[4].output == (*image.shape[:1], 64)


def test_a_summary_prints_as_a_table() -> None:
    summary = Sequential(Dense(256, activation="relu"), Dense(10)).summary(("N", 784))
    assert isinstance(summary, Summary)
    assert str(summary).splitlines() == [
        "layer       output    parameters  forward FLOPs",
        "net/dense1  (N, 256)     200,960      401,920*N",
        "net/dense2  (N, 10)        2,570        5,130*N",
        "total                    203,530      407,050*N  = 407.05 k for each of N",
    ]
    fixed = str(Dense(10).summary((32, 784)))
    assert fixed.splitlines()[-1].split() == ["total", "7,850", "502,080", "=", "502.08", "k"]


def test_large_polynomials_are_grouped() -> None:
    assert grouped(dim("12000*N*T - 3*N**2 + 1500")) in (
        "12,000*N*T - 3*N**2 + 1,500",
        "-3*N**2 + 12,000*N*T + 1,500",
    )
    assert grouped(1234567) == "1,234,567"


COUNTED = {"inv", "det", "logdet", "solve", "contract", "argmax", "argmin", "scatter_add", "overlap_add"}
FREE = {
    *("gather", "iota", "reshape", "transpose", "broadcast", "slice", "pad", "concat", "sliding_window"),
    *("cast", "assumed", "stop_gradient", "input", "param", "state", "const", "size"),
}


def test_of_every_operation_it_is_settled_what_it_costs() -> None:
    """A new operation that is not elementwise, reduction, scan, draw or composite has to be put in one of these."""
    kinds = ("pointwise", "reduce", "scan", "random", "composite")
    others = {op.name for op in OPS.values() if op.kind not in kinds}
    assert others - COUNTED - FREE == set()
    assert not {name for name in COUNTED if name not in OPS}
