"""The compact forms a textbook prints, reached by the rules alone, however the loss was spelled."""

from __future__ import annotations

import numpy as np
import pytest

from graphc.derive import grad
from graphc.emit import compile_
from graphc.ir.graph import Graph
from graphc.ir.node import make
from graphc.lang import parse
from graphc.ops import FUNCTIONS, input_
from graphc.ops.index import GATHER, IOTA, SCATTER_ADD
from graphc.ops.pointwise import cast
from graphc.rewrite.simplify import simplify_all

ROWS = "z = input(N, K); t = input(N, K); assume(sum(t, axis=1) == 1);"
LABELS = "z = input(N, K); t = input(N, dtype=int);"
VECTOR = "z = input(N); t = input(N);"


def reaches(declared: str, loss: str, wrt: str, wanted: str) -> None:
    program = parse(f"{declared} loss = {loss}; {wanted}")
    assert grad(program.names["loss"], program.names[wrt]) is program.root


@pytest.mark.parametrize(
    "loss",
    [
        "mean(-sum(t*log(p), axis=1))",
        "-mean(sum(t*log(p), axis=1))",
        "-sum(t*log(p))/N",
        "sum(-t*log(p))/N",
        "mean(sum(-t*log(p), axis=-1))",
        "-1/N*sum(t*log(p))",
        "mean(-sum(t*log(p), axis=1, keepdims=True))",
        "-sum(mean(t*log(p), axis=0))",
        "mean(sum(t*log(1/p), axis=1))",
        "sum(t*log(t/p))/N",
    ],
)
def test_softmax_with_cross_entropy_of_a_named_output(loss: str) -> None:
    reaches(f"{ROWS} p = softmax(z);", loss, "z", "(p - t)/N")


@pytest.mark.parametrize(
    "loss",
    [
        "-mean(sum(t*log_softmax(z), axis=1))",
        "mean(logsumexp(z, axis=1) - sum(t*z, axis=1))",
        "mean(-sum(t*log(exp(z)/sum(exp(z), axis=1, keepdims=True)), axis=1))",
        "mean(-sum(t*(z - log(sum(exp(z), axis=1, keepdims=True))), axis=1))",
        "mean(log(sum(exp(z), axis=1))) - sum(t*z)/N",
    ],
)
def test_softmax_with_cross_entropy_written_out(loss: str) -> None:
    reaches(ROWS, loss, "z", "(softmax(z) - t)/N")


def test_softmax_with_cross_entropy_of_a_sequence_and_of_a_vector() -> None:
    sequence = "z = input(B, T, K); t = input(B, T, K); assume(sum(t, axis=2) == 1);"
    reaches(sequence, "-mean(sum(t*log(softmax(z)), axis=-1))", "z", "(softmax(z) - t)/(B*T)")
    vector = "z = input(K); t = input(K); assume(sum(t, axis=0) == 1);"
    reaches(vector, "-sum(t*log(softmax(z)))", "z", "softmax(z) - t")
    reaches(vector, "-sum(t*log(exp(z)/sum(exp(z))))", "z", "softmax(z) - t")


@pytest.mark.parametrize(
    "loss",
    [
        "-mean(log(softmax(z)[arange(N), t]))",
        "mean(-log_softmax(z)[arange(N), t])",
        "-sum(log(softmax(z)[arange(N), t]))/N",
        "mean(logsumexp(z, axis=1) - z[arange(N), t])",
        "-mean(log((exp(z)/sum(exp(z), axis=1, keepdims=True))[arange(N), t]))",
    ],
)
def test_softmax_with_cross_entropy_of_chosen_labels(loss: str) -> None:
    program = parse(f"{LABELS} loss = {loss}; softmax(z); ones(N)")
    z, t = program.names["z"], program.names["t"]
    gradient = grad(program.names["loss"], z)
    ones = cast(FUNCTIONS["ones"](("N",)), "real")
    marks = make(SCATTER_ADD, (ones, FUNCTIONS["arange"]("N"), t), (z.shape, 0))
    env = {"z": z, "marks": marks}
    assert gradient is parse("(softmax(z) - marks)/N", env=env).root
    for real in ("float32", "float64"):
        f = compile_([program.names["loss"], gradient], dtype=real)
        logits = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 0]])
        value, slope = f(z=logits, t=[1, -2])
        assert value == 1e4
        np.testing.assert_array_equal(slope, [[0.5, -0.5, 0], [0, 0, 0]])


def test_labels_that_do_not_choose_one_entry_in_each_row_are_left_alone() -> None:
    u = input_("u", (3,))
    rows, t = make(IOTA, (), (3,)), input_("t", (3,), dtype="int")
    for place in ((t, rows), (t, t)):
        scattered = make(SCATTER_ADD, (u, *place), ((3, 3), 0))
        chosen = make(GATHER, (input_("y", (3, 3)), *place), (0,))
        assert grad((scattered * chosen).sum(), u).shape == (3,)


BINARY = [
    "mean(-t*log(p) - (1 - t)*log(1 - p))",
    "-mean(t*log(p) + (1 - t)*log(1 - p))",
    "-sum(t*log(p) + (1 - t)*log(1 - p))/N",
    "-1/N*sum(t*log(p) + (1 - t)*log(1 - p))",
    "-mean(log(p)*t + log(1 - p)*(1 - t))",
    "-mean(t*log(p)) - mean((1 - t)*log(1 - p))",
]


