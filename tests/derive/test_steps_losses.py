"""The written derivation of every loss and penalty, closed and opened: every line equals the next."""

from __future__ import annotations

import pytest

from graphc.derive import derive
from graphc.ir.node import topological
from tests.cases import CASES
from tests.cases.case import Case, F
from tests.derive.points import point
from tests.derive.test_steps import _disagreement

NAMES = (
    *(
        "residual_sum_of_squares",
        "mean_squared_error",
        "mean_absolute_error",
        "huber",
        "binary_cross_entropy",
    ),
    *("cross_entropy", "multi_label_cross_entropy", "hinge", "multiclass_hinge", "kl_divergence"),
    *("l1_penalty", "l2_penalty", "elastic_net", "max_norm"),
)


@pytest.mark.parametrize("case", [c for c in CASES if c.function in NAMES], ids=str)
def test_every_line_of_a_loss_equals_the_next(case: Case) -> None:
    node = case.node()
    loss = F["sum"](node * node) if node.ndim else node
    composites = sorted({n.op.name for n in topological([loss]) if n.op.kind == "composite"})
    for expand in ([], composites):
        d = derive(loss, expand=expand)
        at = point(d.output, 0) | case.values()
        assert _disagreement(d, d.at(at)) == ""
        assert d.text()
        assert d.latex()
