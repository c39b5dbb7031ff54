"""The generated text: standing alone, deterministic, safe against names, and a pleasure to read."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graphc.derive import gradients
from graphc.emit import compile_
from graphc.ir.node import Node
from graphc.ops import FUNCTIONS as F
from graphc.ops import input_, param, state

HOSTILE = [
    "class",
    "np",
    "x y",
    "self",
    "lambda",
    'a"""b',
    "quote'",
    "line\nbreak",
    "back\\slash",
    "net/dense1/W",
    "net_dense1_W",
    "__import__('os').system('x')",
    "1st",
    "_shape",
    "한글",
    "ϕ",
    "φ",
    "True",
    "print",
    "N",
    "v1",
    "",
    " ",
    "\u202e",
    "{x}",
    "%s",
    "#",
    "__debug__",
    "f",
    "ﬁ",
    "a" * 300,
    "\ud800",
    "match",
    "float",
    "W_copy",
    "_scratch3",
    "dW",
]


def network() -> tuple[Node, list[Node]]:
    x, t = input_("x", ("N", 4)), input_("t", "N", dtype="int")
    W1, b1 = param("W1", (4, 5)), param("b1", 5)
    W2, b2 = param("W2", (5, 3)), param("b2", 3)
    h = F["relu"]((x @ W1 + b1).named("z1")).named("h")
    loss = F["cross_entropy"]((h @ W2 + b2).named("z2"), t).named("loss")
    return loss, [W1, b1, W2, b2]


def training_step(**options: object) -> object:
    loss, params = network()
    lr = input_("lr")
    updates: dict[Node, Node] = {}
    for p, dp in zip(params, gradients(loss, params), strict=True):
        v = state(f"v_{p.name}", p.shape)
        updates[v] = 0.9 * v - lr * dp
        updates[p] = p + updates[v]
    return compile_(loss, updates=updates, name="TrainStep", **options)  # type: ignore[arg-type]


def test_a_network_reads_as_if_written_by_hand(golden) -> None:  # type: ignore[no-untyped-def]
    loss, params = network()
    f = compile_([loss, *gradients(loss, params)], name="loss_and_gradients")
    golden("emit/network.py.txt", f.source)
    golden("emit/network_plan.txt", str(f.plan) + "\n")
    golden("emit/train_step.py.txt", training_step(dtype="float32", sizes={"N": 32}).source)  # type: ignore[attr-defined]


def test_gradients_carry_their_names_and_their_mathematics() -> None:
    loss, params = network()
    source = compile_([loss, *gradients(loss, params)]).source
    for comment in ("# dloss/dW1 = x.T @ dz1", "# dloss/dW2 = h.T @ dz2", "# dloss/db1 = sum(dz1, axis=0)"):
        assert comment in source
    for line in ("dW1 = x.T.dot(dz1)", "dz1 = dh * (h > 0)", "h = np.maximum(z1, 0)", "z1 = x.dot(W1) + b1"):
        assert f"    {line}\n" in source


PROGRAM = """
import importlib.util, json, sys
import numpy as np
spec = importlib.util.spec_from_file_location("generated", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
assert not any(name.partition(".")[0] == "graphc" for name in sys.modules)
rng = np.random.default_rng(0)
x, t = rng.standard_normal((6, 4)), [0, 1, 2, 0, 1, 2]
if hasattr(module, "TrainStep"):
    step = module.TrainStep()
    step.flat_params[...] = rng.standard_normal(step.flat_params.shape) / 2
    print(json.dumps([float(step(x, t, 0.1)) for _ in range(50)]))
else:
    shapes = [(4, 5), (5,), (5, 3), (3,)]
    print(json.dumps([np.asarray(a).tolist() for a in module.f(x, t, *(np.ones(s) for s in shapes))]))
"""