@pytest.mark.parametrize("loss", BINARY)
@pytest.mark.parametrize("p", ["sigmoid(z)", "1/(1 + exp(-z))", "exp(z)/(1 + exp(z))", "exp(z)/(exp(z) + 1)"])
def test_sigmoid_with_binary_cross_entropy(loss: str, p: str) -> None:
    program = parse(f"{VECTOR} p = {p}; loss = {loss}")
    z, t = program.names["z"], program.names["t"]
    output = parse("sigmoid(z)", env={"z": z}).require_root().named("p")
    wanted = parse("(p - t)/N", env={"p": output, "t": t}).root
    assert grad(program.names["loss"], z) is wanted


@pytest.mark.parametrize("loss", ["mean(softplus(z) - t*z)", "mean(log(1 + exp(z)) - t*z)"])
def test_binary_cross_entropy_of_logits(loss: str) -> None:
    reaches(VECTOR, loss, "z", "(sigmoid(z) - t)/N")


@pytest.mark.parametrize(
    ("declared", "loss", "wrt", "wanted"),
    [
        (VECTOR, "mean((z - t)**2)", "z", "2*(z - t)/N"),
        (VECTOR, "mean(square(z - t))", "z", "2*(z - t)/N"),
        (VECTOR, "mean((z - t)*(z - t))", "z", "2*(z - t)/N"),
        (VECTOR, "0.5*sum((z - t)**2)", "z", "z - t"),
        (ROWS, "mean((z - t)**2)", "z", "2*(z - t)/(N*K)"),
        (ROWS, "mean(sum((z - t)**2, axis=1))/2", "z", "(z - t)/N"),
        ("W = input(D, K); c = input();", "c/2*sum(W**2)", "W", "c*W"),
        ("W = input(D, K);", "0.01*sum(W**2)", "W", "0.02*W"),
    ],
)
def test_squared_error_and_penalty(declared: str, loss: str, wrt: str, wanted: str) -> None:
    reaches(declared, loss, wrt, wanted)


@pytest.mark.parametrize(
    "text",
    [
        "log(exp(a)/(exp(a) + exp(z)))",
        "log(1 - 1/(1 + exp(-z)))",
        "-log(1/(1 + exp(z)))",
        "log(sum(exp(Z)))",
        "sum(Z*exp(Z)/sum(exp(Z)))",
        "sum(sum(Z*exp(Z), axis=1)/sum(exp(Z), axis=1))",
        "sum((a - Z)*exp(Z), axis=(0, 1))/sum(exp(Z))",
        "e = exp(Z); p = e/sum(e, axis=1, keepdims=True); -sum(log(p))",
        "m = max(Z, axis=1, keepdims=True); sum(m + log(sum(exp(Z - m), axis=1, keepdims=True)))",
    ],
)
@pytest.mark.parametrize("real", ["float32", "float64"])
def test_what_is_written_with_overflowing_exponentials_is_finite(text: str, real: str) -> None:
    program = parse(f"a = input(); z = input(); Z = input(N, K); {text}")
    root = program.require_root()
    for big in (1e4, -1e4):
        point = {"a": 0, "z": big, "Z": [[1e4, -1e4, 0], [-1e4, 0, 1e4]]}
        for leaf in Graph((root,)).leaves:
            found = simplify_all([root, grad(root, leaf)])
            given = {str(n.name): point[str(n.name)] for n in Graph(tuple(found)).leaves}
            value, slope = compile_(found, dtype=real)(**given)
            assert np.isfinite(value)
            assert np.isfinite(slope).all()


@pytest.mark.parametrize(
    ("spelled", "wanted"),
    [
        ("exp(z)/(exp(z) + 1)", "sigmoid(z)*(1 - sigmoid(z))"),
        ("1/(1 + exp(-z))", "sigmoid(z)*(1 - sigmoid(z))"),
        ("1/(1 + exp(-2*z))", "2*sigmoid(2*z)*(1 - sigmoid(2*z))"),
        ("-log(exp(z)/(exp(z) + 1))", "sigmoid(z) - 1"),
        ("log(exp(z) + 1) - z", "sigmoid(z) - 1"),
        ("(exp(z) - exp(-z))/(exp(z) + exp(-z))", "1 - tanh(z)**2"),
        ("(exp(2*z) - 1)/(exp(2*z) + 1)", "1 - tanh(z)**2"),
        ("(1 - exp(-2*z))/(1 + exp(-2*z))", "1 - tanh(z)**2"),
    ],
)
@pytest.mark.parametrize("far", [1e4, -1e4, 0.0, 3.0])
def test_slopes_of_activations_spelled_in_exponentials(spelled: str, wanted: str, far: float) -> None:
    z = input_("z")
    value = parse(spelled, env={"z": z}).require_root()
    slope = grad(value, z)
    assert slope is simplify_all([parse(wanted, env={"z": z}).require_root()])[0]
    y, dy = compile_([value, slope])(z=far)
    assert np.isfinite([y, dy]).all()
    assert abs(dy) <= 1


@pytest.mark.parametrize(
    "text", ["(exp(x) - exp(y))/(exp(x) + exp(z))", "(exp(x) + exp(y))/(exp(x) - exp(y))"]
)
def test_what_is_no_tanh_is_not_taken_for_one(text: str) -> None:
    root = simplify_all([parse(text).require_root()])[0]
    assert "tanh" not in {node.op.name for node in Graph((root,)).nodes}
