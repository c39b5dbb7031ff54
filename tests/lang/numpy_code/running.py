"""Runs the tests' own NumPy functions on random arrays, and the graphs read from them, and compares every name."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.lang import parse
from graphc.lang.numpy_code import CodeProgram, build_code, function_of
from graphc.ops.naive import Arithmetic, evaluate

SIZES = {"N": 4, "D": 3, "H": 5, "C": 2, "K": 6, "M": 7, "T": 8}


def env_of(declarations: str) -> dict[str, Node]:
    """The names of a text of the graph language."""
    return dict(parse(textwrap.dedent(declarations)).names)


def values_of(env: Mapping[str, Node], seed: int = 0) -> dict[str, Any]:
    """Random values of all names of `env`: leaves are drawn, whole numbers among 0 and 1, the others follow."""
    rng = np.random.default_rng(seed)
    values: dict[str, Any] = {}
    for node in dict.fromkeys(env.values()):
        if node.is_leaf and node.name is not None:
            shape = Arithmetic().shape(node.shape, SIZES)
            real = node.dtype == "real"
            values[node.name] = rng.standard_normal(shape) if real else rng.integers(0, 2, shape)
    found = dict(zip(env, evaluate(list(env.values()), values, sizes=SIZES), strict=True))
    return {**values, **found}


def locals_after(function: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a function's names hold when it returns, and what it returns under the name `return`."""
    code: CodeType = function.__code__
    seen: dict[str, Any] = {}

    def watch(frame: FrameType, event: str, value: Any) -> None:
        if event == "return" and frame.f_code is code:
            seen.update(frame.f_locals)
            seen["return"] = value

    sys.setprofile(watch)
    try:
        function(**arguments)
    finally:
        sys.setprofile(None)
    return seen


def read(
    text: str, env: Mapping[str, Node], name: str = "f", bind: Mapping[str, str] | None = None
) -> CodeProgram:
    """The graphs of the function `name` of a text."""
    return build_code(function_of(textwrap.dedent(text), name, "code.py"), env, bind or {})


def executed(text: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What the test's own function works out: run by Python, which the library never does."""
    scope: dict[str, Any] = {"np": np}
    exec(compile(textwrap.dedent(text), "code.py", "exec"), scope)
    return locals_after(scope[name], arguments)


def agree(
    text: str,
    declarations: str,
    name: str = "f",
    *,
    arguments: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> CodeProgram:
    """Check that every array the function names holds, in its graph, what NumPy works out; `arguments` by name.

    Without `arguments` each parameter is the array of its name.
    """
    env = env_of(declarations)
    program = read(text, env, name)
    assert not program.failures, program.failures
    values = values_of(env, seed)
    given = (
        {p: values[p] for p in program.function.parameters if p in values} if arguments is None else arguments
    )
    fresh = {k: np.array(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
    with np.errstate(all="ignore"):
        actual = executed(text, name, fresh)
        graphs = evaluate(list(program.names.values()), values, sizes=SIZES)
    assert program.names
    for key, graph in zip(program.names, graphs, strict=True):
        wanted = np.asarray(actual[key])
        assert wanted.shape == np.shape(graph), (
            f"{key}: {wanted.shape} in NumPy, {np.shape(graph)} in the graph"
        )
        np.testing.assert_allclose(
            np.asarray(graph, float), wanted.astype(float), rtol=1e-9, atol=1e-12, err_msg=key
        )
    return program
