"""Which values of a function are claims: names, lines, subjects, what is returned and what came before."""

from __future__ import annotations

import pytest

from graphc.ir.errors import ParseError
from graphc.lang.numpy_code import CodeProgram
from graphc.lang.numpy_code.names import holds_gradients, subjects
from graphc.ops import input_
from tests.lang.numpy_code.running import env_of, read

X, W, h = input_("X", ("N", "D")), input_("W", ("D", "H")), input_("h", ("N", "H"))
Z, loss = (X @ W).named("z"), (X @ W).sum().named("loss")
ENV = {"X": X, "W": W, "h": h, "z": Z, "loss": loss}


def told(program: CodeProgram) -> list[tuple[str, int, str | None, bool]]:
    """Name, line, subject and whether returned, of each value."""
    return [(v.name, v.line, v.subject, v.returned) for v in program.values]


def test_the_last_value_of_a_name_counts_and_knows_the_earlier_ones() -> None:
    program = read(
        """
        def f(X, W, h):
            dh = h * 2
            other = dh + 1
            dh[h <= 0] = 0
            dh /= 3
            return other, dh
        """,
        ENV,
    )
    assert told(program) == [("dh", 6, "h", True), ("other", 7, None, True)]
    assert [(e.line, e.text) for e in program.values[0].earlier] == [(3, "dh = h * 2"), (5, "dh[h <= 0] = 0")]
    assert program.values[0].text == "dh /= 3"
    assert program.values[0].target is h


def test_a_change_through_another_name_is_seen() -> None:
    program = read("def f(X):\n    dX = X * 2\n    a = dX\n    a -= 1\n    return dX", ENV)
    assert told(program) == [("dX", 4, "X", True)]


def test_a_statement_of_several_lines_is_told_on_one() -> None:
    program = read("def f(X):\n    dX = (\n        X  # the input\n        * 2\n    )\n    return dX", ENV)
    assert (program.values[0].line, program.values[0].text) == (2, "dX = X * 2")


def test_columns_are_counted_in_characters() -> None:
    program = read("def f(X):\n    ε = 'ε'; dX = X * 2\n    return dX", ENV)
    assert (program.values[0].line, program.values[0].column) == (2, 14)


def test_zeros_to_begin_with_are_no_value_of_their_own() -> None:
    program = read("def f(X):\n    dX = np.zeros_like(X)\n    dX += X\n    return dX", ENV)
    assert told(program) == [("dX", 3, "X", True)]
    assert program.values[0].earlier == ()


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("dW = W * 2; return {'W': dW}", [("dW", 2, "W", True)]),
        ("dW = W * 2; return {'dW': dW, 'dX': X * 3}", [("dW", 2, "W", True), ("dX", 3, "X", True)]),
        (
            "grads = {}; grads['W'] = W * 2; return loss, grads",
            [('grads["W"]', 3, "W", True), ("loss", 4, None, True)],
        ),
        ("cache = {}; cache['W'] = W * 2; dX = X; return dX", [("dX", 5, "X", True)]),
        ("grads = {'W': W * 2}; grads['W'] += W; return grads", [('grads["W"]', 3, "W", True)]),
        ("dX = X * 2; dW = W * 2; return dX, dW", [("dX", 2, "X", True), ("dW", 3, "W", True)]),
        ("dz = X @ W; grad_X = dz @ W.T; return grad_X", [("dz", 2, "z", False), ("grad_X", 3, "X", True)]),
        (
            "W_grad = W * 2; dL_dX = X * 2; return [dL_dX, W_grad]",
            [("W_grad", 2, "W", True), ("dL_dX", 3, "X", True)],
        ),
        ("dx_flat = X * 2; return X * 3", [("return", 3, None, True)]),
        ("dX = X.ravel() * 2; return dX.reshape(X.shape)", [("dX", 3, "X", True)]),
        ("dX = X * 2; return dX * 1", [("dX", 3, "X", True)]),
        ("dX, dW = X * 2, W * 2; dX = dX + 1; return dW", [("dW", 2, "W", True), ("dX", 3, "X", False)]),
    ],
)
def test_which_values_are_claims(body: str, values: list[tuple[str, int, str | None, bool]]) -> None:
    lines = "\n".join(f"    {line}" for line in body.split("; "))
    assert told(read(f"def f(X, W, h, loss):\n{lines}", ENV)) == values


def test_places_of_the_result_can_be_bound() -> None:
    program = read("def f(X, W):\n    return X * 2, W * 3", ENV, bind={"return[0]": "X", "return[1]": "W"})
    assert [(v.name, v.subject, v.target) for v in program.values] == [
        ("return[0]", "return[0]", X),
        ("return[1]", "return[1]", W),
    ]


def test_intermediate_results_carry_their_names() -> None:
    program = read("def f(X, W):\n    q = X @ (3 * W)\n    dW = X.T @ (q * 2)\n    return dW", ENV)
    assert str(program.names["dW"]) == "X.T @ (q*2)"
    assert program.names["q"].name == "q"
    assert program.used == ("X", "W")


