"""The report for programs: formulas, gradients, and both in index notation."""

from __future__ import annotations

import json

from graphc.derive import derive
from graphc.derive.report import Report
from graphc.lang import parse

NET = "X = input(N, D); t = input(N); w = param(D); y = X @ w; loss = mean_squared_error(y, t)"


def test_index_notation_has_fields_of_its_own() -> None:
    found = json.loads(Report(derive(parse(NET).names["loss"])).json())
    nodes = {node["name"]: node for node in found["nodes"]}
    assert nodes["y"]["indices"] == "y[n] = sum(X[n,i]*w[i] for i in D)"
    assert nodes["w"]["indices"] is None
    assert nodes["w"]["gradient_indices"] == "dw[i] = 2*sum(X[n,i]*(y[n] - t[n]) for n in N)/N"
    assert nodes["loss"]["gradient_indices"] is None
