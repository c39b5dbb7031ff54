"""Text to nodes: the same nodes that Python's operators and functions build."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphc.derive import grad, jacobian
from graphc.ir.errors import GradientError, GraphcError, ParseError, ShapeError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS as F
from graphc.ir.types import dim
from graphc.lang import expression, limits, load, parse
from graphc.lang.calls import known
from graphc.ops import const, input_, param

X = input_("X", ("N", "D"))
Y = input_("Y", ("N", "D"))
g = input_("g", ("N", "M"))
A = input_("A", ("N", "N"))
v = input_("v", ("N",))
w = input_("w", ("D",))
y = input_("y", ("N",), dtype="int")
s = input_("s")
r = input_("r")
ENV = {"X": X, "Y": Y, "g": g, "A": A, "v": v, "w": w, "y": y, "s": s, "r": r}
N, D = dim("N"), dim("D")


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("s + r*2 - 1/r", s + r * 2 - 1 / r),
        ("-s**2", -(s**2)),
        ("2**-s", 2 ** (-s)),
        ("-2*s", -2 * s),
        ("0.5*s", 0.5 * s),
        ("pi*s", const("pi") * s),
        ("X @ w", X @ w),
        ("X.T @ g / N", X.T @ g / N),
        ("v / (N - 1)", v / (N - 1)),
        ("v / (N*D)", v / (N * D)),
        ("v > 0", v > 0),
        ("v * (v >= 0)", v * (v >= 0)),
        ("sum(X, axis=1)", X.sum(axis=1)),
        ("mean(X, axis=(0, 1), keepdims=True)", X.mean(axis=(0, 1), keepdims=True)),
        ("softmax(X)", F["softmax"](X)),
        ("softmax(X, axis=0)", F["softmax"](X, axis=0)),
        ("log_softmax(X)", F["log_softmax"](X, axis=1)),
        ("max(s, r)", F["maximum"](s, r)),
        ("max(X, axis=1)", X.max(axis=1)),
        ("min(s, 0)", F["minimum"](s, 0)),
        ("norm(A)", F["norm"](A)),
        ("leaky_relu(s, slope=0.1)", F["leaky_relu"](s, slope=Fraction(1, 10))),
        ("X[:, 1:]", X[:, 1:]),
        ("v[0] + v[-1]", v[0] + v[-1]),
        ("v[1:N-1]", v[1 : N - 1]),
        ("v[:, None]", v[:, None]),
        ("X[arange(N), y]", X[F["arange"](N), y]),
        ("outer(v, w)", F["outer"](v, w)),
        ("diag(v)", F["diag"](v)),
        ("eye(N) - ones((N, N))", F["eye"](N) - F["ones"]((N, N))),
        ("zeros(N) + cumsum(v, axis=0)", F["zeros"](N) + F["cumsum"](v, axis=0)),
        ("clip(v, 0, 1)", F["clip"](v, 0, 1)),
        ("concat([X, Y], axis=1)", F["concat"]([X, Y], axis=1)),
        ("stack([s, r])", F["stack"]([s, r])),
        ("reshape(X, (N*D,))", F["reshape"](X, (N * D,))),
        ("one_hot(y, 10)", F["one_hot"](y, 10)),
        ("where(v > 0, v, 0)", F["where"](v > 0, v, 0)),
        ("(softmax(X) - Y)/N", (F["softmax"](X) - Y) / N),
    ],
)
def test_text_gives_the_node_python_gives(text: str, node: Node) -> None:
    assert expression(text, **ENV) is node


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("d(L)/d(a)", lambda L, q, a: grad(L, a)),
        ("2*d(L)/d(a)", lambda L, q, a: 2 * grad(L, a)),
        ("-d(L)/d(a)*3", lambda L, q, a: -grad(L, a) * 3),
        ("(d(L)/d(a)).T", lambda L, q, a: grad(L, a).T),
        ("q @ d(L)/d(a)", lambda L, q, a: q @ grad(L, a)),
        ("d(L)/d(q)", lambda L, q, a: grad(L, q)),
        ("d(sum(d(L)/d(a)))/d(a)", lambda L, q, a: grad(grad(L, a).sum(), a)),
        ("d(a[:, 0])/d(a)", lambda L, q, a: jacobian(a[:, 0], a)),
        ("sum((d(L)/d(a))[i,j] for i in 3)", lambda L, q, a: grad(L, a).sum(axis=(0,))),
    ],
)
def test_derivatives_are_gradients_and_jacobians(text: str, node: Callable[..., Node]) -> None:
    a = input_("a", (3, 3))
    q = F["tanh"](a).named("q")
    L = F["sum"](q * q * a).named("L")
    assert expression(text, a=a, q=q, L=L) is node(L, q, a)


def test_a_derivative_that_does_not_exist_is_refused_with_its_place() -> None:
    with pytest.raises(GradientError, match="line 1, column 28"):
        parse("t = input(3, dtype=int); 2*d(sum(t))/d(t)")


def test_definitions_are_named_nodes_and_later_names_see_them() -> None:
    program = parse("q = x + y; f = q*z; p = q")
    x, y_, z = (input_(name) for name in "xyz")
    q = (x + y_).named("q")
    assert list(program.names) == ["x", "y", "q", "z", "f", "p"]
    assert program.names["q"] is q
    assert program.names["f"] is (q * z).named("f")
    assert program.names["p"] is q
    assert program.root is q
    assert program.leaves == (x, y_, z)


def test_declarations() -> None:
    program = parse("X = input(N, 2*K); t = input(N, dtype=int); W = param((2*K, 3)); b = param(); N")
    assert program.names["X"] is input_("X", ("N", "2*K"))
    assert program.names["t"] is input_("t", ("N",), dtype="int")
    assert program.names["W"] is param("W", ("2*K", 3))
    assert program.names["b"] is param("b")
    assert program.dims == ("N", "K")
    assert program.root is F["size"]("N")


def test_the_root_is_the_last_expression_else_the_target_else_the_last_definition() -> None:
    assert parse("a = x; b = 2*x; x + 1").root is input_("x") + 1
    assert parse("b = 2*x; c = 3*x; target(b)").root is (2 * input_("x")).named("b")
    program = parse("b = 2*x; db = 1; dq = 3")
    assert program.root is const(3).named("dq")
    assert program.gradients == {"db": "b"}
    program = parse("X = input(N); X == X")
    assert program.root is None
    with pytest.raises(GraphcError, match="end the text with one"):
        program.require_root()


def test_claims_keep_their_text_place_and_both_sides() -> None:
    program = parse("q = x + y\ndz = 2*q == q + q\n  q == x + y == y + x")
    first, second = program.claims
    assert [len(c.sides) for c in program.claims] == [2, 3]
    assert first.sides[0] is program.names["dz"]
    assert (second.statement.at.line, second.statement.at.column) == (3, 3)
    assert second.statement.text == "q == x + y == y + x"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("sigmid(x)", "line 1, column 1", "did you mean `sigmoid`?"),
        ("2*ln(x)", "line 1, column 3", "write `log(x)`"),
        ("f(x)", "line 1, column 1", "a product is written `f*(…)`"),
        ("x + 1\nx(3)", "line 2, column 1", "`x` is an array, not a function"),
        ("exp(x, y)", "line 1, column 1", "`exp` takes 1 operand, 2 given"),
        ("where(x)", "line 1, column 1", "`where` takes 3 operands, 1 given"),
        ("softmax(x, y)", "line 1, column 1", "`softmax` takes 1 operand, 2 given"),
        ("softmax(z, 1)", "line 1, column 1", "`softmax(…, axis=1)`"),
        ("sum(z, 1)", "line 1, column 1", "`sum(…, axis=1)`"),
        ("sum(z, (0, 1))", "line 1, column 1", "`sum(…, axis=(0, 1))`"),
        ("sum(z, axs=1)", "line 1, column 1", "did you mean `axis`?"),
        ("exp(z, axis=1)", "line 1, column 1", "`exp` has no option `axis`"),
        ("sum(z, axis=0.5)", "line 1, column 13", "an axis is a whole number"),
        ("one_hot(t)", "line 1, column 1", "missing `depth`"),
        ("maxout(x)", "line 1, column 1", "missing `pieces`"),
        ("x = 3\n\nx = 4", "line 3, column 1", "`x` is already defined at line 1"),
        ("y = x + 1; x = 4", "line 1, column 12", "`x` is already used as an input at line 1"),
        ("ϕ = 3\nφ = 4", "line 2, column 1", "`ϕ` is read as `φ`"),
        ("X = input(N); N = 3", "line 1, column 15", "`N` is a size at line 1"),
        ("y = 1/N; X = input(N)", "line 1, column 20", "`N` is an input at line 1, not a size"),
        ("X = input(1.5)", "line 1, column 11", "a whole number or a size"),
        ("X = input(-1)", "line 1, column 5", "cannot be negative"),
        ("X = input(N, dtype=complex)", "line 1, column 20", "`dtype` is `int`"),
        ("X = input(N, axis=1)", "line 1, column 5", "sizes and only `dtype`"),
        ("sigmoid(input(N))", "line 1, column 9", "declares a name"),
        ("0 < x < 1", "line 1, column 1", "stands only in `assume`"),
        ("target(x)", "line 1, column 8", "define it before `target`"),
        ("sum(x, axis=0, axis=1)", "line 1, column 16", "`axis` is given twice"),
        ("sum(x, axis=0, keepdims)", "line 1, column 1", "options such as `axis=1` stand last"),
        ("2 + softmax(z)", "line 1, column 5", "declare `z = input(N)`"),
        ("W @ x", "line 1, column 1", "`W` was not declared"),
        ("3*d(loss)/d(w)", "line 1, column 5", "define it first: `loss = …`"),
        ("", "nothing here", "(x + y)*z"),
        ("# only a note", "nothing here", "(x + y)*z"),
    ],
)
def test_errors_say_what_and_where(text: str, place: str, message: str) -> None:
    with pytest.raises(GraphcError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert place in str(caught.value)
    assert "\n" not in str(caught.value)


def test_errors_of_operations_keep_their_kind_and_gain_a_place() -> None:
    with pytest.raises(ShapeError, match=r"^net\.graph, line 3, column 5: matmul: .*did you mean"):
        parse("X = input(N, D)\nY = input(N, D)\n2 + X @ Y", source="net.graph")
    with pytest.raises(ShapeError, match=r"column 15: .*outer"):
        parse("x = input(N); x.T")
    with pytest.raises(ShapeError, match="do not broadcast"):
        parse("x = input(N); y = input(M); x + y")


def test_with_declarations_only_an_unknown_name_is_an_error() -> None:
    text = "손실값 = input()\nhidden = 2*손실값"
    with pytest.raises(ParseError, match="line 3, column 5: `hiden` is not defined; did you mean `hidden`"):
        parse(f"{text}\n1 + hiden", declared_only=True)
    with pytest.raises(ParseError, match=r"line 3, column 7: .*`손실깂`.*did you mean `손실값`"):
        parse(f"{text}\n손실값 + 손실깂", declared_only=True)
    with pytest.raises(ParseError, match=r"declare it: `q = input\(N\)`"):
        parse(f"{text}\nq", declared_only=True)
    with pytest.raises(ParseError, match=r"called as `exp\(x\)`"):
        parse(f"{text}\nexp", declared_only=True)


def test_files_are_declared_only(tmp_path: Path) -> None:
    (tmp_path / "net.graph").write_text("x = input()\nx + y\n")
    with pytest.raises(ParseError, match=r"net\.graph, line 2, column 5: `y` is not defined"):
        load(str(tmp_path / "net.graph"))
    (tmp_path / "notes.md").write_text("```graphc\nx = input()\n```\n\n```graphc\nf = x*x\n```\n")
    program = load(str(tmp_path / "notes.md"))
    assert program.root is (input_("x") * input_("x")).named("f")
    program = load("-t*log(p)")
    assert program.root is -input_("t") * F["log"](input_("p"))


def test_objects_of_the_user_s_own_python_file(tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text(
        "from graphc.ops import input_\nx = input_('x', ('N',))\nloss = (x + 1).named('loss')\n"
        "def both():\n    return {'twice': 2*x, 'last': loss*x}\nnumber = 3\n"
    )
    x = input_("x", ("N",))
    loss = (x + 1).named("loss")
    program = load(f"{file}:loss")
    assert (program.root, dict(program.names), program.dims) == (loss, {"x": x, "loss": loss}, ("N",))
    program = load(f"{file}:both")
    assert program.root is loss * x
    assert list(program.names) == ["x", "loss", "twice", "last"]
    with pytest.raises(ParseError, match=r"model\.py:number: this is an int; name a node"):
        load(f"{file}:number")


def test_a_name_may_be_that_of_a_function() -> None:
    assert parse("gamma*e + step*sum(step)").root is not None


def test_long_sums_and_many_definitions_build() -> None:
    assert parse(" + ".join(f"x{i}" for i in range(900))).root is not None
    chain = "\n".join(["x0 = input()", *(f"x{i + 1} = x{i} + x{i}" for i in range(3000))])
    assert parse(chain, source="chain.graph", declared_only=True).root is not None


@pytest.mark.parametrize(
    "text",
    [
        "-" * limits.MAX_NESTING + "x",
        "x**" * limits.MAX_NESTING + "x",
        "[" * limits.MAX_NESTING + "x" + "]" * limits.MAX_NESTING,
        "(" * 99 + "x" + ".T)*2" * 99,
        "exp(x*(" * 49 + "x" + "))" * 49,
        "sum(" * 40 + "v[n]" + " for n in N)" * 40,
        "max(" + ", ".join(["x"] * 3000) + ")",
    ],
    ids=["signs", "powers", "lists", "transposes", "calls", "sums", "operands"],
)
def test_deep_text_within_the_limits_never_exhausts_the_stack(text: str) -> None:
    def under(depth: int) -> None:
        if depth:
            under(depth - 1)
        else:
            _failure(f"v = input(N); {text}")

    under(300)


ATOMS = "x y z t A N M n k pi 0 1 -1 0.5 None True [x,y] (N,M) () [[1,2],[3,4]] 9**9"
INDICES = ": 1: n n,k n,n :,None 0 -1 ::-1 ::2 N-1 1:N z arange(N),z"
OPTIONS = " axis=0 axis=(0,1) keepdims=True axes=(1,0) depth=N dtype=int"
NAMES, KEYS, KEYWORDS = (st.sampled_from(words.split(" ")) for words in (ATOMS, INDICES, OPTIONS))


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operator = st.sampled_from(["+", "-", "*", "/", "@", "**", "<", ">="])
    operands = st.lists(inner, max_size=3)
    return st.one_of(
        st.tuples(inner, operator, inner).map("({0[0]} {0[1]} {0[2]})".format),
        st.tuples(st.sampled_from(known()), operands, KEYWORDS).map(
            lambda call: f"{call[0]}({', '.join([*call[1], *filter(None, [call[2]])])})"
        ),
        st.tuples(inner, st.one_of(KEYS, inner)).map("{0[0]}[{0[1]}]".format),
        inner.map("({}).T".format),
        inner.map("-{}".format),
        st.tuples(inner, st.sampled_from(["N", "M", "N for k in M"])).map(
            "sum({0[0]} for n in {0[1]})".format
        ),
        st.tuples(inner, inner).map("d({0[0]})/d({0[1]})".format),
        inner.map("assume({})".format),
    )


@settings(max_examples=400, deadline=None)
@given(st.recursive(NAMES, _larger, max_leaves=12))
def test_any_text_builds_or_raises_a_graphc_error(text: str) -> None:
    declared = "x = input(N); y = input(N, M); z = input(N, dtype=int); A = input(N, N); "
    error = _failure(declared + text)
    assert error is None or "\n" not in str(error)


def _failure(text: str) -> GraphcError | None:
    try:
        parse(text)
    except GraphcError as error:
        return error
    return None


def test_a_row_stands_on_the_left_of_a_product():
    names = "x = input(N); A = input(N, N)\n"
    assert parse(f"{names}x.T @ A @ x").root is parse(f"{names}x @ A @ x").root
    assert parse(f"{names}(x + x).T @ x").root is parse(f"{names}(x + x) @ x").root
    for text in ("x @ x.T", "x.T", "2*x.T"):
        with pytest.raises(ShapeError, match="outer"):
            parse(names + text)
