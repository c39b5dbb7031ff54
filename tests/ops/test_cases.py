"""Every operation and every function: values, shapes, dtypes, the text form, the notation."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.ir.graph import Graph
from graphc.ir.node import topological
from graphc.ir.op import FUNCTIONS, OPS
from graphc.ir.text import from_text, to_text
from graphc.ir.types import evaluate_dim
from graphc.ops.form import show
from graphc.ops.naive import Arithmetic, Precise, evaluate, evaluate_all
from tests.cases import CASES, SIZES, Case
from tests.checking import assert_close_to_exact, definition

EACH = pytest.mark.parametrize("case", CASES, ids=str)
KINDS = {"real": "f", "int": "i", "bool": "b"}


def values(case: Case) -> dict:
    given = case.values()
    leaves = Graph((case.node(),)).leaves
    return given | {n.name: np.linspace(-1, 1, 3) for n in leaves if n.name not in given}


def test_no_operation_and_no_function_is_without_a_case():
    tried = {case.function for case in CASES}
    assert sorted(set(FUNCTIONS) - tried) == []
    built = {
        n.op.name
        for case in CASES
        for root in (case.node(), definition(case.node()))
        for n in topological([root])
    }
    assert sorted(set(OPS) - built) == []


@EACH
def test_value_in_float64_is_the_definition_in_exact_arithmetic(case):
    assert_close_to_exact(case.node(), values(case))


@EACH
def test_value_is_what_numpy_gives(case):
    if case.numpy is None:
        pytest.skip("NumPy has no such function")
    (actual,) = evaluate([case.node()], values(case))
    np.testing.assert_allclose(actual, case.numpy(*case.values().values()), rtol=1e-12, atol=1e-15)


@EACH
@pytest.mark.parametrize("real", [np.float64, np.float32])
def test_inferred_shapes_and_dtypes_are_those_of_the_values(case, real):
    for node, array in evaluate_all([case.node()], values(case), Arithmetic(real), sizes=SIZES).items():
        assert array.shape == tuple(evaluate_dim(d, SIZES) for d in node.shape), node
        assert array.dtype.kind == KINDS[node.dtype], (
            f"{node}: declared {node.dtype}, evaluated {array.dtype}"
        )
        assert node.dtype != "real" or array.dtype == real, (
            f"{node}: {array.dtype} where {np.dtype(real)} was asked for"
        )


@EACH
def test_a_definition_has_the_shape_and_dtype_of_its_composite(case):
    node = case.node()
    opened = definition(node)
    assert (opened.shape, opened.dtype) == (node.shape, node.dtype)


@EACH
def test_stable_form_is_the_definition(case):
    node = case.node()
    stable, plain = (
        evaluate([n], values(case), Precise(50), sizes=SIZES)[0] for n in (node, definition(node))
    )
    for a, b in zip(stable.flat, plain.flat, strict=True):
        assert a == b or abs(a - b) <= 1e-40 * max(abs(a), abs(b), 1)


@EACH
def test_text_reads_back_as_the_same_node(case):
    node = case.node()
    assert from_text(to_text([node])) == [node]


@EACH
def test_notation(case):
    text = show(case.node())
    assert text
    assert " at 0x" not in text
    assert "%" not in text
