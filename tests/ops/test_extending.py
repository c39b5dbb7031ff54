"""The examples of docs/extending.md run, in order, and what they add passes the gradient check."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from graphc.derive import grad
from graphc.ir.op import FUNCTIONS, OPS
from graphc.ops.leaf import input_
from graphc.ops.naive import evaluate
from tests.checking import assert_close_to_exact, check_gradients

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


@pytest.fixture
def page():
    """What the page's examples define; the operations they add are taken out of the tables again."""
    before = set(OPS), set(FUNCTIONS)
    names: dict = {"__name__": "extending"}
    examples = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(examples) == 5
    try:
        for example in examples:
            exec(compile(example, str(PAGE), "exec"), names)
        yield names
    finally:
        for table, kept in zip((OPS, FUNCTIONS), before, strict=True):
            for name in set(table) - kept:
                del table[name]


def test_what_the_page_adds_is_right(page):
    x = input_("x", ("N", 2))
    at = {"x": np.array([[-1.5, 0.3], [2.0, -0.4], [30.0, -30.0]])}
    for built in (
        page["squareplus"](x),
        page["smooth_relu"](x, beta=0.5),
        page["mish"](x),
        page["roll"](x, places=-1),
    ):
        check_gradients(built, at)
        assert_close_to_exact(built, at)
    sinh = page["apply"](page["SINH"], x)
    check_gradients(grad(FUNCTIONS["sum"](sinh * sinh), x), {"x": at["x"][:2]})
    np.testing.assert_allclose(evaluate([sinh], at)[0], np.sinh(at["x"]))
    np.testing.assert_array_equal(evaluate([page["roll"](x)], at)[0], np.roll(at["x"], 1, axis=0))
    assert evaluate([page["smooth_relu"](x)], {"x": [[1e4, -1e4]]})[0].tolist() == [[1e4, 0]]
    assert FUNCTIONS["squareplus"] is page["squareplus"]
