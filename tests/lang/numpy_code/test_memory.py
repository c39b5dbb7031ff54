"""Random programs of views and in-place changes: every array holds, in its graph, what it holds in NumPy."""

from __future__ import annotations

import random

import numpy as np
import pytest

from graphc.ir.errors import ParseError
from graphc.ops import input_
from graphc.ops.naive import evaluate
from tests.lang.numpy_code.running import executed, read

SHAPES = {"A": (2, 3), "B": (3, 2), "Q": (4,), "P": (2, 3, 4), "y": (2,)}
LEAVES = {n: input_(n, s, dtype="int" if n == "y" else "real") for n, s in SHAPES.items()}


class Writer:
    """Writes a random program, line by line, over arrays whose shapes NumPy itself tells it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        values = np.random.default_rng(seed)
        self.inputs = {
            n: values.integers(0, 2, s) if n == "y" else values.normal(size=s) for n, s in SHAPES.items()
        }
        self.lines = ["a = A * 1", "b = B + 0.5", "q = Q * 2", "p = P - 1"]
        self.names = ["a", "b", "q", "p"]

    def shape(self, expression: str) -> tuple[int, ...]:
        """The shape an expression has after the lines so far."""
        scope = {"np": np, **{n: v.copy() for n, v in self.inputs.items()}}
        exec("\n".join([*self.lines, f"found = {expression}"]), scope)
        return np.shape(scope["found"])

    def index(self, shape: tuple[int, ...]) -> str:
        """A random basic index."""
        keys = []
        for size in shape[: self.rng.randint(1, len(shape))]:
            first = self.rng.randrange(size)
            stop = self.rng.randint(first + 1, size)
            step = self.rng.choice(["", "", "", ":2", ":-1"])
            plain = ["::-1"] if step == ":-1" else [f"{first}:{stop}{step}", f"{first}:", ":", f":{stop}"]
            keys.append(self.rng.choice([str(first), str(first - size), "None, :", *plain]))
        return ", ".join(keys)

    def viewed(self, name: str) -> str:
        """A random view of an array, or a copy."""
        shape = self.shape(name)
        if not shape:
            return f"{name} * 1"
        flat = int(np.prod(shape))
        choices = [
            f"{name}.T",
            f"{name}[{self.index(shape)}]",
            name,
            f"{name}.copy()",
            f"{name} * 2",
            f"{name}[None]",
        ]
        choices += [
            f"{name}.reshape(-1)",
            f"{name}.reshape({flat}, 1)",
            f"np.sum({name}, axis=0, keepdims=True)",
        ]
        choices += [
            f"{name}.transpose({', '.join(map(str, self.rng.sample(range(len(shape)), len(shape))))})"
        ]
        return self.rng.choice(choices)

    def line(self) -> str:
        """One more statement."""
        name = self.rng.choice(self.names)
        shape = self.shape(name)
        number = self.rng.choice(["2", "0.5", "-1", "3"])
        if self.rng.random() < 0.4 or not shape:
            new = f"v{len(self.lines)}"
            self.names.append(new)
            return f"{new} = {self.viewed(name)}"
        op = self.rng.choice(["=", "+=", "-=", "*=", "/="])
        key = self.index(shape)
        choices = [f"{name}[{key}] {op} {number}", f"{name} {op if op != '=' else '+='} {number}"]
        choices += [
            f"{name}[{name} {self.rng.choice('<>')} 0] {op} {number}",
            f"{name}[...] {op} {name} * {number}",
        ]
        choices += [f"{name}[{key}] {op} {name}[{key}] + {number}"]
        if len(shape) == 2 and shape[0] == 2:
            choices.append(f"{name}[range(2), y * 0] {op} {number}")
        if len(shape) == 2 and shape[0] == 2 and shape[1] > 1:
            choices.append(f"{name}[np.arange(2), y] {op} {number}")
        return self.rng.choice(choices)

    def program(self, count: int) -> str:
        """A whole program."""
        for _ in range(count):
            line = self.line()
            try:
                self.shape(f"0\n{line}")
            except (ValueError, IndexError):
                self.names = [n for n in self.names if not line.startswith(f"{n} = ")]
                continue
            self.lines.append(line)
        body = "\n".join(f"    {line}" for line in self.lines)
        return f"def f({', '.join(SHAPES)}):\n{body}\n    return a, b, q, p"


@pytest.mark.parametrize("seed", range(120))
def test_random_programs_hold_what_numpy_holds(seed: int) -> None:
    writer = Writer(seed)
    text = writer.program(10)
    try:
        program = read(text, LEAVES)
    except ParseError as error:
        if "take a .copy() before it" in str(error):
            return
        raise
    assert not program.failures, text
    actual = executed(text, "f", {n: v.copy() for n, v in writer.inputs.items()})
    for name, graph in zip(program.names, evaluate([*program.names.values()], writer.inputs), strict=True):
        np.testing.assert_allclose(
            np.asarray(graph, float),
            np.asarray(actual[name], float),
            rtol=1e-9,
            atol=1e-12,
            err_msg=f"{name}\n{text}",
        )