def test_a_name_of_the_model_is_not_given_to_another_node() -> None:
    program = read("def f(X, W):\n    z = X @ W * 2\n    return z", ENV)
    assert program.names["z"].name is None
    assert program.values[0].target is Z


def test_names_of_the_code_are_bound_to_others_of_the_model() -> None:
    program = read(
        "def f(inputs, n=3):\n    dinputs = inputs * n\n    return dinputs", ENV, bind={"inputs": "X"}
    )
    assert program.values[0].target is X
    assert str(program.values[0].node) == "X*3"


def test_sizes_of_the_model_are_numbers_of_the_code() -> None:
    program = read("def f(X, N):\n    dX = X / N\n    return dX", ENV)
    assert str(program.values[0].node) == "X/N"


def test_names_are_bound_to_sizes_numbers_and_texts() -> None:
    code = """
        def f(X, n, eps, mode, opt):
            if mode == 'train' and opt is None:
                dX = X / n + eps
            return dX
        """
    bind = {"n": "D", "eps": "1e-5", "mode": "'train'", "opt": "None"}
    (value,) = read(code, ENV, bind=bind).values
    assert str(value.node) == "X/D + 0.00001"
    with pytest.raises(ParseError, match="the model has no `nothing`, which `n` is bound to"):
        read(code, ENV, bind={"n": "nothing"})


@pytest.mark.parametrize("take", ["W, X = {}", "X = {}['X']"])
def test_a_name_out_of_two_caches_has_to_be_told_apart(take: str) -> None:
    lines = "\n".join(f"    {take.format(c)}" for c in ("first", "second"))
    code = f"def f(first, second):\n{lines}\n    return X * 2"
    with pytest.raises(ParseError, match=r"both `first` and `second` hold a `\w`; say which is which"):
        read(code, ENV)
    assert read(code, ENV, bind={"second.X": "X", "second.W": "W"}).values


MODEL = """
    X = input(N, D); y = input(N, dtype=int); W = param(D, H); b = param(H); V = param(H, C)
    z = X @ W + b; h = relu(z); mu = mean(X, axis=0); var = mean((X - mu)**2, axis=0); a = sigmoid(z)
    s = h @ V; p = softmax(s); halves = z/2; loss = cross_entropy(s, y)
"""


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("X.dot(W) + b", "z"),
        ("b + np.matmul(X, W)", "z"),
        ("np.maximum(0, X @ W + b)", "h"),
        ("np.maximum(b + X @ W, 0)", "h"),
        ("X.mean(axis=0)", "mu"),
        ("np.sum(X, axis=0) / X.shape[0]", "mu"),
        ("X.var(axis=0)", "var"),
        ("np.mean((X - np.mean(X, axis=0, keepdims=True)) ** 2, axis=0)", "var"),
        ("np.square(X - np.mean(X, 0)).mean(0)", "var"),
        ("1 / (1 + np.exp(-(X @ W + b)))", "a"),
        ("np.exp(s) / np.sum(np.exp(s), axis=1, keepdims=True)", "p"),
        ("np.exp(s - s.max(1)[:, None]) / np.exp(s - s.max(1)[:, None]).sum(1)[:, None]", "p"),
        ("0.5 * (X @ W + b)", "halves"),
    ],
)
def test_what_the_model_has_already_is_recognised(written: str, name: str) -> None:
    env = env_of(MODEL)
    program = read(f"def f(X, y, W, b, V):\n    own = {written}\n    down = own * 2\n    return down", env)
    assert program.names["own"] is env[name]
    assert program.values[0].target is env[name]


@pytest.mark.parametrize(
    "written",
    [
        "X @ W - b",
        "np.maximum(1, X @ W + b)",
        "X.var(axis=0, ddof=1)",
        "X.mean()",
        "X @ W + 2 * b",
        "h.T.T @ V + 1",
    ],
)
def test_what_the_model_does_not_have_is_not(written: str) -> None:
    env = env_of(MODEL)
    program = read(f"def f(X, y, W, b, V):\n    own = {written}\n    return own", env)
    assert program.names["own"] not in env.values()


def test_a_name_that_holds_one_value_after_another_stands_for_none_of_the_model() -> None:
    code = "def f(X, W, b):\n    own = X @ W + b\n    own = np.maximum(own, 0)\n    down = own * 2\n    return down"
    (value,) = read(code, env_of(MODEL)).values
    assert value.target is None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("dW1", "W1"),
        ("d_W1", "W1"),
        ("W1_grad", "W1"),
        ("grad_W1", "W1"),
        ("dL_dW1", "W1"),
        ("dLdW1", "W1"),
        ("dloss_dz", "z"),
        ("dJ_db", "b"),
    ],
)
def test_names_of_gradients(name: str, found: str) -> None:
    assert found in subjects(name)


@pytest.mark.parametrize("name", ["W1", "d", "loss", "d2", "x"])
def test_other_names(name: str) -> None:
    assert not subjects(name)


def test_dictionaries_of_gradients() -> None:
    assert [name for name in ("grads", "self.gradients", "cache", "params") if holds_gradients(name)] == [
        "grads",
        "self.gradients",
    ]
