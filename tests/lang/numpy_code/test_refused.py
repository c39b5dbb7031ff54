"""What is not read is refused with its place and a hint; what NumPy itself cannot do is a failure of its values."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path

import pytest

from graphc.ir.errors import ParseError
from graphc.lang.numpy_code import read_function
from graphc.ops import input_
from tests.lang.numpy_code.running import read

ENV = {
    "X": input_("X", ("N", "D")),
    "W": input_("W", ("D", "H")),
    "y": input_("y", ("N",), dtype="int"),
    "v": input_("v", ("N",)),
    "R": input_("R", (4, 6)),
}

REFUSED = {
    "while True:\n    pass": "a `while` loop",
    "with open('f') as f:\n    pass": "`open` is not defined",
    "with X as a:\n    pass": "a `with` statement",
    "with np.load('f') as a:\n    pass": "a `with` statement",
    "try:\n    a = X\nexcept Exception:\n    pass": "a `try` statement",
    "for i in range(X.shape[0]):\n    a = X": "give the model numbers as sizes",
    "for row in X:\n    a = row": "runs through N entries",
    "if X.sum() > 0:\n    a = X": "np.where(condition, a, b)",
    "a = X if v[0] > 0 else W": "np.where(condition, a, b)",
    "a = unknown_thing * 2": "`unknown_thing` is not defined here, and no name of the model",
    "a = __import__('os')": "`__import__` is not defined",
    "a = open('f')": "`open` is not defined",
    "a = eval('X')": "`eval` is not defined",
    "a = X.__class__ * 2": "is not an array",
    "a = X.tofile('f')": "`.tofile` of an array is not read",
    "a = np.load('f')": "`np.load` is not read",
    "a = np.random.rand(3)": "draws at random",
    "a = np.summ(X)": "did you mean `np.sum`?",
    "a = np.empty((3, 2))": "use np.zeros",
    "a = X // 2": "`//` of arrays",
    "a = X.shape[0] // 2": "is not known for every N",
    "a = X[X > 0] + v": "use np.where",
    "a = X[X > 0][W > 0]": None,
    "a = X[:, None, y]": "a new axis beside",
    "a = X * 1; a[y] += 1": "np.add.at",
    "a = X * 1; a[X > 0] = X[X < 0]": "the same mask",
    "a = X * 1; b = a.T.reshape(-1); b[0] = 1": "take a .copy()",
    "a = X.T * 1; b = a.reshape(-1); b[0] = 1": "take a .copy()",
    "a = X * 1; b = a.T.reshape(-1); a[0] = 1": "take a .copy()",
    "a = np.zeros_like(y); a[:] = v": "cut off",
    "a = y.astype(int) + v.astype(int)": "cutting reals off",
    "a = np.sum(X, axis=0, where=X > 0)": "the option `where`",
    "a = np.sum(X, out=v)": "the option `out`",
    "a = np.sum(X, dtype=int)": "a dtype of floats only",
    "a = (X > 0) @ (W > 0)": "product of two masks",
    "a = y ** y": "make one a float",
    "a = 2 ** 10000": "too large a number",
    "a = 10.0 ** 9999": "too large a number",
    "a = 1e9999": "an exponent lies between",
    "a = [X] * 100000": "at most 10,000 entries",
    "a = sum(range(1000000))": "at most 10,000 times",
    "a = 'x' + 1": "texts are joined with texts only",
    "a = {[1]: 2}": "a key is a text",
    "a = X; a.foo = 3": "attributes are written on `self` only",
    "a = f'{X}'": "texts are made of texts and whole numbers",
    "a = X; a <<= 1": "bit shifts",
    "a = [t for t in range(3) for s in range(3)]": "one `for`",
    "a, *b = [X, X]": "`*` among the names",
    "a = np.matrix(X)": "`np.matrix` is not read",
    "a = 3j": "complex numbers",
    "a = (b := X)": "is not read",
    "a = {1, 2}": "is not read",
    "a, b = X": "runs through N entries",
    "global Q": "a `global` statement",
    "async def g():\n    pass": "is not read",
    "a = max(X, key=len)": "options of max()",
    "def g(t):\n    return g(t)\na = g(X)": "deep",
}


@pytest.mark.parametrize("body", REFUSED)
def test_what_is_not_read_is_refused_with_its_place(body: str) -> None:
    lines = textwrap.indent(body.replace("; ", "\n"), "    ")
    with pytest.raises(ParseError) as refusal:
        read(f"def f(X, W, y, v, R):\n{lines}\n    return a", ENV)
    error = refusal.value
    assert error.source == "code.py"
    assert (error.line or 0) >= 2
    assert error.column is not None
    hint = REFUSED[body]
    assert hint is None or hint in str(error)


BROKEN = {
    "dX = X @ X": "the inner sizes differ, D against N; did you mean a @ b.T?",
    "dX = X + W": "do not broadcast",
    "dX = X.sum(axis=2)": "has no axis 2",
    "dX = X.reshape(7, 7)": "does not become (7, 7)",
    "dX = X[4, 4, 4]": "3 indices for the 2 axes",
    "dX = R[9]": "outside axis 0",
    "dX = -(X > 0)": "does not negate truth values",
    "dX = (X > 0) - (X < 0)": "does not subtract truth values",
    "dX = 1 / 0": "divides by zero",
    "dX = 0 < X < 1": "(0 < x) & (x < 1)",
    "dX = max(X, 0)": "np.maximum",
    "dX = X * 1; dX += np.outer(v, v)[:, :, None]": "does not fit",
    "dX = X * 1; dX[0] = v": "does not fit",
    "dX = y * 1; dX /= 2": "cannot take the result in place",
    "dX = X > 0; dX += 1.5": "cannot take the result in place",
    "dX = None + X": "is None here",
    "dX = [1, 2] - [1]": "no arithmetic with lists",
    "dX = {'a': X}['b']": "no key 'b'",
    "dX = [X][3]": "outside a list of 1",
    "dX, dW = [X]": "1 values for 2 names",
    "dX = np.einsum('ij,jk->ik', X, X)": "index j is D and N",
    "dX = np.concatenate([X, W])": "differ besides axis",
    "dX = np.sum()": "needs `a`",
    "dX = X @ X; dX[X > 0] = 0; dX += 1; dX[0] -= 2": "the inner sizes differ",
    "dX = X[np.arange(3), y]": "do not broadcast",
    "dX = X * 1; dX *= W": "do not broadcast",
    "g = {'X': X * 1}; g['X'] += W; dX = g['X'] * 2": "do not broadcast",
    "dX = X * scale; scale = 2": "`scale` is used before it is given a value",
    "dX = (lambda t: dX(t))(X)": "used before it is given a value",
}


@pytest.mark.parametrize("body", BROKEN)
def test_what_numpy_cannot_do_is_a_failure_of_the_values_that_need_it(body: str) -> None:
    lines = textwrap.indent(body.replace("; ", "\n"), "    ")
    program = read(
        f"def f(X, W, y, v, R):\n{lines}\n    dW = W * 2\n    dv = dX.sum()\n    return dX, dW, dv", ENV
    )
    failed = {failure.name: failure for failure in program.failures}
    assert BROKEN[body] in failed["dX"].sentence
    assert failed["dX"].line >= 2
    assert failed["dv"].sentence.startswith("this needs line")
    assert failed["dX"].target is ENV["X"]
    assert [value.name for value in program.values] == ["dW"]


def test_one_of_several_values_fails_alone() -> None:
    program = read(
        "def f(X, W):\n    dX, dW, a = X @ X, W * 2, {}\n    a['dW'] = dW + 1\n    return dX, a", ENV
    )
    assert [f.name for f in program.failures] == ["dX"]
    assert [v.name for v in program.values] == ["dW", 'a["dW"]']


def test_a_bare_loop_says_what_is_missing() -> None:
    with pytest.raises(
        ParseError, match=r"code.py, line 3, column 12: `cache` is not a name of the model"
    ) as refusal:
        read("def f(cache):\n    a = 1\n    return cache * 2", ENV)
    assert "--bind cache=NAME" in str(refusal.value)


def test_all_that_is_missing_is_told_at_once() -> None:
    code = """
        def f(dout, cache, X, h1, rate):
            mask, W, p = cache
            dh = dout @ W.T
            dz = dh * (h1 > 0) * mask / rate
            return dz, np.exp(p)
        """
    with pytest.raises(ParseError) as refusal:
        read(code, ENV)
    assert "`dout` is not a name of the model" in str(refusal.value)
    assert str(refusal.value).endswith("; the model has no `h1`, `mask`, `rate`, `p` either")


def test_a_helper_does_not_take_the_models_names_out_of_an_unknown_cache() -> None:
    code = """
        def relu_backward(dout, cache):
            W, X = cache
            return dout * (X > 0)
        def f(dout, caches):
            fc_cache, relu_cache = caches
            return relu_backward(dout, relu_cache)
        """
    with pytest.raises(ParseError, match=r"`caches.relu_cache.X` is not a name of the model"):
        read(code, {**ENV, "dout": input_("dout", ("N", "D"))})
    program = read(code, {**ENV, "dout": input_("dout", ("N", "D"))}, bind={"caches.relu_cache.X": "X"})
    assert str(program.values[0].node) == "dout*(X > 0)"


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("rate = 1\nrate = 2", "`rate` is given several values in this file"),
        ("rate = 1\nrate *= 2", "`rate` is given several values in this file"),
        ("for rate in range(3):\n    pass", "`rate` is given several values in this file"),
        ("def rate():\n    yield 1", "is not read"),
        ("@cache\ndef rate():\n    return 1", "`rate` is decorated by `cache`"),
    ],
)
def test_what_a_file_does_besides_is_not_guessed(before: str, message: str) -> None:
    call = "rate()" if "def rate" in before else "rate"
    with pytest.raises(ParseError) as refusal:
        read(f"{before}\ndef f(X):\n    return X * {call}", ENV)
    assert message in str(refusal.value)


def test_a_decorated_function_is_not_read() -> None:
    with pytest.raises(ParseError, match="`f` is decorated by `vectorize`"):
        read("@np.vectorize\ndef f(X):\n    return X * 2", ENV)
    assert read("@njit\ndef f(X):\n    return X * 2", ENV).values


def test_static_methods_take_no_self() -> None:
    code = """
        class A:
            @staticmethod
            def twice(t):
                return 2 * t
            def f(self):
                return self.twice(self.X)
        """
    assert str(read(code, ENV, "A.f").values[0].node) == "2*X"


def test_functions_of_other_files_are_asked_for() -> None:
    with pytest.raises(
        ParseError, match=r"`relu` comes from `layers`: the functions that are called have to stand in"
    ):
        read("from layers import relu\ndef f(X):\n    return relu(X)", ENV)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(X:\n    return X", "line 1, column 6: this is not Python"),
        ("def g(X):\n    return X", "there is no function `f`"),
        ("def f(X):\n    return " + "(" * 500 + "X" + ")" * 500, "too many nested parentheses"),
        ("def f(X):\n    return " + "-" * 100_000 + "X", "nests too deep"),
        ("def f(X):\n    return " + "X + " * 500 + "X", "nest at most"),
        ("x = 1\n" * 200_000, "a file has at most 200,000 characters"),
        ("def f(X):\n    return X\x00", "this is not Python"),
        ("class A:\n    def f(self): pass\nclass B:\n    def f(self): pass", "say `A.f` or `B.f`"),
    ],
)
def test_hostile_and_broken_files_are_refused_in_one_sentence(text: str, message: str) -> None:
    started = time.monotonic()
    with pytest.raises(ParseError) as refusal:
        read(text, ENV)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert time.monotonic() - started < 5


def test_unrolling_is_bounded() -> None:
    loops = "".join("    " * (i + 1) + f"for i{i} in range(9999):\n" for i in range(3))
    with pytest.raises(ParseError, match="unrolls to more than"):
        read(f"def f(X):\n    a = X\n{loops}{'    ' * 4}a = a + 1\n    return a", ENV)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("a = [X]\nfor i in range(60):\n    a = a + a", "at most 10,000 entries"),
        ("a = [X]\nfor i in range(60):\n    a.extend(a)", "at most 10,000 entries"),
        ("a = 'x'\nfor i in range(60):\n    a = f'{a}{a}'", "at most 10,000 entries"),
        ("a = 'x'\nfor i in range(60):\n    a = a.replace('x', 'xxxxxxxx')", "at most 10,000 entries"),
        ("a = X.shape[0] + X.shape[1]\nfor i in range(20):\n    a = a * (a + 1)", "at most 100 terms"),
        ("a = 3\nfor i in range(60):\n    a = a * a", "too many digits"),
        ("a = []\nfor i in range(9999):\n    a = [a]\na = np.sum(a)", "nest"),
        ("a = []\na.append(a)\nb = np.sum(a)", "nest"),
        ("a = []\na.append(a)\nreturn a", "nest"),
    ],
)
def test_values_do_not_grow_without_bound(body: str, message: str) -> None:
    started = time.monotonic()
    with pytest.raises(ParseError) as refusal:
        read("def f(X):\n" + textwrap.indent(body, "    ") + "\n    return a", ENV)
    assert message in str(refusal.value)
    assert time.monotonic() - started < 5


def test_files_are_read_from_disk(tmp_path: Path) -> None:
    file = tmp_path / "backward.py"
    file.write_bytes("\ufeffdef f(ϕ):\r\n    return ϕ * 2\r\n".encode())
    assert read_function(str(file), "f").parameters == ("φ",)  # names are NFKC-normalised, as Python does
    with pytest.raises(ParseError, match="there is no such file"):
        read_function(str(tmp_path / "none.py"), "f")
    with pytest.raises(ParseError, match="cannot be read"):
        read_function(str(tmp_path), "f")
    file.write_bytes(b"def f(x):\n    return '\xff'")
    with pytest.raises(ParseError, match="line 2: this file is not UTF-8"):
        read_function(str(file), "f")
