"""What does not change from call to call is made once: constant arrays for each size, numbers beside small arrays."""

from __future__ import annotations

import ast
import builtins
from typing import Any

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import Step, compile_
from graphc.emit.helpers import HELPERS
from graphc.emit.module import OF_HELPERS, RESERVED
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param, state
from graphc.ops.naive import evaluate

x, t = input_("x", ("N", 4)), input_("t", ("N",), dtype="int")
W, b, k = param("W", (4, 3)), param("b", 3), state("k")
Z = F["relu"](x @ W + b)
LOSS = F["cross_entropy"](Z, t)
RATE = 0.1 / (1 - 0.9 ** (k + 1))


def step_of(**options: Any) -> Step:
    dW, db = gradients(LOSS, [W, b])
    step = compile_(LOSS, updates={W: W - RATE * dW, b: b - RATE * db, k: k + 1}, **options)
    return step.load({"W": np.arange(12).reshape(4, 3) / 12, "b": [0.1, 0.2, 0.3], "k": 0})


def batch(n: int) -> dict[str, Any]:
    rng = np.random.default_rng(n)
    return {"x": rng.standard_normal((n, 4)), "t": rng.integers(3, size=n)}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_batches_of_any_size_in_any_order(dtype: str) -> None:
    """More sizes than memory is kept for, some of them again, an empty batch apart."""
    step = step_of(dtype=dtype)
    owned = {"W": step.params["W"].copy(), "b": step.params["b"].copy(), "k": 0.0}
    new = [W - RATE * gradients(LOSS, [W])[0], b - RATE * gradients(LOSS, [b])[0], k + 1]
    for n in [5, 1, 5, 2, 3, 4, 6, 7, 8, 9, 10, 5, 1]:
        given = batch(n)
        loss, *values = evaluate([LOSS, *new], given | owned)
        np.testing.assert_allclose(step(**given), loss, rtol=1e-4 if dtype == "float32" else 1e-12)
        owned = dict(zip(("W", "b", "k"), values, strict=True))
    np.testing.assert_allclose(step.params["W"], owned["W"], rtol=1e-4 if dtype == "float32" else 1e-12)
    assert step.state["k"] == 13


def test_nothing_constant_is_made_in_a_call() -> None:
    tree = ast.parse(step_of().source)
    call = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == "__call__")
    made = {
        n.func.attr for n in ast.walk(call) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
    }
    assert not made & {"ones", "zeros", "full", "arange", "array"}


def test_constants_handed_out_are_the_callers_own() -> None:
    ones = F["ones"](("N",))
    step = compile_(
        [ones, F["arange"]("N"), F["sum"](x, axis=0), F["arange"]("N").reshape(-1, 1)], updates={b: b * 2}
    )
    step.load({"b": [1, 2, 3]})  # type: ignore[union-attr]
    for _ in range(2):
        first, places, _sums, column = step(x=np.ones((2, 4)))
        assert column.tolist() == [[0], [1]]
        column += 1
        assert first.tolist() == [1, 1]
        assert places.tolist() == [0, 1]
        first += 1
        places += 1


def test_numbers_have_the_dtype_of_the_step() -> None:
    third, s = F["full"]((), 1) / 3, state("s", 2)
    step = compile_(s * third + 0.5 - s / 7, updates={s: -1.5 * s + 1.5}, dtype="float32")
    assert isinstance(step, Step)
    step.load({"s": [1, 2]})
    value = step()
    assert value.dtype == np.float32
    np.testing.assert_allclose(value, np.array([1, 2]) * (1 / 3 - 1 / 7) + 0.5, rtol=1e-6)
    np.testing.assert_allclose(step.state["s"], [0, -1.5])


def test_helpers_use_no_name_that_a_function_could_take() -> None:
    used = {n.id for text in HELPERS.values() for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
    assert used & set(dir(builtins)) <= {*RESERVED, *OF_HELPERS}