def run_alone(source: str, folder: Path) -> object:
    """Run a module where graphc cannot be imported: an isolated interpreter that finds numpy alone."""
    (folder / "generated.py").write_text(source, encoding="utf-8")
    packages = folder / "packages"
    packages.mkdir()
    home = Path(np.__file__).parent
    for path in (home, home.parent / "numpy.libs"):
        if path.exists():
            (packages / path.name).symlink_to(path)
    code = f"import sys; sys.path.append({str(packages)!r})\n{PROGRAM}"
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", code, str(folder / "generated.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_a_function_runs_in_a_bare_interpreter(tmp_path: Path) -> None:
    loss, params = network()
    f = compile_([loss, *gradients(loss, params)])
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((6, 4)), [0, 1, 2, 0, 1, 2]
    expected = f(x, t, *(np.ones(p.shape) for p in params))
    for a, b in zip(run_alone(f.source, tmp_path), expected, strict=True):  # type: ignore[call-overload]
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("sizes", [None, {"N": 10_000}])
def test_a_step_trains_in_a_bare_interpreter(tmp_path: Path, sizes: dict[str, int] | None) -> None:
    losses = run_alone(training_step(dtype="float32", sizes=sizes).source, tmp_path)  # type: ignore[attr-defined]
    assert losses[-1] < 0.5 * losses[0]  # type: ignore[index]


def test_imports_are_numpy_alone() -> None:
    tree = ast.parse(training_step().source)  # type: ignore[attr-defined]
    imports = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert imports == ["import numpy as np"]


def test_the_same_graph_gives_the_same_bytes() -> None:
    here = training_step(sizes={"N": 5000}).source  # type: ignore[attr-defined]
    assert training_step(sizes={"N": 5000}).source == here  # type: ignore[attr-defined]
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_source import training_step\n"
        "sys.stdout.buffer.write(training_step(sizes={'N': 5000}).source.encode())"
    )
    for seed in ("1", "77"):
        run = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert run.stdout.decode() == here


@pytest.mark.parametrize("name", [n for n in HOSTILE if n])
def test_any_name_gives_valid_code_that_does_only_what_it_should(name: str) -> None:
    x = input_(name, ("N", 2))
    y = (x * 2 + 1).named(name + "!")
    loss = F["sum"](y * y).named(f"loss {name}")
    outputs = {name: loss, "gradient": gradients(loss, [x])[0]}
    f = compile_(outputs, name=name)
    result = f(**{name: [[1.0, 2.0]]})
    assert list(result) == [name, "gradient"]
    assert result[name] == 9 + 25
    assert result["gradient"].tolist() == [[12, 20]]
    assert_harmless(f.source)
    p, s = param(name, 2), state(f"{name}'", 2)
    step = compile_(p.sum(), updates={p: p - s, s: s + 1}, name=name)
    step.load({name: [1, 2]})  # type: ignore[union-attr]
    assert step() == 3
    assert_harmless(step.source)


def test_all_hostile_names_at_once_stay_distinct() -> None:
    leaves = [input_(n) for n in HOSTILE if n]
    total = leaves[0] * 1
    for i, leaf in enumerate(leaves[1:], 2):
        total = (total + leaf * i).named(f"N{i % 3}!")
    f = compile_(total)
    values = {leaf.name or "": float(i) for i, leaf in enumerate(leaves)}
    assert f(**values) == f.naive(**values)
    assert f(*values.values()) == f.naive(**values)
    assert_harmless(f.source)


def test_hostile_sizes() -> None:
    x = input_("x", ("lambda", "np", "한글", "x"))
    f = compile_(F["sum"](x, axis=0) / F["size"]("lambda"))
    assert f(x=np.ones((2, 3, 4, 5))).shape == (3, 4, 5)
    assert_harmless(f.source)


def assert_harmless(source: str) -> None:
    """Only the expected statements at the top, and no call but NumPy's, methods of arrays and our helpers."""
    tree = ast.parse(source)
    assert {type(n) for n in tree.body[1:]} <= {ast.Import, ast.FunctionDef, ast.ClassDef, ast.Assign}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            allowed = {"ValueError", "slice", "zip", "range", "len", "tuple", "sum", "int", "dict"}
            allowed |= {"iter", "next", "min", "max"}
            assert node.func.id in allowed or node.func.id.startswith("_")
        if isinstance(node, ast.Name):
            assert node.id != "__import__"
